"""What more threads buy: wall and CPU seconds of a run with 1, 2, 4 ... threads.

python -m bench.threads NAME=FOLDER ... [--threads 1 2 4 8 16] [--device cpu cuda]
                        [--estimate 1 2 8 16 32]

And of MetaBAT2, where it is on PATH; both of the first community alone. With `--estimate` it runs
so many threads, also where there are not so many cores, and says what a stage would take if each
thread had one (Amdahl): the CPU seconds of the thread that leads, or its share of all of them if
that is more. That is the least: memory and turns at Python's interpreter are not in it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import record
from .peers import PEERS, ours, version_of


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        default=[n for n in (1, 2, 4, 8, 16, 32) if n <= len(os.sched_getaffinity(0))],
    )
    parser.add_argument("--device", nargs="+", default=["cpu"])
    parser.add_argument("--estimate", type=int, nargs="+", metavar="THREADS")
    options = parser.parse_args()
    folders = {
        name: Path(path) for name, _, path in (c.partition("=") for c in options.communities)
    }
    if options.estimate:
        estimates(folders, options.estimate)
        return
    name, path = next(iter(folders.items()))
    peer = PEERS["metabat2"]
    jobs = {
        f"llmbin-fast, {d}": lambda out, n, d=d: ours(
            path, out, ["-t", str(n), "--device", d], "depth"
        )
        for d in options.device
    }
    if version_of(peer):
        jobs[peer.title] = lambda out, n: peer.run(path, out, n, 1)
    rows: list[dict[str, Any]] = []
    for title, job in jobs.items():
        for n in options.threads:
            with tempfile.TemporaryDirectory() as scratch:
                _, usage = job(Path(scratch) / "out", n)
            rows.append({"community": name, "binner": title, "threads": n} | usage)
            print(rows[-1], flush=True)
            record.write("threads", {"peers": {peer.title: version_of(peer)}, "rows": rows})


def estimates(folders: Mapping[str, Path], threads: list[int]) -> None:
    """Run with each number of threads, and estimate the stages of a machine with as many cores."""
    rows: list[dict[str, Any]] = []
    for (name, folder), n in itertools.product(folders.items(), threads):
        with tempfile.TemporaryDirectory() as scratch:
            _, usage = ours(folder, Path(scratch) / "out", ["-t", str(n)], "depth")
            stages = json.loads((Path(scratch) / "out" / "run.json").read_text())["stages"]
        found = estimated(stages, usage["cpu_seconds"], n)
        rows.append({"community": name, "threads": n} | usage | {"estimated": found})
        print(rows[-1], flush=True)
        record.write("threads-estimate", {"rows": rows})


def estimated(stages: dict[str, dict[str, float]], cpu: float, threads: int) -> dict[str, float]:
    """Least wall seconds of each stage, of the rest and of all, with a core for each thread.

    ``stages`` are those of ``run.json``, ``cpu`` the CPU seconds of the process. What is in no
    stage (imports, report) is serial.
    """
    found = {
        stage: round(max(s["leading_cpu_seconds"], s["cpu_seconds"] / threads), 2)
        for stage, s in stages.items()
    }
    found["rest"] = round(max(0.0, cpu - sum(s["cpu_seconds"] for s in stages.values())), 2)
    return found | {"all": round(sum(found.values()), 2)}


if __name__ == "__main__":
    main()
