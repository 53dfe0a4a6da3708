"""What kind of thing a bin is, by its contigs and marker genes, and which of them tell its quality.

Viruses and plasmids may be in the bin of their host, or not: they have no marker genes, and tell
nothing of its quality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..estimator.estimate import FEW_FAMILIES
from ..features.profile import Features
from ..genes.markers import MarkerSet
from .contigs import (
    ARCHAEON,
    BACTERIUM,
    CELLS,
    EUKARYOTE,
    KINDS,
    PLASMID,
    SHORTEST,
    SURE,
    UNCLEAR,
    VERY_LIKELY,
    VIRUS,
    ContigKinds,
    Doubles,
    with_kinds,
)
from .network import load_kind_network
from .prior import with_own_prior

MOST = 0.5  # of a domain's marker families: then a bin is of it, whatever its contigs are called
MOBILE = (VIRUS, PLASMID)
NEARLY_ALL = 0.75  # of a domain's families: no eukaryote has so many
# Bases for each family: below the first a eukaryote is one only if that is clear, and below the
# second none is one, microsporidia neither (docs/notes/2026-11-29-kinds-by-neighbours.md).
DENSE, DENSEST = 60_000, 25_000
CLEAR = 2.0  # nats that a eukaryote is likelier by than anything else, as a mean over contigs
# From which on a contig is a eukaryote outside of such a bin, where one is; else `VERY_LIKELY`.
LIKELY = 0.6
# The same of a virus in a bin: of contigs in bins hardly one in 200 is one
# (docs/notes/2026-11-29-hallmark-families-in-a-run.md).
IN_A_BIN = 0.97
UNSURE = 0.02  # probability of a eukaryote, or of none, from which on neighbours have a say
LEAST_LIKELY = 1e-4  # what no contig alone rules out of its bin
LONG = 10_000  # bp, from which on a contig says no more than others
CELL_OF = {"bacteria": BACTERIUM, "archaea": ARCHAEON}  # the domains of a marker set

Ints = npt.NDArray[np.int64]
Bins = Sequence[Ints]


@dataclass(frozen=True)
class BinKind:
    """What a bin is, a row of `KINDS`, and how many of its bases are of each, int64 [6]."""

    kind: int
    bases: Ints

    @property
    def name(self) -> str:
        """In words."""
        return KINDS[self.kind]

    @property
    def judged(self) -> bool:
        """Whether single-copy marker genes of bacteria and archaea can tell its quality."""
        return self.kind < CELLS or self.kind == UNCLEAR

    @property
    def why_not_judged(self) -> str:
        """In words; empty if they can."""
        if self.judged:
            return ""
        return f"{self.name}: marker genes of bacteria and archaea say nothing of it"


def kinds_of_bins(
    features: Features, kinds: ContigKinds, bins: Bins, markers: MarkerSet | None
) -> list[BinKind]:
    """The kind of each bin, given by its contigs' rows; ``markers`` as of ``features``, or None.

    Gaps say nothing of it, but are of their contigs' kinds.
    """
    found = []
    for rows in bins:
        bases, ungapped = (
            np.bincount(kinds.kind[rows], lengths[rows], len(KINDS)).astype(np.int64)
            for lengths in (features.lengths, features.ungapped)
        )
        domain, share, families = domain_of(features, rows, markers)
        if share >= NEARLY_ALL and ungapped.sum() < DENSE * families:
            found.append(BinKind(domain, bases))  # a genome that is like none of its domain
        else:
            found.append(BinKind(_kind(ungapped, domain, share), bases))
    return found


def domain_of(features: Features, rows: Ints, markers: MarkerSet | None) -> tuple[int, float, int]:
    """The kind of cell whose marker families a bin has most of, their share, and all its families.

    -1 if it has too few to tell.
    """
    if markers is None or features.markers is None:
        return -1, 0.0, 0
    there = (features.markers[rows] > 0).any(0)
    shares = (markers.used & there).sum(1) / markers.used.sum(1)
    domain = CELL_OF[markers.domains[int(shares.argmax())]]
    families = int(there.sum())
    return (domain if families >= FEW_FAMILIES else -1), float(shares.max()), families


def _kind(bases: Ints, domain: int, share: float) -> int:
    """By bases of each kind, and the domain (-1: not known) of which a share of families is there.

    What is unclear says nothing. A eukaryote is one if most of the rest is; viruses and plasmids
    are a bin's kind if there is more of them than of all else.
    """
    told = bases.copy()
    told[UNCLEAR] = 0
    if 2 * told[EUKARYOTE] > told.sum():
        return EUKARYOTE  # which has half of the families of archaea, too
    if share >= MOST:
        return domain
    if 2 * told[list(MOBILE)].sum() > told.sum():
        return max(MOBILE, key=lambda kind: told[kind])
    if domain >= 0:
        return domain
    return int(told[:CELLS].argmax()) if told[:CELLS].any() else UNCLEAR


def are_eukaryotes(
    features: Features, kinds: ContigKinds, bins: Bins, markers: MarkerSet | None
) -> npt.NDArray[np.bool_]:
    """Which bins are of eukaryotes: bool [bins].

    What single contigs say is added up over a bin. Of a eukaryote's genes half a domain's marker
    families are found, too, but a bin that has nearly all, or many for its size, is none: genomes
    of Chlamydia look like eukaryotes to the network. One that has some is one if it is clear.
    """
    odds = np.log((kinds.likely + LEAST_LIKELY) / load_kind_network().prior)
    found = np.zeros(len(bins), np.bool_)
    for number, rows in enumerate(bins):
        weight = np.minimum(features.ungapped[rows], LONG).astype(np.float64)
        together = np.average(odds[rows], axis=0, weights=weight)
        gain = together[EUKARYOTE] - np.delete(together, EUKARYOTE).max()
        _, share, families = domain_of(features, rows, markers)
        bases = features.ungapped[rows].sum()
        least = CLEAR if bases < DENSE * families else 0.0
        found[number] = gain > least and share < NEARLY_ALL and bases >= DENSEST * families
    return found


def in_doubt(kinds: ContigKinds, lengths: Ints) -> npt.NDArray[np.bool_]:
    """Contigs [n] of which the network is not sure whether they are of a eukaryote: bool [n].

    What is called a virus or a plasmid, or is too short to be looked at, is none of them.
    """
    likely = kinds.likely[:, EUKARYOTE]
    unsure = (likely > UNSURE) & (likely < 1 - UNSURE)
    return np.asarray(unsure & (lengths >= SHORTEST) & ~np.isin(kinds.kind, MOBILE), np.bool_)


def likelier_eukaryotes(likely: Doubles, share: Doubles) -> npt.NDArray[np.bool_]:
    """Whether contigs are of eukaryotes, given that a ``share`` [n] of their neighbours is: bool.

    ``likely`` float64 [n, 4] are probabilities by the network's prior; the share is the better one.
    """
    alone, prior = likely[:, EUKARYOTE], load_kind_network().prior[EUKARYOTE]
    eukaryote, other = share * alone / prior, (1 - share) * (1 - alone) / (1 - prior)
    return np.asarray(eukaryote > other, np.bool_)


def with_their_bins(
    features: Features, kinds: ContigKinds, bins: Bins, markers: MarkerSet | None
) -> ContigKinds:
    """Kinds, now that there are bins.

    Contigs of a eukaryote's bin are eukaryotes, but for plasmids and what is nearly surely a virus,
    which stay what they are. Elsewhere only what is likely a eukaryote is called one, and very
    likely where no bin is: of many contigs of bacteria a few look like it. In a bin that has most
    families of a domain, all cells are of that domain, and what is not nearly sure a virus is none.
    Among contigs of no bin viruses are as frequent as these look like (`with_own_prior`).
    """
    kind = kinds.kind.copy()
    found = are_eukaryotes(features, kinds, bins, markers)
    least = LIKELY if found.any() else VERY_LIKELY
    doubtful = (kind == EUKARYOTE) & (kinds.likely[:, EUKARYOTE] < least)
    kind[doubtful] = UNCLEAR
    as_its_bin = doubtful | (kind < CELLS)
    perhaps = (kinds.likely[:, VIRUS] >= SURE) & (kinds.likely[:, VIRUS] < IN_A_BIN)
    as_its_bin |= perhaps & np.isin(kind, (VIRUS, UNCLEAR))
    lone = np.ones(len(kind), np.bool_)
    for rows, eukaryote in zip(bins, found.tolist(), strict=True):
        lone[rows] = False
        if eukaryote:
            kind[rows[as_its_bin[rows] | ~np.isin(kind[rows], MOBILE)]] = EUKARYOTE
            continue
        domain, share, _ = domain_of(features, rows, markers)
        if share >= MOST:
            kind[rows[as_its_bin[rows]]] = domain
    call_lone_viruses(kind, kinds, np.flatnonzero(lone & (features.ungapped >= SHORTEST)))
    return with_kinds(kinds, kind)


def call_lone_viruses(kind: npt.NDArray[np.int8], kinds: ContigKinds, rows: Ints) -> None:
    """Write into ``kind`` which contigs ``rows`` of no bin are viruses, by what these all are.

    Eukaryotes and plasmids stay what they are.
    """
    likely = with_own_prior(kinds.likely[rows], load_kind_network().prior)[:, VIRUS]
    virus = likely >= kinds.least[rows]
    free = ~np.isin(kind[rows], (EUKARYOTE, PLASMID))
    kind[rows[free & (kind[rows] == VIRUS) & ~virus]] = UNCLEAR
    kind[rows[free & virus]] = VIRUS


def judged_contigs(kinds: ContigKinds, bins: Bins) -> list[Ints]:
    """Of each bin the contigs that tell its quality: all but viruses and plasmids, if any is."""
    mobile = np.isin(kinds.kind, MOBILE)
    rest = [rows[~mobile[rows]] for rows in bins]
    return [some if len(some) else rows for some, rows in zip(rest, bins, strict=True)]
