"""What kind of thing each contig is, by composition, open frames, genes and whether it is a circle.

Plasmids cannot be told from the chromosomes of their hosts by composition (data/KINDS.md): a
circle without a marker gene is one, and what is no circle counts as its host.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..features.composition import TETRANUCLEOTIDES
from ..features.profile import Features
from ..genes.hallmarks import load_hallmarks
from ..io.rows import in_chunks
from .hallmarks import DOUBT, HINT, OUTWEIGHS, with_families
from .inputs import gene_counts
from .network import TOLD_APART, load_kind_network

KINDS = (*TOLD_APART, "plasmid", "unclear")
BACTERIUM, ARCHAEON, EUKARYOTE, VIRUS, PLASMID, UNCLEAR = range(len(KINDS))
CELLS = 2  # the first kinds: bacteria and archaea, which single-copy marker genes judge
SURE = 0.5  # probability of a kind from which a contig is called so
# The same of a virus without a family of theirs, and of a eukaryote where no bin is one
# (docs/notes/2026-11-28-how-genes-are-read.md).
VERY_LIKELY = 0.9
FEWEST_WORDS = 10  # of four bases, as many as would be alike frequent: fewer are simple repeats
SHORTEST = 1_000  # bp: shorter contigs were not trained on, and say nothing
LARGEST_PLASMID = 1_000_000  # bp
LARGEST_UNSEARCHED = 200_000  # bp, where nobody looked for genes that small chromosomes have
PHAGES = 0.3  # share of phages among circles that have no gene of a cell; the others are plasmids

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# Which families of `genes.hallmarks` contigs have, given by their ascending rows int64 [k]: bool
# [k, families].
Families = Callable[[npt.NDArray[np.int64]], Mask]


@dataclass(frozen=True)
class ContigKinds:
    """Of n contigs: the row of `KINDS` int8 [n], and how likely it is, float64 [n].

    The probability of an unclear one is that of the likeliest kind. ``likely`` float64 [n, 4] are
    the probabilities of all that the network tells apart. ``least`` float64 [n] is that of a virus
    from which on a contig is called one.
    """

    kind: npt.NDArray[np.int8]
    probability: Doubles
    likely: Doubles
    least: Doubles

    def __len__(self) -> int:
        return len(self.kind)


def kinds_of_contigs(
    features: Features, threads: int = 1, families: Families | None = None
) -> ContigKinds:
    """The kind of every contig.

    ``families`` looks contigs in doubt through for those of viruses. What has none is a virus if
    that is very likely, and what has genes of cells if it is of one family and these say much more;
    without it the network alone says what is one.
    """
    composition, frames, bases = features.composition, features.frames, features.ungapped
    network = load_kind_network()
    genes = gene_counts(len(bases), features.markers, features.rna)
    likely = network.probabilities(composition, frames, genes, bases, threads)
    silent = says_nothing(features)
    likely[silent] = network.prior
    cell = has_cell_genes(features)
    largest = LARGEST_UNSEARCHED if features.markers is None else LARGEST_PLASMID
    circle = features.circular & ~cell & (features.lengths <= largest)
    least = np.full(len(bases), SURE if families is None else VERY_LIKELY)
    if families is not None:
        alone = has_one_cell_gene(features)
        rows = np.flatnonzero((likely[:, VIRUS] >= DOUBT) & ~silent & (alone | ~cell))
        if len(rows):
            found = families(rows), bases[rows], load_hallmarks()
            now, said = with_families(likely[rows], *found)
            told = ~cell[rows] | (said >= OUTWEIGHS)
            likely[rows[told]], cell[rows[told]] = now[told], False
            least[rows[told & (said >= HINT)]] = SURE
    kinds = call_kinds(without_viruses(likely, cell), circle, least)
    kinds.kind[silent] = UNCLEAR
    return kinds


def says_nothing(features: Features) -> npt.NDArray[np.bool_]:
    """Contigs that are short, have no four known bases in a row, or few words of four: bool [n]."""
    silent = features.ungapped < SHORTEST
    for rows in in_chunks(len(silent), features.composition):
        words = features.composition[rows, :TETRANUCLEOTIDES]  # square roots of their shares
        no_word = words.max(1) == words.min(1)  # what counts are padded with, alone
        silent[rows] |= no_word | ((words**4).sum(1) > 1 / FEWEST_WORDS)
    return np.asarray(silent, np.bool_)


def has_cell_genes(features: Features) -> npt.NDArray[np.bool_]:
    """Whether contigs have a marker gene or one of ribosomal RNA, as few viruses have: bool [n]."""
    found = np.zeros(len(features.names), np.bool_)
    if features.markers is not None:
        found |= features.markers.carried
    if features.rna is not None:
        found |= (features.rna.rrna > 0).any(1)
    return found


def has_one_cell_gene(features: Features) -> npt.NDArray[np.bool_]:
    """Whether contigs have genes of one marker family and none of ribosomal RNA: bool [n].

    Some large phages have, too (docs/notes/2026-11-29-more-families-of-viruses.md).
    """
    found = np.zeros(len(features.names), np.bool_)
    if features.markers is not None:
        found |= (features.markers.table > 0).sum(1)[features.markers.row] == 1
    if features.rna is not None:
        found &= ~(features.rna.rrna > 0).any(1)
    return found


def without_viruses(likely: Doubles, cell: npt.NDArray[np.bool_]) -> Doubles:
    """Probabilities [n, 4] of contigs of which ``cell`` are of no virus.

    Where a virus was certain nothing is left to go by but the prior of the others.
    """
    out = likely.copy()
    out[cell & (out[:, VIRUS] == 1)] = load_kind_network().prior
    out[cell, VIRUS] = 0
    return np.asarray(out / out.sum(1, keepdims=True), np.float64)


def with_kinds(kinds: ContigKinds, kind: npt.NDArray[np.int8]) -> ContigKinds:
    """Other kinds [n], each as likely as the contig alone says; of what is unclear as before."""
    told = (kind != kinds.kind) & (kind < len(TOLD_APART))
    probability = kinds.probability.copy()
    probability[told] = kinds.likely[told, kind[told]]
    return replace(kinds, kind=kind, probability=probability)


def call_kinds(likely: Doubles, circle: npt.NDArray[np.bool_], least: Doubles) -> ContigKinds:
    """Kinds by probabilities [n, 4]; what is a ``circle`` [n] and of a cell is a plasmid.

    Circles are those without genes of cells. A virus is one from ``least`` [n] on.
    """
    kind, probability = likely.argmax(1), likely.max(1)
    kind[(probability < SURE) | ((kind == VIRUS) & (probability < least))] = UNCLEAR
    of_cell, as_plasmid = likely[:, :CELLS].sum(1), plasmids_among_circles(likely)
    plasmid = circle & (of_cell >= SURE) & (as_plasmid >= SURE)
    kind[plasmid], probability[plasmid] = PLASMID, as_plasmid[plasmid]
    kind[circle & (kind < CELLS)] = UNCLEAR  # a chromosome would have genes of a cell
    return ContigKinds(kind.astype(np.int8), probability, likely, least)


def plasmids_among_circles(likely: Doubles) -> Doubles:
    """How likely circles that have no gene of a cell are plasmids: float64 [n].

    ``likely`` [n, 4] are probabilities by the network's prior, by which few contigs are viruses;
    such circles are phages in `PHAGES` of the cases, unless they are of eukaryotes.
    """
    prior = load_kind_network().prior
    virus = PHAGES * likely[:, VIRUS] / prior[VIRUS]
    plasmid = (1 - PHAGES) * likely[:, :CELLS].sum(1) / prior[:CELLS].sum()
    share = plasmid / np.maximum(virus + plasmid, np.finfo(np.float64).tiny)
    return np.asarray(share * (1 - likely[:, EUKARYOTE]), np.float64).round(6)
