"""The command line: a list of commands, and what becomes of their errors.

Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import __version__
from .commands import (
    bench,
    build_engine,
    completion,
    demo,
    depth,
    doctor,
    embed,
    export,
    features,
    models,
    prove,
    quality,
    report,
    run,
    score,
    train,
    watch,
)
from .errors import LlmbinError, MemoryLimitError, StorageError
from .resources import check_address_space, keep_blas_to_one_thread, no_room
from .signals import stay_if_stopping

COMMANDS = (
    run,
    features,
    watch,
    report,
    demo,
    quality,
    embed,
    depth,
    score,
    models,
    doctor,
    prove,
    export,
    build_engine,
    bench,
    train,
    completion,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status. Expected errors become one line on standard error."""
    options = build_parser().parse_args(argv)
    level = logging.DEBUG if options.debug else logging.WARNING if options.quiet else logging.INFO
    command: Callable[[argparse.Namespace], int | None] = options.command
    from .progress import set_up_logging

    set_up_logging(logging.DEBUG if options.verbose and not options.quiet else level)
    keep_blas_to_one_thread()
    try:
        check_address_space()
        return command(options) or 0
    except BaseException as error:
        stay_if_stopping()
        if options.debug or not (told := _told(error, "resume" in options)):
            raise
        line, status = told
        if line:
            print(f"llmbin-fast: {line}", file=sys.stderr)
        return status


def _told(error: BaseException, resumes: bool) -> tuple[str, int] | None:
    """The line and the exit status for what ended a command; None for a fault of the program."""
    again = "; `run --resume` keeps finished stages" if resumes else ""
    if isinstance(error, BrokenPipeError):  # who reads our output has heard enough
        _forget_output()
        return "", 1
    if isinstance(error, LlmbinError):
        if str(error).startswith("standard output"):
            _forget_output()
        keeps = isinstance(error, StorageError)
        return f"error: {error}{again if keeps else ''}", error.exit_code
    if no_memory(error):
        what = "out of memory; give it more (a larger machine, or limit), or fewer --threads"
        return f"error: {what}{again}", MemoryLimitError.exit_code
    if isinstance(error, OSError):
        what = f"{error.filename or 'a file'}: {error.strerror or error}"
        return f"error: {what}{again}", 1
    if isinstance(error, KeyboardInterrupt):
        return f"stopped{again}", 130
    return None


def _forget_output() -> None:
    """What could not be printed is not tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def no_memory(error: BaseException) -> bool:
    """Whether this is how a lack of memory, or of address space to load and to work, looks."""
    no_thread = isinstance(error, RuntimeError) and "can't start new thread" in str(error)
    return no_thread or no_room(error)


class Parser(argparse.ArgumentParser):
    """A parser that takes ``--option=--`` as it is written, as for ``--separator=--``.

    Before Python 3.13 argparse drops the two dashes, and the value is an empty list.
    """

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = Parser(
        prog="llmbin-fast",
        description="Metagenomic binning with a genomic language model: one forward pass, one "
        "HDBSCAN pass.",
    )
    parser.add_argument("--version", action="version", version=f"llmbin-fast {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    parser.set_defaults(parser=parser)  # for the command that tells shells of all
    return parser
