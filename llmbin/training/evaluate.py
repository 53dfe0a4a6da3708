"""The protocol: how well do vectors tell genomes of unseen genera apart, and what does each part contribute."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..devices import Device
from ..encoder import OnnxEncoder
from ..features import TETRANUCLEOTIDES, profile_contigs
from ..pack import COMPOSITION, find_pack, load_pack
from ..projector import project_features as project
from .fragments import FragmentFeatures, fragment_features
from .projector import ProjectorSettings, fit_projector
from .shards import Shards

COLUMNS = ("AP", "ARI", "5-NN", "5-NN < 3 kb", "3-6 kb", "> 6 kb")


def figures(vectors: npt.NDArray[np.floating], genome: npt.NDArray[np.str_], length: npt.NDArray[np.int64]) -> list[float]:
    """Average precision of same-genome pairs by cosine, ARI of k-means with the true number, 5-NN precision, and that by length."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, average_precision_score

    vectors = vectors.astype(np.float64)
    v = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    similarity = v @ v.T
    pairs = np.triu_indices(len(v), 1)
    precision = average_precision_score(genome[pairs[0]] == genome[pairs[1]], similarity[pairs])
    np.fill_diagonal(similarity, -9)
    hit = (genome[np.argpartition(-similarity, 5, axis=1)[:, :5]] == genome[:, None]).mean(1)
    k = len(set(genome.tolist()))
    rand = np.mean([adjusted_rand_score(genome, KMeans(k, n_init=2, random_state=r).fit_predict(v)) for r in range(3)])
    bands = [hit[(length >= a) & (length < b)].mean() for a, b in ((0, 3000), (3000, 6000), (6000, 10**9))]
    return [float(x) for x in (precision, rand, hit.mean(), *bands)]


def evaluate(
    model: str,
    train_shards: Path,
    fragments: Path,
    truth: Path,
    per_genome: int,
    threads: int,
    out: Path | None,
    species: Sequence[int] = (),
) -> None:
    """Print (and write) the table: raw tetranucleotides, LDA of the parts, the pack; and without the LM, by number of training species."""
    pack = load_pack(find_pack(model))
    encoder = OnnxEncoder(pack.encoders["fp32"], pack.width, Device("cpu", 0, "fp32", "evaluation"))
    plan = pack.plan()
    found = profile_contigs(fragments, encoder, plan, min_length=1, threads=threads)
    features = np.concatenate([found.composition, found.lm], axis=1)
    with open(truth, newline="") as handle:
        genomes = {row[0]: row[1] for row in csv.reader(handle, delimiter="\t")}
    genome, length = np.array([genomes[n] for n in found.names]), found.lengths
    train = fragment_features(Shards(train_shards), encoder, plan, per_genome, 1, threads)
    settings = ProjectorSettings(**pack.config["training"]["projector"])
    raw = features[:, :TETRANUCLEOTIDES]
    rows = {"tetranucleotides, centred": figures(raw - raw.mean(0), genome, length)}
    linear = replace(settings, steps=0)
    for name, columns, how in (
        ("tetranucleotides, LDA", slice(0, TETRANUCLEOTIDES), linear),
        ("tetranucleotides and codons, LDA", slice(0, COMPOSITION), linear),
        ("all, LDA (this pack without the network)", slice(0, None), linear),
        ("tetranucleotides and codons (this pack without the LM)", slice(0, COMPOSITION), settings),
        ("LM (this pack without tetranucleotides and codons)", slice(COMPOSITION, None), settings),
    ):
        _, part = fit_projector(replace(train, values=np.ascontiguousarray(train.values[:, columns])), how)
        rows[name] = figures(project(features[:, columns], part), genome, length)
    for count in species:
        chosen = np.random.default_rng(0).permutation(np.unique(train.genome))[:count]
        kept = np.isin(train.genome, chosen)
        part_of_it = FragmentFeatures(np.ascontiguousarray(train.values[kept, :COMPOSITION]), train.genome[kept], train.length[kept])
        _, part = fit_projector(part_of_it, settings)
        rows[f"tetranucleotides and codons, {count} species"] = figures(project(features[:, :COMPOSITION], part), genome, length)
    rows[f"{pack.name} {pack.version}"] = figures(project(features, pack.projector), genome, length)
    print("\t".join(["vectors", *COLUMNS]))
    for name, row in rows.items():
        print("\t".join([name, *(f"{x:.3f}" for x in row)]))
    if out is not None:
        out.write_text(
            json.dumps({"pack": pack.name, "version": pack.version, "sha256": pack.digest, "columns": COLUMNS, "rows": rows}, indent=1)
            + "\n"
        )
