"""Numbers of homologous stretches and of parts of genes that were chosen by measurement.

Names in parentheses are those of notes in docs/notes, without their dates. Numbers of the marker
search: `markers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HomologyThresholds:
    """Which stretches are homologous, and how much memory the search may take (homology).

    What is the same in two contigs is a repeat (`most_alike`): relatives that are so alike are not
    assembled apart. But if `copies` of all bases are in such stretches, genomes are there twice,
    from several assemblies (repeats-and-heavy-tails).
    """

    word_rate: int = 8  # one in so many spaced words is looked at
    most_words: int = 1 << 26  # in memory (0.5 GB): beyond them, every second one is dropped
    most_matches: int = 1 << 26  # pairs of places (0.5 GB): beyond, frequent words say nothing
    most_places: int = 60  # a word in more places is of a family that all genomes have
    most_alike: float = 0.95  # share of words that match, from which a stretch is a repeat
    copies: float = 0.1  # share of all bases in such stretches from which they are no repeats
    least_length: int = 500  # bp of homologous stretches of a pair,
    least_share: float = 0.5  # and their share of the overlap that there could be;
    long_length: int = 3_000  # or so many bp,
    long_share: float = 0.25  # and this share: relatives lose and gain genes


@dataclass(frozen=True)
class HomologyEvidence:
    """Natural log odds against one genome, by the length of a pair's stretches (homology)."""

    shortest: int = 500  # bp
    of_shortest: float = 1.5  # nats
    of_each_doubling: float = 1.6  # nats
    most: float = 10.0  # nats


HOMOLOGY = HomologyThresholds()
EVIDENCE_OF_HOMOLOGY = HomologyEvidence()


@dataclass(frozen=True)
class GenePartThresholds:
    """What is a part of a marker gene (quality).

    ``least_likeness`` is chosen so that the genes of a genome add up to the same whatever the
    length of its contigs; a part between two stops, where nothing was cut, is most often another
    family's gene, and has to be more like this one.
    """

    least_bits: float = 22.0
    ends: float = 8.0  # bits that the ends of an alignment cost
    least_likeness: float = 1.2
    least_likeness_inside: float = 1.5
    reach: float = 0.35  # of a profile: less may be missing at an end that is not cut
    overlap: float = 0.06  # of a profile: of two parts of one gene
    most_together: int = 200  # matches of a family on a contig that may be parts of each other


GENE_PARTS = GenePartThresholds()
