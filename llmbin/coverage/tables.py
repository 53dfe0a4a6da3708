"""Depth tables as the tools of the field write them.

They are read a row at a time and compared with the contigs. Which formats there are and how they
are told apart is in `table_formats`, and for users in docs/outputs.md.
"""

from __future__ import annotations

import logging
import math
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from ..errors import CoverageError, short
from ..io.inputs import InputFile
from ..io.lines import read_lines
from ..io.names import text_of
from .sparse import Table, columns_of, compact, stacked
from .table_formats import KNOWN, MAKE, Columns, is_number, recognise
from .titles import names_contigs

log = logging.getLogger("llmbin")

DEEPEST = 1e9  # no depth is more; squares of more would spoil what is computed from them
LONGEST = 10**12  # bases of a contig
BLOCK = 1 << 21  # numbers that are read before they are checked and stored, sparsely perhaps
COMMENTS = 1000  # lines that begin with # before we take them for rows
EXPONENT = re.compile(rb"\d+(?:\.(\d*))?[eE][+]?(\d{1,2})")
Lines = Iterator[tuple[int, bytes]]


@dataclass(frozen=True)
class DepthTable:
    """One table: mean and variance are [contigs, samples].

    They are sparse if most contigs are in few of many samples (`sparse.py`). A variance that the
    format does not give is NaN, and a length is 0. ``sparse``: the tool that wrote it may leave out
    contigs without reads.
    """

    path: InputFile
    names: list[str]
    lengths: npt.NDArray[np.int64]
    samples: list[str]
    mean: Table
    variance: Table
    sparse: bool = False


def read_depth_table(path: InputFile, contigs: Mapping[str, int] | None = None) -> DepthTable:
    """Read a table of any known kind.

    ``contigs`` are lengths by name, 0 where unknown; lengths in the table are compared with them.
    Names are bytes to the tools: those that are no UTF-8 are decoded with ``surrogateescape``.

    Raises:
        CoverageError: the format is unknown, a line is malformed, or the lengths are those of
            another assembly. The message names the file and the line.
    """
    known = contigs or {}
    head, lines = _begin(path)
    rows = [[text_of(cell) for cell in _cells(row)] for _, row in head]
    if len(rows[0]) < 2:
        raise CoverageError(f"{path}: not a depth table{_separator(head[0][1])}; {KNOWN}")
    columns = recognise(path, [row for row in rows if len(row) == len(rows[0])], known)
    table = _read_rows(
        path, columns, chain(head[1:] if columns.header else head, lines), rows[0], known
    )
    return _without_lengths(table, known) if columns.plain else table


def write_depth_table(table: DepthTable, write: Callable[[str], object]) -> None:
    """Write MetaBAT's format, six significant digits."""
    titles = [t for s in table.samples for t in (s + ".bam", s + ".bam-var")]
    write("\t".join(["contigName", "contigLen", "totalAvgDepth", *titles]) + "\n")
    for name, length, mean, variance in zip(
        table.names, table.lengths, table.mean, table.variance, strict=True
    ):
        numbers = [f"{x:.6g}" for pair in zip(mean, variance, strict=True) for x in pair]
        write("\t".join([name, str(length), f"{mean.sum():.6g}", *numbers]) + "\n")


def _begin(path: InputFile) -> tuple[list[tuple[int, bytes]], Lines]:
    """The first line, header or row, with up to three behind it; and the lines after these.

    Comments before it are left out.
    """
    lines = read_lines(path)
    head: list[tuple[int, bytes]] = []
    for number, line in lines:
        if not head:
            line = _plain_text(path, line)  # noqa: PLW2901
        if line.strip():
            head.append((number, line))
            if not line.startswith(b"#") or len(head) == COMMENTS:
                break
    if not head:
        raise CoverageError(f"{path}: the depth table is empty")
    # Names may begin with #, and so may a header: both are as wide as the rows.
    width = head[-1][1].count(b"\t")
    head.extend(islice(lines, 3))
    start = 0
    while start < len(head) and _is_comment(head[start:], width):
        start += 1
    if start == len(head):
        raise CoverageError(f"{path}: the depth table is empty, all its lines are comments")
    rest = head[start + 4 :]
    return head[start : start + 4], chain(rest, lines)


def _is_comment(lines: list[tuple[int, bytes]], width: int) -> bool:
    """Whether the first line is a comment: not as wide as the rows, or before a sure header."""
    line = lines[0][1]
    if not line.startswith(b"#") or not width or line.count(b"\t") != width:
        return line.startswith(b"#")
    after = [text_of(cell).strip() for cell in _cells(lines[1][1])] if len(lines) > 1 else [""]
    return bool(after[0]) and names_contigs(after[0]) and not is_number(after[-1])


