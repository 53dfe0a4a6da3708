"""How many times one unit of a depth table is (depth-in-any-unit).

The noise of a depth is that of the reads behind it, and these are counted from a depth in times:
short reads on a base. Tables may hold anything else that grows with it: reads per base, RPKM, times
that were scaled, or times of long reads, which are fewer. It is seen in how depths vary between
contigs of like composition. Most of these are of one genome, so that their depths differ by their
noise; the others differ by much. Of a pair

    log (d_i / d_j)  ~  (1 - unlike) N(0, v_i + v_j)  +  unlike N(0, that of any two contigs)

where the variances v are those that the metric expects at so many reads (`log_depths.py`). The unit
is the likeliest; the share of unlike pairs and the noise that is left at any depth are fitted with
it.

A table is believed to be in times as long as that is not clearly wrong for one of its samples. Then
all of them have their unit, so that the same depths in any unit make the same bins. Where reads
were counted (BAM) the unit is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..coverage.coverage import SHORT_READ, Coverage
from ..coverage.sparse import times
from ..resources import Resources
from .arrays import Lengths, Rows, Values
from .log_depths import log_depth_variance
from .neighbours import nearest
from .points import Points
from .thresholds import DEPTH_NOISE, DEPTH_UNITS

LARGEST = 400.0  # power of 4 that floating point numbers hold, and its inverse


@dataclass(frozen=True)
class Pairs:
    """Contigs and others of like composition, as one sample sees them; float64 [pairs].

    Attributes:
        difference: of their log depths.
        depth: of both together, in the table's unit.
        lengths: of the one and the other [2, pairs].
        unlike: likelihood of the difference of any two contigs.
    """

    difference: Values
    depth: Values
    lengths: Values
    unlike: Values

    def likelihood(self, unit: float) -> float:
        """Log likelihood of all differences if one unit is so many times."""
        with np.errstate(over="ignore"):  # of depths beyond all bounds
            reads = unit * self.depth * self.lengths / SHORT_READ
        expected = log_depth_variance(reads, self.lengths).sum(0)
        least = 2 * DEPTH_NOISE.between_contigs**2
        return max(
            self._mixed(expected - least + 2 * between**2) for between in DEPTH_UNITS.between
        )

    def _mixed(self, variance: Values) -> float:
        like = np.exp(-0.5 * self.difference**2 / variance) / np.sqrt(variance)
        return max(
            float(np.log((1 - share) * like + share * self.unlike).sum())
            for share in DEPTH_UNITS.shares
        )


def depth_units(points: Points, lengths: Lengths, coverage: Coverage, threads: int = 1) -> Values:
    """How many times one unit of each sample is: float64 [samples], 1 where nothing speaks against.

    Args:
        points: of all contigs; their depths are not looked at.
        lengths: bases of each.
        coverage: as it was measured or read.
        threads: for the search of neighbours.
    """
    units = np.ones(len(coverage.samples))
    open_to_doubt = [] if coverage.reads else _not_by_variance(coverage, lengths)
    if not open_to_doubt:
        return units
    one, other = _like_contigs(points, lengths, threads)
    clear = set()
    for sample in open_to_doubt:
        pairs = _pairs(coverage.mean[:, sample], lengths, one, other)
        if pairs is not None:
            units[sample], gain = likeliest_unit(pairs)
            if gain >= DEPTH_UNITS.clear_gain:
                clear.add(_file(coverage, sample))
    for sample in range(len(units)):
        if _file(coverage, sample) not in clear:
            units[sample] = 1
    return units


def in_times(coverage: Coverage, units: Values) -> Coverage:
    """The same depths, of samples whose unit is so many times [samples]."""
    mean, variance = times(coverage.mean, units), times(coverage.variance, np.square(units))
    return replace(coverage, mean=mean, variance=variance)


def smallest_depths(coverage: Coverage, units: Values, lengths: Lengths) -> Values:
    """What is added to the depths of each sample before logarithms are taken: float64 [samples].

    A third of a read on 1,000 bases. One read is the least that contigs have, if they have any; it
    does not depend on how noisy a sample is, as the unit does.

    Args:
        coverage: in times.
        units: of its samples; those of 1 have what depths in times have.
        lengths: bases of each contig.
    """
    smallest = np.full(len(units), DEPTH_NOISE.smallest_depth)
    for sample in np.flatnonzero(units != 1):
        depth = coverage.mean[:, sample]
        bases = (depth * lengths)[depth > 0]
        smallest[sample] *= np.quantile(bases, DEPTH_UNITS.one_read) / SHORT_READ
    return smallest


def likeliest_unit(pairs: Pairs) -> tuple[float, float]:
    """The likeliest unit in times, and by how many nats it is likelier than any that is near 1.

    The best power of 4, to the top of the parabola through it and what is next to it, which is
    made anew around that top: to so many digits that it is the same whatever the unit was. Where
    there are so many reads that more make no difference, it is the least that is as likely. Looked
    through are units by which the middle depth is not too far from one time, and near ones.
    """
    most, near_power = DEPTH_UNITS.largest_power, round(DEPTH_UNITS.near_power)
    usual = -round(max(min(math.log(np.median(pairs.depth), 4), LARGEST), -LARGEST))
    looked_at = {*range(usual - most, usual + most + 1), *range(-near_power, near_power + 1)}
    at = {float(p): pairs.likelihood(4.0**p) for p in sorted(looked_at)}
    as_likely = max(at.values()) - DEPTH_UNITS.as_likely
    best = min(p for p, value in at.items() if value >= as_likely)
    for step in DEPTH_UNITS.steps:
        for p in (best - step, best, best + step):
            at[p] = pairs.likelihood(4.0**p)
        left, middle, right = (at[p] for p in (best - step, best, best + step))
        bend = left - 2 * middle + right
        top = 0.5 * (left - right) / bend if bend < 0 else math.copysign(1, right - left)
        best += step * min(1.0, max(-1.0, top))
    near = max(value for p, value in at.items() if abs(p) <= DEPTH_UNITS.near_power)
    return 4.0**best, max(at.values()) - near


def _file(coverage: Coverage, sample: int) -> str:
    return coverage.files[sample] if coverage.files else ""


def _not_by_variance(coverage: Coverage, lengths: Lengths) -> Sequence[int]:
    """Samples whose variance over positions does not say that their depths are in times.

    There it is as large as the depth, or somewhat larger; in another unit it is not. How much it is
    larger depends on the library and the depth, so that it says whether and not how much.
    """
    rows = lengths >= DEPTH_UNITS.variance_length
    doubtful = []
    for sample in range(len(coverage.samples)):
        depth, spread = coverage.mean[:, sample][rows], coverage.variance[:, sample][rows]
        known = (depth > 0) & np.isfinite(spread)
        thin = known & (depth <= np.median(depth[known])) if known.any() else known
        ratio = np.quantile(spread[thin] / depth[thin], 0.25) if thin.any() else 0.0
        low, high = DEPTH_UNITS.variance_ratios
        if thin.sum() < DEPTH_UNITS.variance_contigs or not low <= ratio <= high:
            doubtful.append(sample)
    return doubtful


def _like_contigs(points: Points, lengths: Lengths, threads: int) -> tuple[Rows, Rows]:
    """Pairs of some contigs and the long ones that are nearest to them by composition."""
    n = len(lengths)
    asking = np.linspace(0, n - 1, min(n, DEPTH_UNITS.contigs)).astype(np.int32)
    long = np.flatnonzero(lengths >= DEPTH_UNITS.landmark_length).astype(np.int32)
    k = min(DEPTH_UNITS.neighbours + 1, len(long))
    if not k:
        return asking[:0], asking[:0]
    index, _ = nearest(points.without_depth(), asking, long, k, Resources(threads))
    one, other = np.repeat(asking, k), index.ravel()
    apart = (other >= 0) & (other != one)
    return one[apart], other[apart]


def _pairs(depth: Values, lengths: Lengths, one: Rows, other: Rows) -> Pairs | None:
    """Pairs that both have depth in a sample; None if these are too few, or too like, to tell."""
    seen = (depth[one] > 0) & (depth[other] > 0)
    one, other = one[seen], other[seen]
    if len(one) < DEPTH_UNITS.least_pairs:
        return None
    both = lengths[np.stack([one, other])].astype(np.float64)
    pooled = (depth[one] * both[0] + depth[other] * both[1]) / both.sum(0)
    logs = np.log(depth[depth > 0])
    low, high = np.quantile(logs, [0.25, 0.75])
    wide = 2 * max((high - low) / 1.349, DEPTH_UNITS.least_spread) ** 2  # of a normal distribution
    difference = np.log(depth[one] / depth[other])
    if not difference.any():
        return None
    unlike = np.exp(-0.5 * difference**2 / wide) / math.sqrt(wide)
    return Pairs(difference, pooled, both, np.maximum(unlike, np.finfo(np.float64).tiny))
