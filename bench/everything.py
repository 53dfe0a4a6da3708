"""Every figure of the README anew, and more: communities, all binners that are on PATH, ablations, precisions, markers, growth, tables and pictures.

python -m bench.everything genomes work [--repeats 3] [--communities three one ...] [--add]

``genomes`` is a folder of FASTA files, one a genome; communities that ``work`` already holds are not made again. Hours, not minutes.
The marker seed filter is measured where pyrodigal is installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from . import communities, report
from .peers import PEERS, version_of
from .quality import ABLATIONS

# Module, communities, and what else it is told.
DETAILS = (
    ("quality", ("long", "one"), ("--ablations", *ABLATIONS, "--name", "ablations")),
    ("precision", ("assembled", "long"), ()),
    ("oracle", ("assembled", "long", "three", "one", "mapped"), ()),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genomes", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each peer that trains (default: %(default)s)")
    parser.add_argument("--communities", nargs="+", default=list(communities.PLANS), choices=list(communities.PLANS))
    parser.add_argument("--add", action="store_true", help="keep the rows of binners that are not on PATH now")
    options = parser.parse_args()
    for name in options.communities:
        communities.made(options.genomes, options.work / name, communities.PLANS[name])
    found = [name for name, peer in PEERS.items() if version_of(peer)]
    print(f"peers on PATH: {', '.join(found) or 'none'}", flush=True)
    for name, some in (("quality", True), ("quality-more", False)):
        folders = [f"{c}={options.work / c}" for c in options.communities if (c in report.SPOKEN_OF) == some]
        if folders:
            more = ["--repeats", str(options.repeats), "--ablations", "markers off", "--name", name, *["--add"] * options.add]
            bench("quality", *folders, "--peers", *found, *more)
    for module, wanted, more in DETAILS:
        if set(wanted) <= set(options.communities):
            bench(module, *(f"{c}={options.work / c}" for c in wanted), *more)
    if "one" in options.communities and find_spec("pyrodigal"):
        bench("markers", "--fasta", str(options.work / "one" / "contigs.fasta"))
    bench("throughput", str(options.genomes), str(options.work), "--peers", *(p for p in found if not PEERS[p].trains))
    bench("plots")
    bench("report")


def bench(module: str, *arguments: str) -> None:
    """Run a benchmark as from the command line, which is what its result records."""
    subprocess.run([sys.executable, "-m", f"bench.{module}", *arguments], check=True)


if __name__ == "__main__":
    main()
