"""``llmbin-fast run``: the main job."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..options import (
    BIN_EXTENSIONS,
    FORMATS,
    MARKERS,
    MIN_BIN_SIZE,
    MIN_LENGTH,
    PREFIX,
    RunOptions,
    recruit_length_for,
)
from .common import (
    Commands,
    Parser,
    add_cache,
    add_command,
    add_coverage,
    add_model_options,
    model_options,
    positive,
    size,
)


def add(commands: Commands) -> None:
    """The parser."""
    parser = add_command(commands, "run", run, "bin the contigs of an assembly")
    parser.add_argument(
        "contigs",
        type=Path,
        help="FASTA, plain or compressed (gz, bgz, zst, xz, bz2); - for standard input",
    )
    add_coverage(parser.add_argument_group("coverage"))
    _add_output(parser.add_argument_group("output"))
    _add_binning(parser.add_argument_group("binning"))
    add_cache(parser.add_argument_group("cache"))
    _add_parts(parser.add_argument_group("parts"))
    add_model_options(parser).add_argument(
        "--max-memory",
        type=size,
        default=0,
        metavar="SIZE",
        help="memory that the run may use, as 16G: one that will need more does not begin "
        "(default: what the machine, its container and `ulimit` allow)",
    )


def _add_output(group: Parser) -> None:
    group.add_argument(
        "-o", "--outdir", type=Path, required=True, help="folder for the results, made if missing"
    )
    group.add_argument(
        "--prefix",
        default=PREFIX,
        help="bins are called PREFIX.0001 and so on, the largest first; with {} in it, the number "
        "goes there: mag_{} for mag_0001 (default: %(default)s)",
    )
    group.add_argument(
        "--bin-extension",
        type=extension,
        choices=BIN_EXTENSIONS,
        default=BIN_EXTENSIONS[0],
        metavar="EXT",
        help="what names of bins end in: fna, fa or fasta, compressed with .gz behind it "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--no-unbinned",
        action="store_true",
        help="leave out the file of the contigs that are in no bin",
    )
    group.add_argument(
        "--format",
        nargs="+",
        dest="formats",
        default=[],
        choices=FORMATS,
        help="further formats: bioboxes (AMBER)",
    )
    group.add_argument(
        "--sample-id",
        default="",
        metavar="NAME",
        help="@SampleID of bioboxes, as the gold standard has it (default: the FASTA file's name)",
    )
    group.add_argument(
        "--no-report",
        action="store_true",
        help="leave out report.html, its places.tsv, and the files for MultiQC",
    )
    group.add_argument(
        "--force", action="store_true", help="replace what an earlier run left in the folder"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="continue a run that was stopped, from its last finished stage",
    )


def _add_binning(group: Parser) -> None:
    group.add_argument(
        "--min-length",
        type=positive,
        default=MIN_LENGTH,
        help="shortest contig that is clustered, gaps of N not counted (default: %(default)s)",
    )
    group.add_argument(
        "--recruit-length",
        type=positive,
        help="shorter contigs from this length on, gaps of N not counted, join a bin that they fit "
        "(default: 1000, or --min-length if that is less)",
    )
    group.add_argument(
        "--min-bin-size",
        type=positive,
        default=MIN_BIN_SIZE,
        help="smallest bin in bp, gaps of N not counted (default: %(default)s)",
    )
    group.add_argument(
        "--separator",
        default="",
        metavar="C",
        help="contigs of several assemblies, named SAMPLE C CONTIG: bin each sample by itself",
    )
    group.add_argument(
        "--circles",
        type=Path,
        metavar="FILE",
        help="Flye's assembly_info.txt, or the name of a circular contig in each line; what names "
        "and headers of contigs say is known without it",
    )
    group.add_argument(
        "--markers",
        choices=MARKERS,
        default="auto",
        help="cut the tree by single-copy marker genes (default: %(default)s)",
    )


def _add_parts(group: Parser) -> None:
    group.add_argument(
        "--features",
        nargs="+",
        type=Path,
        default=[],
        metavar="ARROW",
        help="what `llmbin-fast features` found of these contigs, in any number of parts",
    )
    group.add_argument(
        "--ray",
        default="",
        metavar="ADDRESS",
        help="have a Ray cluster find the features: auto (of this machine, or of RAY_ADDRESS), or "
        "the address of its head",
    )


def extension(text: str) -> str:
    """The ending of a file's name, also where it is given with its dot."""
    return text.lower().removeprefix(".")


def run(options: argparse.Namespace) -> None:
    """Do it."""
    from ..pipeline import run as run_pipeline

    recruit_length = options.recruit_length
    if recruit_length is None:
        recruit_length = recruit_length_for(options.min_length)
    run_pipeline(
        RunOptions(
            contigs=options.contigs,
            outdir=options.outdir,
            bams=options.bam,
            depth=options.depth,
            samples=options.samples,
            model=model_options(options),
            threads=options.threads,
            max_memory=options.max_memory,
            min_length=options.min_length,
            recruit_length=recruit_length,
            min_bin_size=options.min_bin_size,
            min_identity=options.min_identity,
            separator=options.separator,
            circles=options.circles,
            markers=options.markers,
            prefix=options.prefix,
            bin_extension=options.bin_extension,
            unbinned=not options.no_unbinned,
            formats=options.formats,
            sample_id=options.sample_id,
            report=not options.no_report,
            force=options.force,
            resume=options.resume,
            progress=not options.quiet,
            cache=options.cache,
            max_cache=options.max_cache,
            pool=options.pool,
            features=options.features,
            ray=options.ray,
        )
    )
