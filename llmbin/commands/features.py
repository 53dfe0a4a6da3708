"""``llmbin-fast features``: what a run finds of contigs, of a part of them, in a file."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from ..options import MARKERS, RECRUIT_LENGTH, PartOptions
from .common import (
    Commands,
    add_command,
    add_coverage,
    add_model_options,
    model_options,
    natural,
    positive,
)


def add(commands: Commands) -> None:
    """The parser."""
    text = "find the features of a part of the contigs, for `run --features`"
    parser = add_command(commands, "features", run, text)
    parser.add_argument(
        "contigs",
        type=Path,
        help="FASTA of all contigs, or of a part; plain or compressed; - for standard input",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="ARROW",
        help="the file, in Arrow's form",
    )
    parts = parser.add_argument_group("the part")
    parts.add_argument(
        "--part",
        type=part,
        default=(1, 1),
        metavar="K/N",
        help="take the K-th of N parts of all contigs, of like size in bases (default: 1/1)",
    )
    parts.add_argument(
        "--first",
        type=natural,
        default=0,
        metavar="N",
        help="how many contigs of --recruit-length or more, gaps of N not counted, stand before "
        "this FASTA file's in the whole; does not matter with --seed middle (default: %(default)s)",
    )
    parts.add_argument(
        "--recruit-length",
        type=positive,
        default=RECRUIT_LENGTH,
        help="shorter contigs, gaps of N not counted, are left out, as `run` will "
        "(default: %(default)s)",
    )
    parts.add_argument(
        "--markers",
        choices=MARKERS,
        default="auto",
        help="look for single-copy marker genes (default: %(default)s)",
    )
    add_coverage(parser.add_argument_group("coverage (or give it to `run`)"))
    add_model_options(parser)


def part(text: str) -> tuple[int, int]:
    """Number and parts, as 3/16."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r}: 1/16 to 16/16 were expected, or the like")
    return int(match[1]), int(match[2])


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from ..stages.parting import make_part

    make_part(
        PartOptions(
            contigs=options.contigs,
            output=options.output,
            bams=options.bam,
            depth=options.depth,
            samples=options.samples,
            model=model_options(options),
            threads=options.threads,
            part=options.part,
            first=options.first,
            recruit_length=options.recruit_length,
            min_identity=options.min_identity,
            markers=options.markers,
            progress=not options.quiet,
            pool=options.pool,
        )
    )
