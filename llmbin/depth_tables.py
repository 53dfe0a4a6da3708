"""Depth tables as the tools of the field write them, recognised by their header.

===============  ==========================================================================
MetaBAT (jgi)    ``contigName contigLen totalAvgDepth s.bam s.bam-var ...``; also fairy, and CoverM's ``-m metabat``
CoverM           ``Contig  'sample Mean'  'sample Variance' ...``
VAMB             ``contigname sample ...``; also CONCOCT's and any table of contig and one column a sample
strobealign      ``contig depth`` without a header (``--aemb``), one file a sample; also MaxBin's
===============  ==========================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import CoverageError
from .streams import read_chunks


@dataclass(frozen=True)
class DepthTable:
    """One table: mean and variance are [contigs, samples]; what a format does not give is NaN (variance) or 0 (length)."""

    path: Path
    names: list[str]
    lengths: npt.NDArray[np.int64]
    samples: list[str]
    mean: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Columns:
    samples: list[str]
    mean: list[int]
    variance: list[int | None]
    length: int | None = None


def read_depth_table(path: Path) -> DepthTable:
    """Read a table of any known kind.

    Raises:
        CoverageError: the format is unknown, or a line is malformed; names the file and the line.
    """
    lines = b"".join(read_chunks(path)).decode("utf-8", "replace").splitlines()
    rows = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not rows:
        raise CoverageError(f"{path}: the depth table is empty")
    header = rows[0][1].split("\t")
    columns = _recognise(path, header)
    if columns is None:
        columns, body = _Columns([path.name.split(".")[0]], [1], [None]), rows
    else:
        body = rows[1:]
    names, lengths = [], np.zeros(len(body), np.int64)
    mean = np.empty((len(body), len(columns.samples)))
    variance = np.full_like(mean, np.nan)
    seen: set[str] = set()
    for r, (line, text) in enumerate(body):
        fields = text.split("\t")  # one row at a time: as strings, a table takes ten times its size
        if len(fields) != len(header):
            raise CoverageError(f"{path}, line {line}: {len(fields)} columns where the first line has {len(header)}")
        name = (fields[0].split(None, 1) or [""])[0]
        if name in seen:
            raise CoverageError(f"{path}, line {line}: contig {name!r} comes twice; keep one line a contig")
        seen.add(name)
        names.append(name)
        if columns.length is not None:
            lengths[r] = int(_number(path, line, fields[columns.length]))
        mean[r] = [_number(path, line, fields[c]) for c in columns.mean]
        variance[r] = [math.nan if c is None else _number(path, line, fields[c]) for c in columns.variance]
    return DepthTable(path, names, lengths, columns.samples, mean, variance)


def write_depth_table(table: DepthTable, write: Callable[[str], object]) -> None:
    """Write MetaBAT's format, six significant digits."""
    titles = [t for s in table.samples for t in (s + ".bam", s + ".bam-var")]
    write("\t".join(["contigName", "contigLen", "totalAvgDepth", *titles]) + "\n")
    for name, length, mean, variance in zip(table.names, table.lengths, table.mean, table.variance, strict=True):
        numbers = [f"{x:.6g}" for pair in zip(mean, variance, strict=True) for x in pair]
        write("\t".join([name, str(length), f"{mean.sum():.6g}", *numbers]) + "\n")


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise CoverageError(f"{path}, line {line}: {text!r} is not a number") from None
    if not math.isfinite(value) or value < 0:
        raise CoverageError(f"{path}, line {line}: a depth of {text} is impossible; mend the table or make it again")
    return value


def _recognise(path: Path, header: list[str]) -> _Columns | None:
    """Columns by the header; None for a table without one."""
    first = header[0].strip().lower()
    if first == "contigname" and len(header) > 2 and header[1].strip().lower() == "contiglen":
        mean = [i for i in range(3, len(header)) if not header[i].endswith("-var")]
        where = {title: i for i, title in enumerate(header)}
        variance = [where.get(header[i] + "-var") for i in mean]
        return _Columns([header[i].removesuffix(".bam") for i in mean], mean, variance, 1)
    if first == "contig" and any(title.endswith(" Mean") for title in header[1:]):
        mean = [i for i, title in enumerate(header) if title.endswith(" Mean") and not title.endswith(" Trimmed Mean")]
        where = {title: i for i, title in enumerate(header)}
        names = [header[i].removesuffix(" Mean") for i in mean]
        return _Columns(names, mean, [where.get(name + " Variance") for name in names])
    if len(header) < 2:
        raise CoverageError(
            f"{path}: not a depth table; known are those of MetaBAT (jgi), CoverM, strobealign --aemb, fairy and VAMB, tab-separated"
        )
    try:
        [float(x) for x in header[1:]]
    except ValueError:
        return _Columns([title.strip() for title in header[1:]], list(range(1, len(header))), [None] * (len(header) - 1))
    if len(header) != 2:
        raise CoverageError(f"{path}: a table of {len(header)} columns without a header; name the samples in a first line")
    return None
