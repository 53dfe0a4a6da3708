"""Completeness and contamination of bins, how sure they are, and in words what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..features.profile import Features
from ..genes.markers import MarkerSet
from ..io.rows import in_chunks
from .network import load_network
from .traits import BinTraits, ContigTraits, bin_traits

THERE = 0.5  # of a family's profile, that genes of a bin cover: it has the family
FEW_FAMILIES = 5  # a bin that has fewer says little
# Bacteria and archaea have a marker family in every 5 to 100 kb; a bin with more bp for each of its
# families, and some, is something else.
SPARSE, SOME = 130_000, 500_000
TOLD_DOUBT = 0.01  # of a bin's bases, from which its basis tells
MOST_DOUBT = 1.5  # times what is expected, so that four in five truths are inside
SMALLEST_GENOME = 100_000  # bp: of the smallest that are known, those of endosymbionts


@dataclass(frozen=True)
class Interval:
    """Where a fraction lies with a probability of 80 %: nine in ten are above ``low``."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """Fractions, each the middle of what the networks think likely, and what they rest on."""

    completeness: float
    contamination: float
    completeness_interval: Interval
    contamination_interval: Interval
    basis: str


def estimate_bins(
    features: Features, bins: Sequence[npt.NDArray[np.int64]], markers: MarkerSet
) -> list[Estimate]:
    """Estimates of bins, each given by its contigs' rows.

    Raises:
        ValueError: marker genes were not looked for.
    """
    if features.genes is None:
        raise ValueError("bins are judged by marker genes, which were not looked for")
    network = load_network()
    bin_of = np.full(len(features.names), -1, np.int64)
    for number, rows in enumerate(bins):
        bin_of[rows] = number
    places = np.concatenate(
        [network.ruler.places(features.composition[:0])]
        + [
            network.ruler.places(features.composition[rows])
            for rows in in_chunks(len(bin_of), features.composition)
        ]
    )
    contigs = ContigTraits(features.ungapped, places, features.genes)
    traits = bin_traits(contigs, network.ruler, bin_of, len(bins), markers)
    bases = [int(features.ungapped[rows].sum()) for rows in bins]
    answers = network.quantiles(traits, markers)
    most = np.array(bases, np.float64)[:, None] / SMALLEST_GENOME
    answers[:, :3] = np.minimum(answers[:, :3], most)
    return [
        Estimate(
            completeness=answer[1],
            contamination=answer[4],
            completeness_interval=Interval(answer[0], answer[2]),
            contamination_interval=Interval(answer[3], answer[5]),
            basis=basis_of(traits, number, bases[number], markers),
        )
        for number, answer in enumerate(answers.tolist())
    ]


def with_doubt(estimate: Estimate, doubt: float) -> Estimate:
    """An estimate, given that a share ``doubt`` of the bin's bases is expected to be a relative's.

    Their genes were counted for the bin's genome. It may come to nothing, or to `MOST_DOUBT` times
    what is expected: so far the intervals reach.
    """
    if not doubt:
        return estimate
    complete, foreign = estimate.completeness_interval, estimate.contamination_interval
    most = min(1.0, MOST_DOUBT * doubt)
    told = f"{estimate.basis}; {100 * doubt:.0f} % of its bases may be a relative's"
    return Estimate(
        completeness=estimate.completeness * (1 - doubt),
        contamination=with_more(estimate.contamination, doubt),
        completeness_interval=Interval(complete.low * (1 - most), complete.high),
        contamination_interval=Interval(foreign.low, with_more(foreign.high, most)),
        basis=told if doubt >= TOLD_DOUBT else estimate.basis,
    )


def with_more(foreign: float, more: float) -> float:
    """Share of a bin that is foreign, if of the rest a share ``more`` is, too."""
    return foreign * (1 - more) + more


def basis_of(traits: BinTraits, number: int, bases: int, markers: MarkerSet) -> str:
    """What an estimate rests on, and why it may not hold."""
    there = traits.once[number, : len(markers.names)] >= THERE
    families = int(there.sum())
    found = (markers.used & there).sum(1) / markers.used.sum(1)
    domain = int(found.argmax())
    seen, known = int((markers.used & there)[domain].sum()), int(markers.used[domain].sum())
    text = f"{seen} of {known} marker families of {markers.domains[domain]}"
    if families < FEW_FAMILIES:
        return f"{text}: too few to tell; a piece of a genome, a plasmid, a virus or a eukaryote"
    if bases > SPARSE * families + SOME:
        return f"{text}: few for its size; perhaps a eukaryote, and then the estimate is void"
    return text
