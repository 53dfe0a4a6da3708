"""Single-copy marker genes: where they are.

Markers are genes that nearly every bacterium, or every archaeon, has exactly once. A native kernel
translates contigs in six frames, reads TGA as a residue in contigs that show it to be one, and
keeps stretches that match the profile of a marker family without gaps. What aligns to the whole
profile far above its cut-off is a marker, what stays far below is none; what is left is searched by
pyhmmer. The profiles are our own (see ``llmbin/data/MARKERS.md``).
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig
from ..io.shipped import shipped
from .candidates import Candidate, CandidateList
from .matches import Matches, join_matches, likeness, no_matches
from .prints import no_prints, prints_of
from .scattered import Scattered, load_scattered
from .verdicts import ANSWER, Answers, EarlierAnswers, Keys, KnownAnswers, keys_of, no_keys

if TYPE_CHECKING:
    from .._kernels import MarkerScanner, ProfileAligner

DATA = Path(__file__).parent.parent / "data"
PROFILES, CUTOFFS = DATA / "markers.h3m.gz", DATA / "markers.json"
MIN_PREVALENCE = 0.9  # of a domain's genomes that have a marker of the domain's set
MIN_COVER = 0.5  # of a profile that a hit must cover: halves of a split gene are not two copies
MIN_RESIDUES = 40
BELOW_CUTOFF = 3.0  # bits by which a Forward score may miss the cut-off and is still looked into
BELOW_CUTOFF_ONE_PATH = 20.0  # the same of HMMER's Viterbi score, that of the best path alone
WORDS = 8_000  # of six residues, the best of each family's profile, that are looked for
LEAST_BITS = 26.0  # of such a word, extended along the profile without gaps
# The same of scattered families, of which more are looked for in less time.
SCATTERED_WORDS, LEAST_SCATTERED_BITS = 2_000, 32.0

# What the best alignment around the seed, and the best of all, decide without HMMER
# (docs/notes/2026-11-27-markers-by-alignment.md, 2026-11-29-the-best-path-before-hmmer.md):
SURE_BITS, SURE_COVER = 5.0, 0.52  # above the cut-off, and share of the profile: a hit
# Shares of the cut-off: what most unrelated proteins stay below, and what the whole profile must be
# worth if the rest is like the aligned part.
HOPELESS, SPARSE = 0.1, 0.7
UNLIKE = 0.8  # the same that the best path of all is worth of a gene, if not 20 bits less

_LOADING = Lock()  # one thread makes what all use

Floats: TypeAlias = npt.NDArray[np.float32]
# Place of a contig, family, protein, diagonal, and which ends are cut (see `Candidate`).
Found: TypeAlias = tuple[int, int, str, int, bool, bool]


@dataclass(frozen=True)
class Verdict:
    """How a candidate aligns to its family: bits, and columns ``begin`` to ``end`` (exclusive).

    ``hit`` says whether it is a gene of the family, None where HMMER has to say.
    """

    bits: float
    begin: int
    end: int
    hit: bool | None


@dataclass(frozen=True)
class MarkerSet:
    """Families: names, profile cut-offs (bits), and which of them belong to a domain's set.

    ``used``: bool [domains, markers]. So many ``scattered`` ones (see `genes.scattered`) are
    numbered behind the markers.
    """

    names: list[str]
    cutoffs: list[float]
    domains: list[str]
    used: npt.NDArray[np.bool_]
    scattered: int = 0

    @property
    def sizes(self) -> list[int]:
        """Markers in each domain's set."""
        sizes: list[int] = self.used.sum(1).tolist()
        return sizes

    @property
    def families(self) -> int:
        """How many there are, with those that are scattered."""
        return len(self.names) + self.scattered


def markers_available() -> bool:
    """Whether pyhmmer is installed."""
    return importlib.util.find_spec("pyhmmer") is not None


def load_marker_set() -> MarkerSet:
    """The families that ship with the package.

    Raises:
        InstallationError: they are missing or damaged.
    """
    with shipped(CUTOFFS):
        rows = json.loads(CUTOFFS.read_text())
    used = np.array(
        [
            [row[d][0] >= MIN_PREVALENCE and row[d][1] <= 0.05 for row in rows]
            for d in ("bacteria", "archaea")
        ]
    )
    return MarkerSet(
        [r["name"] for r in rows],
        [float(r["cutoff"]) for r in rows],
        ["bacteria", "archaea"],
        used,
        len(load_scattered()),
    )


