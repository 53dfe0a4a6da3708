"""The protocol: how well do vectors tell unseen genera apart, and what does each part contribute.

Rows are raw tetranucleotides, discriminant analyses of the parts, the pack, and, without the LM,
projectors of fewer training species. With communities, each row but the first also says how many
near-complete genomes its vectors give.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ..cluster.binning import bin_assemblies
from ..cluster.contig_set import BinLimits, ContigSet
from ..cluster.placing import make_points
from ..coverage.coverage import Coverage, coverage_from_tables
from ..errors import InputError
from ..features.composition import TETRANUCLEOTIDES
from ..features.profile import Features, Reading, Searches, profile_contigs
from ..genes.evidence import Evidence
from ..genes.homology import HomologySearch
from ..genes.markers import MarkerSearch, load_marker_set
from ..model.devices import Device
from ..model.encoder import OnnxEncoder
from ..model.pack import COMPOSITION, Projector, find_pack, load_pack
from ..model.projector import project_features as project
from ..model.windows import WindowPlan
from ..resources import Resources
from ..tools.scoring import read_gold, score_bins
from .fragments import FragmentFeatures, fragment_features
from .judge import pair_figures, read_truth
from .projector import fit_projector
from .settings import FragmentSampling, ProjectorSettings
from .shards import Shards

SHORTEST_CONTIG, SHORTEST_CORE, SMALLEST_BIN = 1_000, 1_500, 200_000  # the defaults of `run`
COLUMNS = ("AP", "ARI", "5-NN", "5-NN < 3 kb", "3-6 kb", "> 6 kb")


def figures(
    vectors: npt.NDArray[np.floating], genome: npt.NDArray[np.str_], length: npt.NDArray[np.int64]
) -> list[float]:
    """Average precision of pairs by cosine, ARI of k-means, 5-NN precision, and that by length.

    Pairs are of the same genome or not; k-means is told the true number of genomes.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    vectors = vectors.astype(np.float64)
    precision, hit = pair_figures(torch.from_numpy(vectors), genome)
    v = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    k = len(set(genome.tolist()))
    rand = np.mean(
        [
            adjusted_rand_score(genome, KMeans(k, n_init=2, random_state=r).fit_predict(v))
            for r in range(3)
        ]
    )
    bands = [
        hit[(length >= a) & (length < b)].mean()
        for a, b in ((0, 3000), (3000, 6000), (6000, 10**9))
    ]
    return [float(x) for x in (precision, rand, hit.mean(), *bands)]


@dataclass(frozen=True)
class Contigs:
    """A development community: features and depths of its contigs, and the truth."""

    name: str
    features: Features
    coverage: Coverage
    gold: dict[str, tuple[str, int]]


def read_community(item: str, encoder: OnnxEncoder, plan: WindowPlan, threads: int) -> Contigs:
    """A community given as NAME=FOLDER.

    Raises:
        InputError: no folder is named, or a file is missing or malformed.
    """
    name, found, place = item.partition("=")
    if not found:
        raise InputError(f"--communities {item}: NAME=FOLDER was expected")
    folder = Path(place)
    reading = Reading(plan, SHORTEST_CONTIG, threads=threads)
    searches = Searches(MarkerSearch(load_marker_set(), threads), HomologySearch())
    features = profile_contigs(folder / "contigs.fasta", encoder, reading, searches)
    return Contigs(
        name,
        features,
        coverage_from_tables([folder / "depth.txt"], features.names),
        read_gold(folder / "gold.tsv"),
    )


