"""One pass over the contigs: composition, vectors, genes and homology, of one stream."""

from __future__ import annotations

from collections.abc import Container, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..genes.counts import MarkerCounts
from ..genes.homology import Homology, no_homology
from ..genes.markers import MarkerSearch
from ..genes.matches import Genes
from ..genes.rna import RnaGenes, RnaSearch
from ..genes.sketches import Sketches, no_sketches
from ..io.contigs import Assembly, Contig, read_contigs
from ..io.inputs import InputFile
from ..model.encoder import Encoder, encode_batches
from ..model.windows import CPU_BUDGET, WindowPlan, batches
from ..progress import Monitor
from .composition import Compositions
from .recall import Findings, Recall
from .scan import GROUP, Watcher, watched

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """What is known of n contigs before coverage.

    ``lengths`` int64 [n] are as written, and ``ungapped`` int64 [n] without gaps (see
    `io.contigs.Assembly`), by which bins are made and judged. ``composition`` [n, 197],
    ``frames`` [n, 52] and ``circular`` [n] are those of `composition.Composed`, and circles are
    what names and headers say, too; ``lm`` [n, width];
    ``markers`` copies of families, and ``genes`` those that are cut as well, or None where markers
    are off; ``rna`` is None where RNA genes were not looked for; ``sketches`` come with the search
    for homology. ``encoded_bases`` and ``computed_positions`` tell the padding.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    ungapped: npt.NDArray[np.int64]
    gc: Floats
    composition: Floats
    frames: npt.NDArray[np.uint32]
    circular: npt.NDArray[np.bool_]
    lm: Floats
    markers: MarkerCounts | None
    too_short: int
    short_bases: int
    encoded_bases: int
    computed_positions: int
    homology: Homology = field(default_factory=no_homology)
    genes: Genes | None = None
    rna: RnaGenes | None = None
    sketches: Sketches = field(default_factory=no_sketches)

    @property
    def bases(self) -> int:
        """Of all contigs."""
        return int(self.lengths.sum())


@dataclass(frozen=True)
class Reading:
    """How contigs are read: their least length, their windows and batches, the threads.

    ``budget`` is the bases of a batch, 0 for what suits a CPU core. With ``names`` only those are
    read, as if the others were not in the file. What is large of each contig is kept in a file in
    ``folder``, or in memory without one.
    """

    plan: WindowPlan
    min_length: int
    budget: int = 0
    threads: int = 1
    names: Container[str] | None = None
    folder: Path | None = None


class PairSearch(Watcher, Protocol):
    """What looks for homologous pairs of contigs."""

    def pairs(self) -> Homology:
        """Those of all contigs that went by."""

    def sketches(self) -> Sketches:
        """Of the same contigs."""


@dataclass(frozen=True)
class Searches:
    """What is looked for in contigs while they go by."""

    markers: MarkerSearch | None = None
    homology: PairSearch | None = None
    rna: RnaSearch | None = None


def profile_contigs(
    path: InputFile,
    encoder: Encoder | None,
    reading: Reading,
    searches: Searches = Searches(),
    monitor: Monitor | None = None,
    recall: Recall | None = None,
) -> Features:
    """Stream an assembly once; ``monitor`` is told how far it is, and how long stages took.

    Without an encoder ``lm`` has no columns. What ``recall`` knows of a contig is not computed
    again.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs of one name.
        DeviceError: the encoder failed.
    """
    monitor = monitor or Monitor()
    assembly, threads = Assembly(), reading.threads
    contigs = read_contigs(path, reading.min_length, assembly, reading.names)
    survey = _Survey(searches, threads, recall, reading.folder)
    if encoder is None:
        return _without_lm(survey, contigs, assembly, monitor)
    with monitor.stage("reading"), ThreadPoolExecutor(threads) as pool:
        windows = batches(
            survey.unknown(contigs, monitor, pool), reading.plan, reading.budget or CPU_BUDGET
        )
        vectors = encode_batches(encoder, windows, threads, pool, reading.folder)
    found = survey.features(assembly, monitor, vectors.result(len(assembly.names)))
    return replace(found, encoded_bases=vectors.bases, computed_positions=vectors.positions)


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
    survey = _Survey(searches, threads)
    return _without_lm(survey, contigs, assembly, monitor or Monitor())


def _without_lm(
    survey: _Survey, contigs: Iterator[Contig], assembly: Assembly, monitor: Monitor
) -> Features:
    with monitor.stage("reading"):
        for _ in survey.unknown(contigs, monitor):
            pass
    return survey.features(assembly, monitor, np.empty((len(assembly.names), 0), np.float32))


def _told(contigs: Iterator[Contig], monitor: Monitor) -> Iterator[Contig]:
    untold = 0
    for contig in contigs:
        untold += len(contig.codes)
        if untold >= GROUP:
            monitor.advance(untold)
            untold = 0
        yield contig
    monitor.advance(untold)


class _Survey:
    """Everything that is looked for while contigs go by, and what was found of it."""

    def __init__(
        self,
        searches: Searches,
        threads: int,
        recall: Recall | None = None,
        folder: Path | None = None,
    ) -> None:
        self._searches, self._threads, self._recall = searches, threads, recall
        self._compositions = Compositions(folder)
        of_each = (self._compositions, searches.markers, searches.rna)
        self._of_each: list[Watcher] = [s for s in of_each if s is not None]
        self._of_pairs: list[Watcher] = [s for s in (searches.homology,) if s is not None]

    def unknown(
        self, contigs: Iterator[Contig], monitor: Monitor, pool: Executor | None = None
    ) -> Iterator[Contig]:
        """Look at contigs as they go by; gives those whose vector is not known."""
        if self._recall is None:
            watchers = [*self._of_each, *self._of_pairs]
            return _told(watched(contigs, watchers, self._threads, pool), monitor)
        # Pairs are of all contigs, in their order.
        every = _told(watched(contigs, self._of_pairs, self._threads, pool), monitor)
        return watched(self._recall.unknown(every), self._of_each, self._threads, pool)

    def features(self, assembly: Assembly, monitor: Monitor, lm: Floats) -> Features:
        """All of it, when every contig has gone by; ``lm`` has a row for each."""
        from .._kernels import give_back_memory

        n, searches, recall = len(assembly.names), self._searches, self._recall
        # Homology before the markers: its words take more memory than all else.
        with monitor.stage("homology"):
            pairs = searches.homology.pairs() if searches.homology is not None else no_homology()
            give_back_memory()
        with monitor.stage("markers"):
            matches = searches.markers.matches() if searches.markers is not None else None
            give_back_memory()
        rna = searches.rna.result() if searches.rna is not None else None
        found = Findings(self._compositions.result(), lm, matches, rna)
        if recall is not None:
            found = recall.whole(replace(found, lm=lm[recall.fresh]))
        matches = found.matches
        families = len(searches.markers.markers.names) if searches.markers is not None else 0
        return Features(
            assembly.names,
            np.array(assembly.lengths, np.int64),
            np.array(assembly.ungapped, np.int64),
            np.array(assembly.gc, np.float32),
            found.composed.vectors,
            found.composed.frames,
            found.composed.circular | np.array(assembly.circular, np.bool_),
            found.lm,
            matches.counts(n, families) if matches is not None else None,
            assembly.too_short,
            assembly.short_bases,
            encoded_bases=0,
            computed_positions=0,
            homology=pairs,
            genes=matches.genes() if matches is not None else None,
            rna=found.rna,
            sketches=searches.homology.sketches() if searches.homology else no_sketches(),
        )
