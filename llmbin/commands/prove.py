"""``llmbin-fast prove``: whether this machine computes what it should, and how fast."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import Commands, add_command, add_threads


def add(commands: Commands) -> None:
    """The parser."""
    text = (
        "check that this machine's device gives the vectors and bins it should, measure it, and "
        "write a report"
    )
    parser = add_command(commands, "prove", run, text)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("device-report.json"),
        help="the report, JSON (default: %(default)s)",
    )
    parser.add_argument(
        "--device",
        default="auto",
        help="auto, cpu, cuda, fused or tensorrt; the last three also with :N "
        "(default: %(default)s)",
    )
    add_threads(parser)


def run(options: argparse.Namespace) -> int:
    """Print a line a check and a table of rates; 0 if all holds."""
    from ..io.outputs import check_output, show
    from ..proof.prove import prove
    from ..proof.report import check_line, rate_lines, write_report

    check_output(options.output, [])
    proof = prove(options.device, options.threads, lambda made: show(check_line(made)))
    write_report(proof, options.output)
    if lines := rate_lines(proof):
        show(lines)
    verdict = "all holds" if proof.holds else "not all holds"
    show(f"{verdict}; the report is {options.output}")
    return 0 if proof.holds else 1