def _plain_text(path: InputFile, line: bytes) -> bytes:
    """The first line; what is no text of a table is refused."""
    why = ""
    if line.startswith((b"BAM\x01", b"CRAM")):
        why = "is no depth table but reads mapped to contigs; give it with --bam"
    elif line.startswith((b"@HD\t", b"@SQ\t")):
        why = (
            "is no depth table but a SAM file; "
            "make it a BAM file (samtools sort) and give it with --bam"
        )
    elif line.startswith((b"\xff\xfe", b"\xfe\xff")) or line[1:2] == b"\0":
        why = "is written in UTF-16; save it as UTF-8 text, or: iconv -f UTF-16 -t UTF-8"
    elif line.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        why = "is a spreadsheet or an archive; save it as tab-separated text"
    elif b"\0" in line:
        why = f"is no text, not a depth table; {KNOWN}"
    elif b"\r" in line:
        why = "has the line ends of old Macs; change them with: tr '\\r' '\\n'"
    elif line.startswith(b">"):
        why = f"is no depth table but FASTA; {MAKE}"
    if why:
        raise CoverageError(f"{path}: {why}")
    return line


def _separator(line: bytes) -> str:
    """What separates the columns of a line that has no tab, and how to make it one."""
    for mark, name, command in (
        (b",", "commas", "tr ',' '\\t'"),
        (b";", "semicolons", "tr ';' '\\t'"),
        (b" ", "spaces", "tr -s ' ' '\\t'"),
    ):
        if mark in line.strip():
            there = f"its columns are separated by {name} and not by tabs"
            return f": {there}; change them with: {command}"
    return ", it has one column"


def _cells(row: bytes) -> list[bytes]:
    """Fields of a row; R and spreadsheets put them between quotation marks."""
    cells = row.split(b"\t")
    if b'"' in row:
        cells = [
            c[1:-1] if len(c) > 1 and c[:1] == c[-1:] == b'"' else c
            for c in (cell.strip() for cell in cells)
        ]
    return cells


def _read_rows(
    path: InputFile,
    columns: Columns,
    lines: Iterable[tuple[int, bytes]],
    titles: list[str],
    contigs: Mapping[str, int],
) -> DepthTable:
    """The rows. Numbers go straight into arrays: strings or objects take ten times the space."""
    wanted = [*columns.mean, *(c for c in columns.variance if c is not None)]
    pick: Callable[[list[bytes]], Iterable[bytes]] = (
        itemgetter(*wanted) if len(wanted) > 1 else lambda cells: (cells[wanted[0]],)
    )
    width, at = len(titles), columns.length
    seen: dict[str, None] = {}
    values, lengths, numbers = array("d"), array("q"), array("q")
    blocks: list[tuple[Table, Table]] = []
    for number, row in lines:
        cells = _cells(row)
        if len(cells) != width and _is_row(row):
            raise _uneven(path, number, len(cells), width, not seen)
        words = cells[0].split(None, 1)
        if len(cells) == width and not words and row.strip():
            raise CoverageError(
                f"{path}, line {number}: no name of a contig; name it or take the line out"
            )
        if len(cells) != width or not words:
            continue
        name = text_of(words[0])
        if columns.extra and _is_extra(columns, name, seen, contigs):
            continue
        if name in seen:
            raise CoverageError(
                f"{path}, line {number}: contig {short(name)} comes twice; keep one line a contig"
            )
        seen[name] = None
        try:
            values.extend(map(float, pick(cells)))
        except ValueError:
            raise _bad_number(path, number, pick(cells)) from None
        if row.find(b"_", len(cells[0])) >= 0 and any(b"_" in cell for cell in pick(cells)):
            raise _bad_number(path, number, pick(cells))  # Python reads 1_000 as a number
        if at is not None:
            lengths.append(_length(path, number, cells[at], name, contigs.get(name, 0), titles[at]))
        numbers.append(number)
        if len(values) >= BLOCK:
            blocks.append(_block(path, columns, values, numbers))
            values, numbers = array("d"), array("q")
    if not seen:
        raise CoverageError(f"{path}: the table has a header and no rows; {MAKE}")
    if numbers:
        blocks.append(_block(path, columns, values, numbers))
    names = list(seen)
    return _table(path, columns, names, np.array(lengths, np.int64), blocks)


def _is_row(row: bytes) -> bool:
    return bool(row.strip()) and not (row.startswith(b"#") and b"\t" not in row)


def _uneven(path: InputFile, line: int, columns: int, width: int, first: bool) -> CoverageError:
    """The error for a row that is not as wide as the first line."""
    hint = "; R's write.table needs col.names=NA" if first and columns == width + 1 else ""
    return CoverageError(
        f"{path}, line {line}: {columns} columns where the first line has {width}{hint}"
    )


def _is_extra(
    columns: Columns, name: str, seen: Mapping[str, None], contigs: Mapping[str, int]
) -> bool:
    """Whether a row is a total or the like, and not the row of a contig that is called so."""
    extra = name in columns.extra or (columns.extra_ending and name.endswith(columns.extra_ending))
    return bool(extra) and (name not in contigs or name in seen)


