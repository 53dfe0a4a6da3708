"""Bins of communities with a known truth, beside other binners: near-complete genomes, CPU and wall seconds, peak memory.

python -m bench.quality three=/data/three one=/data/one [--peers metabat2 semibin2 vamb] [--ablations 'markers off'] [--add]

A community folder holds contigs.fasta, gold.tsv (CAMI format), depth.txt (MetaBAT's table) and perhaps *.bam. Runs take the
depth table, so that all binners do the same work; `--bam` adds one run from the BAM files. `--add` keeps the rows of earlier runs that this
one does not measure anew.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmbin.score import read_gold, score_bins

from . import record
from .peers import PEERS, SMALLEST_BIN, Usage, ours, samples_of, version_of

ABLATIONS = {
    "markers off": ["--markers", "off"],
    "no coverage": None,
    "no recruitment": ["--recruit-length", "1500"],
    "FP32": ["--precision", "fp32"],
    "2 windows a contig": ["--windows", "2"],
    "4 windows a contig": ["--windows", "4"],
    "8 windows a contig": ["--windows", "8"],
}

Job = Callable[[Path], tuple[dict[str, str], Usage]]


def jobs_for(folder: Path, options: argparse.Namespace) -> dict[str, Job]:
    """What is run on a community, by title; each is given an empty folder."""
    jobs: dict[str, Job] = {}
    if not options.only_peers:
        jobs["llmbin-fast"] = lambda out: ours(folder, out, [], "depth")
    if options.bam:
        jobs["llmbin-fast, from BAM"] = lambda out: ours(folder, out, [], "bam")
    for name in options.ablations:
        jobs[f"llmbin-fast, {name}"] = lambda out, extra=ABLATIONS[name]: ours(folder, out, extra, "depth")
    for name in options.peers:
        peer = PEERS[name]
        if len(samples_of(folder)) <= peer.samples:
            jobs[peer.title] = lambda out, run=peer.run: run(folder, out, len(os.sched_getaffinity(0)))
        else:
            print(f"{peer.title} takes {peer.samples} sample; {folder.name} has more and is left out")
    return jobs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--peers", nargs="*", default=[], choices=sorted(PEERS))
    parser.add_argument("--only-peers", action="store_true", help="leave llmbin-fast itself out")
    parser.add_argument("--ablations", nargs="*", default=[], choices=sorted(ABLATIONS))
    parser.add_argument("--bam", action="store_true", help="also a run from the BAM files")
    parser.add_argument("--name", default="quality", help="name of the result file")
    parser.add_argument("--add", action="store_true", help="keep rows of the result file that are not measured anew")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for item in options.communities:
        name, _, path = item.partition("=")
        gold = read_gold(Path(path) / "gold.tsv")
        for binner, job in jobs_for(Path(path), options).items():
            with tempfile.TemporaryDirectory() as scratch:
                bins, usage = job(Path(scratch) / "out")
            # Every binner is held to the same smallest bin.
            scores = score_bins(bins, gold, SMALLEST_BIN).as_dict()
            rows.append({"community": name, "binner": binner, "samples": len(samples_of(Path(path))), **scores, **usage})
            print(f"{name:10s} {binner:36s} NC {scores['near_complete']:3.0f} of {scores['genomes']:.0f}, F1 {scores['f1']:.3f}, "
                  f"ARI {scores['ari']:.3f}, {usage['cpu_seconds']:.0f} CPU s, {usage['wall_seconds']:.0f} s, {usage['peak_mib']:.0f} MiB", flush=True)  # fmt: skip
    peers = {PEERS[name].title: version_of(PEERS[name]) for name in options.peers}
    if options.add:
        rows, peers = with_earlier(options.name, rows, peers)
    print(record.write(options.name, {"peers": peers, "rows": rows}))


def with_earlier(name: str, rows: list[dict[str, Any]], peers: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows and versions of the result file too, where nothing new takes their place; a community's rows stand together."""
    path = record.RESULTS / f"{name}.json"
    old = json.loads(path.read_text()) if path.exists() else {"rows": []}
    key = {(r["community"], r["binner"]): r for r in old["rows"]} | {(r["community"], r["binner"]): r for r in rows}
    communities = list(dict.fromkeys(community for community, _ in key))
    return [r for c in communities for (community, _), r in key.items() if community == c], old.get("peers", {}) | peers


if __name__ == "__main__":
    main()
