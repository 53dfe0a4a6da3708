"""``llmbin-fast embed``: vectors of contigs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from ..options import EMBED_WINDOWS
from .common import Commands, add_command, add_model_options, drawn, model_options, positive


def add(commands: Commands) -> None:
    """The parser."""
    text = "write the vectors of contigs (names, vectors, lm) to an .npz file"
    parser = add_command(commands, "embed", run, text)
    parser.add_argument(
        "contigs", type=Path, help="FASTA, plain or compressed; - for standard input"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz file")
    parser.add_argument(
        "--min-length",
        type=positive,
        default=1,
        help="shorter contigs are left out, gaps of N not counted (default: %(default)s)",
    )
    parser.add_argument(
        "--centre",
        action="store_true",
        help="take the mean over all contigs, by length, from the vectors: better for cosines "
        "within one file",
    )
    add_model_options(parser)
    parser.set_defaults(windows=EMBED_WINDOWS)


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from ..api.embed import embed
    from ..progress import log

    with drawn("embedding", not options.quiet) as progress:
        found = embed(
            options.contigs,
            out=options.output,
            min_length=options.min_length,
            centre=options.centre,
            threads=options.threads,
            progress=progress,
            **asdict(model_options(options)),
        )
    number, dimensions = found.vectors.shape
    log.info("%s vectors of %d dimensions in %s", f"{number:,}", dimensions, options.output)
