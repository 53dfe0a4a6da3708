"""Coverage of contigs across samples, from BAM or CRAM files or from depth tables."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .bam import read_depth
from .depth_tables import read_depth_table
from .errors import CoverageError, UsageError
from .inputs import InputFile
from .reads import DepthRules, ReadKind

log = logging.getLogger("llmbin")

SHORT_READ = 150  # bases: of short reads, and where the source does not tell


@dataclass(frozen=True)
class SampleReads:
    """The reads of a sample: those that are mapped, those of them that count, and what they are like."""

    mapped: int
    counted: int
    kind: ReadKind

    def __str__(self) -> str:
        return f"{self.counted:,} of {self.mapped:,} mapped reads count ({self.kind}, identity {self.kind.min_identity:.2f} or more)"


@dataclass(frozen=True)
class Coverage:
    """Mean depth [n, samples] and its variance over positions (NaN where the source does not tell), float64.

    ``reads`` are those of each sample; empty if the depths came from tables. ``files`` are those that the samples came from, for messages.
    """

    samples: list[str]
    mean: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    reads: Sequence[SampleReads] = ()
    files: Sequence[str] = ()

    @property
    def read_length(self) -> list[float]:
        """Bases of a read of each sample, for the noise of its depths."""
        kinds = [r.kind for r in self.reads]
        return [k.length if k.long else SHORT_READ for k in kinds] if kinds else [SHORT_READ] * len(self.samples)


def no_coverage(n: int) -> Coverage:
    """Coverage of no samples."""
    return Coverage([], np.empty((n, 0)), np.empty((n, 0)))


def sample_names(paths: Sequence[InputFile], given: Sequence[str] | None = None) -> list[str]:
    """The names given by the user, or the file names without their endings; distinct."""
    if given:
        if len(given) != len(paths):
            raise UsageError(f"--samples has {len(given)} names for {len(paths)} files; give one name a file, in the same order")
        names = list(given)
    else:
        names = [path.name for path in paths]
        for ending in (".bam", ".cram", ".sorted", "_sorted", ".sort"):
            names = [name.removesuffix(ending) or name for name in names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"two samples are called {twice!r}; name them apart with --samples")
    return names


def coverage_from_bams(
    paths: Sequence[InputFile],
    names: Sequence[str],
    lengths: npt.NDArray[np.int64],
    *,
    samples: Sequence[str] | None = None,
    rules: DepthRules = DepthRules(),  # noqa: B008
    threads: int = 1,
    scratch: Path | None = None,
    reference: InputFile | None = None,
) -> Coverage:
    """Depth of the named contigs in every BAM or CRAM file; ``reference`` is the FASTA file that CRAM may need.

    Raises:
        CoverageError: a file is damaged, or lacks a contig (it belongs to another assembly).
    """
    columns, reads = [], []
    titles = sample_names(paths, samples)
    for title, path in zip(titles, paths, strict=True):
        depth = read_depth(path, rules, threads, scratch, reference)
        rows = _rows(path, names, depth.names, "the BAM header")
        wrong = np.flatnonzero(depth.lengths[rows] != lengths)
        if len(wrong):
            i = int(wrong[0])
            raise CoverageError(
                f"{path}: {names[i]!r} has {depth.lengths[rows[i]]:,} bases here and {lengths[i]:,} in the contigs; "
                "the reads were mapped to another assembly, map them to this one"
            )
        columns.append((depth.mean[rows], depth.variance[rows]))
        reads.append(SampleReads(depth.mapped, depth.counted, depth.kind))
        log.info("%s: %s", title, reads[-1])
    mean, variance = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    return Coverage(titles, mean, variance, reads, [str(path) for path in paths])


def coverage_from_tables(paths: Sequence[InputFile], names: Sequence[str], samples: Sequence[str] | None = None) -> Coverage:
    """Depth of the named contigs from one or more tables, joined by name.

    Raises:
        CoverageError: a table is malformed, lacks a contig, or holds impossible depths.
    """
    tables = [read_depth_table(path) for path in paths]
    parts = [(table, _rows(table.path, names, table.names, "the table")) for table in tables]
    titles = [title for table in tables for title in table.samples]
    if samples:
        if len(samples) != len(titles):
            raise UsageError(f"--samples has {len(samples)} names, the depth tables hold {len(titles)} samples: {', '.join(titles)}")
        titles = list(samples)
    if len(set(titles)) < len(titles):
        twice = next(title for title in titles if titles.count(title) > 1)
        raise UsageError(f"two samples are called {twice!r} in the depth tables; name them apart with --samples")
    return Coverage(
        titles,
        np.concatenate([table.mean[rows] for table, rows in parts], axis=1),
        np.concatenate([table.variance[rows] for table, rows in parts], axis=1),
    )


def _rows(path: InputFile, wanted: Sequence[str], have: Sequence[str], where: str) -> npt.NDArray[np.int64]:
    """Where each wanted contig is; names are compared by their first word."""
    index = {(name.split(None, 1) or [""])[0]: i for i, name in enumerate(have)}
    missing = [name for name in wanted if name not in index]
    if missing:
        near = difflib.get_close_matches(missing[0], list(index)[:5000], n=1, cutoff=0.0)
        hint = f"; the nearest name there is {near[0]!r}" if near else f"; {where} names no contigs at all"
        raise CoverageError(
            f"{path}: {len(missing):,} of {len(wanted):,} contigs are not in {where}, the first is {missing[0]!r}{hint}. "
            "Use the coverage of this very assembly"
        )
    return np.array([index[name] for name in wanted], np.int64)
