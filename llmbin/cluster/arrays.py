"""Arrays that go from one stage to the next, by name, and their rows in pieces.

n is the number of contigs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Item = TypeVar("Item")
Result = TypeVar("Result")
Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
"""Cluster or group of each contig [n], numbered from 0; -1 for none."""
Lengths = npt.NDArray[np.int64]
"""Bases of each contig [n]."""
Rows = npt.NDArray[np.integer[Any]]
"""Numbers of some contigs among the n."""
KernelRows = npt.NDArray[np.int32]
"""The same, as the kernels take and give them."""

AT_A_TIME = 16_384  # rows, so that what is computed of them on the way takes little memory
TOGETHER = 1_024  # rows: of these it stays in a core's cache


def row_slices(rows: int) -> Iterator[slice]:
    """Slices of `AT_A_TIME` rows."""
    for begin in range(0, rows, AT_A_TIME):
        yield slice(begin, begin + AT_A_TIME)


def share_rows(rows: int, threads: int, work: Callable[[slice], None]) -> None:
    """Work on slices of `TOGETHER` rows, by so many threads; each slice is for itself."""
    slices = [slice(begin, begin + TOGETHER) for begin in range(0, rows, TOGETHER)]
    each(slices, threads, work)


def each(items: Sequence[Item], threads: int, work: Callable[[Item], Result]) -> list[Result]:
    """What some work makes of each of the items, by so many threads."""
    if min(threads, len(items)) <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        return list(pool.map(work, items))


def places_of(rows: Rows, n: int) -> KernelRows:
    """Place of each of n contigs among ``rows``: int32 [n + 1].

    -1 for those that are not among them; the last is that of no contig, -1.
    """
    place = np.full(n + 1, -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    return place


def rows_of_bins(bin_of: Rows, bins: int) -> list[npt.NDArray[np.int64]]:
    """The contigs of each bin or cluster, in their order; ``bin_of`` [contigs] is -1 for none."""
    order = np.argsort(bin_of, kind="stable")
    bounds = np.searchsorted(bin_of[order], np.arange(bins + 1))
    return [order[a:b] for a, b in pairwise(bounds)]
