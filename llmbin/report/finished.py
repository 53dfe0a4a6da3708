"""A finished run, as its files tell it: the record, the table of bins, contigs and their places."""

from __future__ import annotations

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, first_line, short
from ..options import PREFIX, can_name_bins
from ..results.tables import text_file

SHOWN_SAMPLES = 12  # of which the depth of every contig is kept: those with most bases in bins
DEPTH = "depth_"
DEEPEST = float(np.finfo(np.float32).max)
PLACES = ("contig", "x", "y")
# What the record's parts are, where they are there: a type, a list of a shape, an object of values
# of a shape.
Text = (str, NoneType)
RECORD_PARTS: dict[str, Any] = {
    "title": Text,
    "command": [str],
    "parameters": {str: object},
    "model": {str: Text},
    "device": {str: Text},
    "packages": {str: Text},
    "stages": {str: {str: (int, float)}},
    "inputs": [{str: object}],
    "samples": [str],
    "rounds": [object],
    "contigs_too_short": int,
    "bases_too_short": int,
}

Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RunFiles:
    """Where a run's record and tables are; ``places`` need not be there."""

    record: Path
    bins: Path
    contigs: Path
    places: Path


def files_in(folder: Path) -> RunFiles:
    """Those of a finished run.

    Raises:
        InputError: one is missing.
    """
    files = RunFiles(*(folder / n for n in ("run.json", "bins.tsv", "contigs.tsv", "places.tsv")))
    for path in (files.record, files.bins, files.contigs):
        if not path.is_file():
            raise InputError(
                f"{path}: is missing; the output folder of a finished run was expected "
                "(or say --contigs and --bins for the bins of another program)"
            )
    return files


@dataclass(frozen=True)
class BinTable:
    """``bins.tsv``: its columns by title, as text; ``depth`` is float64 [bins, samples]."""

    columns: dict[str, list[str]]
    samples: list[str]
    depth: Values

    @property
    def names(self) -> list[str]:
        """Of the bins."""
        return self.columns["bin"]

    def numbers(self, title: str) -> Values:
        """A column, float64 [bins]; NaN for what is no number or not there."""
        return np.array([_number(t) for t in self.columns.get(title, [""] * len(self.names))])


@dataclass(frozen=True)
class ContigTable:
    """``contigs.tsv``, n contigs.

    Attributes:
        names: in file order.
        length: bases, int64 [n].
        gc: float32 [n].
        bin: row of the bin in the table of bins, int64 [n]; -1 for none.
        probability: float32 [n].
        reason: row in ``reasons``, int64 [n]; -1 for contigs in a bin.
        reasons: why contigs are in no bin, without what differs from contig to contig.
        samples: those of ``depth``, at most `SHOWN_SAMPLES`.
        depth: float32 [n, samples].
        total_depth: sum over all samples of the run, float32 [n].
        places: on the map, float32 [n, 2], from 0 to 1; None where there is none.
    """

    names: list[str]
    length: Rows
    gc: Floats
    bin: Rows
    probability: Floats
    reason: Rows
    reasons: list[str]
    samples: list[str]
    depth: Floats
    total_depth: Floats
    places: Floats | None

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class FinishedRun:
    """All of it."""

    record: dict[str, Any]
    bins: BinTable
    contigs: ContigTable


def read_run(files: RunFiles) -> FinishedRun:
    """Read it back.

    Raises:
        InputError: a file is not what a run writes.
    """
    try:
        text = files.record.read_text(encoding="utf-8")
        record = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{files.record}: is no JSON ({first_line(error)}); run again") from None
    if not isinstance(record, dict):
        raise InputError(f"{files.record}: is not the record of a run; run again")
    for name, shape in RECORD_PARTS.items():
        if name in record and not _is_like(record[name], shape):
            raise InputError(f"{files.record}: {name!r} is not as a run writes it; run again")
    if not can_name_bins(str(record.get("parameters", {}).get("prefix", PREFIX))):
        raise InputError(f"{files.record}: 'prefix' cannot be part of a file name; run again")
    bins = read_bins(files.bins)
    return FinishedRun(record, bins, read_contigs(files, bins))


def _finite(text: str) -> float | None:
    """A number; None for what JSON has no numbers for: NaN, Infinity, 1e999."""
    number = float(text)
    return number if math.isfinite(number) else None


