"""Genes of ribosomal and transfer RNAs, which the MIMAG standard asks for (Bowers et al. 2017).

Two native kernels look for them: ribosomal RNAs by words of their profiles, chained, and transfer
RNAs by their cloverleaf. Profiles and cloverleaf are our own (see ``llmbin/data/RNA.md``, with what
is found and missed beside barrnap and ARAGORN).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig
from ..io.shipped import shipped, shipped_arrays

DATA = Path(__file__).parent.parent / "data" / "rna.npz"
SHAPES = {
    "profiles": "columns 4",
    "first": "ends",
    "kinds": "profiles",
    "pairs": "21 16",
    "singles": "20 4",
    "variable": "25",
    "turns": "5 5",
}
KINDS = ("5S", "16S", "23S")
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
STANDARD_CODE = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"  # by A C G T

# barrnap's rules: what is shorter than a quarter of a gene is none, and under four fifths a part.
LEAST_COVER, WHOLE_COVER = 0.25, 0.8
WORDS = 4_000  # of twelve bases, the best of each profile, that are looked for
MATCH_BITS = 22.0  # of such a word, extended along the profile without gaps
GENE_BITS, COLUMN_BITS = 42.0, 0.4  # of a chain of matches, and for each column that it is over
ARM_BITS, TRNA_BITS = 8.0, 38.0  # of a T arm, and of the whole cloverleaf

MOST_COPIES = 32_767  # of a gene on a contig, or in a bin, that are counted

Counts = npt.NDArray[np.int16]
Rows = npt.NDArray[np.integer] | npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RnaGenes:
    """RNA genes of n contigs, or of n bins.

    ``rrna`` counts genes of the `KINDS`, in parts or whole, and ``whole`` those that are whole:
    int16 [n, 3]. ``trna`` counts genes for each of the `AMINO_ACIDS`: int16 [n, 20].
    """

    rrna: Counts
    whole: Counts
    trna: Counts

    def __post_init__(self) -> None:
        n = len(self.rrna)
        shapes = (self.rrna.shape, self.whole.shape, self.trna.shape)
        if shapes != ((n, len(KINDS)), (n, len(KINDS)), (n, len(AMINO_ACIDS))):
            raise ValueError(f"counts of RNA genes have shapes {shapes}")

    @property
    def amino_acids(self) -> npt.NDArray[np.int64]:
        """How many of the twenty amino acids have a gene: [n]."""
        return np.asarray((self.trna > 0).sum(1), np.int64)

    def take(self, rows: Rows) -> RnaGenes:
        """Some of them."""
        return RnaGenes(self.rrna[rows], self.whole[rows], self.trna[rows])

    def together(self, rows: Rows) -> RnaGenes:
        """Those of some rows, as of one bin: n is 1."""
        return _counts(
            *(
                counts[rows].sum(0, keepdims=True, dtype=np.int64)
                for counts in (self.rrna, self.whole, self.trna)
            )
        )


def join_rna(parts: Sequence[RnaGenes]) -> RnaGenes:
    """Those of all parts, in a row."""
    return RnaGenes(
        np.concatenate([part.rrna for part in parts]),
        np.concatenate([part.whole for part in parts]),
        np.concatenate([part.trna for part in parts]),
    )


class RnaSearch:
    """Finds RNA genes in contigs that go by (see `features.scan.watched`)."""

    def __init__(self) -> None:
        from .._kernels import RrnaScanner, TrnaScanner

        model = shipped_arrays(DATA, SHAPES)
        with shipped(DATA):
            self._rrna = RrnaScanner(
                model["profiles"].astype(np.float32),
                model["first"].tolist(),
                model["kinds"].tolist(),
                WORDS,
                [MATCH_BITS, GENE_BITS, COLUMN_BITS, LEAST_COVER],
            )
            self._trna = TrnaScanner(
                model["pairs"],
                model["singles"],
                model["variable"],
                model["turns"],
                ARM_BITS,
                TRNA_BITS,
            )
        self._found = [_none(0)]

    def look(self, contigs: list[Contig]) -> RnaGenes:
        """Genes of each of some contigs."""
        codes = [contig.codes for contig in contigs]
        n = len(contigs)
        rrna, whole, trna = (
            np.zeros((n, kinds), np.int64) for kinds in (len(KINDS), len(KINDS), len(AMINO_ACIDS))
        )
        for contig, kind, _, _, _, cover, _ in self._rrna.scan(codes):
            rrna[contig, kind] += 1
            whole[contig, kind] += cover >= WHOLE_COVER
        for contig, _, _, _, anticodon, _ in self._trna.scan(codes):
            amino_acid = AMINO_ACIDS.find(amino_acid_of(anticodon))
            if amino_acid >= 0:  # not of a stop codon
                trna[contig, amino_acid] += 1
        return _counts(rrna, whole, trna)

    def keep(self, contigs: list[Contig], found: RnaGenes) -> None:
        """The next rows."""
        self._found.append(found)

    def result(self) -> RnaGenes:
        """One row a contig."""
        return join_rna(self._found)


def amino_acid_of(anticodon: int) -> str:
    """The amino acid of an anticodon, a number by the order A C G T; ``*`` for a stop."""
    first, second, third = anticodon >> 4, anticodon >> 2 & 3, anticodon & 3
    return STANDARD_CODE[(3 - third) << 4 | (3 - second) << 2 | (3 - first)]


def _counts(*counts: npt.NDArray[np.int64]) -> RnaGenes:
    """Genes as they are kept: more copies than `MOST_COPIES` are so many."""
    return RnaGenes(*(found.clip(max=MOST_COPIES).astype(np.int16) for found in counts))


def _none(n: int) -> RnaGenes:
    shapes = ((n, len(KINDS)), (n, len(KINDS)), (n, len(AMINO_ACIDS)))
    return RnaGenes(*(np.zeros(shape, np.int16) for shape in shapes))
