"""Whole runs on real genomes: how cost grows with contigs and samples, and where the time goes.

python -m bench.throughput genomes work [--contigs 5000 10000 20000 40000 80000 320000]
                           [--samples 1 3 10 30] [--peers metabat2] [--peers-up-to 40000]

The larger an assembly, the more genomes are in it, broken into short contigs as of a soil; each
size is a part of the next. Sizes that the genomes do not reach are left out. The number of samples
grows at 20,000 contigs, or as many as there are. Communities that ``work`` already holds are not
made again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from llmbin.coverage.tables import DepthTable, read_depth_table, write_depth_table
from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_gold, score_bins

from . import record
from .communities import Plan, made, write_fasta
from .peers import PEERS, SMALLEST_BIN, Peer, ours, version_of

BY_CONTIGS = Plan(seed=111, samples=3, depth=8, piece=2_500, strains=600, identity=(0.80, 0.92))
BY_SAMPLES = Plan(seed=112, samples=30, depth=4, piece=2_500, genomes=70)
CONTIGS_AT_SAMPLES = 20_000


def first_genomes(gold: dict[str, tuple[str, int]], contigs: int) -> set[str]:
    """Contigs of as many genomes, in the order in which they first come, as hold so many.

    None if there are too few.
    """
    held: dict[str, list[str]] = {}
    for name, (genome, _) in gold.items():
        held.setdefault(genome, []).append(name)
    chosen: set[str] = set()
    for names in held.values():
        chosen.update(names)
        if len(chosen) >= contigs:
            return chosen
    return set()


def part_of(folder: Path, out: Path, keep: set[str], samples: int) -> Path:
    """A community of some of the contigs and the first samples of another."""
    out.mkdir(parents=True, exist_ok=True)
    write_fasta(
        out / "contigs.fasta",
        ((r.name, r.sequence) for r in read_fasta(folder / "contigs.fasta") if r.name in keep),
    )
    table = read_depth_table(folder / "depth.txt")
    rows = [i for i, name in enumerate(table.names) if name in keep]
    mean, variance = table.mean[rows, :samples], table.variance[rows, :samples]
    part = DepthTable(
        table.path,
        [table.names[i] for i in rows],
        table.lengths[rows],
        table.samples[:samples],
        mean,
        variance,
    )
    with open(out / "depth.txt", "w") as target:
        write_depth_table(part, target.write)
    with open(folder / "gold.tsv") as handle, open(out / "gold.tsv", "w") as target:
        target.writelines(
            line
            for line in handle
            if line.startswith("@") or not line.strip() or line.split("\t", 1)[0] in keep
        )
    return out


def measure(folder: Path, gold: dict[str, tuple[str, int]], peer: Peer | None) -> dict[str, Any]:
    """Cost of one run, ours where there is no peer, and the near-complete genomes of how many."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        if peer is None:
            bins, usage = ours(folder, out, [], "depth")
            ran = json.loads((out / "run.json").read_text())
            more = {
                "bases": ran["bases"],
                "stages": {name: stage["cpu_seconds"] for name, stage in ran["stages"].items()},
            }
        else:
            bins, usage = peer.run(folder, out, len(os.sched_getaffinity(0)), 1)
            more = {}
    found = score_bins(bins, gold, SMALLEST_BIN)
    return {
        "contigs": len(gold),
        "genomes": found.genomes,
        "near_complete": found.near_complete,
        **usage,
        **more,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("genomes", type=Path, help="folder of FASTA files, one a genome")
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--contigs", type=int, nargs="+", default=[5_000, 10_000, 20_000, 40_000, 80_000, 320_000]
    )
    parser.add_argument("--samples", type=int, nargs="+", default=[1, 3, 10, 30])
    parser.add_argument("--peers", nargs="*", default=[], choices=sorted(PEERS))
    parser.add_argument(
        "--peers-up-to",
        type=int,
        default=40_000,
        help="most contigs that peers are given (default: %(default)s)",
    )
    options = parser.parse_args()
    binners: dict[str, Peer | None] = {"llmbin-fast": None} | {
        PEERS[name].title: PEERS[name] for name in options.peers
    }
    result: dict[str, Any] = {
        "peers": {peer.title: version_of(peer) for peer in binners.values() if peer},
        "samples": BY_CONTIGS.samples,
        "rows": [],
        "by_samples": [],
    }

    def run(
        where: str, whole: Path, gold: dict[str, tuple[str, int]], contigs: int, samples: int
    ) -> None:
        keep = first_genomes(gold, contigs)
        if not keep:
            print(f"{whole}: its genomes have fewer than {contigs:,} contigs; left out", flush=True)
            return
        folder = part_of(whole, options.work / "part", keep, samples)
        part = {name: truth for name, truth in gold.items() if name in keep}
        for title, peer in binners.items():
            if peer is None or (contigs <= options.peers_up_to and samples <= peer.samples):
                result[where].append(
                    {"binner": title, "samples": samples} | measure(folder, part, peer)
                )
                print(result[where][-1], flush=True)
                record.write("throughput", result)
        shutil.rmtree(folder)

    whole = made(options.genomes, options.work / "by-contigs", BY_CONTIGS)
    gold = read_gold(whole / "gold.tsv")
    for contigs in options.contigs:
        run("rows", whole, gold, contigs, BY_CONTIGS.samples)
    whole = made(options.genomes, options.work / "by-samples", BY_SAMPLES)
    gold = read_gold(whole / "gold.tsv")
    for samples in options.samples:
        run("by_samples", whole, gold, min(CONTIGS_AT_SAMPLES, len(gold)), samples)


if __name__ == "__main__":
    main()
