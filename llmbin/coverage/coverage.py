"""Coverage of contigs across samples, from BAM or CRAM files or from depth tables."""

from __future__ import annotations

import difflib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import CoverageError, UsageError, short
from ..io.inputs import InputFile
from .bam import SampleDepth, read_depth
from .reads import DepthRules, ReadKind
from .recall import DepthRecall
from .sparse import LEAST_CELLS, Table, compact, rows_of, side_by_side
from .table_formats import first_word
from .tables import read_depth_table

log = logging.getLogger("llmbin")

SHORT_READ = 150  # bases: of short reads, and where the source does not tell


@dataclass(frozen=True)
class SampleReads:
    """The reads of a sample.

    ``records`` of its file, reads that are ``mapped`` (and neither duplicates nor failed), those
    of them that are ``counted``, and what they are like.
    """

    records: int
    mapped: int
    counted: int
    kind: ReadKind

    def __str__(self) -> str:
        return (
            f"{self.counted:,} of {self.mapped:,} mapped reads count "
            f"({self.kind}, identity {self.kind.min_identity:.2f} or more)"
        )


def reads_of(depth: SampleDepth) -> SampleReads:
    """The reads that a depth was measured from."""
    return SampleReads(depth.reads, depth.mapped, depth.counted, depth.kind)


@dataclass(frozen=True)
class Coverage:
    """Mean depth [n, samples] and its variance over positions, float64.

    Sparse where most contigs are in few of many samples (`sparse.py`). The variance is NaN where
    the source does not tell. ``reads`` are those of each sample; empty if the depths came from
    tables. ``files`` are those that the samples came from, for messages.
    """

    samples: list[str]
    mean: Table
    variance: Table
    reads: Sequence[SampleReads] = ()
    files: Sequence[str] = ()

    def take(self, rows: slice | npt.NDArray[np.integer]) -> Coverage:
        """That of some contigs, in arrays."""
        return replace(self, mean=self.mean[rows], variance=self.variance[rows])

    def compact(self) -> Coverage:
        """The same, in as little memory as it takes."""
        return replace(self, mean=compact(self.mean), variance=compact(self.variance))

    @property
    def read_length(self) -> list[float]:
        """Bases of a read of each sample, for the noise of its depths."""
        kinds = [r.kind for r in self.reads]
        return (
            [k.length if k.long else SHORT_READ for k in kinds]
            if kinds
            else [SHORT_READ] * len(self.samples)
        )


def no_coverage(n: int) -> Coverage:
    """Coverage of no samples."""
    return Coverage([], np.empty((n, 0)), np.empty((n, 0)))


def check_titles(names: Sequence[str]) -> None:
    """Names of samples are parts of titles.

    Raises:
        UsageError: one is empty, or holds a tab or a line end.
    """
    for name in names:
        if not name.strip() or not name.isprintable():
            raise UsageError(f"--samples {name!r}: a name of one line without tabs was expected")


def check_distinct(names: Sequence[str], where: str = "") -> None:
    """Samples must be told apart by their names.

    Raises:
        UsageError: two have the same.
    """
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"two samples are called {twice!r}{where}; name them apart with --samples")


def sample_names(
    paths: Sequence[InputFile], given: Sequence[str] | None = None, distinct: bool = True
) -> list[str]:
    """The names given by the user, or the file names without their endings.

    Raises:
        UsageError: two are the same and should be ``distinct``, or one is no name.
    """
    if given:
        if len(given) != len(paths):
            raise UsageError(
                f"--samples has {len(given)} names for {len(paths)} files; "
                "give one name a file, in the same order"
            )
        names = list(given)
        check_titles(names)
    else:
        names = [path.name for path in paths]
        for ending in (".bam", ".cram", ".sorted", "_sorted", ".sort"):
            names = [name.removesuffix(ending) or name for name in names]
    if distinct:
        check_distinct(names)
    return names


