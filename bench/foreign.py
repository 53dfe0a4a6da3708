"""A tenth of foreign bases in a community: which of its genomes are lost, and what is called what.

python -m bench.foreign one=/data/one --eukaryote candida.fasta --viruses phages.fasta
                        --plasmids plasmids.fasta --work work/foreign [--seed 1]

A community folder holds contigs.fasta, gold.tsv (CAMI format) and depth.txt (MetaBAT's table).
Contigs of one eukaryote are added, 7 % of the community's bases, with depths of its own; viruses
and plasmids of 3 kb or more, 1.5 % each, each with depths of its own, as if their hosts were not
there. All are drawn by chance. The program is run on the community with and without them.

Genomes are counted in three ways: with all viruses and plasmids (one in a genome's bin is
contamination), without those that the run called a virus or a plasmid, and without any.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import near_complete_genomes, read_bins, read_gold

from . import record
from .peers import SMALLEST_BIN, ours, samples_of

EUKARYOTE = "eukaryote"
SHARES = {EUKARYOTE: 0.07, "virus": 0.015, "plasmid": 0.015}  # of the community's bases
SHORTEST, LONGEST = 3_000, 200_000  # bases of a virus or a plasmid; what is judged by its kind
MOBILE = ("virus", "plasmid")
DEPTH, SPREAD = 9.0, 0.9  # median depth of what is added, and the spread of its logarithm
NOISE, DISPERSION = 0.05, 1.5  # spread of a contig's log depth; variance for each depth

Gold = dict[str, tuple[str, int]]
Depths = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Foreign:
    """A contig that is added: ``depths`` [samples]."""

    name: str
    kind: str
    bases: bytes
    depths: Depths

    @property
    def genome(self) -> str:
        """A eukaryote's contigs are one genome, and any other contig is one."""
        return self.kind if self.kind == EUKARYOTE else self.name


def drawn(
    files: Mapping[str, Path], bases: int, samples: int, rng: np.random.Generator
) -> Iterator[Foreign]:
    """What is added to so many ``bases``."""
    shared = np.exp(rng.normal(np.log(DEPTH), SPREAD, samples))
    for kind, path in files.items():
        known = [r for r in read_fasta(path) if kind == EUKARYOTE or fits(len(r.sequence))]
        left = SHARES[kind] * bases
        for number in rng.permutation(len(known)):
            if left <= 0:
                break
            sequence = bytes(known[number].sequence)
            left -= len(sequence)
            own = np.exp(rng.normal(np.log(DEPTH), SPREAD, samples))
            depths = shared if kind == EUKARYOTE else own
            noise = np.exp(rng.normal(0, NOISE, samples))
            yield Foreign(f"{kind}_{number}", kind, sequence, depths * noise)


def fits(bases: int) -> bool:
    """Whether a virus or a plasmid of so many bases may be added."""
    return SHORTEST <= bases <= LONGEST


def write_community(folder: Path, foreign: Sequence[Foreign], out: Path) -> None:
    """The community's files with what is added."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "contigs.fasta", "wb") as contigs:
        contigs.write((folder / "contigs.fasta").read_bytes().rstrip(b"\n") + b"\n")
        contigs.writelines(b">%s\n%s\n" % (f.name.encode(), f.bases) for f in foreign)
    with open(out / "depth.txt", "w") as table:
        table.write((folder / "depth.txt").read_text())
        for f in foreign:
            pairs = [f"{x:.5g}" for depth in f.depths for x in (depth, DISPERSION * depth)]
            row = [f.name, str(len(f.bases)), f"{f.depths.sum():.5g}", *pairs]
            table.write("\t".join(row) + "\n")


def judge(
    out: Path, bins: dict[str, str], gold: Gold, foreign: Sequence[Foreign]
) -> dict[str, Any]:
    """What became of the genomes, of the eukaryote, and of the kinds."""
    with open(out / "contigs.tsv", newline="") as handle:
        called = {row["contig"]: row["kind"] for row in csv.DictReader(handle, delimiter="\t")}
    every = gold | {f.name: (f.genome, len(f.bases)) for f in foreign}
    mobile = {f.name for f in foreign if f.kind in MOBILE}
    apart = {name for name in mobile if called[name] in MOBILE}
    genomes = {genome for genome, _ in gold.values()}

    def near_complete(without: set[str]) -> int:
        kept = {name: bin_ for name, bin_ in bins.items() if name not in without}
        return len(near_complete_genomes(kept, every, SMALLEST_BIN) & genomes)

    return {
        "near-complete": near_complete(set()),
        "without viruses and plasmids that are called so": near_complete(apart),
        "without any": near_complete(mobile),
        "called, bases from 3 kb": _calls(foreign, called) | _own_calls(gold, called),
        EUKARYOTE: _largest(bins, every),
    }


def _calls(foreign: Sequence[Foreign], called: Mapping[str, str]) -> dict[str, dict[str, int]]:
    calls: dict[str, Counter[str]] = {kind: Counter() for kind in SHARES}
    for f in foreign:
        if len(f.bases) >= SHORTEST:
            calls[f.kind][called[f.name]] += len(f.bases)
    return {kind: dict(count.most_common()) for kind, count in calls.items()}


def _own_calls(gold: Gold, called: Mapping[str, str]) -> dict[str, dict[str, int]]:
    count = Counter[str]()
    for name, (_, length) in gold.items():
        if length >= SHORTEST and name in called:
            count[called[name]] += length
    return {"its own": dict(count.most_common())}


def _largest(bins: dict[str, str], every: Gold) -> dict[str, float]:
    """Of the bin that has most of the eukaryote: its share of it, and what of it is foreign."""
    parts, sizes = Counter[str](), Counter[str]()
    for name, bin_ in bins.items():
        genome, length = every[name]
        sizes[bin_] += length
        parts[bin_] += length * (genome == EUKARYOTE)
    whole = sum(length for genome, length in every.values() if genome == EUKARYOTE)
    best, most = parts.most_common(1)[0]
    return {"share": round(most / whole, 4), "foreign": round(1 - most / sizes[best], 4)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--eukaryote", type=Path, required=True)
    parser.add_argument("--viruses", type=Path, required=True)
    parser.add_argument("--plasmids", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="keeps the communities and runs")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = {
        EUKARYOTE: options.eukaryote,
        "virus": options.viruses,
        "plasmid": options.plasmids,
    }
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        for item in options.communities:
            name, _, path = item.partition("=")
            folder, rng = Path(path), np.random.default_rng(options.seed)
            gold = read_gold(folder / "gold.tsv")
            bases = sum(len(r.sequence) for r in read_fasta(folder / "contigs.fasta"))
            added = list(drawn(files, bases, len(samples_of(folder)), rng))
            write_community(folder, added, work / name)
            alone, _ = ours(folder, work / f"{name}-alone", [], "depth")
            ours(work / name, work / f"{name}-run", [], "depth")
            bins = read_bins(work / f"{name}-run" / "contig2bin.tsv")
            row = {
                "community": name,
                "nothing added": len(near_complete_genomes(alone, gold, SMALLEST_BIN)),
                "added": {f: sum(len(a.bases) for a in added if a.kind == f) for f in SHARES},
                **judge(work / f"{name}-run", bins, gold, added),
            }
            rows.append(row)
            print(row, flush=True)
    print(record.write("foreign", {"seed": options.seed, "rows": rows}))


if __name__ == "__main__":
    main()
