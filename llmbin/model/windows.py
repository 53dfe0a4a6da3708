"""Windows of contigs, packed into batches of one shape.

A contig gives up to ``most`` windows, spread evenly over it. A window's padded length depends on
its own length alone, and a batch holds one padded length, so a vector never depends on the batch it
came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .._kernels import gap_bases, random_numbers
from ..io.contigs import Codes, Contig

CPU_BUDGET = 8_192  # bases of a batch: a core's cache holds the hidden states of about this many


@dataclass(frozen=True)
class Batch:
    """Windows of one padded length.

    ``codes`` uint8 [batch, padded], ``lengths`` int32 [batch], ``contigs`` (indices) int64 [batch].
    """

    codes: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int32]
    contigs: npt.NDArray[np.int64]

    def part(self, rows: slice) -> Batch:
        """Some of the windows."""
        return Batch(self.codes[rows], self.lengths[rows], self.contigs[rows])


@dataclass(frozen=True)
class WindowPlan:
    """Bases of a window and the most windows of a contig.

    ``bucket`` is the step of padded lengths. ``seed`` and a contig's place in the file decide where
    its windows begin; without a seed they are in the middle of their parts, so that a vector
    depends on the contig alone. ``first`` is the place of contig 0, of contigs that are a part of a
    file's.
    """

    window: int
    most: int
    bucket: int
    seed: int | None = 0
    first: int = 0


def window_starts(length: int, index: int, plan: WindowPlan) -> list[int]:
    """Starts of a contig's windows.

    They cover it all if it is short; else there is one in each of equal parts, at random if there
    is a seed.
    """
    count = _window_count(length, plan)
    if count * plan.window >= length:
        return [i * plan.window for i in range(count)]
    part = length / count
    slack = part - plan.window
    if plan.seed is None:
        return [int(i * part + slack / 2) for i in range(count)]
    return [
        min(int(i * part + number * slack), length - plan.window)
        for i, number in enumerate(_numbers(plan.seed, plan.first + index, count))
    ]


def _numbers(seed: int, index: int, count: int) -> list[float]:
    """Random numbers that a seed and a contig's place decide."""
    if seed >= 1 << 32:  # which the kernel does not know
        return list(np.random.default_rng([seed, index]).random(count))
    return random_numbers(seed, index, count)


def drawn_by_chance(length: int, plan: WindowPlan) -> bool:
    """Whether windows depend on a contig's place in the file (see `window_starts`).

    Of a contig with gaps, as it is or without them (see `pieces_of`).
    """
    return plan.seed is not None and _window_count(length, plan) * plan.window < length


def _window_count(length: int, plan: WindowPlan) -> int:
    return min(plan.most, max(1, length // plan.window))


def padded_length(length: int, plan: WindowPlan) -> int:
    """Length of a window in its batch."""
    return min(plan.window, -(-length // plan.bucket) * plan.bucket)


def pieces_of(contig: Contig, plan: WindowPlan) -> list[Codes]:
    """A contig's windows, uint8 codes each.

    If more than half of any were gap, all of them are of the contig without its gaps.
    """
    found = _pieces(contig.codes, contig.index, plan)
    if contig.gaps and any(2 * gap_bases(piece) > len(piece) for piece in found):
        return _pieces(contig.without_gaps(), contig.index, plan)
    return found


def _pieces(codes: Codes, index: int, plan: WindowPlan) -> list[Codes]:
    starts = window_starts(len(codes), index, plan)
    return [codes[start : start + plan.window] for start in starts]


def batches(contigs: Iterable[Contig], plan: WindowPlan, budget: int) -> Iterator[Batch]:
    """Batches of one padded length each.

    They hold up to ``budget`` bases with their padding, but at least one window.
    """
    waiting: dict[int, list[tuple[int, npt.NDArray[np.uint8]]]] = {}
    for contig in contigs:
        for piece in pieces_of(contig, plan):
            size = padded_length(len(piece), plan)
            group = waiting.setdefault(size, [])
            group.append((contig.index, piece))
            if (len(group) + 1) * size > budget:
                yield pack_windows(size, waiting.pop(size))
    for size in sorted(waiting):
        yield pack_windows(size, waiting[size])


def full_batch(bases: int, budget: int) -> Batch:
    """Random windows without padding, as many as the budget holds (at least one), for timing."""
    count = max(1, budget // bases)
    codes = np.random.default_rng(0).integers(0, 4, (count, bases)).astype(np.uint8)
    return Batch(codes, np.full(count, bases, np.int32), np.arange(count))


def pack_windows(size: int, group: list[tuple[int, npt.NDArray[np.uint8]]]) -> Batch:
    """One batch of windows, each with its contig's index, of up to ``size`` bases."""
    codes = np.zeros((len(group), size), np.uint8)
    for row, (_, piece) in enumerate(group):
        codes[row, : len(piece)] = piece
    return Batch(
        codes,
        np.array([len(p) for _, p in group], np.int32),
        np.array([i for i, _ in group], np.int64),
    )
