"""Estimated completeness and contamination of bins against the truth, on communities.

python -m bench.estimates three=/data/three one=/data/one --genomes /data/genomes

A community folder holds contigs.fasta, gold.tsv (CAMI format) and depth.txt (or *.bam); ``genomes``
holds a FASTA file for each genome. The truth of a bin: bases of the genome that most of it is of,
over that genome's length; and bases of others over all bases. A mutant is as long as its genome.
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

from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_bins, read_gold

from . import record
from .peers import ours

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


Judged = tuple[Pair, Pair]  # completeness, contamination


def sizes_of(genomes: Path) -> dict[str, int]:
    """Bases of each genome of a folder."""
    return {
        path.name.split(".")[0]: sum(len(r.sequence) for r in read_fasta(path))
        for path in sorted(genomes.iterdir())
    }


def judged(community: Path, run: Path, sizes: dict[str, int]) -> Iterator[Judged]:
    """Each bin of a run."""
    gold = read_gold(community / "gold.tsv")
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for contig, name in read_bins(run / "contig2bin.tsv").items():
        genome, length = gold[contig]
        held[name][genome] += length
    with open(run / "bins.tsv", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            genome, own = held[row["bin"]].most_common(1)[0]
            total = held[row["bin"]].total()
            complete = min(100.0, 100 * own / sizes[genome.split(".")[0]])
            yield (
                pair(row, "completeness", complete),
                pair(row, "contamination", 100 * (total - own) / total),
            )


def pair(row: dict[str, str], name: str, truth: float) -> Pair:
    return Pair(float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"]), truth)


def summary(bins: list[Judged]) -> dict[str, Any]:
    """Mean absolute errors and biases in points, near-complete bins, truths inside intervals."""
    true = [c.truth > COMPLETE and k.truth < CLEAN for c, k in bins]
    called = [c.estimate > COMPLETE and k.estimate < CLEAN for c, k in bins]
    out: dict[str, Any] = {
        "bins": len(bins),
        "near_complete": sum(true),
        "called_near_complete": sum(called),
        "both": sum(a and b for a, b in zip(true, called, strict=True)),
    }
    for name, pairs in zip(("completeness", "contamination"), zip(*bins, strict=True), strict=True):
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
    sizes = sizes_of(options.genomes)
    rows, every = [], []
    for argument in options.communities:
        name, _, folder = argument.partition("=")
        community = Path(folder)
        with tempfile.TemporaryDirectory() as work:
            how = "depth" if (community / "depth.txt").is_file() else "bam"
            ours(community, Path(work) / "out", [], how)
            bins = list(judged(community, Path(work) / "out", sizes))
        rows.append({"community": name, **summary(bins)})
        every += bins
        print(rows[-1], flush=True)
    points = [[round(x, 2) for p in both for x in (p.truth, p.estimate)] for both in every]
    result = {"rows": rows, "all": summary(every), "points": points}
    print(result["all"])
    print(record.write(options.name, result))


if __name__ == "__main__":
    main()
