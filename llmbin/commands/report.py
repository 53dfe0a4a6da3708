"""``llmbin-fast report``: the page of a finished run again, or of another program's bins."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from ..errors import UsageError
from ..options import RECRUIT_LENGTH, ModelOptions
from .common import Commands, add_command, add_model_options, model_options, positive


def add(commands: Commands) -> None:
    """The parser."""
    text = "write the report of a finished run again, or one of another program's bins"
    parser = add_command(commands, "report", report, text)
    parser.add_argument("folder", nargs="?", type=Path, help="output folder of a finished run")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="HTML", help="the page (default: FOLDER/report.html)"
    )
    group = parser.add_argument_group("bins of another program")
    add_ = group.add_argument
    add_("--contigs", type=Path, metavar="FASTA", help="the contigs that were binned")
    add_("--bins", type=Path, metavar="TSV", help="contig TAB bin, or a bioboxes file")
    add_("--depth", nargs="+", type=Path, default=[], metavar="TSV", help="depth tables, as of run")
    add_("--bam", nargs="+", type=Path, default=[], metavar="BAM", help="or BAM and CRAM files")
    add_("--samples", nargs="+", metavar="NAME", help="names of the samples")
    add_(
        "--min-length",
        type=positive,
        default=RECRUIT_LENGTH,
        metavar="BP",
        help="shorter contigs, gaps of N not counted, are not looked at (default: %(default)s)",
    )
    add_(
        "--markers",
        choices=["auto", "on", "off"],
        default="auto",
        help="estimate quality by single-copy marker genes (default: %(default)s)",
    )
    add_model_options(parser)


def report(options: argparse.Namespace) -> None:
    """Do it."""
    given = (options.contigs, options.bins)
    if options.folder is not None:
        if any(given) or options.depth or options.bam:
            raise UsageError(
                "report takes the folder of a finished run, or --contigs and --bins; not both"
            )
        report_again(options.folder, options.output)
    elif not all(given) or options.output is None:
        raise UsageError(
            "report needs the folder of a finished run, or --contigs, --bins and -o for the bins "
            "of another program"
        )
    else:
        _report_given(options)


def report_again(folder: Path, output: Path | None = None) -> None:
    """Write the page and the files for MultiQC from the record and the tables in a folder.

    With ``output`` the page alone, there.

    Raises:
        InputError: it is not the folder of a finished run.
        OutputError: a file cannot be written.
    """
    from ..io.outputs import check_output, write_tables
    from ..progress import log
    from ..report.finished import files_in, read_run
    from ..report.multiqc import multiqc_files
    from ..report.page import page_of

    files = files_in(folder)
    page = output or folder / "report.html"
    check_output(page, [files.record, files.bins, files.contigs, files.places])
    run = read_run(files)
    texts = {page: page_of(run)}
    if output is None:
        texts |= {folder / name: text for name, text in multiqc_files(run).items()}
    write_tables({path: text.encode("utf-8") for path, text in texts.items()})
    log.info("report in %s", page)


def _report_given(options: argparse.Namespace) -> None:
    from ..options import RunOptions
    from ..tools.given_bins import BinsToReport, report_given

    least = options.min_length
    report_given(
        BinsToReport(options.bins, options.output, command_again(options)),
        RunOptions(
            contigs=options.contigs,
            outdir=options.output.parent,
            bams=options.bam,
            depth=options.depth,
            samples=options.samples,
            model=model_options(options),
            threads=options.threads,
            min_length=least,
            recruit_length=least,
            markers=options.markers,
            progress=not options.quiet,
        ),
    )


def command_again(options: argparse.Namespace) -> list[str]:
    """The words of the command, with what is not usual."""
    usual = {f.name: f.default for f in fields(ModelOptions)}
    usual |= {"min_length": RECRUIT_LENGTH, "markers": "auto"}
    words = ["llmbin-fast", "report"]
    for name in ("contigs", "bins", "depth", "bam", "samples", *usual, "output"):
        value = getattr(options, name)
        if value and value != usual.get(name):
            values = value if isinstance(value, list) else [value]
            words += ["--" + name.replace("_", "-"), *map(str, values)]
    return words
