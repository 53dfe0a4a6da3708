"""What more threads buy: wall and CPU seconds of a run with 1, 2, 4 ... threads.

python -m bench.threads NAME=FOLDER [--threads 1 2 4 8 16] [--device cpu cuda]

And of MetaBAT2, where it is on PATH.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from . import record
from .peers import PEERS, ours, version_of


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("community", metavar="NAME=FOLDER")
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        default=[n for n in (1, 2, 4, 8, 16, 32) if n <= len(os.sched_getaffinity(0))],
    )
    parser.add_argument("--device", nargs="+", default=["cpu"])
    options = parser.parse_args()
    name, _, path = options.community.partition("=")
    peer = PEERS["metabat2"]
    jobs = {
        f"llmbin-fast, {d}": lambda out, n, d=d: ours(
            Path(path), out, ["-t", str(n), "--device", d], "depth"
        )
        for d in options.device
    }
    if version_of(peer):
        jobs[peer.title] = lambda out, n: peer.run(Path(path), out, n, 1)
    rows: list[dict[str, Any]] = []
    for title, job in jobs.items():
        for n in options.threads:
            with tempfile.TemporaryDirectory() as scratch:
                _, usage = job(Path(scratch) / "out", n)
            rows.append({"community": name, "binner": title, "threads": n} | usage)
            print(rows[-1], flush=True)
            record.write("threads", {"peers": {peer.title: version_of(peer)}, "rows": rows})


if __name__ == "__main__":
    main()
