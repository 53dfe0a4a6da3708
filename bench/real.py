"""Bins of real metagenomes, beside those of other binners.

python -m bench.real work/real [--peers metabat2 semibin2 vamb] [--only infant-gut] [--add]

The folder is that of bench.real_data. Hardly any contig of a real metagenome has a known genome, so
bins are judged thrice, and none of it is the truth:

estimate  `llmbin-fast quality`, which is ours
COGs      40 universal single-copy genes that fetchMGs finds (on PATH), which are not ours: a bin is
          as complete as it has of them, and contaminated by what it has more than once
agreement ARI over the bases that both binned, beside llmbin-fast

and by the truth where there is a gold.tsv. SemiBin2's pretrained model takes one sample: it is
given that with depth on most bases. Without depths only llmbin-fast is run; the others' bins are
those that the source holds.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_bins, read_gold, score_bins

from . import record
from .peers import PEERS, SMALLEST_BIN, Usage, measured, samples_of, version_of
from .quality import with_earlier

OURS = "llmbin-fast"
COGS = 40
NEAR_COMPLETE, GOOD = (90.0, 5.0), (70.0, 10.0)  # completeness over, contamination under
Bins = dict[str, str]
Quality = tuple[float, float]  # completeness and contamination, in percent


@dataclass(frozen=True)
class RealSet:
    """A folder, and lengths of its contigs."""

    folder: Path
    lengths: dict[str, int]

    @property
    def samples(self) -> int:
        return len(samples_of(self.folder)) if self.has_depth else 0

    @property
    def has_depth(self) -> bool:
        return (self.folder / "depth.txt").exists()

    def large(self, bins: Bins) -> Bins:
        """Contigs of bins that every binner would be held to."""
        size: Counter[str] = Counter()
        for contig, name in bins.items():
            size[name] += self.lengths[contig]
        return {contig: name for contig, name in bins.items() if size[name] >= SMALLEST_BIN}


def open_set(folder: Path) -> RealSet:
    return RealSet(folder, {r.name: len(r.sequence) for r in read_fasta(folder / "contigs.fasta")})


def cogs_of(folder: Path) -> list[tuple[str, str]]:
    """Contig and family of each universal gene; looked for once, and kept in markers.tsv."""
    path, contigs = folder / "markers.tsv", folder / "contigs.fasta"
    if not path.exists():
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out"
            command = ["fetchMGs", "extraction", str(contigs), "metagenome", str(out)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{contigs}: fetchMGs failed: {done.stderr[-2000:]}")
            (scores,) = out.glob("*.scores")
            found = [line.split() for line in scores.read_text().splitlines() if line[0] != "#"]
        path.write_text("".join(f"{gene.rsplit('_', 1)[0]}\t{cog}\n" for gene, _, cog in found))
    pairs = [line.split("\t") for line in path.read_text().splitlines()]
    return [(contig, cog) for contig, cog in pairs]


def by_cogs(bins: Bins, cogs: list[tuple[str, str]]) -> list[Quality]:
    """Quality of each bin by universal genes."""
    held: dict[str, Counter[str]] = {name: Counter() for name in bins.values()}
    for contig, cog in cogs:
        if contig in bins:
            held[bins[contig]][cog] += 1
    return [
        (100 * len(found) / COGS, 100 * (found.total() - len(found)) / COGS)
        for found in held.values()
    ]


def by_estimate(data: RealSet, bins: Bins) -> list[Quality]:
    """Quality of each bin by our own estimate."""
    with tempfile.TemporaryDirectory() as scratch:
        table, out = Path(scratch) / "bins.tsv", Path(scratch) / "quality.tsv"
        table.write_text("".join(f"{contig}\t{name}\n" for contig, name in bins.items()))
        contigs = str(data.folder / "contigs.fasta")
        measured(["llmbin-fast", "quality", contigs, "--bins", str(table), "-o", str(out), "-q"])
        with open(out, newline="") as handle:
            return [
                (float(row["Completeness"]), float(row["Contamination"]))
                for row in csv.DictReader(handle, delimiter="\t")
            ]


def count(qualities: list[Quality], limits: Quality) -> int:
    """Bins that are more complete and less contaminated."""
    return sum(complete > limits[0] and alien < limits[1] for complete, alien in qualities)


def agreement(data: RealSet, bins: Bins, others: Bins) -> float:
    """ARI over the bases that are in bins of both."""
    both = {c: (others[c], data.lengths[c]) for c in bins.keys() & others.keys()}
    shared = {c: bins[c] for c in sorted(both)}
    return score_bins(shared, {c: both[c] for c in sorted(both)}).ari if both else 0.0


def row_of(data: RealSet, bins: Bins, ours: Bins) -> dict[str, Any]:
    """How a binner's bins are judged."""
    bins = data.large(bins)
    estimates, cogs = by_estimate(data, bins), by_cogs(bins, cogs_of(data.folder))
    row: dict[str, Any] = {
        "samples": data.samples,
        "contigs": len(data.lengths),
        "bases": sum(data.lengths.values()),
        "bins": len(set(bins.values())),
        "binned_percent": round(
            100 * sum(data.lengths[c] for c in bins) / sum(data.lengths.values()), 1
        ),
        "estimate": {
            "near_complete": count(estimates, NEAR_COMPLETE),
            "good": count(estimates, GOOD),
        },
        "cogs": {"near_complete": count(cogs, NEAR_COMPLETE), "good": count(cogs, GOOD)},
        "agreement": round(agreement(data, bins, ours), 3),
    }
    if (data.folder / "gold.tsv").exists():
        row["truth"] = score_bins(bins, read_gold(data.folder / "gold.tsv"), SMALLEST_BIN).as_dict()
    return row


