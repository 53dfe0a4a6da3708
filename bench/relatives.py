"""What packs find where vectors decide: thin one-sample communities full of relatives.

python -m bench.relatives genomes work --packs llmbin-edge llmbin-lite [--draws 6] [--windows 3]

Each draw has all genomes of the folder and half as many mutants of them again, one sample, contigs
of some 3 kb. A pack with a language model is tried with several seeds of its windows, and these
are averaged. Intervals are of the mean difference of a pack and the first one over draws, 95 %, by
Student's t. Everything but the vectors is the same: depths, markers, homology.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from llmbin.cluster.binning import bin_assemblies
from llmbin.cluster.contig_set import BinLimits, ContigSet
from llmbin.cluster.placing import make_points
from llmbin.coverage.coverage import Coverage, coverage_from_tables
from llmbin.features.profile import Features, Reading, Searches, profile_contigs
from llmbin.genes.evidence import Evidence
from llmbin.genes.homology import HomologySearch
from llmbin.genes.markers import MarkerSearch, load_marker_set
from llmbin.model.embedder import Embedder, open_embedder
from llmbin.model.projector import project
from llmbin.options import ModelOptions
from llmbin.resources import Resources
from llmbin.tools.scoring import read_gold, score_bins

from . import communities, record
from .peers import SMALLEST_BIN

SHORTEST, SHORTEST_IN_TREE = 1_000, 1_500  # the defaults of `run`
PLAN = communities.Plan(
    seed=201, samples=1, depth=8, piece=4_500, spread=1.0, strains=27, identity=(0.80, 0.97)
)


@dataclass(frozen=True)
class Draw:
    """A community: what is the same for all packs, and the truth."""

    folder: Path
    evidence: Evidence
    coverage: Coverage
    gold: dict[str, tuple[str, int]]


@dataclass(frozen=True)
class Found:
    """Near-complete genomes, and the share of bases in their genome's largest bin."""

    near_complete: int
    placed: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("genomes", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--packs", nargs="+", required=True)
    parser.add_argument("--draws", type=int, default=6, choices=range(2, 101), metavar="2-100")
    parser.add_argument("--windows", type=int, default=3, help="seeds (default: %(default)s)")
    parser.add_argument("--name", default="relatives", help="of the result (default: %(default)s)")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for number in range(options.draws):
        plan = replace(PLAN, seed=PLAN.seed + number)
        folder = options.work / f"relatives-{number}"
        communities.made(options.genomes, folder, plan)
        row: dict[str, Any] = {"draw": number}
        for pack, found in tried(folder, options.packs, options.windows):
            row.setdefault(pack, []).append([found.near_complete, found.placed])
        row["genomes"] = len({genome for genome, _ in read_gold(folder / "gold.tsv").values()})
        rows.append(row)
        print(row, flush=True)
    record.write(options.name, {"rows": rows, "summary": summary(rows, options.packs)})


def tried(folder: Path, packs: Sequence[str], windows: int) -> Iterator[tuple[str, Found]]:
    """What each pack finds, with each seed of its windows."""
    draw: Draw | None = None
    for name in packs:
        embedder = open_embedder(ModelOptions(name, device="cpu"))
        for seed in range(windows if embedder.pack.width else 1):
            features = profiled(folder, embedder, seed, searched=draw is None)
            if draw is None:
                draw = Draw(
                    folder,
                    Evidence(features.markers, load_marker_set(), features.homology),
                    coverage_from_tables([folder / "depth.txt"], features.names),
                    read_gold(folder / "gold.tsv"),
                )
            yield name, binned(draw, features, embedder)


def profiled(folder: Path, embedder: Embedder, seed: int, searched: bool) -> Features:
    """Features of a community; with markers and homology if they are to be searched."""
    reading = Reading(replace(embedder.plan, seed=seed), SHORTEST, threads=2)
    searches = (
        Searches(MarkerSearch(load_marker_set(), 2), HomologySearch()) if searched else Searches()
    )
    return profile_contigs(folder / "contigs.fasta", embedder.encoder, reading, searches)


def binned(draw: Draw, features: Features, embedder: Embedder) -> Found:
    """Bins by the vectors of a pack, against the truth."""
    projector = embedder.pack.projector
    points = make_points(
        project(features.composition, features.lm, projector),
        features.lengths,
        draw.coverage,
        projector,
    )
    label = bin_assemblies(
        ContigSet(points, features.lengths, draw.evidence),
        [""] * len(features.lengths),
        BinLimits(SHORTEST_IN_TREE, SMALLEST_BIN),
        Resources(2),
    ).label
    bins = {
        name: str(number)
        for name, number in zip(features.names, label.tolist(), strict=True)
        if number >= 0
    }
    return Found(score_bins(bins, draw.gold).near_complete, placed_share(bins, draw.gold))


def placed_share(bins: dict[str, str], gold: dict[str, tuple[str, int]]) -> float:
    """Share of all bases that lie in the largest bin of their genome that it has most of."""
    bases: Counter[tuple[str, str]] = Counter()
    for name, label in bins.items():
        genome, length = gold[name]
        bases[genome, label] += length
    main: dict[str, tuple[int, str]] = {}
    for (genome, label), length in bases.items():
        main[label] = max(main.get(label, (0, "")), (length, genome))
    best: Counter[str] = Counter()
    for length, genome in main.values():
        best[genome] = max(best[genome], length)
    return sum(best.values()) / sum(length for _, length in gold.values())


def summary(rows: Sequence[dict[str, Any]], packs: Sequence[str]) -> dict[str, Any]:
    """Sums of the seeds' means, and the difference from the first pack with its interval."""
    from scipy.stats import t as student

    out: dict[str, Any] = {"genomes": sum(row["genomes"] for row in rows)}
    means = {pack: np.array([np.mean(row[pack], axis=0) for row in rows]) for pack in packs}
    for pack, found in means.items():
        apart = found - means[packs[0]]
        spread = apart.std(axis=0, ddof=1) / len(rows) ** 0.5
        error = student.ppf(0.975, len(rows) - 1) * spread
        out[pack] = {
            "near_complete": float(found[:, 0].sum()),
            "placed": float(found[:, 1].mean()),
            "more_near_complete": [float(x * len(rows)) for x in _around(apart[:, 0], error[0])],
            "more_placed": [float(x) for x in _around(apart[:, 1], error[1])],
        }
    return out


def _around(values: np.ndarray, error: float) -> tuple[float, float, float]:
    return float(values.mean()), float(values.mean() - error), float(values.mean() + error)


if __name__ == "__main__":
    main()
