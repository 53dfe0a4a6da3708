"""Estimated completeness and contamination of bins against the truth, on communities.

python -m bench.estimates three=/data/three one=/data/one --genomes /data/genomes

A community folder holds contigs.fasta, gold.tsv (CAMI format) and depth.txt (or *.bam); ``genomes``
holds a FASTA file for each genome. The truth of a bin: bases of the genome that most of it is of,
over that genome's length; and bases of others over all bases. A mutant is as long as its genome.

Of a genome that is a draft itself (N50 under `FINISHED`) nobody knows how much is missing, so how
complete a bin of it is, is not known: the result has the bins of finished genomes by themselves.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llmbin.io.fasta import read_fasta
from llmbin.results.summary import n50
from llmbin.tools.scoring import read_bins, read_gold

from . import record
from .peers import ours

FINISHED = 200_000  # bp: N50 of a genome's sequences
COMPLETE, CLEAN = 90.0, 5.0  # near-complete: more of the genome, and less of others, in percent
NEARLY = 0.005  # a percentage is printed to two digits


@dataclass(frozen=True)
class Pair:
    """An estimate in percent, its interval, and the truth."""

    estimate: float
    low: float
    high: float
    truth: float

    @property
    def inside(self) -> bool:
        return self.low - NEARLY <= self.truth <= self.high + NEARLY


@dataclass(frozen=True)
class Genome:
    """Bases of a genome, and whether it is no draft."""

    bases: int
    finished: bool


@dataclass(frozen=True)
class Judged:
    """A bin, and whether its genome is no draft."""

    completeness: Pair
    contamination: Pair
    finished: bool


def genomes_in(folder: Path) -> dict[str, Genome]:
    """The genomes of a folder, by name."""
    out = {}
    for path in sorted(folder.iterdir()):
        lengths = np.array([len(record.sequence) for record in read_fasta(path)], np.int64)
        name = path.name.split(".")[0]
        out[name] = Genome(int(lengths.sum()), n50(lengths) >= FINISHED)
    return out


def judged(community: Path, run: Path, genomes: dict[str, Genome]) -> Iterator[Judged]:
    """Each bin of a run."""
    gold = read_gold(community / "gold.tsv")
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for contig, name in read_bins(run / "contig2bin.tsv").items():
        genome, length = gold[contig]
        held[name][genome] += length
    with open(run / "bins.tsv", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            name, own = held[row["bin"]].most_common(1)[0]
            total = held[row["bin"]].total()
            genome = genomes[name.split(".")[0]]
            yield Judged(
                pair(row, "completeness", min(100.0, 100 * own / genome.bases)),
                pair(row, "contamination", 100 * (total - own) / total),
                genome.finished,
            )


def pair(row: dict[str, str], name: str, truth: float) -> Pair:
    return Pair(float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"]), truth)


def summary(bins: list[Judged]) -> dict[str, Any]:
    """Mean absolute errors and biases in points, near-complete bins, truths inside intervals."""
    pairs_of = [(b.completeness, b.contamination) for b in bins]
    true = [c.truth > COMPLETE and k.truth < CLEAN for c, k in pairs_of]
    called = [c.estimate > COMPLETE and k.estimate < CLEAN for c, k in pairs_of]
    out: dict[str, Any] = {
        "bins": len(bins),
        "near_complete": sum(true),
        "called_near_complete": sum(called),
        "both": sum(a and b for a, b in zip(true, called, strict=True)),
    }
    names = ("completeness", "contamination")
    for name, pairs in zip(names, zip(*pairs_of, strict=True), strict=True):
        errors = [p.estimate - p.truth for p in pairs]
        out[name] = {
            "mean_absolute_error": round(sum(map(abs, errors)) / len(errors), 2),
            "bias": round(sum(errors) / len(errors), 2),
            "in_interval": round(sum(p.inside for p in pairs) / len(pairs), 3),
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--genomes", type=Path, required=True)
    parser.add_argument("--name", default="estimates", help="of the result")
    options = parser.parse_args()
    genomes = genomes_in(options.genomes)
    rows: list[dict[str, Any]] = []
    every: list[Judged] = []
    for argument in options.communities:
        name, _, folder = argument.partition("=")
        community = Path(folder)
        with tempfile.TemporaryDirectory() as work:
            how = "depth" if (community / "depth.txt").is_file() else "bam"
            ours(community, Path(work) / "out", [], how)
            bins = list(judged(community, Path(work) / "out", genomes))
        rows.append({"community": name, **summary(bins)})
        every += bins
        print(rows[-1], flush=True)
    points = [
        [round(x, 2) for p in (b.completeness, b.contamination) for x in (p.truth, p.estimate)]
        for b in every
    ]
    result = {
        "rows": rows,
        "all": summary(every),
        "finished": summary([b for b in every if b.finished]),
        "drafts": summary([b for b in every if not b.finished]),
        "points": points,
    }
    print(result["all"])
    print(record.write(options.name, result))


if __name__ == "__main__":
    main()
