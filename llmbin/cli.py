"""The command line: a list of commands, and what becomes of their errors.

Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from . import __version__
from .commands import (
    bench,
    build_engine,
    demo,
    depth,
    doctor,
    embed,
    export,
    models,
    quality,
    report,
    run,
    score,
    train,
)
from .errors import LlmbinError

COMMANDS = (
    run,
    report,
    demo,
    quality,
    embed,
    depth,
    score,
    models,
    doctor,
    export,
    build_engine,
    bench,
    train,
)


def entry() -> None:
    """Console entry point. A polite kill ends like Ctrl-C: what is unfinished is taken away."""
    if sys.stderr is None:  # closed by who started this
        sys.stderr = open(os.devnull, "w")
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    sys.exit(main())


def _stop(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
    raise Stopped(128 + number)


class Stopped(KeyboardInterrupt):
    """A signal asked the program to end, with this exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status. Expected errors become one line on standard error."""
    options = build_parser().parse_args(argv)
    level = logging.DEBUG if options.debug else logging.WARNING if options.quiet else logging.INFO
    command: Callable[[argparse.Namespace], int | None] = options.command
    from .progress import set_up_logging

    set_up_logging(logging.DEBUG if options.verbose and not options.quiet else level)
    try:
        return command(options) or 0
    except LlmbinError as error:
        if options.debug:
            raise
        print(f"llmbin-fast: error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError) as error:
        if options.debug:
            raise
        what = (
            f"{error.filename or 'a file'}: {error.strerror or error}"
            if isinstance(error, OSError)
            else "out of memory"
        )
        print(
            f"llmbin-fast: error: {what}; free some and try again, "
            "`run --resume` keeps finished stages",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt as stop:
        hint = "; `--resume` continues from the last finished stage" if "resume" in options else ""
        print(f"llmbin-fast: stopped{hint}", file=sys.stderr)
        return stop.args[0] if isinstance(stop, Stopped) else 130


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(
        prog="llmbin-fast",
        description="Metagenomic binning with a genomic language model: one forward pass, one "
        "HDBSCAN pass.",
    )
    parser.add_argument("--version", action="version", version=f"llmbin-fast {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