def run_ours(data: RealSet, out: Path) -> tuple[Bins, Usage]:
    """With the depth table as the source has it."""
    depth = ["--depth", str(data.folder / "depth.tsv")] if data.has_depth else []
    contigs = str(data.folder / "contigs.fasta")
    usage = measured(["llmbin-fast", "run", contigs, *depth, "-o", str(out), "-q"])
    return read_bins(out / "contig2bin.tsv"), usage


def one_sample(data: RealSet, scratch: Path) -> Path:
    """A folder like the set's with one sample: that with depth on most bases."""
    with open(data.folder / "depth.txt", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    covered: dict[str, int] = defaultdict(int)
    for row in rows:
        for sample in samples_of(data.folder):
            covered[sample] += int(row["contigLen"]) * (float(row[sample]) >= 1)
    best = max(covered, key=lambda sample: covered[sample])
    titles = ["contigName", "contigLen", "totalAvgDepth", best, f"{best}-var"]
    folder = scratch / "one"
    folder.mkdir()
    (folder / "contigs.fasta").symlink_to((data.folder / "contigs.fasta").resolve())
    with open(folder / "depth.txt", "w") as target:
        target.write("\t".join(titles) + "\n")
        for row in rows:
            line = row | {"totalAvgDepth": row[best]}
            target.write("\t".join(line[title] for title in titles) + "\n")
    return folder


def run_peer(name: str, data: RealSet, scratch: Path) -> tuple[Bins, Usage]:
    peer, threads = PEERS[name], len(os.sched_getaffinity(0))
    folder = data.folder if data.samples <= peer.samples else one_sample(data, scratch)
    return peer.run(folder, scratch / "out", threads, 1)


def rows_of(name: str, data: RealSet, peers: list[str]) -> list[dict[str, Any]]:
    """A row for each binner, ours first; then bins that the source holds."""
    found: dict[str, tuple[Bins, Usage]] = {}
    for binner in [OURS, *(peers if data.has_depth else [])]:
        with tempfile.TemporaryDirectory() as work:
            scratch = Path(work)
            found[binner if binner == OURS else PEERS[binner].title] = (
                run_ours(data, scratch / "out")
                if binner == OURS
                else run_peer(binner, data, scratch)
            )
    for path in sorted((data.folder / "bins").glob("*.tsv")):
        found[f"{path.stem}, from the source"] = read_bins(path), {}
    ours = data.large(found[OURS][0])
    rows = []
    for title, (bins, usage) in found.items():
        row = row_of(data, bins, ours) | usage
        rows.append({"community": name, "binner": title, **row})
        print(
            f"{name:14s} {title:28s} {row['bins']} bins, {row['binned_percent']} %, near-complete "
            f"{row['estimate']['near_complete']} by estimate, {row['cogs']['near_complete']} by "
            f"COGs",
            flush=True,
        )
    return rows


def check_sets(folder: Path, names: list[str]) -> None:
    """Stop with a line if a data set, or what finds universal genes in it, is missing."""
    made = "make them with python -m bench.real_data"
    if not names:
        sys.exit(f"{folder}: no data set; {made}")
    for name in names:
        if not (folder / name / "contigs.fasta").exists():
            sys.exit(f"{folder / name}: no such data set; {made}")
        if not (folder / name / "markers.tsv").exists() and shutil.which("fetchMGs") is None:
            sys.exit("fetchMGs, which finds universal genes, is not on PATH")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", nargs="*", default=[], choices=sorted(PEERS))
    parser.add_argument("--only", nargs="*", help="data sets; all of the folder by default")
    parser.add_argument("--add", action="store_true", help="keep rows that are not made anew")
    options = parser.parse_args()
    names = options.only or sorted(p.parent.name for p in options.folder.glob("*/contigs.fasta"))
    check_sets(options.folder, names)
    peers = {PEERS[name].title: version_of(PEERS[name]) for name in options.peers}
    rows: list[dict[str, Any]] = []
    for name in names:
        rows += rows_of(name, open_set(options.folder / name), options.peers)
    more: dict[str, Any] = {}
    if options.add:
        rows, peers, more["earlier_commands"] = with_earlier("real", rows, peers)
    print(record.write("real", {"peers": peers, "rows": rows} | more))


if __name__ == "__main__":
    main()