@dataclass(frozen=True)
class Measuring:
    """How depth is measured in BAM or CRAM files.

    ``rules`` say which reads and positions count. ``threads`` is how many read a file at once.
    ``scratch`` is the folder for sorted copies (the system's by default). ``reference`` is the
    FASTA file that CRAM may need. ``recall`` knows files that were measured before. With ``pool``
    the depths of files of one sample are added up.
    """

    rules: DepthRules = field(default_factory=DepthRules)
    threads: int = 1
    scratch: Path | None = None
    reference: InputFile | None = None
    recall: DepthRecall | None = None
    pool: bool = False

    def depth(self, path: InputFile) -> SampleDepth:
        """Depth of one file, measured or known.

        Raises:
            CoverageError: see `read_depth`.
        """

        def measure() -> SampleDepth:
            return read_depth(path, self.rules, self.threads, self.scratch, self.reference)

        return measure() if self.recall is None else self.recall.depth(path, self.rules, measure)


def coverage_from_bams(
    paths: Sequence[InputFile],
    names: Sequence[str],
    lengths: npt.NDArray[np.int64],
    samples: Sequence[str] | None = None,
    how: Measuring = Measuring(),
) -> Coverage:
    """Depth of the named contigs in every BAM or CRAM file.

    Raises:
        CoverageError: a file is damaged, or lacks a contig (it belongs to another assembly).
    """
    columns: list[tuple[Table, Table]] = []
    reads = []
    titles = sample_names(paths, samples, distinct=not how.pool)
    for title, path in zip(titles, paths, strict=True):
        depth = how.depth(path)
        rows = _rows(path, names, depth.names, "the BAM header")
        wrong = np.flatnonzero(depth.lengths[rows] != lengths)
        if len(wrong):
            i = int(wrong[0])
            raise CoverageError(
                f"{path}: {short(names[i])} has {depth.lengths[rows[i]]:,} bases here "
                f"and {lengths[i]:,} in the contigs; "
                "the reads were mapped to another assembly, map them to this one"
            )
        columns.append(_columns(depth, rows, len(paths)))
        reads.append(reads_of(depth))
        log.info("%s: %s", title, reads[-1])
    mean, variance = (side_by_side(part) for part in zip(*columns, strict=True))
    coverage = Coverage(titles, mean, variance, reads, [str(path) for path in paths])
    return pooled(coverage) if how.pool else coverage


def _columns(depth: SampleDepth, rows: npt.NDArray[np.int64], samples: int) -> tuple[Table, Table]:
    """Depth and variance of one of so many samples [rows, 1], each."""
    least = LEAST_CELLS // samples
    mean, variance = depth.mean[rows][:, None], depth.variance[rows][:, None]
    return compact(mean, least), compact(variance, least)


def pooled(coverage: Coverage) -> Coverage:
    """Depths of samples of one name added up, in the order in which names come first.

    So are variances over positions, as those of reads that fall apart from each other. The reads
    are like those of the file of which most count.
    """
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(coverage.samples):
        columns.setdefault(name, []).append(column)
    mean, variance = (
        side_by_side([_sum(depths, held)[:, None] for held in columns.values()])
        for depths in (coverage.mean, coverage.variance)
    )
    reads = [_together([coverage.reads[column] for column in held]) for held in columns.values()]
    files = [coverage.files[held[0]] for held in columns.values()]
    return Coverage(list(columns), mean, variance, reads, files)


def _sum(table: Table, columns: Sequence[int]) -> npt.NDArray[np.float64]:
    """Of columns of a table [n], one after another."""
    total: npt.NDArray[np.float64] = np.add.reduce([table[:, column] for column in columns])
    return total


def _together(parts: Sequence[SampleReads]) -> SampleReads:
    most = max(parts, key=lambda reads: reads.counted)
    return SampleReads(
        sum(reads.records for reads in parts),
        sum(reads.mapped for reads in parts),
        sum(reads.counted for reads in parts),
        most.kind,
    )


