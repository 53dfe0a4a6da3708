"""Bins drawn from the contigs of known genomes, as binners make them: what they hold, and truth.

A bin has one genome, whole or in part, of one way of breaking; long and usual contigs are kept more
often than short and odd ones. Many bins are pure, the others hold contigs of relatives, of genomes
of like composition, of a strain of the same genome, or of anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ..estimator.traits import BinTraits, ContigTraits, Ruler, bin_traits, distances
from ..genes.markers import MarkerSet
from ..genes.matches import Genes
from .pieces import Ints, Pieces

Doubles = npt.NDArray[np.float64]

LEVELS = (0.16, 0.2, 0.2, 0.16, 0.12, 0.1, 0.06)  # how often a bin is of each way of breaking
MUTATED = 0.25  # share of bins of mutated genomes
AT_ONCE = 400  # bins whose traits are made together
MOST_FOREIGN = 0.45  # of a bin's bases
LEAST_BASES = 20_000  # of a bin
NEAR = 15  # genomes from which one of like composition is taken


@dataclass(frozen=True)
class Sources:
    """Genomes that bins are drawn of: clade int64 [n], bp of the whole genome, share that is known.

    ``weight`` float64 [n] says how often each is a bin's own, 0 where its completeness is doubtful.
    """

    clade: Ints
    bp: Ints
    share: Doubles
    weight: Doubles


@dataclass(frozen=True)
class DrawnBins:
    """Bins with known truth.

    ``truth`` float32 [n, 2] holds completeness and contamination as fractions, ``genome`` int64 [n]
    the genome that each is of.
    """

    traits: BinTraits
    truth: npt.NDArray[np.float32]
    genome: Ints

    def take(self, rows: Ints | npt.NDArray[np.bool_]) -> DrawnBins:
        """Some of them."""
        t = self.traits
        traits = BinTraits(*(getattr(t, field.name)[rows] for field in fields(BinTraits)))
        return DrawnBins(traits, self.truth[rows], self.genome[rows])


def join_bins(parts: Sequence[DrawnBins]) -> DrawnBins:
    """Bins of several drawings."""
    columns = [field.name for field in fields(BinTraits)]
    traits = BinTraits(*(np.concatenate([getattr(p.traits, c) for p in parts]) for c in columns))
    truth = np.concatenate([p.truth for p in parts])
    return DrawnBins(traits, truth, np.concatenate([p.genome for p in parts]))


class Drawing:
    """Draws bins of pieces."""

    def __init__(
        self, pieces: Pieces, sources: Sources, ruler: Ruler, markers: MarkerSet, seed: int
    ) -> None:
        self._pieces, self._sources, self._ruler = pieces, sources, ruler
        self._markers, self._rng = markers, np.random.default_rng(seed)
        self._places = ruler.places(pieces.composition.astype(np.float32))
        levels = int(pieces.level.max()) + 1
        key = pieces.genome * levels + pieces.level
        order = np.argsort(key, kind="stable")
        bounds = np.searchsorted(key[order], np.arange(len(sources.bp) * levels + 1))
        self._order, self._bounds, self._levels = order, bounds, levels
        self._first_gene = np.searchsorted(pieces.genes.contig, np.arange(len(pieces.genome) + 1))
        self._near = self._neighbours()

    def bins(self, count: int) -> DrawnBins:
        """So many bins."""
        drawn = self._draw()
        parts = [
            self._together([next(drawn) for _ in range(min(AT_ONCE, count - begin))])
            for begin in range(0, count, AT_ONCE)
        ]
        return join_bins(parts)

    def rows(self, genome: int, level: int) -> Ints:
        """The pieces of a genome that was broken in one way."""
        at = genome * self._levels + level
        return self._order[self._bounds[at] : self._bounds[at + 1]]

    def _neighbours(self) -> Ints:
        """Genomes by their likeness in composition to each: int64 [genomes, genomes]."""
        n = len(self._sources.bp)
        means = np.full((n, self._places.shape[1]), np.inf)
        for genome in range(n):
            rows = np.flatnonzero((self._pieces.genome == genome) & (self._pieces.level == 0))
            if len(rows):
                weight = self._pieces.lengths[rows]
                means[genome] = np.average(self._places[rows], axis=0, weights=weight)
        finite = np.where(np.isfinite(means), means, 1e6)
        apart = ((finite[:, None] - finite[None]) ** 2).sum(2)
        return np.argsort(apart, axis=1, kind="stable")

    def _draw(self) -> Iterator[tuple[int, Ints, Ints]]:
        """Genome, its pieces in the bin, and foreign pieces."""
        rng, sources = self._rng, self._sources
        share = sources.weight / sources.weight.sum()
        while True:
            genome = int(rng.choice(len(share), p=share))
            level = self._level()
            rows = self.rows(genome, level)
            if not len(rows):
                continue
            own = self._kept(rows, self._completeness() * sources.bp[genome])
            bases = int(self._pieces.lengths[own].sum())
            part = min(self._contamination(), MOST_FOREIGN)
            foreign = self._foreign(genome, level, part / (1 - part) * bases)
            total = int(self._pieces.lengths[foreign].sum())
            if total < bases and total + bases >= LEAST_BASES:
                yield genome, own, foreign

    def _level(self) -> int:
        rng = self._rng
        if rng.random() < MUTATED and self._levels > len(LEVELS):
            return int(rng.integers(len(LEVELS), self._levels))
        return int(rng.choice(len(LEVELS), p=LEVELS))

    def _completeness(self) -> float:
        """Most bins that anybody keeps are nearly whole."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.22:
            return 1.0
        if kind < 0.38:
            return float(1 - 0.03 * rng.random())
        if kind < 0.7:
            return float(1 - 0.35 * rng.random() ** 1.5)
        return float(rng.uniform(0.05, 1))

    def _contamination(self) -> float:
        rng = self._rng
        kind = rng.random()
        if kind < 0.3:
            return 0.0
        if kind < 0.85:
            return float(rng.exponential(0.008 if kind < 0.68 else 0.05))
        return float(rng.uniform(0, 0.42))

    def _kept(self, rows: Ints, bases: float) -> Ints:
        """Pieces of a genome with about so many bases."""
        rng, length, place = self._rng, self._pieces.lengths[rows], self._places[rows]
        centre = np.average(place, axis=0, weights=length)
        odd = ((place - centre) ** 2).sum(1) / (self._ruler.spread + self._ruler.noise / length)
        by_length, by_oddness = rng.choice([0, 0.5, 1, 1.5]), rng.choice([0, 0.5, 1, 2])
        chance = rng.gumbel(size=len(rows)) * rng.choice([0.3, 1, 1])
        liking = by_length * np.log(length) - by_oddness * np.log(odd + 0.3) + chance
        order = np.argsort(-liking, kind="stable")
        enough = int(np.searchsorted(np.cumsum(length[order]), bases)) + int(rng.random() < 0.5)
        return rows[order[: max(1, enough)]]

    def _foreign(self, genome: int, level: int, bases: float) -> Ints:
        """Pieces of other genomes, or of a strain of this one, with about so many bases."""
        if bases < 500:
            return np.empty(0, np.int64)
        rng = self._rng
        pool = rng.permutation(self._others(genome, level))
        upto = np.cumsum(self._pieces.lengths[pool])
        count = int(np.searchsorted(upto, bases))
        if count < len(pool):
            before = upto[count - 1] if count else 0
            count += int(rng.random() < (bases - before) / self._pieces.lengths[pool[count]])
        return pool[:count]

    def _others(self, genome: int, level: int) -> Ints:
        """Pieces of which foreign ones are taken."""
        rng, clade = self._rng, self._sources.clade
        kind = rng.random()
        relatives = np.flatnonzero(clade == clade[genome])
        relatives = relatives[relatives != genome]
        if kind < 0.15:
            return self.rows(genome, self._other_level(level))
        if kind < 0.4 and len(relatives):
            genomes = rng.choice(relatives, 1)
        elif kind < 0.8:
            genomes = rng.choice(self._near[genome, 1 : 1 + NEAR], rng.integers(1, 4))
        else:
            genomes = rng.choice(len(clade), rng.integers(1, 6))
        return np.concatenate([self.rows(int(g), level) for g in genomes])

    def _other_level(self, level: int) -> int:
        """A way of breaking the same genome that is not this one, into pieces of like length."""
        near = [other for other in range(len(LEVELS) - 1) if 0 < abs(other - level) <= 2]
        return int(self._rng.choice(near or [2]))

    def _together(self, drawn: list[tuple[int, Ints, Ints]]) -> DrawnBins:
        """Traits and truth of some bins."""
        length, bp = self._pieces.lengths, self._sources.bp
        genome = np.array([g for g, _, _ in drawn], np.int64)
        own = np.array([length[rows].sum() for _, rows, _ in drawn], np.float64)
        foreign = np.array([length[rows].sum() for _, _, rows in drawn], np.float64)
        truth = np.stack([np.minimum(own / bp[genome], 1), foreign / (own + foreign)], 1)
        held = [np.concatenate([a, b]) for _, a, b in drawn]
        rows = np.concatenate(held)
        bin_of = np.repeat(np.arange(len(drawn)), [len(h) for h in held])
        contigs = ContigTraits(length[rows], self._places[rows], self._genes(rows))
        traits = bin_traits(contigs, self._ruler, bin_of, len(drawn), self._markers)
        return DrawnBins(traits, truth.astype(np.float32), genome)

    def _genes(self, rows: Ints) -> Genes:
        """Genes of some pieces, which are numbered by their place in ``rows``."""
        genes, first = self._pieces.genes, self._first_gene
        count = first[rows + 1] - first[rows]
        contig = np.repeat(np.arange(len(rows)), count)
        within = np.arange(len(contig)) - np.repeat(np.cumsum(count) - count, count)
        at = first[rows][contig] + within
        columns = (genes.family, genes.begin, genes.end, genes.prints)
        return Genes(contig, *(column[at] for column in columns))


