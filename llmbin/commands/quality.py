"""``llmbin-fast quality``: quality of the bins of any binner."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from .common import Commands, add_command, add_threads

if TYPE_CHECKING:
    from ..assessment.assess import Assessment


def add(commands: Commands) -> None:
    """The parser."""
    text = "estimate the quality of the bins of any binner, and look for their RNA genes"
    parser = add_command(commands, "quality", run, text)
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="BINS",
        help="folders of bins or FASTA files of a bin each, plain or compressed; with --bins the "
        "FASTA file of all contigs",
    )
    parser.add_argument(
        "--bins",
        type=Path,
        metavar="TABLE",
        help="contig TAB bin, or bioboxes: the bins of the contigs given",
    )
    parser.add_argument(
        "-x",
        "--extension",
        default="",
        metavar="EXT",
        help="what names of bins end in, in folders (default: fa, fna, fasta and the like, also "
        "compressed)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="the table, in the form of CheckM2's quality_report.tsv; - for standard output",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the same as JSON, and more")
    parser.add_argument(
        "--genome-info", type=Path, metavar="FILE", help="a CSV file for dRep and galah"
    )
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    """Do it.

    Raises:
        UsageError: options do not go together, or pyhmmer is not installed.
        InputError: a bin cannot be read, is empty or there twice, or a contig is missing.
        OutputError: an output cannot be written, or is one of the inputs.
    """
    from ..assessment.assess import assess_bins
    from ..assessment.bins import bins_of_table, find_bins
    from ..assessment.tables import genome_info, quality_json, quality_table
    from ..io.outputs import check_output, whole_file

    if options.bins and options.extension:
        raise UsageError("--extension is for folders of bins, and does not go with --bins")
    given = (
        bins_of_table(options.paths, options.bins)
        if options.bins
        else find_bins(options.paths, options.extension)
    )
    writers: tuple[tuple[Path | None, Callable[[Sequence[Assessment]], str]], ...] = (
        (options.output, quality_table),
        (options.json, quality_json),
        (options.genome_info, genome_info),
    )
    outputs = [path for path, _ in writers if path is not None]
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise UsageError("the outputs must be different files")
    for output in outputs:
        check_output(output, given.inputs)
    assessed = assess_bins(given, options.threads, not options.quiet)
    for path, write in writers:
        if path is not None:
            with whole_file(path) as handle:
                handle.write(write(assessed).encode("utf-8", "surrogateescape"))
    _tell(assessed, options.output)


def _tell(assessed: Sequence[Assessment], output: Path) -> None:
    from ..estimator.classes import DRAFTS
    from ..progress import log

    drafts = [bin.draft for bin in assessed]
    counts = ", ".join(f"{drafts.count(draft)} {draft}" for draft in DRAFTS if draft in drafts)
    plural = "s" * (len(assessed) != 1)
    log.info("%d bin%s in %s: %s", len(assessed), plural, output, counts)