class MarkerSearch:
    """Finds markers and scattered families in contigs that go by (see `features.scan.watched`)."""

    def __init__(
        self, markers: MarkerSet, threads: int, earlier: EarlierAnswers | None = None
    ) -> None:
        self.markers = markers
        self._threads, self._earlier = threads, earlier
        self._candidates = [CandidateList() for _ in range(markers.families)]

    def look(self, contigs: list[Contig]) -> list[Found]:
        """Candidates: place of the contig among these, family, and what a `Candidate` is of."""
        return _tools()[1].scan([contig.codes for contig in contigs])

    def keep(self, contigs: list[Contig], found: list[Found]) -> None:
        """Remember candidates until they are aligned."""
        for place, family, protein, diagonal, begin_cut, end_cut in found:
            contig = contigs[place].index
            self._candidates[family].append(contig, protein, diagonal, begin_cut, end_cut)

    def matches(self) -> Matches:
        """What is like a family, of all contigs that went by."""
        families = [family for family, found in enumerate(self._candidates) if found]
        known = self._earlier.load() if self._earlier is not None and families else None
        with ThreadPoolExecutor(self._threads) as pool:
            found = list(pool.map(partial(self._matches, known), families))
        if self._earlier is not None and known is not None:
            keys, answers = (np.concatenate([part[k] for part in found]) for k in (1, 2))
            self._earlier.found = known.after(keys, answers)
        return join_matches([no_matches(), *(part[0] for part in found)])

    def _matches(self, known: KnownAnswers | None, family: int) -> tuple[Matches, Keys, Answers]:
        """Candidates that are like the family; and all answers, by their keys if any are known."""
        candidates, keys = list(self._candidates[family]), no_keys()
        if known is None:
            answers = self._answers(family, candidates)
        else:
            keys = keys_of(family, candidates)
            there, place = known.look_up(keys)
            answers, fresh = np.empty(len(keys), ANSWER), np.flatnonzero(~there)
            answers[there] = known.answers[place[there]]
            if len(fresh):
                answers[fresh] = self._answers(family, [candidates[k] for k in fresh.tolist()])
        cutoff, length = self._cutoff_and_length(family)
        begin, end = (
            np.asarray(answers[name] / np.float32(length), np.float32) for name in ("begin", "end")
        )
        matches = Matches(
            contig=np.array([c.contig for c in candidates], np.int64),
            family=np.full(len(candidates), family, np.int16),
            begin=begin,
            end=end,
            begin_cut=np.array([c.begin_cut for c in candidates], bool),
            end_cut=np.array([c.end_cut for c in candidates], bool),
            likeness=likeness(answers["bits"], end - begin, cutoff),
            whole=answers["whole"],
            prints=no_prints(len(candidates)),
        )
        kept = np.flatnonzero(matches.of_genes())
        genes = matches.take(kept)
        if family < len(self.markers.names):  # second copies of scattered ones are not looked at
            parts = [candidates[k].part(answers["begin"][k], answers["end"][k]) for k in kept]
            genes = replace(genes, prints=prints_of(parts))
        return genes, keys, answers

    def _cutoff_and_length(self, family: int) -> tuple[float, int]:
        """Of a family's profile, in bits and in columns."""
        if family < (markers := len(self.markers.names)):
            return self.markers.cutoffs[family], _tools()[0][family].M
        scattered = load_scattered()[family - markers]
        return scattered.cutoff, len(scattered.columns)

    def _answers(self, family: int, candidates: list[Candidate]) -> Answers:
        """What the alignment says of candidates, and HMMER where that leaves it open."""
        doubtful, hits = [], []
        if family < (markers := len(self.markers.names)):
            cutoff, profile = self.markers.cutoffs[family], _tools()[0][family]
            verdicts = align(profile, candidates, cutoff)
            doubtful = [k for k, verdict in enumerate(verdicts) if verdict.hit is None]
            hits = _ask_hmmer(profile, [candidates[k].protein for k in doubtful], cutoff)
        else:
            verdicts = align_scattered(load_scattered()[family - markers], candidates)
        answers = np.array([(v.bits, v.begin, v.end, bool(v.hit)) for v in verdicts], ANSWER)
        answers["whole"][doubtful] = hits
        return answers


def make_ready() -> None:
    """Make what every search uses before the first contig comes, so that none has to wait for it.

    Raises:
        InstallationError: what ships with the package is missing or damaged; a search says so, too.
    """
    _tools()


