"""``llmbin-fast quality``: quality of the bins of any binner."""

from __future__ import annotations

import argparse
from pathlib import Path

from .common import Commands, add_command, add_threads, drawn


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
        help="the table, in the form of CheckM2's quality_report.tsv, compressed if it ends in "
        ".gz; - for standard output",
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
    from ..api.quality import quality

    with drawn("reading bins", not options.quiet) as progress:
        found = quality(
            options.paths,
            bins=options.bins,
            extension=options.extension,
            out=options.output,
            json=options.json,
            genome_info=options.genome_info,
            threads=options.threads,
            progress=progress,
        )
    _tell(found.mimag.tolist(), options.output)


def _tell(drafts: list[str], output: Path) -> None:
    from ..estimator.classes import DRAFTS
    from ..progress import log

    if not drafts:
        log.warning("no bins, as the run found none: %s has its titles alone", output)
        return
    counts = ", ".join(f"{drafts.count(draft)} {draft}" for draft in DRAFTS if draft in drafts)
    plural = "s" * (len(drafts) != 1)
    log.info("%d bin%s in %s: %s", len(drafts), plural, output, counts)
