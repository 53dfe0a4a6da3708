"""Lines of a table, whatever the file is compressed with."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator

from ..errors import InputError
from .inputs import InputFile
from .streams import read_chunks

LONGEST_LINE = 1 << 26  # bytes: some million samples


def read_lines(path: InputFile) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not blank, without their ends. Only a line feed ends a line.

    A byte order mark is no part of the first.

    Raises:
        InputError: the file cannot be read, or a line is longer than one of a table.
    """
    before, parts, held = 0, [b""], 0
    for chunk in read_chunks(path):
        first, *others = chunk.split(b"\n")
        parts.append(first)
        held += len(first)
        _check_length(path, before + 1, held)
        if not others:
            continue  # a line longer than a chunk is joined once, at its end
        whole = [b"".join(parts), *others[:-1]]
        if not before:
            whole[0] = whole[0].removeprefix(BOM_UTF8)
        parts, held = [others[-1]], len(others[-1])
        _check_length(path, before + len(whole) + 1, held)
        for number, line in enumerate(whole, before + 1):
            if line and line != b"\r":
                yield number, line[:-1] if line[-1] == 13 else line
        before += len(whole)
    last = b"".join(parts) if before else b"".join(parts).removeprefix(BOM_UTF8)
    if last.strip():
        yield before + 1, last.removesuffix(b"\r")


def _check_length(path: InputFile, line: int, held: int) -> None:
    if held > LONGEST_LINE:
        raise InputError(
            f"{path}, line {line}: more than {LONGEST_LINE:,} bytes; a table of lines was expected"
        )
