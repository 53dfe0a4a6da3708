"""What the network that tells kinds apart sees of contigs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..features.composition import LAYOUT, SIGNALS
from ..features.hexamers import WEIGHTS
from ..genes.counts import MarkerCounts
from ..genes.rna import KINDS as RRNAS
from ..genes.rna import RnaGenes

LONGEST = 40_000  # bp: no longer fragments were trained on, and of longer contigs no more is seen
BY_LENGTH = 4  # columns of open frames by length (kernels/codons.hpp); then frames, strand changes
GENES = 1 + len(RRNAS) + 1  # columns of genes: marker families, genes of rRNAs, genes of tRNAs
RNA_INPUTS = slice(-2 - len(RRNAS), None)  # the last inputs
MARKER_INPUTS = slice(-4 - len(RRNAS), -2 - len(RRNAS))  # those before

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def gene_counts(contigs: int, markers: MarkerCounts | None, rna: RnaGenes | None) -> Doubles:
    """Marker families, genes of each rRNA and of tRNAs on contigs: float64 [n, 5].

    NaN where they were not looked for.
    """
    found = np.full((contigs, GENES), np.nan)
    if markers is not None:
        found[:, 0] = (markers.table > 0).sum(1)[markers.row]
    if rna is not None:
        found[:, 1:-1] = rna.rrna
        found[:, -1] = rna.trna.sum(1)
    return found


def kind_inputs(
    composition: npt.NDArray[np.float32],
    frames: npt.NDArray[np.uint32],
    genes: Doubles,
    lengths: Ints,
) -> Doubles:
    """Inputs float64 [n, 274], in which those of genes come last, of `features.composition`.

    Composition; how frames lie and genes are read; mean weights of hexamers; of the frames' words
    of residues those of each column of the table, how many and the root of their share; and
    ``genes`` [n, 5] (`gene_counts`), NaN where these are. A longer contig than `LONGEST` looks like
    one of that length.
    """
    bases = lengths.astype(np.float64)
    ends = np.cumsum([LAYOUT, SIGNALS, WEIGHTS])
    parts = np.split(frames, ends, axis=1)
    hexamers = parts.pop(2).astype(np.int32)
    layout, signals, words = (counts.astype(np.float64) for counts in parts)
    part = np.minimum(LONGEST / bases, 1)
    known, every = words[:, :-1], words[:, -1:]
    columns = [
        *_of_layout(layout, bases),
        np.log10(part * bases) - 4,
        np.log1p(part[:, None] * known),
        np.sqrt(known / np.maximum(every, 1)),
        *_of_starts(signals, part),
        *_of_order(signals, part * bases),
        _for_each_kb(signals[:, 14:], bases),
        hexamers / 256,
        *_of_genes(genes, bases),
    ]
    return np.column_stack([composition, *columns]).astype(np.float64)


def _for_each_kb(counts: Doubles, bases: Doubles) -> Doubles:
    return np.asarray(np.log1p(1_000 * counts / bases[:, None]), np.float64)


def _of_layout(layout: Doubles, bases: Doubles) -> list[Doubles]:
    """Bases in open frames of four lengths and in all, as shares; frames for each kb; how often the
    next one is on the other strand; and their mean length.
    """
    by_length, number, changes = np.split(layout, [BY_LENGTH, BY_LENGTH + 1], axis=1)
    open_bases = by_length.sum(1, keepdims=True)
    return [
        by_length / bases[:, None],
        open_bases / bases[:, None],
        _for_each_kb(number, bases),
        changes / np.maximum(number, 1),
        np.log1p(open_bases / np.maximum(number, 1) / 300),
    ]


def _of_starts(signals: Doubles, part: Doubles) -> list[Doubles]:
    """Shares of genes in front of whose starts ribosomes bind, and by how many deviations more than
    chance has it; what stands before their first ATG.
    """
    genes, bound, atg = signals[:, :1], signals[:, 1:6], signals[:, 6:9]
    near, far = (part[:, None] * bound[:, columns] for columns in ([1, 0], [4, 3]))
    return [
        bound / np.maximum(genes, 1),
        (near - far) / np.sqrt(near + far + 1),
        atg[:, 1:] / np.maximum(atg[:, :1], 1) / np.array([1, 4]),
    ]


def _of_order(signals: Doubles, bases: Doubles) -> list[Doubles]:
    """How genes follow each other; the longest gap, row and frame, by bases that are seen."""
    pairs = np.maximum(signals[:, :1] - 1, 1)
    return [
        signals[:, [10, 9]] / pairs,
        np.minimum(signals[:, 11] / bases, 1),
        np.log1p(signals[:, 12]),
        np.minimum(signals[:, 13] / bases, 1),
        np.log1p(signals[:, 13] / 300),
    ]


def _of_genes(genes: Doubles, bases: Doubles) -> list[Doubles]:
    """How many marker families and genes of tRNAs are there, and in 10 kb; which rRNAs are."""
    families, rrna, trna = genes[:, 0], genes[:, 1:-1], genes[:, -1]
    part = np.minimum(LONGEST / bases, 1)
    columns = [[np.log1p(part * n), np.log1p(10_000 * n / bases)] for n in (families, trna)]
    return [*columns[0], *columns[1], np.minimum(part[:, None] * rrna, 1)]
