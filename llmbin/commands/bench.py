"""``llmbin-fast bench``: what this machine does."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import Commands, add_command, add_model_options, model_options


def add(commands: Commands) -> None:
    """The parser."""
    from ..tools.throughput import PRESETS

    text = "measure this machine: Mbp a second, by window length and by stage of a run"
    parser = add_command(commands, "bench", run, text)
    parser.add_argument(
        "contigs", nargs="?", type=Path, help="FASTA (default: a synthetic assembly)"
    )
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="laptop",
        help="size and lengths of the synthetic one (default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    add_model_options(parser)


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    from ..io.inputs import check_inputs
    from ..io.outputs import check_output, show
    from ..tools.throughput import measure, table, write_json

    inputs = [options.contigs] if options.contigs else []
    check_inputs(inputs)
    if options.json:
        check_output(options.json, inputs)
    found = measure(options.contigs, options.preset, model_options(options), options.threads)
    show(table(found))
    if options.json:
        write_json(found, options.json)
