"""What the reads of a BAM file are like: short or long, and how alike they are to what they were mapped to.

Short reads are judged as MetaBAT does. Long reads are often longer than contigs and have errors of their own: they are judged by their aligned
part, with a limit that comes from the file itself. Identity there is that of gap-compressed alignments, (matched - mismatched) /
(matched + gaps), a gap being one event (Li 2018).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import UsageError

LONG_READ = 650  # bases: more than a merged pair of short reads has
SHORT_READS_IDENTITY = 0.97  # MetaBAT's
EDGE = 75  # bases, MetaBAT's
# Of the errors of long reads, the limit of "auto" allows whichever is the most of these: what short reads may have, and
# the median and what it is above the best tenth so many times over, so that what is worse than nearly all of the file does not count.
MOST_OF_MEDIAN, MOST_OF_SPREAD = 1.6, 4.0
MOST_ERRORS = 0.35  # no alignment beyond is to be believed

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DepthRules:
    """Which reads and positions count.

    ``min_identity`` is a fraction, or None to choose it by the reads; ``edge`` the bases at each end of a contig that are left out (at
    most the mean length of short reads). For short reads the rules are jgi_summarize_bam_contig_depths'.

    Raises:
        UsageError: ``min_identity`` is no fraction from 0 to 1.
    """

    min_identity: float | None = None
    edge: int = EDGE

    def __post_init__(self) -> None:
        limit = self.min_identity
        if limit is None or 0 <= limit <= 1:
            return
        meant = f"; did you mean {limit / 100:g}?" if 1 < limit <= 100 else ""
        raise UsageError(
            f"--min-identity {limit:g}: auto or a fraction from 0 to 1 was expected{meant}"
        )


@dataclass(frozen=True)
class ReadKind:
    """The reads of one file: whether they are long, their length (bases, a mean weighted by length), their median identity (NaN without
    reads), and the identity from which they count.
    """

    long: bool = False
    length: float = 150.0
    identity: float = math.nan
    min_identity: float = SHORT_READS_IDENTITY

    def __str__(self) -> str:
        return f"{'long' if self.long else 'short'} reads of {self.length:,.0f} bases"


def judge(
    length: npt.NDArray[np.int64], identity: Values, identity_long: Values, rules: DepthRules
) -> ReadKind:
    """The kind of some reads: their lengths, and their identity by the rules for short and for long reads, each [reads]."""
    if not len(length):
        return ReadKind(
            min_identity=SHORT_READS_IDENTITY if rules.min_identity is None else rules.min_identity
        )
    long = 2 * int(length[length > LONG_READ].sum()) > int(length.sum())
    found = identity_long if long else identity
    mean = float((length.astype(np.float64) ** 2).sum() / length.sum())
    limit = rules.min_identity
    if limit is None:
        limit = long_reads_identity(found, length) if long else SHORT_READS_IDENTITY
    return ReadKind(long, mean, weighted_quantile(found, length, 0.5), limit)


def long_reads_identity(identity: Values, length: npt.NDArray[np.int64]) -> float:
    """The identity from which long reads count, by the distribution of their own, in hundredths."""
    median, best = (1 - weighted_quantile(identity, length, q) for q in (0.5, 0.9))
    errors = max(
        1 - SHORT_READS_IDENTITY, MOST_OF_MEDIAN * median, median + MOST_OF_SPREAD * (median - best)
    )
    return math.floor(100 * (1 - min(errors, MOST_ERRORS)) + 1e-9) / 100


def weighted_quantile(values: Values, weights: npt.NDArray[np.int64], share: float) -> float:
    """The value up to which so large a share of all weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])


def sampled(
    places: Iterable[bytes], lengths: list[int], skip_flags: int, most: int
) -> tuple[npt.NDArray[np.int64], Values, Values]:
    """Length, identity and identity of the aligned part of at most so many reads at each of some places: BAM data that begin with a record."""
    from .._kernels import sample_reads

    found = [sample_reads(data, lengths, skip_flags, most) for data in places]
    if not found:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    length, identity, identity_long = (np.concatenate(part) for part in zip(*found, strict=True))
    return length, identity, identity_long