def _is_like(value: Any, shape: Any) -> bool:
    """Whether JSON is of a shape as those of `RECORD_PARTS`."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(_is_like(v, shape[0]) for v in value)
    if isinstance(shape, dict):
        (of,) = shape.values()
        return isinstance(value, dict) and all(_is_like(v, of) for v in value.values())
    return isinstance(value, shape)


def read_bins(path: Path) -> BinTable:
    """``bins.tsv``.

    Raises:
        InputError: it is not what a run writes.
    """
    titles, rows = _table(path, ("bin", "bp", "quality"))
    held = list(rows)
    columns = {t: [fields[i] for _, fields in held] for i, t in enumerate(titles)}
    of_depth = [t for t in titles if t.startswith(DEPTH)]
    depth = np.array([[_number(x) for x in columns.pop(t)] for t in of_depth], np.float64)
    samples = [t.removeprefix(DEPTH) for t in of_depth]
    return BinTable(columns, samples, depth.reshape(len(samples), len(held)).T)


def shown_samples(bins: BinTable) -> list[str]:
    """Samples with most bases in bins, in the order of the table."""
    bases = (bins.numbers("bp")[:, None] * bins.depth).sum(0)
    most = np.sort(np.argsort(-bases, kind="stable")[:SHOWN_SAMPLES])
    return [bins.samples[i] for i in most]


def read_contigs(files: RunFiles, bins: BinTable) -> ContigTable:
    """``contigs.tsv`` and ``places.tsv``.

    Raises:
        InputError: they are not what a run writes, or not of the same run.
    """
    titles, rows = _table(files.contigs, ("contig", "length", "gc", "bin", "why_unbinned"))
    at = {title: i for i, title in enumerate(titles)}
    every = [i for t, i in at.items() if t.startswith(DEPTH)]
    samples = [s for s in shown_samples(bins) if DEPTH + s in at]
    shown = [at[DEPTH + s] for s in samples]
    bin_row = {name: i for i, name in enumerate(bins.names)} | {"": -1}
    reasons: dict[str, int] = {}
    names: list[str] = []
    numbers, depth, whole = array("d"), array("f"), array("q")
    for line, fields in rows:
        try:
            names.append(fields[at["contig"]])
            all_depths = [float(fields[i]) for i in every]
            if not sum(map(abs, all_depths)) < DEEPEST:
                raise ValueError("a depth is no number")
            numbers.extend(
                (float(fields[at["gc"]]), float(fields[at["probability"]]), sum(all_depths))
            )
            depth.extend([float(fields[i]) for i in shown])
            why = fields[at["why_unbinned"]].split(" (")[0]
            reason = reasons.setdefault(why, len(reasons)) if why else -1
            whole.extend((int(fields[at["length"]]), bin_row[fields[at["bin"]]], reason))
        except (KeyError, ValueError, OverflowError) as error:
            raise InputError(
                f"{files.contigs}, line {line}: not as a run writes it ({error}); run again"
            ) from None
    n = len(names)
    integers = np.frombuffer(whole, np.int64).reshape(n, 3)
    floats = np.frombuffer(numbers, np.float64).astype(np.float32).reshape(n, 3)
    return ContigTable(
        names=names,
        length=integers[:, 0],
        gc=floats[:, 0],
        bin=integers[:, 1],
        probability=floats[:, 1],
        reason=integers[:, 2],
        reasons=list(reasons),
        samples=samples,
        depth=np.frombuffer(depth, np.float32).reshape(n, len(samples)),
        total_depth=floats[:, 2],
        places=read_places(files.places, names),
    )


def write_places(path: Path, names: Sequence[str], places: Floats) -> None:
    """``places.tsv``: where contigs are on the map, float32 [n, 2] from 0 to 1."""
    with text_file(path) as handle:
        handle.write("\t".join(PLACES) + "\n")
        rows = zip(names, places.tolist(), strict=True)
        handle.writelines(f"{name}\t{x:.4f}\t{y:.4f}\n" for name, (x, y) in rows)


def read_places(path: Path, names: Sequence[str]) -> Floats | None:
    """``places.tsv``, float32 [n, 2]; None if it is not there.

    Raises:
        InputError: it is not of these contigs.
    """
    if not path.is_file():
        return None
    titles, rows = _table(path, PLACES)
    if len(titles) != len(PLACES):
        raise InputError(f"{path}: has other columns than {', '.join(PLACES)}; delete it")
    places = array("f")
    for wanted, (line, (name, x, y)) in zip(names, rows, strict=False):
        if name != wanted:
            raise InputError(
                f"{path}, line {line}: is of another run, contigs.tsv has {wanted!r} there; "
                "delete it, or run again"
            )
        places.extend((_number(x), _number(y)))
    if len(places) != 2 * len(names) or next(rows, None) is not None:
        raise InputError(f"{path}: has not as many contigs as contigs.tsv; delete it, or run again")
    return np.frombuffer(places, np.float32).reshape(-1, 2)


def _table(path: Path, wanted: Sequence[str]) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Titles, and rows with the numbers of their lines."""
    lines = _lines(path)
    titles = next(lines, "").split("\t")
    missing = [title for title in wanted if title not in titles]
    if missing:
        raise InputError(f"{path}: has no column {missing[0]!r}; run again")
    if twice := [title for title, n in Counter(titles).items() if n > 1]:
        raise InputError(f"{path}: has two columns {short(twice[0])}; run again")

    def rows() -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(lines, start=2):
            fields = line.split("\t")
            if len(fields) != len(titles):
                raise InputError(
                    f"{path}, line {number}: has {len(fields)} fields, {len(titles)} were "
                    "expected; run again"
                )
            yield number, fields

    return titles, rows()


def _lines(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as handle:
        for line in handle:
            yield line.removesuffix("\n")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