def fit_ruler(pieces: Pieces, dims: int, levels: Sequence[int]) -> Ruler:
    """Discriminants of long contigs, and how far contigs lie from their genome by length."""
    usual = np.isin(pieces.level, levels)
    long = usual & (pieces.lengths >= 20_000)
    values, genome = pieces.composition[long].astype(np.float64), pieces.genome[long]
    _, own = np.unique(genome, return_inverse=True)
    count = np.bincount(own)
    means = np.stack([np.bincount(own, column) / count for column in values.T], 1)
    rest = values - means[own]
    within = rest.T @ rest / len(rest) + 1e-6 * np.eye(values.shape[1])
    centre = means.mean(0)
    size, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(size)
    moved = (means - centre) @ white
    _, axes = np.linalg.eigh(moved.T @ moved / len(moved))
    directions = white @ axes[:, ::-1][:, :dims]
    # The sign of an eigenvector is nobody's choice: the largest entry is positive.
    largest = np.abs(directions).argmax(0)
    directions *= np.sign(directions[largest, np.arange(dims)])
    ruler = Ruler(centre.astype(np.float32), directions.astype(np.float32), 1.0, 0.0)
    return Ruler(ruler.centre, ruler.directions, *_noise(pieces, ruler, np.flatnonzero(usual)))


def _noise(pieces: Pieces, ruler: Ruler, rows: Ints) -> tuple[float, float]:
    """Squared distances from the genome: what does not depend on length, and what does."""
    length = pieces.lengths[rows].astype(np.float64)
    place = ruler.places(pieces.composition[rows].astype(np.float32))
    genomes, own = np.unique(pieces.genome[rows], return_inverse=True)
    apart = distances(place, own, length, len(genomes))
    weight = 1 / (10 + 6e4 / length)
    usual = apart * weight < np.quantile(apart * weight, 0.97)
    law = np.stack([weight, weight / length], 1)[usual]
    spread, noise = np.linalg.lstsq(law, (apart * weight)[usual], rcond=None)[0]
    return max(float(spread), 1e-3), max(float(noise), 1.0)
