"""Arguments as they are given, as the files and numbers that the program works with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeAlias, TypeVar

import numpy as np

from ..errors import LlmbinError, UsageError
from ..io.outputs import scratch_folder, writing
from ..options import ModelOptions, RunOptions
from ..resources import usable_cores

PathLike: TypeAlias = "str | os.PathLike[str]"
Paths: TypeAlias = "PathLike | Iterable[PathLike]"
Sequences: TypeAlias = "Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]"
Contigs: TypeAlias = "PathLike | Sequences"
Item = TypeVar("Item")
Value = TypeVar("Value")
Options = TypeVar("Options", ModelOptions, RunOptions)

WORDS = "one word or several were"
CONTIGS = "contigs.fasta"
SEQUENCES = "a path, a mapping of name to sequence, or pairs of these were"


class Scratch:
    """A folder for what was given in memory, made when it is needed and taken away at the end.

    Raises:
        StorageError: there is no place for it.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._names: dict[str, None] = {}  # of the contigs, in their order

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, LlmbinError) and "folder" in vars(self):
            self._in_words_of_the_caller(error)
        self._open.close()

    @cached_property
    def folder(self) -> Path:
        """It."""
        return self._open.enter_context(scratch_folder("llmbin-"))

    def contigs(self, given: Contigs) -> Path:
        """A FASTA file: the one given, or one of the sequences given.

        Raises:
            UsageError: it is neither, no contig is there, one is there twice, or a name or a
                sequence cannot be part of a FASTA file.
            StorageError: it cannot be written.
        """
        if isinstance(given, (str, os.PathLike)):
            return Path(given)
        path = self.folder / CONTIGS
        with writing(path), open(path, "wb") as handle:
            for name, sequence in _pairs(given):
                record = _record(name, sequence)
                if name in self._names:
                    raise UsageError(f"contig {name!r}: is given twice; names must be unique")
                self._names[name] = None
                handle.write(record)
        if not self._names:
            raise UsageError("contigs: none were given; names and sequences were expected")
        return path

    def _in_words_of_the_caller(self, error: LlmbinError) -> None:
        """Files that the caller never saw get the names of the arguments."""
        names, place = list(self._names), re.escape(f"{self.folder}{os.sep}")

        def contig(match: re.Match[str]) -> str:
            return f"contig {names[(int(match[1]) - 1) // 2]!r}"  # a record is two lines

        text = re.sub(rf"{place}{CONTIGS}, line (\d+)", contig, str(error)) if names else str(error)
        error.args = (re.sub(rf"{place}(contigs|depth)\.\w+", r"\1", text),)


def _pairs(given: Sequences) -> Iterator[tuple[str, str | bytes]]:
    items = given.items() if isinstance(given, Mapping) else given
    for item in _each(items, "contigs", SEQUENCES):
        if not (isinstance(item, tuple | list) and len(item) == 2):
            raise UsageError(f"contigs: {SEQUENCES} expected, not {_shown(item)}")
        yield item[0], item[1]


def _record(name: str, sequence: str | bytes) -> bytes:
    if not isinstance(name, str) or not name or any(c.isspace() for c in name):
        raise UsageError(f"contig {_shown(name)}: a name without spaces was expected")
    if not isinstance(sequence, str | bytes | bytearray | memoryview):
        raise UsageError(
            f"contig {name!r}: its sequence is {_shown(sequence)}; str or bytes were expected"
        )
    bases = sequence.encode("ascii", "replace") if isinstance(sequence, str) else bytes(sequence)
    if not set(b"\r\n>").isdisjoint(bases):
        raise UsageError(f"contig {name!r}: its sequence has line ends or '>'; give bases alone")
    return b">%s\n%s\n" % (name.encode("utf-8", "surrogateescape"), bases)


def _each(given: Iterable[Item], argument: str, expected: str) -> Iterator[Item]:
    """Its items, unless it has none to give: then the argument is named."""
    if isinstance(given, bytes | bytearray) or not isinstance(given, Iterable):
        raise UsageError(f"{argument}: {expected} expected, not {_shown(given)}")
    return iter(given)


def _shown(given: object) -> str:
    """A word for a value, which may be large."""
    if given is None or isinstance(given, str | bytes | int | float):
        text = repr(given)
        return text if len(text) <= 40 else f"{text[:37]}..."
    return f"a {type(given).__name__}"


def files_of(given: Paths, argument: str = "files") -> list[Path]:
    """One file or several.

    Raises:
        UsageError: they are no paths.
    """
    if isinstance(given, (str, os.PathLike)):
        return [_path(given, argument)]
    return [_path(path, argument) for path in _each(given, argument, "one path or several were")]


def some_files(given: Paths, argument: str) -> list[Path]:
    """The same, where there must be one.

    Raises:
        UsageError: they are no paths, or there is none.
    """
    found = files_of(given, argument)
    if not found:
        raise UsageError(f"{argument}: no file was given; one path or several were expected")
    return found


def _path(given: PathLike, argument: str) -> Path:
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"{argument}: a path was expected, not {_shown(given)}")
    return Path(given)


def mapping_of(given: Mapping[str, Value], argument: str, expected: str) -> dict[str, Value]:
    """What is given in memory instead of a table.

    Raises:
        UsageError: it is no mapping.
    """
    if not isinstance(given, Mapping):
        raise UsageError(f"{argument}: {expected} expected, not {_shown(given)}")
    return dict(given)


def words_of(given: str | Iterable[str], argument: str) -> list[str]:
    """One word or several.

    Raises:
        UsageError: they are no words.
    """
    found = [given] if isinstance(given, str) else list(_each(given, argument, WORDS))
    for word in found:
        are_words(**{argument: word})
    return found


def path_or_none(given: PathLike | None, argument: str = "out") -> Path | None:
    """A file, if one was given.

    Raises:
        UsageError: it is no path.
    """
    return None if given is None else _path(given, argument)


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
        try:
            fine = number == int(number) and number >= least
        except (TypeError, ValueError, OverflowError):  # a word, nothing, NaN, infinity
            fine = False
        if not fine:
            raise UsageError(f"{name}={number!r}: a whole number from {least} on was expected")


def are_words(**words: str) -> None:
    """Refuse what is no text.

    Raises:
        UsageError: one is none.
    """
    for name, word in words.items():
        if not isinstance(word, str):
            raise UsageError(f"{name}={word!r}: a word was expected")


def plain(options: Options) -> Options:
    """The same with Python's own numbers: what is written of a run knows none of numpy's."""
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    own = {name: value.item() for name, value in values.items() if isinstance(value, np.generic)}
    return replace(options, **own)


def one_of(choices: Iterable[str], **values: str) -> None:
    """Refuse what is no choice.

    Raises:
        UsageError: a value is none of the choices.
    """
    for name, value in values.items():
        if not isinstance(value, str) or value not in choices:
            listed = ", ".join(map(repr, choices))
            raise UsageError(f"{name}={value!r}: one of {listed} was expected")


def model_options(options: ModelOptions) -> ModelOptions:
    """The same, if its numbers are fine.

    Raises:
        UsageError: one is negative, or a word is none.
    """
    at_least(0, batch_size=options.batch_size, windows=options.windows, seed=options.seed or 0)
    are_words(device=options.device, precision=options.precision)
    return plain(options)
