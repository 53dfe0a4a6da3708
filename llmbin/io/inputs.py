"""Inputs as they come: files, pipes and standard input.

What is read once is read as it comes (:mod:`llmbin.io.streams`). What is read twice, or from its
end, must be a file: pipes are stored first.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from ..errors import InputError, LlmbinError, UsageError
from .outputs import writing

STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
PIECE = 1 << 20


class StoredPipe(os.PathLike[str]):
    """A copy of what came through a pipe.

    Messages call it what the user did; ``name`` is a name for a sample.
    """

    def __init__(self, path: Path, shown: str, name: str) -> None:
        self._path, self._shown, self.name = path, shown, name

    def __fspath__(self) -> str:
        return os.fspath(self._path)

    def __str__(self) -> str:
        return self._shown


InputFile: TypeAlias = "Path | StoredPipe"


def check_input(path: Path) -> None:
    """An input must be a file, a pipe, or ``-`` for standard input.

    Raises:
        InputError: it is missing, a folder or a device.
    """
    if str(path) == "-":
        return
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if not (stat.S_ISREG(mode) or is_stream(path)):
        raise InputError(
            f"{path}: {'not a file, but a folder' if stat.S_ISDIR(mode) else 'not a file'}"
        )


def is_stream(path: Path) -> bool:
    """Whether this can be read but once: standard input, a pipe, a socket or a terminal.

    Pipes are named ones, and those of a shell's process substitution.
    """
    if str(path) == "-":
        return True
    mode = os.stat(path).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and str(path) in STDIN)


def check_inputs(paths: Sequence[Path]) -> None:
    """All inputs of a command.

    Raises:
        UsageError: two of them are standard input.
        InputError: one is missing, a folder or a device.
    """
    for path in paths:
        check_input(path)
    if sum(str(path) in STDIN and is_stream(path) for path in paths) > 1:
        raise UsageError("standard input can be only one of the inputs; give the others as files")


@contextmanager
def unchanged(paths: Sequence[Path]) -> Iterator[Callable[[], None]]:
    """Gives what looks whether files that are read more than once are still as they were.

    What is wrong with inputs, or goes wrong unforeseen, is told as their change, if they have
    changed: of a file that is another the second time, names, lengths and depths do not fit.

    Raises:
        InputError: one has changed.
    """
    before = {path: _stamp(path) for path in paths}

    def check() -> None:
        for path, stamp in before.items():
            if stamp is not None and _stamp(path) != stamp:
                raise InputError(
                    f"{path}: has changed while it was read; start again when nothing writes to it"
                )

    try:
        yield check
    except Exception as error:
        if isinstance(error, InputError) or not isinstance(error, LlmbinError):
            check()
        raise


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells that a file is another; None if it is none: missing, a pipe."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode):
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def open_input(path: InputFile) -> AbstractContextManager[BinaryIO]:
    """Open for reading; standard input stays open.

    Raises:
        InputError: standard input is closed.
        OSError: the file cannot be opened.
    """
    if str(path) in STDIN and isinstance(path, Path) and is_stream(path):
        if sys.stdin is None:
            raise InputError("standard input is closed; give a file")
        return nullcontext(cast(BinaryIO, sys.stdin.buffer))
    return open(path, "rb")


def stored(paths: Sequence[Path], folder: Path, kind: str = "input") -> list[InputFile]:
    """The same inputs, as files that can be read again and again: pipes are copied into a folder.

    Raises:
        InputError: a pipe gave nothing.
    """
    return [
        _store(path, folder / f"{kind}-{i}", f"{kind}{i}") if is_stream(path) else path
        for i, path in enumerate(paths, 1)
    ]


def _store(path: Path, copy: Path, name: str) -> StoredPipe:
    shown = "standard input" if str(path) in STDIN else str(path)
    with open_input(path) as source, writing(copy), open(copy, "wb") as handle:
        while piece := source.read(PIECE):
            handle.write(piece)
    if not copy.stat().st_size:
        raise InputError(f"{shown}: nothing came through the pipe")
    return StoredPipe(copy, shown, name)