def coverage_from_tables(
    paths: Sequence[InputFile],
    names: Sequence[str],
    samples: Sequence[str] | None = None,
    lengths: npt.NDArray[np.int64] | None = None,
) -> Coverage:
    """Depth of the named contigs from one or more tables, joined by name.

    Lengths in tables are compared with ``lengths``. Some tools leave out contigs without reads:
    such a contig has depth 0, and there is a warning.

    Raises:
        CoverageError: a table is malformed, lacks a contig, was made for other contigs, or holds
            impossible depths.
    """
    contigs = dict(
        zip(
            names,
            (np.zeros(len(names), np.int64) if lengths is None else lengths).tolist(),
            strict=True,
        )
    )
    titles: list[str] = []
    files: list[str] = []
    mean: list[Table] = []
    variance: list[Table] = []
    absent = {}
    for path in paths:
        table = read_depth_table(path, contigs)
        rows = _rows(path, names, table.names, "the table", table.sparse)
        titles += table.samples
        files += [str(path)] * len(table.samples)
        same = len(rows) == len(table.names) and bool((rows == np.arange(len(rows))).all())
        mean.append(table.mean if same else rows_of(table.mean, rows))
        variance.append(table.variance if same else rows_of(table.variance, rows))
        if (gone := rows < 0).any():
            absent[path] = gone
    if samples:
        if len(samples) != len(titles):
            raise UsageError(
                f"--samples has {len(samples)} names, "
                f"the depth tables hold {len(titles)} samples: {', '.join(titles)}"
            )
        titles = list(samples)
        check_titles(titles)
    check_distinct(titles, " in the depth tables")
    _judge_absent(absent, len(paths), lengths)
    return Coverage(titles, side_by_side(mean), side_by_side(variance), files=files)


def _judge_absent(
    absent: Mapping[InputFile, npt.NDArray[np.bool_]],
    tables: int,
    lengths: npt.NDArray[np.int64] | None,
) -> None:
    """Warn of contigs without a row; an error if most of the assembly has none in any table."""
    if not absent:
        return
    first, n = next(iter(absent)), len(next(iter(absent.values())))
    if len(absent) == tables:
        nowhere = np.logical_and.reduce(list(absent.values()))
        bases = np.ones(n) if lengths is None else lengths
        if 2 * nowhere.sum() > n and 2 * bases[nowhere].sum() > bases.sum():
            raise CoverageError(
                f"{first}: {int(nowhere.sum()):,} of {n:,} contigs, "
                "with more than half of the bases, have no row in the depth tables; "
                "use the coverage of this very assembly, with a row for every contig"
            )
    some = int(np.logical_or.reduce(list(absent.values())).sum())
    where = (
        str(first)
        if len(absent) == 1
        else f"{len(absent)} of {tables} depth tables (the first is {first})"
    )
    log.warning(
        "%s of %s contigs have no row in %s: "
        "no read is taken to lie on them, their depth is 0 there",
        f"{some:,}",
        f"{n:,}",
        where,
    )


def _rows(
    path: InputFile, wanted: Sequence[str], have: Sequence[str], where: str, sparse: bool = False
) -> npt.NDArray[np.int64]:
    """Where each wanted contig is, or -1 for one that a sparse table leaves out.

    Names are compared by their first word.
    """
    index = {first_word(name): i for i, name in enumerate(have)}
    rows = np.fromiter((index.get(name, -1) for name in wanted), np.int64, len(wanted))
    missing = np.flatnonzero(rows < 0)
    if len(missing) and (not sparse or len(missing) == len(wanted)):
        name = wanted[int(missing[0])]
        near = _nearest(name, index)
        hint = (
            f"; the nearest name there is {short(near)}"
            if near
            else f"; {where} names no contigs at all"
        )
        raise CoverageError(
            f"{path}: {len(missing):,} of {len(wanted):,} contigs are not in {where}, "
            f"the first is {short(name)}{hint}. Use the coverage of this very assembly"
            f"{', with a row for every contig' * (where == 'the table')}"
        )
    return rows


def _nearest(name: str, have: Iterable[str]) -> str | None:
    """The most similar of the first names, by their beginnings.

    Whole names would take too long: the time is that of both lengths multiplied.
    """
    beginnings = {other[:100]: other for other in islice(have, 2000)}
    near = difflib.get_close_matches(name[:100], list(beginnings), n=1, cutoff=0.0)
    return beginnings[near[0]] if near else None