def near_complete(contigs: Contigs, columns: slice, projector: Projector, threads: int) -> int:
    """Near-complete genomes of a community with some of the features and a projector of these.

    Everything else is as in ``run``.
    """
    found = contigs.features
    z = project(
        np.ascontiguousarray(np.concatenate([found.composition, found.lm], axis=1)[:, columns]),
        projector,
    )
    points = make_points(z, found.lengths, contigs.coverage, projector)
    evidence = Evidence(found.markers, load_marker_set(), found.homology)
    binning = bin_assemblies(
        ContigSet(points, found.lengths, evidence),
        [""] * len(found.lengths),
        BinLimits(SHORTEST_CORE, SMALLEST_BIN),
        Resources(threads),
    )
    bins = {
        name: str(label)
        for name, label in zip(found.names, binning.label.tolist(), strict=True)
        if label >= 0
    }
    return score_bins(bins, contigs.gold).near_complete


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate, on what.

    ``train_shards`` are those that the pack was trained on; ``truth`` is a TSV of fragment and
    genome; ``communities`` are NAME=FOLDER. ``species`` are numbers of training species.
    """

    pack: str
    train_shards: Path
    fragments: Path
    truth: Path
    per_genome: int = FragmentSampling.per_genome
    threads: int = 1
    species: Sequence[int] = ()
    communities: Sequence[str] = ()


@dataclass
class Table:
    """Rows of figures, and of the near-complete genomes by community."""

    communities: list[str]
    rows: dict[str, list[float]] = field(default_factory=dict)
    near_complete: dict[str, dict[str, int]] = field(default_factory=dict)

    def text(self) -> str:
        """As tab-separated values."""
        lines = [["vectors", *COLUMNS, *(f"near-complete in {c}" for c in self.communities)]]
        for title, row in self.rows.items():
            counts = self.near_complete.get(title, {}).values()
            lines.append([title, *(f"{x:.3f}" for x in row), *map(str, counts)])
        return "\n".join("\t".join(line) for line in lines)


def fitted(
    train: FragmentFeatures,
    columns: slice,
    settings: ProjectorSettings,
    chosen: npt.NDArray[np.bool_] | None = None,
) -> Projector:
    """A projector of some of the features, and of all fragments or those chosen."""
    kept = np.ones(len(train.genome), np.bool_) if chosen is None else chosen
    values = np.ascontiguousarray(train.values[kept, columns])
    part = FragmentFeatures(values, train.genome[kept], train.length[kept])
    return fit_projector(part, settings)[1]


def ablations(
    train: FragmentFeatures, settings: ProjectorSettings, species: Sequence[int]
) -> Iterator[tuple[str, slice, Projector]]:
    """Title, columns and projector of each row but the raw one and the pack's."""
    linear, composition = replace(settings, steps=0), slice(0, COMPOSITION)
    for title, columns, how in (
        ("tetranucleotides, LDA", slice(0, TETRANUCLEOTIDES), linear),
        ("tetranucleotides and codons, LDA", composition, linear),
        ("all, LDA (this pack without the network)", slice(0, None), linear),
        ("tetranucleotides and codons (this pack without the LM)", composition, settings),
        ("LM (this pack without tetranucleotides and codons)", slice(COMPOSITION, None), settings),
    ):
        yield title, columns, fitted(train, columns, how)
    for count in species:
        some = np.random.default_rng(0).permutation(np.unique(train.genome))[:count]
        projector = fitted(train, composition, settings, np.isin(train.genome, some))
        yield f"tetranucleotides and codons, {count} species", composition, projector


def evaluate(evaluation: Evaluation, out: Path | None = None) -> None:
    """Print the table, and write it to ``out`` as JSON."""
    threads = evaluation.threads
    pack = load_pack(find_pack(evaluation.pack))
    encoder = OnnxEncoder(pack.encoders["fp32"], pack.width, Device("cpu", 0, "fp32", "evaluation"))
    plan = pack.plan()
    reading = Reading(plan, 1, threads=threads)
    found = profile_contigs(evaluation.fragments, encoder, reading)
    features = np.concatenate([found.composition, found.lm], axis=1)
    genome, length = read_truth(evaluation.truth, found.names), found.lengths
    sampling = FragmentSampling(evaluation.per_genome)
    shards = Shards(evaluation.train_shards)
    train = fragment_features(shards, encoder, plan, sampling, threads)
    settings = ProjectorSettings(**pack.config["training"]["projector"])
    held = [read_community(item, encoder, plan, threads) for item in evaluation.communities]
    table = Table([c.name for c in held])
    raw = features[:, :TETRANUCLEOTIDES]
    table.rows["tetranucleotides, centred"] = figures(raw - raw.mean(0), genome, length)
    itself = f"{pack.name} {pack.version}"
    ways = ablations(train, settings, evaluation.species)
    for title, columns, projector in chain(ways, [(itself, slice(0, None), pack.projector)]):
        z = project(np.ascontiguousarray(features[:, columns]), projector)
        table.rows[title] = figures(z, genome, length)
        if title == itself:
            about = f"{title}, centred on the mean of all fragments"
            table.rows[about] = figures(z - z.mean(0), genome, length)
        table.near_complete[title] = {
            c.name: near_complete(c, columns, projector, threads) for c in held
        }
    print(table.text())
    if out is not None:
        result = {
            "pack": pack.name,
            "version": pack.version,
            "sha256": pack.digest,
            "columns": COLUMNS,
            "rows": table.rows,
            "near_complete": table.near_complete,
        }
        out.write_text(json.dumps(result, indent=1) + "\n")
