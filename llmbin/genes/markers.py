"""Single-copy marker genes: where they are.

Markers are genes that nearly every bacterium, or every archaeon, has exactly once. A native kernel
translates contigs in six frames, reads TGA as a residue in contigs that show it to be one, and
keeps stretches that match the profile of a marker family without gaps. What aligns to the whole
profile far above its cut-off is a marker; the rest is searched by pyhmmer. The profiles are our
own (see ``llmbin/data/MARKERS.md``).
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig

DATA = Path(__file__).parent.parent / "data"
MIN_PREVALENCE = 0.9  # of a domain's genomes that have a marker of the domain's set
MIN_COVER = 0.5  # of a profile that a hit must cover: halves of a split gene are not two copies
MIN_RESIDUES = 40
BELOW_CUTOFF = 3.0  # bits by which a Forward score may miss the cut-off and is still looked into
BELOW_CUTOFF_ONE_PATH = 20.0  # the same of HMMER's Viterbi score, that of the best path alone
WORDS = 8_000  # of six residues, the best of each family's profile, that are looked for
LEAST_BITS = 26.0  # of such a word, extended along the profile without gaps

# What the best alignment around the seed decides without HMMER
# (docs/notes/2026-11-27-markers-by-alignment.md):
SURE_BITS, SURE_COVER = 5.0, 0.52  # above the cut-off, and share of the profile: a hit
# Shares of the cut-off: what most unrelated proteins stay below, and what the whole profile must be
# worth if the rest is like the aligned part.
HOPELESS, SPARSE = 0.1, 0.7

Counts = npt.NDArray[np.int16]
MOST_COPIES = 32_767  # of a marker on a contig that are counted


@dataclass(frozen=True)
class Candidate:
    """A protein between two stops, on a contig, and the diagonal on which it is like a family.

    The diagonal is a column of the profile minus a place in the protein.
    """

    contig: int
    protein: str
    diagonal: int


@dataclass(frozen=True)
class MarkerSet:
    """Families: names, profile cut-offs (bits), and which of them belong to a domain's set.

    ``used``: bool [domains, markers].
    """

    names: list[str]
    cutoffs: list[float]
    domains: list[str]
    used: npt.NDArray[np.bool_]


def markers_available() -> bool:
    """Whether pyhmmer is installed."""
    return importlib.util.find_spec("pyhmmer") is not None


def load_marker_set() -> MarkerSet:
    """The families that ship with the package."""
    rows = json.loads((DATA / "markers.json").read_text())
    used = np.array(
        [
            [row[d][0] >= MIN_PREVALENCE and row[d][1] <= 0.05 for row in rows]
            for d in ("bacteria", "archaea")
        ]
    )
    return MarkerSet(
        [r["name"] for r in rows], [float(r["cutoff"]) for r in rows], ["bacteria", "archaea"], used
    )


class MarkerSearch:
    """Finds markers in contigs that go by (see `features.scan.watched`)."""

    def __init__(self, markers: MarkerSet, threads: int) -> None:
        from .._kernels import MarkerScanner

        self.markers = markers
        self._profiles = read_profiles()
        self._scanner = MarkerScanner(
            *profile_columns(self._profiles), WORDS, LEAST_BITS, MIN_RESIDUES
        )
        self._threads = threads
        self._candidates: list[list[Candidate]] = [[] for _ in markers.names]

    def look(self, contigs: list[Contig]) -> list[tuple[int, int, str, int]]:
        """Candidates: place of the contig among these, family, protein and diagonal."""
        return self._scanner.scan([contig.codes for contig in contigs])

    def keep(self, contigs: list[Contig], found: list[tuple[int, int, str, int]]) -> None:
        """Remember candidates until they are counted."""
        for place, family, protein, diagonal in found:
            self._candidates[family].append(Candidate(contigs[place].index, protein, diagonal))

    def counts(self, n: int) -> Counts:
        """Copies of each marker on each contig: int16 [n, markers]."""
        found = np.zeros((n, len(self.markers.names)), np.int16)
        with ThreadPoolExecutor(self._threads) as pool:
            for family, contigs in enumerate(pool.map(self._hits, range(len(self._profiles)))):
                copies = np.bincount(np.array(contigs, np.int64), minlength=n)
                found[:, family] = copies.clip(max=MOST_COPIES)
        return found

    def _hits(self, family: int) -> list[int]:
        """The contig of each candidate that is a gene of the family."""
        from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

        candidates, profile, cutoff = (
            self._candidates[family],
            self._profiles[family],
            self.markers.cutoffs[family],
        )
        verdicts = align(profile, candidates, cutoff)
        alphabet = Alphabet.amino()
        doubtful = [
            TextSequence(name=str(k).encode(), sequence=candidate.protein).digitize(alphabet)
            for k, candidate in enumerate(candidates)
            if verdicts[k] is None
        ]
        hits = profile_hits(profile, DigitalSequenceBlock(alphabet, doubtful), cutoff)
        return [
            candidates[k].contig
            for k in [*(k for k, hit in enumerate(verdicts) if hit), *map(int, hits)]
        ]


def align(profile: Any, candidates: list[Candidate], cutoff: float) -> list[bool | None]:
    """Whether candidates are hits, by the best alignment around their seeds alone.

    None where HMMER has to say.
    """
    from .._kernels import ProfileAligner

    with np.errstate(divide="ignore"):
        transitions = np.log2(np.array(profile.transition_probabilities, np.float32)[1:])
    aligner = ProfileAligner(profile_columns([profile])[0], transitions)

    def verdict(candidate: Candidate) -> bool | None:
        bits, begin, end = aligner.align(candidate.protein, candidate.diagonal)
        cover = (end - begin + 1) / profile.M
        if bits < max(HOPELESS, SPARSE * cover) * cutoff:
            return False
        return True if bits >= cutoff + SURE_BITS and cover >= SURE_COVER else None

    return [verdict(candidate) for candidate in candidates]


def read_profiles() -> list[Any]:
    """The profiles that ship with the package, in the order of `load_marker_set`."""
    import pyhmmer

    # All of them at once: pyhmmer dies of a file that is closed half read.
    with gzip.open(DATA / "markers.h3m.gz") as packed, pyhmmer.plan7.HMMFile(packed) as profiles:
        return list(profiles)


def profile_columns(profiles: list[Any]) -> tuple[npt.NDArray[np.float32], list[int]]:
    """Log-odds (bits) of the twenty amino acids in the columns of profiles: float32 [columns, 20].

    And where each profile begins and the last ends.
    """
    from pyhmmer.easel import Alphabet
    from pyhmmer.plan7 import Background

    held = [np.array(profile.match_emissions, np.float32)[1:, :20] for profile in profiles]
    usual = np.array(Background(Alphabet.amino()).residue_frequencies, np.float32)[:20]
    first = np.concatenate([[0], np.cumsum([len(columns) for columns in held])])
    return np.log2(np.concatenate(held) / usual), first.tolist()


def profile_hits(profile: Any, block: Any, cutoff: float) -> Iterator[str]:
    """Names of a block's proteins that reach a profile's cut-off (bits) and cover enough of it."""
    import pyhmmer

    # Most candidates are relatives of the family. Those whose scores are clearly below the cut-off
    # need no Forward pass, and no domains, which cost most.
    known = profile.evalue_parameters
    one_path = math.exp(-known.v_lambda * max(0.0, cutoff - BELOW_CUTOFF_ONE_PATH - known.v_mu))
    all_paths = math.exp(-known.f_lambda * max(0.0, cutoff - BELOW_CUTOFF - known.f_tau))
    pipeline = pyhmmer.plan7.Pipeline(
        profile.alphabet,
        T=cutoff,
        F2=min(1e-3, one_path),
        F3=min(1e-5, all_paths),
        bias_filter=False,
    )
    for hit in pipeline.search_hmm(profile, block):
        begin = min(d.alignment.hmm_from for d in hit.domains)
        end = max(d.alignment.hmm_to for d in hit.domains)
        if hit.score >= cutoff and end - begin + 1 >= MIN_COVER * profile.M:
            yield hit.name if isinstance(hit.name, str) else hit.name.decode()