def _tools() -> tuple[list[Any], MarkerScanner]:
    """The profiles, and what looks for their words.

    They are made when the first contig comes, as there may be none that is unknown, or before (see
    `make_ready`), and stay (70 MB) for the next search of the process.
    """
    with _LOADING:
        return _loaded_tools()


@cache
def _loaded_tools() -> tuple[list[Any], MarkerScanner]:
    from .._kernels import MarkerScanner

    profiles, scattered = read_profiles(), load_scattered()
    columns, first = profile_columns(profiles)
    both, number = np.concatenate([columns, *(s.columns for s in scattered)]), len(profiles)
    more = np.cumsum([len(s.columns) for s in scattered]) + first[-1]
    scanner = MarkerScanner(
        both,
        [*first, *more.tolist()],
        [WORDS] * number + [SCATTERED_WORDS] * len(scattered),
        [LEAST_BITS] * number + [LEAST_SCATTERED_BITS] * len(scattered),
        MIN_RESIDUES,
        number,
    )
    return profiles, scanner


def _ask_hmmer(profile: Any, proteins: list[str], cutoff: float) -> list[bool]:
    """Which proteins are genes of a family."""
    from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

    alphabet = Alphabet.amino()
    texts = [
        TextSequence(name=str(k).encode(), sequence=protein).digitize(alphabet)
        for k, protein in enumerate(proteins)
    ]
    found = set(map(int, profile_hits(profile, DigitalSequenceBlock(alphabet, texts), cutoff)))
    return [k in found for k in range(len(proteins))]


def align(profile: Any, candidates: list[Candidate], cutoff: float) -> list[Verdict]:
    """The best alignment of each candidate around its seed, and whether that makes it a hit.

    Where it leaves that open, the best path anywhere in the profile decides, if it can.
    """

    def sure(bits: float, cover: float) -> bool | None:
        return True if bits >= cutoff + SURE_BITS and cover >= SURE_COVER else None

    def hit(bits: float, cover: float) -> bool | None:
        return False if bits < max(HOPELESS, SPARSE * cover) * cutoff else sure(bits, cover)

    def hit_anywhere(candidate: Candidate) -> bool | None:
        bits, begin, last = aligner.align(candidate.protein)
        if bits < min(UNLIKE * cutoff, cutoff - BELOW_CUTOFF_ONE_PATH):
            return False
        return sure(bits, (last - begin + 1) / profile.M)

    def verdict(candidate: Candidate) -> Verdict:
        found = _aligned(aligner, profile.M, candidate, hit)
        return found if found.hit is not None else replace(found, hit=hit_anywhere(candidate))

    aligner = _aligner(*logarithms(profile))
    return [verdict(candidate) for candidate in candidates]


def align_scattered(family: Scattered, candidates: list[Candidate]) -> list[Verdict]:
    """The same for a scattered family: the alignment alone makes it a hit or none."""

    def hit(bits: float, cover: float) -> bool:
        return bits >= family.cutoff and cover >= MIN_COVER

    aligner = _aligner(family.columns, family.transitions)
    return [_aligned(aligner, len(family.columns), candidate, hit) for candidate in candidates]


def _aligner(columns: Floats, transitions: Floats) -> ProfileAligner:
    from .._kernels import ProfileAligner

    return ProfileAligner(columns, transitions)


def _aligned(
    aligner: ProfileAligner,
    columns: int,
    candidate: Candidate,
    hit: Callable[[float, float], bool | None],
) -> Verdict:
    """How a candidate aligns around its seed; ``hit`` says by bits and cover if it is a gene."""
    bits, begin, last = aligner.align(candidate.protein, candidate.diagonal)
    return Verdict(bits, begin, last + 1, hit(bits, (last - begin + 1) / columns))


def logarithms(profile: Any) -> tuple[Floats, Floats]:
    """Of base 2 of a profile: see `scattered.Scattered`."""
    with np.errstate(divide="ignore"):
        transitions = np.log2(np.array(profile.transition_probabilities, np.float32)[1:])
    return profile_columns([profile])[0], transitions


def read_profiles() -> list[Any]:
    """The profiles that ship with the package, in the order of `load_marker_set`.

    Raises:
        InstallationError: they are missing or damaged.
    """
    import pyhmmer

    # All of them at once: pyhmmer dies of a file that is closed half read.
    with shipped(PROFILES):
        whole = io.BytesIO(gzip.decompress(PROFILES.read_bytes()))
        with pyhmmer.plan7.HMMFile(whole) as profiles:
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
