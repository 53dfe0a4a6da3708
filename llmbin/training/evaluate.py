"""The protocol: how well do vectors tell genomes of unseen genera apart, and what does each part contribute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ..cluster.binning import bin_assemblies
from ..cluster.contig_set import BinLimits, ContigSet
from ..cluster.placing import make_points
from ..commands.score import read_gold, score_bins
from ..depth.coverage import Coverage, coverage_from_tables
from ..errors import InputError
from ..features.profile import TETRANUCLEOTIDES, Features, profile_contigs
from ..genes.evidence import Evidence
from ..genes.homology import HomologySearch
from ..genes.markers import MarkerSearch, load_marker_set
from ..model.devices import Device
from ..model.encoder import OnnxEncoder
from ..model.pack import COMPOSITION, Projector, find_pack, load_pack
from ..model.projector import project_features as project
from ..model.windows import WindowPlan
from ..resources import Resources
from .fragments import FragmentFeatures, fragment_features
from .judge import pair_figures, read_truth
from .projector import ProjectorSettings, fit_projector
from .shards import Shards

SHORTEST_CONTIG, SHORTEST_CORE, SMALLEST_BIN = 1_000, 1_500, 200_000  # the defaults of `run`
COLUMNS = ("AP", "ARI", "5-NN", "5-NN < 3 kb", "3-6 kb", "> 6 kb")


def figures(
    vectors: npt.NDArray[np.floating], genome: npt.NDArray[np.str_], length: npt.NDArray[np.int64]
) -> list[float]:
    """Average precision of same-genome pairs by cosine, ARI of k-means with the true number, 5-NN precision, and that by length."""
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
    search = MarkerSearch(load_marker_set(), threads)
    path = folder / "contigs.fasta"
    features = profile_contigs(
        path,
        encoder,
        plan,
        min_length=SHORTEST_CONTIG,
        threads=threads,
        markers=search,
        homology=HomologySearch(),
    )
    return Contigs(
        name,
        features,
        coverage_from_tables([folder / "depth.txt"], features.names),
        read_gold(folder / "gold.tsv"),
    )


def near_complete(contigs: Contigs, columns: slice, projector: Projector, threads: int) -> int:
    """Near-complete genomes of a community with some of the features and a projector made for them, everything else as in ``run``."""
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


def evaluate(
    model: str, train_shards: Path, fragments: Path, truth: Path, per_genome: int, threads: int, out: Path | None,
    species: Sequence[int] = (), communities: Sequence[str] = (),
) -> None:  # fmt: skip
    """Print (and write) the table: raw tetranucleotides, LDA of the parts, the pack; and without the LM, by number of training species.

    With communities, each row but the first also says how many near-complete genomes its vectors give.
    """
    pack = load_pack(find_pack(model))
    encoder = OnnxEncoder(pack.encoders["fp32"], pack.width, Device("cpu", 0, "fp32", "evaluation"))
    plan = pack.plan()
    found = profile_contigs(fragments, encoder, plan, min_length=1, threads=threads)
    features = np.concatenate([found.composition, found.lm], axis=1)
    genome, length = read_truth(truth, found.names), found.lengths
    train = fragment_features(Shards(train_shards), encoder, plan, per_genome, 1, threads)
    settings = ProjectorSettings(**pack.config["training"]["projector"])
    held = [read_community(item, encoder, plan, threads) for item in communities]
    raw = features[:, :TETRANUCLEOTIDES]
    rows: dict[str, list[float]] = {
        "tetranucleotides, centred": figures(raw - raw.mean(0), genome, length)
    }
    counts: dict[str, dict[str, int]] = {}

    def add(title: str, columns: slice, projector: Projector) -> None:
        z = project(np.ascontiguousarray(features[:, columns]), projector)
        rows[title] = figures(z, genome, length)
        if title.startswith(pack.name):
            rows[f"{title}, centred on the mean of all fragments"] = figures(
                z - z.mean(0), genome, length
            )
        counts[title] = {c.name: near_complete(c, columns, projector, threads) for c in held}

    def fitted(
        columns: slice, how: ProjectorSettings, chosen: npt.NDArray[np.bool_] | None = None
    ) -> Projector:
        kept = np.ones(len(train.genome), np.bool_) if chosen is None else chosen
        return fit_projector(
            FragmentFeatures(
                np.ascontiguousarray(train.values[kept, columns]),
                train.genome[kept],
                train.length[kept],
            ),
            how,
        )[1]

    linear, composition = replace(settings, steps=0), slice(0, COMPOSITION)
    for title, columns, how in (
        ("tetranucleotides, LDA", slice(0, TETRANUCLEOTIDES), linear),
        ("tetranucleotides and codons, LDA", composition, linear),
        ("all, LDA (this pack without the network)", slice(0, None), linear),
        ("tetranucleotides and codons (this pack without the LM)", composition, settings),
        ("LM (this pack without tetranucleotides and codons)", slice(COMPOSITION, None), settings),
    ):
        add(title, columns, fitted(columns, how))
    for count in species:
        chosen = np.random.default_rng(0).permutation(np.unique(train.genome))[:count]
        add(
            f"tetranucleotides and codons, {count} species",
            composition,
            fitted(composition, settings, np.isin(train.genome, chosen)),
        )
    add(f"{pack.name} {pack.version}", slice(0, None), pack.projector)
    print("\t".join(["vectors", *COLUMNS, *(f"near-complete in {c.name}" for c in held)]))
    for title, row in rows.items():
        print(
            "\t".join(
                [
                    title,
                    *(f"{x:.3f}" for x in row),
                    *(str(n) for n in counts.get(title, {}).values()),
                ]
            )
        )
    if out is not None:
        result = {
            "pack": pack.name,
            "version": pack.version,
            "sha256": pack.digest,
            "columns": COLUMNS,
            "rows": rows,
            "near_complete": counts,
        }
        out.write_text(json.dumps(result, indent=1) + "\n")
