"""``llmbin-fast depth``: depth of every contig from BAM or CRAM files."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import Commands, add_command, add_identity, add_threads


def add(commands: Commands) -> None:
    """The parser."""
    text = "measure the depth of every contig from BAM or CRAM files, as MetaBAT's table"
    parser = add_command(commands, "depth", run, text)
    parser.add_argument("bams", nargs="+", type=Path, metavar="BAM")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="the table (jgi format, which other binners read too), compressed if it ends in .gz",
    )
    parser.add_argument(
        "--samples",
        nargs="+",
        metavar="NAME",
        help="names of the samples (default: from the file names)",
    )
    add_identity(parser)
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="FASTA",
        help="what the reads were mapped to, for CRAM whose reference is not where it was",
    )
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from ..api.depth import depth

    depth(
        options.bams,
        out=options.output,
        samples=options.samples,
        min_identity=options.min_identity,
        reference=options.reference,
        threads=options.threads,
    )
