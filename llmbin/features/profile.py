"""One pass over the contigs: composition, vectors, genes and homology, of one stream."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology, HomologySearch, no_homology
from ..genes.markers import MarkerSearch
from ..genes.matches import Genes
from ..genes.rna import RnaGenes, RnaSearch
from ..io.contigs import Assembly, Contig, read_contigs
from ..io.inputs import InputFile
from ..model.encoder import Encoder, encode_batches
from ..model.windows import CPU_BUDGET, WindowPlan, batches
from ..progress import Monitor
from .composition import Compositions
from .scan import Watcher, watched

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """What is known of n contigs before coverage.

    ``composition`` [n, 197], ``frames`` [n, 6] and ``circular`` [n] are those of
    `composition.Composed`; ``lm`` [n, width]; ``markers`` copies int16 [n, markers], and ``genes``
    those that are cut as well, or None where markers are off; ``rna`` is None where RNA genes were
    not looked for. ``encoded_bases`` and ``computed_positions`` tell the padding.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    gc: Floats
    composition: Floats
    frames: npt.NDArray[np.uint32]
    circular: npt.NDArray[np.bool_]
    lm: Floats
    markers: npt.NDArray[np.int16] | None
    too_short: int
    short_bases: int
    encoded_bases: int
    computed_positions: int
    homology: Homology = field(default_factory=no_homology)
    genes: Genes | None = None
    rna: RnaGenes | None = None

    @property
    def bases(self) -> int:
        """Of all contigs."""
        return int(self.lengths.sum())


@dataclass(frozen=True)
class Reading:
    """How contigs are read: their least length, their windows and batches, the threads.

    ``budget`` is the bases of a batch, 0 for what suits a CPU core.
    """

    plan: WindowPlan
    min_length: int
    budget: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Searches:
    """What is looked for in contigs while they go by."""

    markers: MarkerSearch | None = None
    homology: HomologySearch | None = None
    rna: RnaSearch | None = None


def profile_contigs(
    path: InputFile,
    encoder: Encoder | None,
    reading: Reading,
    searches: Searches = Searches(),
    monitor: Monitor | None = None,
) -> Features:
    """Stream an assembly once; ``monitor`` is told how far it is, and how long stages took.

    Without an encoder ``lm`` has no columns.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs of one name.
        DeviceError: the encoder failed.
    """
    monitor = monitor or Monitor()
    assembly, threads = Assembly([], [], []), reading.threads
    if encoder is None:
        contigs = read_contigs(path, reading.min_length, assembly)
        return profile_without_lm(contigs, assembly, threads, searches, monitor)
    survey = _Survey(searches)
    with monitor.stage("reading"), ThreadPoolExecutor(threads) as pool:
        contigs = read_contigs(path, reading.min_length, assembly)
        stream = _told(watched(contigs, survey.watchers, threads, pool), monitor)
        windows = batches(stream, reading.plan, reading.budget or CPU_BUDGET)
        vectors = encode_batches(encoder, windows, threads, pool)
    found = survey.features(assembly, monitor)
    return replace(
        found,
        lm=vectors.result(len(assembly.names)),
        encoded_bases=vectors.bases,
        computed_positions=vectors.positions,
    )


def profile_without_lm(
    contigs: Iterator[Contig],
    assembly: Assembly,
    threads: int = 1,
    searches: Searches = Searches(),
    monitor: Monitor | None = None,
) -> Features:
    """The same without the language model: ``lm`` has no columns.

    ``assembly`` is what reading ``contigs`` fills (see `read_contigs`).

    Raises:
        FastaError: not nucleotide FASTA, or two contigs of one name.
    """
    monitor = monitor or Monitor()
    survey = _Survey(searches)
    with monitor.stage("reading"):
        for _ in _told(watched(contigs, survey.watchers, threads), monitor):
            pass
    return survey.features(assembly, monitor)


def _told(contigs: Iterator[Contig], monitor: Monitor) -> Iterator[Contig]:
    for contig in contigs:
        monitor.advance(len(contig.codes))
        yield contig


class _Survey:
    """Everything that is looked for while contigs go by, and what was found of it."""

    def __init__(self, searches: Searches) -> None:
        self._searches, self._compositions = searches, Compositions()
        wanted = (searches.markers, searches.homology, searches.rna)
        self.watchers: list[Watcher] = [self._compositions, *(s for s in wanted if s is not None)]

    def features(self, assembly: Assembly, monitor: Monitor) -> Features:
        """All but the language model, when every contig has gone by."""
        from .._kernels import give_back_memory

        n, searches = len(assembly.names), self._searches
        # Homology before the markers: its words take more memory than all else.
        with monitor.stage("homology"):
            pairs = searches.homology.pairs() if searches.homology is not None else no_homology()
            give_back_memory()
        with monitor.stage("markers"):
            matches = searches.markers.matches() if searches.markers is not None else None
            give_back_memory()
        composed = self._compositions.result()
        families = len(searches.markers.markers.names) if searches.markers is not None else 0
        return Features(
            assembly.names,
            np.array(assembly.lengths, np.int64),
            np.array(assembly.gc, np.float32),
            composed.vectors,
            composed.frames,
            composed.circular,
            np.empty((n, 0), np.float32),
            matches.counts(n, families) if matches is not None else None,
            assembly.too_short,
            assembly.short_bases,
            encoded_bases=0,
            computed_positions=0,
            homology=pairs,
            genes=matches.genes() if matches is not None else None,
            rna=searches.rna.result() if searches.rna is not None else None,
        )
