"""One pass over the contigs: composition, language-model vectors and marker genes, all from one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology, HomologySearch, no_homology
from ..genes.markers import MarkerSearch
from ..io.contigs import Assembly, Contig, read_contigs
from ..io.inputs import InputFile
from ..model.encoder import Encoder, encode_batches
from ..model.pack import COMPOSITION
from ..model.windows import CPU_BUDGET, WindowPlan, batches
from ..progress import Clock
from .scan import Watcher, watched

Floats = npt.NDArray[np.float32]
TETRANUCLEOTIDES = 136
SENSE = np.array([c for c in range(64) if c not in (48, 50, 56)])  # all but the stops TAA, TAG, TGA
SHORTEST_FRAME = 150  # bases; open frames of random sequence are mostly shorter


@dataclass(frozen=True)
class Features:
    """What is known of n contigs before coverage.

    ``composition`` [n, 197] is that of `composition_vectors`; ``lm`` [n, width]; ``markers`` copies
    int16 [n, markers], or None where markers are off. ``encoded_bases`` and ``computed_positions`` tell the padding.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    gc: Floats
    composition: Floats
    lm: Floats
    markers: npt.NDArray[np.int16] | None
    too_short: int
    short_bases: int
    encoded_bases: int
    computed_positions: int
    homology: Homology = field(default_factory=no_homology)


def composition_vectors(contigs: list[npt.NDArray[np.uint8]]) -> Floats:
    """Square roots of the frequencies of canonical 4-mers and of codons in open frames: float32 [contigs, 136 + 61].

    The square root makes the variance of a frequency independent of the frequency (Hellinger). Half a count and a
    quarter are added to each: a short contig looks like an average one.
    """
    from .._kernels import codons, tetranucleotides

    words = tetranucleotides(contigs).astype(np.float64) + 0.5
    usage = codons(contigs, SHORTEST_FRAME)[:, SENSE].astype(np.float64) + 0.25
    shares = [counts / counts.sum(1, keepdims=True) for counts in (words, usage)]
    return np.asarray(np.sqrt(np.concatenate(shares, axis=1)), np.float32)


class Compositions:
    """Composition of the contigs that go by (see `watch.watched`)."""

    def __init__(self) -> None:
        self._held = [np.empty((0, COMPOSITION), np.float32)]

    def look(self, contigs: list[Contig]) -> Floats:
        """See `composition_vectors`."""
        return composition_vectors([contig.codes for contig in contigs])

    def keep(self, contigs: list[Contig], found: Floats) -> None:
        """The next rows."""
        self._held.append(found)

    def result(self) -> Floats:
        """One row a contig: float32 [n, 197]."""
        return np.concatenate(self._held)


def profile_contigs(
    path: InputFile,
    encoder: Encoder,
    plan: WindowPlan,
    *,
    min_length: int,
    threads: int = 1,
    budget: int = 0,
    markers: MarkerSearch | None = None,
    homology: HomologySearch | None = None,
    progress: Callable[[int], object] = lambda bases: None,
    clock: Clock | None = None,
) -> Features:
    """Stream an assembly once.

    ``budget`` is the bases of a batch, 0 for a CPU core's; ``progress`` is told the bases of every contig that went by;
    ``clock`` learns what reading, homology and markers took.
    """
    from .._kernels import give_back_memory

    clock = clock or Clock()
    assembly = Assembly([], [], [])
    compositions = Compositions()
    watchers: list[Watcher] = [
        compositions,
        *(search for search in (markers, homology) if search is not None),
    ]

    def told(contigs: Iterator[Contig]) -> Iterator[Contig]:
        for contig in contigs:
            progress(len(contig.codes))
            yield contig

    with clock.stage("reading"), ThreadPoolExecutor(threads) as pool:
        stream = told(watched(read_contigs(path, min_length, assembly), watchers, threads, pool))
        vectors = encode_batches(
            encoder, batches(stream, plan, budget or CPU_BUDGET), threads, pool
        )
    n = len(assembly.names)
    with clock.stage("homology"):  # before the markers: its words take more memory than all else
        pairs = homology.pairs() if homology is not None else no_homology()
        give_back_memory()
    with clock.stage("markers"):
        copies = markers.counts(n) if markers is not None else None
        give_back_memory()
    return Features(
        assembly.names,
        np.array(assembly.lengths, np.int64),
        np.array(assembly.gc, np.float32),
        compositions.result(),
        vectors.result(n),
        copies,
        assembly.too_short,
        assembly.short_bases,
        vectors.bases,
        vectors.positions,
        pairs,
    )
