"""``llmbin-fast score``: bins against a gold standard."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .common import Commands, add_command, natural


def add(commands: Commands) -> None:
    """The parser."""
    text = "compare bins with a gold standard (CAMI/AMBER format)"
    parser = add_command(commands, "score", run, text)
    parser.add_argument("bins", nargs="+", type=Path, help="contig2bin.tsv or bioboxes files")
    parser.add_argument(
        "--gold", type=Path, required=True, help="gold standard: @@SEQUENCEID BINID _LENGTH"
    )
    parser.add_argument(
        "--min-bin-size",
        type=natural,
        default=0,
        help="smaller bins do not count (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> None:
    """Print a row a binning."""
    from ..io.inputs import check_inputs
    from ..io.outputs import show
    from ..tools.scoring import read_bins, read_gold, score_bins

    check_inputs([options.gold, *options.bins])
    gold = read_gold(options.gold)
    rows = {
        str(path): score_bins(read_bins(path), gold, options.min_bin_size).as_dict()
        for path in options.bins
    }
    if options.json:
        show(json.dumps(rows, indent=1))
        return
    show("\t".join(["binning", *next(iter(rows.values()))]))
    for name, row in rows.items():
        values = (f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values())
        show("\t".join([name, *values]))
