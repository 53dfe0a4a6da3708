"""``llmbin-fast watch``: bins that grow beside the sequencer."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from ..options import MARKERS, MAX_CACHE, MIN_BIN_SIZE, MIN_LENGTH, RunOptions, recruit_length_for
from .common import (
    Commands,
    add_command,
    add_identity,
    add_model_options,
    model_options,
    natural,
    number,
    positive,
    size,
)

WAITING = 75  # exit status of --once where it has to wait: EX_TEMPFAIL, try again later


def add(commands: Commands) -> None:
    """The parser."""
    text = "bin the assembly of a folder again whenever it or its BAM files have changed"
    parser = add_command(commands, "watch", run, text)
    parser.epilog = "`run --seed middle` makes the same bins; without --seed slightly other ones."
    parser.add_argument(
        "folder", type=Path, help="where an assembler and a mapper write: FASTA, BAM and CRAM files"
    )
    add = parser.add_argument
    add(
        "-o",
        "--outdir",
        type=Path,
        required=True,
        help="folder for the results: the last round is OUTDIR/current",
    )
    add(
        "--once",
        action="store_true",
        help=f"look once, as for cron; exit status {WAITING} says that files are not whole yet",
    )
    add(
        "--settle",
        type=number,
        default=10.0,
        metavar="SECONDS",
        help="files are whole when nothing changed for so long (default: %(default)s)",
    )
    add(
        "--assembly",
        nargs="+",
        metavar="PATTERN",
        help="names of the assembly; the newest counts (default: *.fasta, *.fa, *.fna, or packed)",
    )
    add(
        "--sample-pattern",
        type=pattern,
        metavar="REGEX",
        help="finds a sample's name in the path of a BAM file, below FOLDER; depths of one sample "
        "are added up (default: the name of its sub-folder, or else its own)",
    )
    add(
        "--keep",
        type=positive,
        default=5,
        metavar="ROUNDS",
        help="rounds that are kept in OUTDIR/runs (default: %(default)s)",
    )
    add(
        "--worth",
        type=number,
        default=0.2,
        metavar="GENOMES",
        help="near-complete genomes that a Gbp more has to bring to be worth it "
        "(default: %(default)s)",
    )
    add("--prefix", default="bin", help="bins are called PREFIX.0001 and so on (default: bin)")
    add("--nice", type=natural, default=10, help="how far others go first (default: %(default)s)")
    add(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where what is found of contigs and files is kept (default: OUTDIR/cache)",
    )
    add(
        "--max-cache",
        type=size,
        default=MAX_CACHE,
        metavar="SIZE",
        help="most that it may hold (default: 2G)",
    )
    add(
        "--max-memory",
        type=size,
        default=0,
        metavar="SIZE",
        help="memory that a round may use, as 16G; one that needs more waits for another assembly "
        "(default: what the machine allows)",
    )
    binning = parser.add_argument_group("binning, as of run")
    binning.add_argument("--min-length", type=positive, default=MIN_LENGTH)
    binning.add_argument("--min-bin-size", type=positive, default=MIN_BIN_SIZE)
    binning.add_argument("--markers", choices=MARKERS, default="auto")
    add_identity(binning)
    add_model_options(parser, spared=1)  # for the basecaller
    parser.set_defaults(seed="middle")  # vectors must not depend on where a contig stands


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r}: no regular expression ({error})") from None


def run(options: argparse.Namespace) -> int:
    """Look once, or until somebody stops it."""
    import logging

    from ..errors import UsageError
    from ..progress import set_up_logging
    from ..signals import when_stopped
    from ..stages.checks import check_prefix
    from ..watch.folder import ASSEMBLIES, Folder, FolderRules
    from ..watch.loop import Look, Watch
    from ..watch.rounds import Keeping, Rounds

    if not (options.verbose or options.debug):
        set_up_logging(logging.WARNING)  # a line a round is enough
    check_prefix(options.prefix)
    if options.folder.resolve() in (options.outdir.resolve(), *options.outdir.resolve().parents):
        raise UsageError(f"{options.outdir}: lies in the folder that is watched; choose another")
    if hasattr(os, "nice"):
        os.nice(options.nice)
    rules = FolderRules(
        options.folder,
        tuple(options.assembly or ASSEMBLIES),
        options.sample_pattern,
        options.settle,
    )
    rounds = Rounds(_run_options(options), Keeping(options.keep, options.worth))
    try:
        watch = Watch(Folder(rules), rounds)
        with when_stopped(rounds.close, "the same command continues"):
            if options.once:
                return WAITING if watch.look() is Look.WAITING else 0
            watch.forever()
    finally:
        rounds.close()
    return 0


def _run_options(options: argparse.Namespace) -> RunOptions:
    return RunOptions(
        contigs=options.folder,
        outdir=options.outdir,
        model=model_options(options),
        threads=options.threads,
        max_memory=options.max_memory,
        min_length=options.min_length,
        recruit_length=recruit_length_for(options.min_length),
        min_bin_size=options.min_bin_size,
        min_identity=options.min_identity,
        markers=options.markers,
        prefix=options.prefix,
        progress=False,
        cache=options.cache or options.outdir / "cache",
        max_cache=options.max_cache,
    )
