"""What the reads of a BAM file are like: short or long, and how alike they are to the contigs.

Identity is that of the aligned part, (matches - mismatches) / (matches + gaps), as
jgi_summarize_bam_contig_depths has it: bases that are clipped are no part of it. Short reads
count from 0.97 on, as there. Long reads have errors of their own, so their limit comes from the
distribution of their identities, and their alignments are cut where contigs end, so that all
pieces of a read count, each base once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import UsageError

LONG_READ = 650  # bases; a read of more is long: a merged pair of short reads has fewer
SHORT_READS_IDENTITY = 0.97  # MetaBAT's
EDGE = 75  # bases at each end of a contig; MetaBAT's
# What `auto` allows of errors in long reads is the most of: what short reads may have, so many
# times the median, and the median and so many times what it is above the best tenth. So nearly
# all reads count, and what is much worse than the others does not.
MOST_OF_MEDIAN, MOST_OF_SPREAD = 1.6, 4.0
MOST_ERRORS = 0.35  # no alignment beyond is to be believed

Values = npt.NDArray[np.float64]
Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DepthRules:
    """Which reads and positions count.

    ``min_identity`` is a fraction, or None to choose it by the reads; ``edge`` the bases at each
    end of a contig that are left out (at most the mean length of a read).

    Raises:
        UsageError: ``min_identity`` is no fraction from 0 to 1.
    """

    min_identity: float | None = None
    edge: int = EDGE

    def __post_init__(self) -> None:
        limit = self.min_identity
        if limit is None or 0 <= limit <= 1:
            return
        meant = f"; did you mean {limit / 100:g}?" if 50 <= limit <= 100 else ""
        raise UsageError(
            f"--min-identity {limit:g}: auto or a fraction from 0 to 1 was expected{meant}"
        )


@dataclass(frozen=True)
class ReadKind:
    """The reads of one file.

    ``long``: most of their bases are in long reads, and all are taken for such. ``length`` is
    their mean in bases, weighted by length; ``identity`` their median (NaN without reads). Reads
    count from ``min_identity`` on; long ones in a file of short ones from ``long_identity`` on.
    """

    long: bool = False
    length: float = 150.0
    identity: float = math.nan
    min_identity: float = SHORT_READS_IDENTITY
    long_identity: float = SHORT_READS_IDENTITY

    def __str__(self) -> str:
        return f"{'long' if self.long else 'short'} reads of {self.length:,.0f} bases"


def judge(length: Lengths, identity: Values, rules: DepthRules) -> ReadKind:
    """The kind of some reads, by their lengths and identities [reads]."""
    asked = rules.min_identity
    default = SHORT_READS_IDENTITY if asked is None else asked
    if not len(length):
        return ReadKind(min_identity=default, long_identity=default)
    of_long = length > LONG_READ
    long = 2 * int(length[of_long].sum()) > int(length.sum())
    rows = np.ones(len(length), np.bool_) if long else of_long
    limit = default
    if asked is None and rows.any():
        limit = long_reads_identity(identity[rows], length[rows])
    mean = float((length.astype(np.float64) ** 2).sum() / length.sum())
    median = weighted_quantile(identity, length, 0.5)
    return ReadKind(long, mean, median, limit if long else default, limit)


def long_reads_identity(identity: Values, length: Lengths) -> float:
    """The identity from which long reads count, by the distribution of theirs, in hundredths."""
    median, best = (1 - weighted_quantile(identity, length, q) for q in (0.5, 0.9))
    errors = max(
        1 - SHORT_READS_IDENTITY, MOST_OF_MEDIAN * median, median + MOST_OF_SPREAD * (median - best)
    )
    return math.floor(100 * (1 - min(errors, MOST_ERRORS)) + 1e-9) / 100


def weighted_quantile(values: Values, weights: Lengths, share: float) -> float:
    """The value up to which so large a share of all weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])
