"""One pass over the contigs: composition, language-model vectors and marker genes, all from one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .contigs import Assembly, Contig, read_contigs
from .encoder import Encoder, encode_batches
from .markers import MarkerSearch
from .windows import WindowPlan, batches

Floats = npt.NDArray[np.float32]
BATCH_BASES = 16_384  # a core's cache holds the hidden states of about this many bases


@dataclass(frozen=True)
class Features:
    """What is known of n contigs before coverage.

    ``tetranucleotides`` are square roots of smoothed frequencies [n, 136]; ``lm`` [n, width]; ``markers`` copies
    int16 [n, markers], or None where markers are off. ``encoded_bases`` and ``computed_positions`` tell the padding.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    gc: Floats
    tetranucleotides: Floats
    lm: Floats
    markers: npt.NDArray[np.int16] | None
    too_short: int
    short_bases: int
    encoded_bases: int
    computed_positions: int


def tetranucleotide_vector(codes: npt.NDArray[np.uint8]) -> Floats:
    """Square roots of canonical 4-mer frequencies with half a count added to each: float32 [136].

    The square root makes the variance of a frequency independent of the frequency (Hellinger).
    """
    from ._kernels import tetranucleotides

    counts = tetranucleotides(codes).astype(np.float64) + 0.5
    return np.asarray(np.sqrt(counts / counts.sum()), np.float32)


def profile_contigs(
    path: Path,
    encoder: Encoder,
    plan: WindowPlan,
    *,
    min_length: int,
    threads: int = 1,
    batch_size: int = 0,
    markers: MarkerSearch | None = None,
    progress: Callable[[int], object] = lambda bases: None,
) -> Features:
    """Stream an assembly once.

    ``batch_size`` is windows a batch, 0 for the default; ``progress`` is told the bases of every contig that went by.
    """
    assembly = Assembly([], [], [])
    tetranucleotides: list[Floats] = []

    def composition(contigs: Iterable[Contig]) -> Iterator[Contig]:
        for contig in contigs:
            tetranucleotides.append(tetranucleotide_vector(contig.codes))
            progress(len(contig.codes))
            yield contig

    stream: Iterable[Contig] = composition(read_contigs(path, min_length, assembly))
    if markers is not None:
        stream = markers.watch(stream)
    vectors = encode_batches(encoder, batches(stream, plan, batch_size or max(1, BATCH_BASES // plan.window)), threads)
    n = len(assembly.names)
    return Features(
        assembly.names,
        np.array(assembly.lengths, np.int64),
        np.array(assembly.gc, np.float32),
        np.array(tetranucleotides, np.float32).reshape(n, 136),
        vectors.result(n),
        markers.counts(n) if markers is not None else None,
        assembly.too_short,
        assembly.short_bases,
        vectors.bases,
        vectors.positions,
    )
