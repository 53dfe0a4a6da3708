"""What several commands have in common: their frame, and options of model and device."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeAlias

from ..options import DEFAULT_MODEL, MAX_CACHE, ModelOptions
from ..resources import usable_cores

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Parser: TypeAlias = "argparse.ArgumentParser | argparse._ArgumentGroup"
Command: TypeAlias = Callable[[argparse.Namespace], "int | None"]


def add_command(commands: Commands, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    """A parser for a command that ``run`` does; ``text`` says what, in one line."""
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(command=run)
    talk = parser.add_argument_group("messages")
    talk.add_argument("-q", "--quiet", action="store_true", help="warnings and errors only")
    talk.add_argument("-v", "--verbose", action="store_true", help="details too")
    talk.add_argument(
        "--debug", action="store_true", help="details, and the whole traceback of an error"
    )
    return parser


def add_threads(parser: Parser, spared: int = 0) -> None:
    """``--threads``: all cores that this process may use, but for some that are spared."""
    but = f" but {spared}" if spared else ""
    parser.add_argument(
        "-t",
        "--threads",
        type=positive,
        default=max(1, _cores() - spared),
        help=f"CPU threads (default: all cores{but} that it may use; `doctor` counts them)",
    )


@cache
def _cores() -> int:
    """Those of this process, for all commands: asking the system takes a millisecond."""
    return usable_cores()


def add_model_options(parser: argparse.ArgumentParser, spared: int = 0) -> Parser:
    """Model, device, threads, batches and windows; gives their group."""
    group = parser.add_argument_group("model and device")
    add = group.add_argument
    add(
        "--model",
        default=DEFAULT_MODEL,
        help="a model pack: its name or folder (default: %(default)s)",
    )
    add(
        "--device",
        default="auto",
        help="auto, cpu, cuda, fused or tensorrt; the last three also with :N "
        "(default: %(default)s)",
    )
    add(
        "--precision",
        default="auto",
        help="auto, or one of the pack's: fp32, fp16, int8 (default: %(default)s)",
    )
    add_threads(group, spared)
    add(
        "--batch-size",
        type=natural,
        default=0,
        help="windows a batch, 0 chooses (results do not depend on it)",
    )
    add(
        "--windows",
        type=natural,
        default=0,
        help="most windows of a contig that are embedded, 0 for the pack's number "
        "(default: %(default)s)",
    )
    add(
        "--seed",
        type=seed,
        default=1,
        help="decides, with a contig's place in the file, where the windows of long contigs begin; "
        "middle: in the middle of equal parts, whatever the place (default: %(default)s)",
    )
    return group


def model_options(options: argparse.Namespace) -> ModelOptions:
    """What `add_model_options` asked for."""
    return ModelOptions(
        options.model,
        options.device,
        options.precision,
        options.batch_size,
        options.windows,
        options.seed,
    )


@contextmanager
def drawn(title: str, show: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A bar (see `progress.bar`) for what is told the bases so far."""
    from ..progress import bar

    with bar(title, None, show) as advance:
        before = 0

        def tell(done: int, _total: int | None) -> None:
            nonlocal before
            advance(done - before)
            before = done

        yield tell


def add_cache(group: Parser) -> None:
    """``--cache`` and ``--max-cache``."""
    group.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="keep what is found of each contig and BAM file here, for the next runs of this "
        "machine; with --seed middle also where contigs stand elsewhere in the file",
    )
    group.add_argument(
        "--max-cache",
        type=size,
        default=MAX_CACHE,
        metavar="SIZE",
        help="most that the cache may hold; what was used longest ago goes first (default: 2G)",
    )


def add_coverage(group: Parser) -> None:
    """What depths come from."""
    group.add_argument(
        "--bam",
        nargs="+",
        type=Path,
        default=[],
        metavar="BAM",
        help="reads mapped to these contigs, one BAM or CRAM a sample, in any order",
    )
    group.add_argument(
        "--depth",
        nargs="+",
        type=Path,
        default=[],
        metavar="TSV",
        help="depth tables instead (MetaBAT/jgi, CoverM, strobealign --aemb, fairy, VAMB, "
        "mosdepth, samtools coverage, BBMap)",
    )
    group.add_argument(
        "--samples",
        nargs="+",
        metavar="NAME",
        help="names of the samples (default: from the file names)",
    )
    group.add_argument(
        "--pool",
        action="store_true",
        help="add up the --bam files that have one name in --samples, as of batches of reads",
    )
    add_identity(group)


def add_identity(parser: Parser) -> None:
    """``--min-identity``."""
    parser.add_argument(
        "--min-identity",
        type=identity,
        metavar="FRACTION",
        help="reads below this identity of their aligned part do not count; auto (the default): "
        "0.97 for short reads, as MetaBAT has it, and for long ones what they are like",
    )


def identity(text: str) -> float | None:
    """A fraction, or None for auto."""
    if text.lower() == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: auto or a fraction from 0 to 1 was expected, as 0.97"
        ) from None


def positive(text: str) -> int:
    """1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def natural(text: str) -> int:
    """0 or more."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


def number(text: str) -> float:
    """0 or more, below a billion: seconds, or a rate."""
    value = float(text)
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError("must be a number of 0 or more")
    return value


def seed(text: str) -> int | None:
    """0 or more, or None for middle."""
    return None if text == "middle" else natural(text)


def size(text: str) -> int:
    """Bytes, as 16G, 500M or 2.5 GB, in powers of 1,000; with an i, as 16Gi, of 1,024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:([KMGT])(i)?)?B?", text.strip(), re.IGNORECASE)
    if not match or not float(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r}: a size was expected, as 16G or 500M")
    power = " KMGT".index((match[2] or " ").upper())
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)