def _block(
    path: InputFile, columns: Columns, cells: array[float], numbers: array[int]
) -> tuple[Table, Table]:
    """Mean and variance of some rows, as many columns as there are of each."""
    values = np.frombuffer(cells).reshape(len(numbers), -1)
    values += 0.0  # of -0 too: results would show it, and not where empty cells are left out
    width = len(columns.samples)
    mean, found = values[:, :width], values[:, width:]
    if columns.squared:
        found = found**2
    for what, block, most in (("a depth", mean, DEEPEST), ("a variance", found, DEEPEST**2)):
        if block.size and not (block.min() >= 0 and block.max() <= most):  # NaN is neither
            row, column = np.argwhere(~((block >= 0) & (block <= most)))[0]
            raise CoverageError(
                f"{path}, line {numbers[row]}: {what} of {block[row, column]:g} is impossible; "
                "mend the table or make it again"
            )
    have = [c is not None for c in columns.variance]
    if any(have) and not all(have):
        some, found = found, np.full(mean.shape, math.nan)
        found[:, have] = some
    return compact(mean), compact(found)


def _table(
    path: InputFile,
    columns: Columns,
    names: list[str],
    lengths: npt.NDArray[np.int64],
    blocks: Sequence[tuple[Table, Table]],
) -> DepthTable:
    mean, variance = (stacked(part) for part in zip(*blocks, strict=True))
    if not variance.shape[1]:
        # Nothing is stored for what is not there, since there may be a hundred million of it.
        variance = np.broadcast_to(np.float64(math.nan), mean.shape)
    if columns.length is None:
        lengths = np.zeros(len(names), np.int64)
    samples = [  # as results can hold them
        s.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for s in columns.samples
    ]
    return DepthTable(path, names, lengths, samples, mean, variance, columns.sparse)


def _bad_number(path: InputFile, line: int, cells: Iterable[bytes]) -> CoverageError:
    """The error for the first of the cells that is no number."""
    cell = next(c for c in cells if b"_" in c or not _is_float(c))
    hint = ", decimals need a point" if b"," in cell else ""
    return CoverageError(
        f"{path}, line {line}: {short(text_of(cell))} is not a number{hint}; "
        "mend the table or make it again"
    )


def _is_float(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _length(path: InputFile, line: int, cell: bytes, name: str, wanted: int, title: str) -> int:
    """The length of a contig, compared with the one that is wanted unless that is 0."""
    rounding = 0.0
    if cell.isdigit() and len(cell) < 16:
        length = int(cell)
    else:
        if b"_" in cell or not _is_float(cell):
            raise _bad_number(path, line, [cell])
        value = float(cell)
        if not (0 <= value <= LONGEST and value == int(value)):
            raise CoverageError(
                f"{path}, line {line}: a length of {short(text_of(cell))} is impossible; "
                "mend the table or make it again"
            )
        length = int(value)
        if match := EXPONENT.fullmatch(cell.strip()):  # jgi writes 1.23457e+06
            rounding = 0.5 * 10.0 ** (int(match[2]) - len(match[1] or b""))
    # CoverM keeps lengths as 32-bit floats, exact to 2**24.
    if wanted and abs(length - wanted) > rounding + wanted / 2**24:
        raise CoverageError(
            f"{path}, line {line}: {short(name)} has {length:,} bases here "
            f"(column {short(title)}) and {wanted:,} in the contigs; "
            "the table was made for another assembly, make it for this one: "
            f"{MAKE.removeprefix('make one with ')}"
        )
    return length


def _without_lengths(table: DepthTable, contigs: Mapping[str, int]) -> DepthTable:
    """The table without samples that are the lengths of the contigs, whatever their title is."""
    wanted = np.array([contigs.get(name, 0) for name in table.names], np.int64)
    known = wanted > 0
    if known.sum() < 2:  # one equal number may be chance
        return table
    samples = range(len(table.samples))
    share = np.array([(table.mean[:, i][known] == wanted[known]).mean() for i in samples])
    lengths = share >= 0.95
    if not lengths.any():
        return table
    titles = [table.samples[i] for i in np.flatnonzero(lengths)]
    if lengths.all():
        raise CoverageError(
            f"{table.path}: its numbers are the lengths of the contigs "
            f"and no depth of coverage; {MAKE}"
        )
    log.info(
        "%s: column %s holds the lengths of the contigs and is no sample",
        table.path,
        ", ".join(map(short, titles)),
    )
    kept = np.flatnonzero(~lengths)
    return DepthTable(
        table.path,
        table.names,
        table.lengths,
        [table.samples[i] for i in kept],
        columns_of(table.mean, kept),
        columns_of(table.variance, kept),
        table.sparse,
    )
