"""Bins of communities with a known truth, beside other binners: genomes, seconds, memory.

python -m bench.quality three=/data/three one=/data/one [--peers metabat2 semibin2 vamb]
                        [--repeats 3] [--ablations 'markers off'] [--add]

A community folder holds contigs.fasta, gold.tsv (CAMI format), depth.txt (MetaBAT's table) and
perhaps *.bam. Runs take the depth table, so that all binners do the same work; `--bam` adds one run
from the BAM files. Peers that train on the data differ from run to run: with `--repeats` they are
run with as many seeds, and the row is that of the run with the median of near-complete genomes,
with the median costs. `--add` keeps the rows of earlier runs that this one does not measure anew.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmbin.tools.scoring import read_gold, score_bins

from . import record
from .peers import PEERS, SMALLEST_BIN, Usage, ours, samples_of, version_of

ABLATIONS = {
    "markers off": ["--markers", "off"],
    "no coverage": None,
    "no recruitment": ["--recruit-length", "1500"],
    "llmbin-lite": ["--model", "llmbin-lite"],
    "FP32": ["--precision", "fp32"],
    "2 windows a contig": ["--windows", "2"],
    "4 windows a contig": ["--windows", "4"],
    "8 windows a contig": ["--windows", "8"],
    "all windows": ["--windows", "1000000"],
    "no homology": [],
}
# Of ablations that are no option.
PROGRAMS = {"no homology": [sys.executable, "-m", "bench.ablated"]}

Job = Callable[[Path, int], tuple[dict[str, str], Usage]]


@dataclass(frozen=True)
class Task:
    """``run`` is given an empty folder and a seed, ``repeats`` times with another seed."""

    run: Job
    repeats: int = 1


def tasks_for(folder: Path, options: argparse.Namespace) -> dict[str, Task]:
    """What is run on a community, by title."""
    tasks: dict[str, Task] = {}
    threads = len(os.sched_getaffinity(0))
    if not options.only_peers:
        tasks["llmbin-fast"] = Task(lambda out, seed: ours(folder, out, [], "depth"))
    if options.bam:
        tasks["llmbin-fast, from BAM"] = Task(lambda out, seed: ours(folder, out, [], "bam"))
    for name in options.ablations:
        extra, program = ABLATIONS[name], PROGRAMS.get(name, ["llmbin-fast"])
        tasks[f"llmbin-fast, {name}"] = Task(
            lambda out, seed, extra=extra, program=program: ours(
                folder, out, extra, "depth", program
            )
        )
    for name in options.peers:
        peer = PEERS[name]
        if len(samples_of(folder)) <= peer.samples:
            tasks[peer.title] = Task(
                lambda out, seed, run=peer.run: run(folder, out, threads, seed),
                options.repeats if peer.trains else 1,
            )
        else:
            print(
                f"{peer.title} takes {peer.samples} sample; {folder.name} has more and is left out"
            )
    return tasks


def row_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of several runs: scores of the median one, and median costs.

    The median is that of near-complete genomes, the lower one of two.
    """
    middle = sorted(runs, key=lambda r: r["near_complete"])[(len(runs) - 1) // 2]
    costs = {
        key: statistics.median(r[key] for r in runs)
        for key in ("wall_seconds", "cpu_seconds", "peak_mib")
    }
    return (
        middle
        | costs
        | ({"near_complete_runs": [r["near_complete"] for r in runs]} if len(runs) > 1 else {})
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--peers", nargs="*", default=[], choices=sorted(PEERS))
    parser.add_argument(
        "--repeats", type=int, default=1, help="runs of each peer that trains, with seeds from 1"
    )
    parser.add_argument("--only-peers", action="store_true", help="leave llmbin-fast itself out")
    parser.add_argument("--ablations", nargs="*", default=[], choices=list(ABLATIONS))
    parser.add_argument("--bam", action="store_true", help="also a run from the BAM files")
    parser.add_argument("--name", default="quality", help="name of the result file")
    parser.add_argument(
        "--add", action="store_true", help="keep rows of the result file that are not measured anew"
    )
    options = parser.parse_args()
    peers = {PEERS[name].title: version_of(PEERS[name]) for name in options.peers}
    rows: list[dict[str, Any]] = []
    for item in options.communities:
        name, _, path = item.partition("=")
        gold = read_gold(Path(path) / "gold.tsv")
        for binner, task in tasks_for(Path(path), options).items():
            runs = []
            for seed in range(1, task.repeats + 1):
                with tempfile.TemporaryDirectory() as scratch:
                    bins, usage = task.run(Path(scratch) / "out", seed)
                # Every binner is held to the same smallest bin.
                runs.append(score_bins(bins, gold, SMALLEST_BIN).as_dict() | usage)
            row = row_of(runs)
            rows.append(
                {
                    "community": name,
                    "binner": binner,
                    "samples": len(samples_of(Path(path))),
                    "processor": record.processor(),
                    **row,
                }
            )
            print(
                f"{name:10s} {binner:36s} NC "
                f"{row.get('near_complete_runs', row['near_complete'])} of {row['genomes']:.0f}, "
                f"F1 {row['f1']:.3f}, ARI {row['ari']:.3f}, {row['cpu_seconds']:.0f} CPU s, "
                f"{row['wall_seconds']:.0f} s, {row['peak_mib']:.0f} MiB",
                flush=True,
            )
            # After every row, so that a run that is stopped has not been for nothing.
            save(options, rows, peers)
    print(save(options, rows, peers))


def save(options: argparse.Namespace, rows: list[dict[str, Any]], peers: dict[str, Any]) -> Path:
    """Write the rows that there are, and with `--add` those of before."""
    more: dict[str, Any] = {}
    if options.add:
        rows, peers, more["earlier_commands"] = with_earlier(options.name, rows, peers)
    return record.write(options.name, {"peers": peers, "rows": rows} | more)


def with_earlier(
    name: str, rows: list[dict[str, Any]], peers: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any], list[str]]:
    """Rows, versions and commands of the result file too, where nothing new takes their place.

    A community's rows stand together.
    """
    path = record.RESULTS / f"{name}.json"
    old = json.loads(path.read_text()) if path.exists() else {"rows": []}
    key = {(r["community"], r["binner"]): r for r in old["rows"]} | {
        (r["community"], r["binner"]): r for r in rows
    }
    communities = list(dict.fromkeys(community for community, _ in key))
    commands = list(
        dict.fromkeys(
            [*old.get("earlier_commands", []), *([old["command"]] if "command" in old else [])]
        )
    )
    commands = [c for c in commands if c != record.command()]
    return (
        [r for c in communities for (community, _), r in key.items() if community == c],
        old.get("peers", {}) | peers,
        commands,
    )


if __name__ == "__main__":
    main()
