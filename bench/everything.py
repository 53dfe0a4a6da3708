"""Every figure of the README and of results/README.md anew, but a GPU's.

python -m bench.everything genomes work [--repeats 3] [--communities three one ...] [--add]

That is communities, all binners on PATH, ablations, kernels, growth, tables and pictures.
``genomes`` is a folder of FASTA files, one a genome; communities that ``work`` already holds are
not made again. Hours, not minutes. The marker seed filter is measured where pyrodigal is
installed, the encoder where the extra `export` is. What fails is said at the end, and the rest
goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from . import communities, report
from .peers import PEERS, version_of
from .quality import ABLATIONS

ESTIMATED = ("three", "one", "long", "mapped", "strains", "tail")


@dataclass(frozen=True)
class Detail:
    """A benchmark of some communities: its module, its arguments, and packages that it needs."""

    module: str
    communities: tuple[str, ...]
    arguments: tuple[str, ...]
    packages: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("genomes", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="runs of each peer that trains (default: %(default)s)",
    )
    parser.add_argument(
        "--communities", nargs="+", default=list(communities.PLANS), choices=list(communities.PLANS)
    )
    parser.add_argument(
        "--add", action="store_true", help="keep the rows of binners that are not on PATH now"
    )
    options = parser.parse_args()
    for name in options.communities:
        communities.made(options.genomes, options.work / name, communities.PLANS[name])
    found = [name for name, peer in PEERS.items() if version_of(peer)]
    print(f"peers on PATH: {', '.join(found) or 'none'}", flush=True)
    jobs: list[tuple[str, ...]] = []
    for name, some in (("quality", True), ("quality-more", False)):
        folders = [
            f"{c}={options.work / c}"
            for c in options.communities
            if (c in report.SPOKEN_OF) == some
        ]
        if folders:
            more = [
                "--repeats",
                str(options.repeats),
                "--ablations",
                "markers off",
                "--name",
                name,
                *["--add"] * options.add,
            ]
            jobs.append(("quality", *folders, "--peers", *found, *more))
    for detail in details(options.work, options.genomes):
        if not set(detail.communities) <= set(options.communities):
            print(
                f"bench.{detail.module} left out: it wants {', '.join(detail.communities)}",
                flush=True,
            )
        elif missing := [package for package in detail.packages if not find_spec(package)]:
            print(f"bench.{detail.module} left out: {', '.join(missing)} not installed", flush=True)
        else:
            jobs.append((detail.module, *detail.arguments))
    jobs.append(
        (
            "throughput",
            str(options.genomes),
            str(options.work),
            "--peers",
            *(p for p in found if not PEERS[p].trains),
        )
    )
    jobs += [("scale",), ("guard",), ("plots",), ("report",)]
    failed = [module for module, *arguments in jobs if not bench(module, *arguments)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def details(work: Path, genomes: Path) -> list[Detail]:
    """What is measured of single communities, beside the binners."""

    def of(*names: str) -> tuple[str, ...]:
        return tuple(f"{name}={work / name}" for name in names)

    contigs = str(work / "one" / "contigs.fasta")
    return [
        Detail(
            "quality",
            ("long", "one"),
            (*of("long", "one"), "--ablations", *ABLATIONS, "--name", "ablations"),
        ),
        Detail("estimates", ESTIMATED, (*of(*ESTIMATED), "--genomes", str(genomes))),
        Detail("precision", ("assembled", "long"), of("assembled", "long")),
        Detail(
            "oracle",
            ("assembled", "long", "three", "one", "mapped"),
            of("assembled", "long", "three", "one", "mapped"),
        ),
        Detail("markers", ("one",), ("--fasta", contigs), ("pyrodigal",)),
        Detail("encoder", ("one",), (contigs,), ("torch", "onnx", "transformers")),
        Detail(
            "kernels",
            ("one", "assembled"),
            ("--fasta", contigs, "--bam", str(work / "assembled" / "S1.bam"), "--qualities"),
        ),
    ]


def bench(module: str, *arguments: str) -> bool:
    """Run a benchmark as from the command line, which its result records; did it go well?"""
    return (
        subprocess.run(
            [sys.executable, "-m", f"bench.{module}", *arguments], check=False
        ).returncode
        == 0
    )


if __name__ == "__main__":
    main()
