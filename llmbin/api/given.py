"""Arguments as they are given, as the files and numbers that the program works with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from ..errors import UsageError
from ..io.outputs import scratch_folder, writing
from ..options import ModelOptions
from ..resources import usable_cores

PathLike: TypeAlias = "str | os.PathLike[str]"
Paths: TypeAlias = "PathLike | Iterable[PathLike]"
Sequences: TypeAlias = "Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]"
Contigs: TypeAlias = "PathLike | Sequences"


class Scratch:
    """A folder for what was given in memory, made when it is needed and taken away at the end.

    Raises:
        StorageError: there is no place for it.
    """

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @cached_property
    def folder(self) -> Path:
        """It."""
        return self._open.enter_context(scratch_folder("llmbin-"))

    def contigs(self, given: Contigs) -> Path:
        """A FASTA file: the one given, or one of the sequences given.

        Raises:
            UsageError: a name or a sequence cannot be part of a FASTA file.
            StorageError: it cannot be written.
        """
        if isinstance(given, (str, os.PathLike)):
            return Path(given)
        path = self.folder / "contigs.fasta"
        pairs = given.items() if isinstance(given, Mapping) else given
        with writing(path), open(path, "wb") as handle:
            for name, sequence in pairs:
                handle.write(_record(name, sequence))
        return path


def _record(name: str, sequence: str | bytes) -> bytes:
    if not name or any(c.isspace() for c in name):
        raise UsageError(f"contig {name!r}: a name without spaces was expected")
    bases = sequence.encode("ascii", "replace") if isinstance(sequence, str) else bytes(sequence)
    if not set(b"\r\n>").isdisjoint(bases):
        raise UsageError(f"contig {name!r}: its sequence has line ends or '>'; give bases alone")
    return b">%s\n%s\n" % (name.encode("utf-8", "surrogateescape"), bases)


def files_of(given: Paths) -> list[Path]:
    """One file or several."""
    if isinstance(given, (str, os.PathLike)):
        return [Path(given)]
    return [Path(path) for path in given]


def words_of(given: str | Iterable[str]) -> list[str]:
    """One word or several."""
    return [given] if isinstance(given, str) else list(given)


def path_or_none(given: PathLike | None) -> Path | None:
    """A file, if one was given."""
    return None if given is None else Path(given)


def cores(threads: int | None) -> int:
    """The number of threads given, or as many as there are cores for this process.

    Raises:
        UsageError: it is less than 1.
    """
    if threads is None:
        return usable_cores()
    at_least(1, threads=threads)
    return threads


def at_least(least: int, **numbers: int) -> None:
    """Refuse smaller numbers.

    Raises:
        UsageError: one is smaller, or no whole number.
    """
    for name, number in numbers.items():
        if number != int(number) or number < least:
            raise UsageError(f"{name}={number!r}: a whole number from {least} on was expected")


def one_of(choices: Iterable[str], **values: str) -> None:
    """Refuse what is no choice.

    Raises:
        UsageError: a value is none of the choices.
    """
    for name, value in values.items():
        if value not in choices:
            listed = ", ".join(map(repr, choices))
            raise UsageError(f"{name}={value!r}: one of {listed} was expected")


def model_options(options: ModelOptions) -> ModelOptions:
    """The same, if its numbers are fine.

    Raises:
        UsageError: one is negative.
    """
    at_least(0, batch_size=options.batch_size, windows=options.windows, seed=options.seed or 0)
    return options
