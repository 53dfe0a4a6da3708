"""Single-copy marker genes: where they are, and what they say of a set of contigs.

Markers are genes that nearly every bacterium, or every archaeon, has exactly once. A native kernel translates contigs in
six frames and keeps stretches that share 6-mers with a marker family; pyhmmer searches just those with the family's
profile. The profiles are our own (see ``llmbin/data/MARKERS.md``).
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .contigs import Contig

DATA = Path(__file__).parent / "data"
MIN_PREVALENCE = 0.9  # of a domain's genomes that have a marker of the domain's set
MIN_COVER = 0.5  # of a profile that a hit must cover: the two halves of a split gene are not two copies
MIN_RESIDUES = 40
MIN_SEEDS = 3  # of a family in a stretch, or two within so many residues:
NEAR = 40

Counts = npt.NDArray[np.int16]


@dataclass(frozen=True)
class MarkerSet:
    """Families: names, profile cut-offs (bits), and which belong to a domain's set (bool [domains, markers])."""

    names: list[str]
    cutoffs: list[float]
    domains: list[str]
    used: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Quality:
    """Completeness and contamination as fractions, from the markers of ``domain``."""

    completeness: float
    contamination: float
    domain: str

    @property
    def score(self) -> float:
        """Completeness minus five times contamination, the field's score (Parks et al. 2017)."""
        return self.completeness - 5 * self.contamination

    @property
    def worth(self) -> float:
        """What decides where to cut: completeness squared minus five times contamination.

        One whole genome is worth more than its two halves, so that a few markers which this genome has twice do not tear it apart.
        """
        return self.completeness**2 - 5 * self.contamination


def markers_available() -> bool:
    """Whether pyhmmer is installed."""
    return importlib.util.find_spec("pyhmmer") is not None


def load_marker_set() -> MarkerSet:
    """The families that ship with the package."""
    rows = json.loads((DATA / "markers.json").read_text())
    used = np.array([[row[d][0] >= MIN_PREVALENCE and row[d][1] <= 0.05 for row in rows] for d in ("bacteria", "archaea")])
    return MarkerSet([r["name"] for r in rows], [float(r["cutoff"]) for r in rows], ["bacteria", "archaea"], used)


def estimate(counts: npt.NDArray[np.integer[Any]], markers: MarkerSet) -> Quality:
    """Quality of a set of contigs from its marker counts [markers], by the domain that fits better."""
    best = Quality(0.0, 0.0, markers.domains[0])
    for domain, used in zip(markers.domains, markers.used, strict=True):
        size = int(used.sum())
        if not size:
            continue
        mine = counts[used]
        found = Quality(float((mine > 0).sum()) / size, float(np.maximum(mine - 1, 0).sum()) / size, domain)
        if (found.completeness, found.score) > (best.completeness, best.score):
            best = found
    return best


class MarkerSearch:
    """Finds markers in a stream of contigs, on threads of its own."""

    def __init__(self, markers: MarkerSet, threads: int) -> None:
        from ._kernels import MarkerScanner

        self.markers = markers
        index = {name: i for i, name in enumerate(markers.names)}
        words, families = [], []
        for line in gzip.decompress((DATA / "seeds.txt.gz").read_bytes()).decode().splitlines():
            word, name = line.split("\t")
            words.append(word)
            families.append(index[name])
        self._scanner = MarkerScanner(words, families, MIN_SEEDS, NEAR, MIN_RESIDUES)
        self._threads = threads
        self._candidates: list[list[tuple[int, str]]] = [[] for _ in markers.names]

    def watch(self, contigs: Iterable[Contig]) -> Iterator[Contig]:
        """Pass contigs on, and look for candidates in them meanwhile."""
        queue: deque[tuple[int, Future[list[tuple[int, str]]]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            for contig in contigs:
                queue.append((contig.index, pool.submit(self._scanner.scan, contig.codes)))
                while len(queue) > 64:
                    self._keep(*queue.popleft())
                yield contig
            while queue:
                self._keep(*queue.popleft())

    def _keep(self, index: int, future: Future[list[tuple[int, str]]]) -> None:
        for family, protein in future.result():
            self._candidates[family].append((index, protein))

    def counts(self, n: int) -> Counts:
        """Copies of each marker on each contig: int16 [n, markers]."""
        import pyhmmer
        from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

        alphabet = Alphabet.amino()
        found = np.zeros((n, len(self.markers.names)), np.int16)
        with gzip.open(DATA / "markers.h3m.gz") as packed, pyhmmer.plan7.HMMFile(packed) as profiles:
            for family, profile in enumerate(profiles):
                candidates = self._candidates[family]
                if not candidates:
                    continue
                block = DigitalSequenceBlock(
                    alphabet,
                    [TextSequence(name=str(k).encode(), sequence=protein).digitize(alphabet) for k, (_, protein) in enumerate(candidates)],
                )
                for name in profile_hits(profile, block, self.markers.cutoffs[family]):
                    found[candidates[int(name)][0], family] += 1
        return found


def profile_hits(profile: Any, block: Any, cutoff: float) -> Iterator[str]:
    """Names of the proteins of a block that reach a profile's cut-off (bits) and cover enough of it."""
    import pyhmmer

    pipeline = pyhmmer.plan7.Pipeline(profile.alphabet, T=cutoff, bias_filter=False)
    for hit in pipeline.search_hmm(profile, block):
        begin = min(d.alignment.hmm_from for d in hit.domains)
        end = max(d.alignment.hmm_to for d in hit.domains)
        if hit.score >= cutoff and end - begin + 1 >= MIN_COVER * profile.M:
            yield hit.name if isinstance(hit.name, str) else hit.name.decode()
