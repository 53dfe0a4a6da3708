"""Families of genes that viruses have and cells hardly do: which of them contigs have.

Profiles are learnt by ``train hallmarks`` (see ``llmbin/data/KINDS.md``). The kernels of the marker
genes look for them; an alignment alone says whether a gene is of a family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig
from ..io.shipped import shipped, shipped_arrays
from .stored_profiles import Profile, in_steps, profiles_in, stored

if TYPE_CHECKING:
    from .._kernels import MarkerScanner, ProfileAligner

DATA = Path(__file__).parent.parent / "data" / "hallmarks.npz"
SHAPES = {
    "columns": "columns 20",
    "transitions": "columns 7",
    "lengths": "families",
    "evidence": "families",
    "weights": "5",
}
STEP = 1 / 8  # bits, in which profiles are written
WORDS, LEAST_SEED_BITS, MIN_RESIDUES = 2_000, 32.0, 40  # as for families of `genes.scattered`
LEAST_BITS, LEAST_COVER = 30.0, 0.3  # of an alignment, and the share of the profile in it

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Hallmarks:
    """Profiles of families, what each says, and how that is weighed.

    ``evidence`` float64 [families], 0 or more, is by how many nats a virus is likelier that has it;
    ``weights`` float64 [5] are those of `kinds.hallmarks.regressors`.
    """

    profiles: tuple[Profile, ...]
    evidence: Doubles
    weights: Doubles

    @cached_property
    def tools(self) -> HallmarkTools:
        """Made for the first search, and kept for the next one of the process."""
        return tools_of(self.profiles)


@dataclass(frozen=True)
class HallmarkTools:
    """What looks for words of families, what aligns to each, and their columns."""

    scanner: MarkerScanner
    aligners: list[ProfileAligner]
    lengths: list[int]


class HallmarkSearch:
    """Finds families in contigs that go by (see `features.scan.watched`)."""

    def __init__(self, tools: HallmarkTools) -> None:
        self._tools = tools
        self._found: list[tuple[int, int]] = []  # contig and family

    def look(self, contigs: list[Contig]) -> list[tuple[int, int]]:
        """Places of contigs among these, and a family that each has; one may come twice."""
        seeds = self._tools.scanner.scan([contig.codes for contig in contigs])
        return [
            (place, family)
            for place, family, protein, diagonal, _, _ in seeds
            if self._is_gene(family, protein, diagonal)
        ]

    def keep(self, contigs: list[Contig], found: list[tuple[int, int]]) -> None:
        """Remember them by the contigs' own places."""
        self._found += [(contigs[place].index, family) for place, family in found]

    def _is_gene(self, family: int, protein: str, diagonal: int) -> bool:
        bits, begin, last = self._tools.aligners[family].align(protein, diagonal)
        return bits >= LEAST_BITS and last + 1 - begin >= LEAST_COVER * self._tools.lengths[family]

    def result(self, contigs: int) -> Mask:
        """Which families so many contigs have: bool [contigs, families]."""
        there = np.zeros((contigs, len(self._tools.lengths)), np.bool_)
        if self._found:
            there[tuple(np.array(self._found).T)] = True
        return there


def tools_of(profiles: Sequence[Profile]) -> HallmarkTools:
    """Those of families."""
    from .._kernels import MarkerScanner, ProfileAligner

    number, lengths = len(profiles), [len(columns) for columns, _ in profiles]
    first = np.cumsum([0, *lengths]).tolist()
    words, bits = [WORDS] * number, [LEAST_SEED_BITS] * number
    columns = np.concatenate([columns for columns, _ in profiles])
    scanner = MarkerScanner(columns, first, words, bits, MIN_RESIDUES, number)
    return HallmarkTools(scanner, [ProfileAligner(*profile) for profile in profiles], lengths)


def arrays_of(hallmarks: Hallmarks) -> dict[str, Any]:
    """As arrays for a file; bits in steps of `STEP`."""
    return stored(hallmarks.profiles, STEP) | {
        "evidence": hallmarks.evidence.astype(np.float32),
        "weights": hallmarks.weights.astype(np.float32),
    }


def as_stored(profile: Profile) -> Profile:
    """A profile as it is when it has been written and read."""
    columns, transitions = (in_steps(bits, STEP) * np.float32(STEP) for bits in profile)
    return columns, transitions


@cache
def load_hallmarks() -> Hallmarks:
    """Those that ship with the package.

    Raises:
        InstallationError: they are missing or damaged.
    """
    with shipped(DATA):
        return hallmarks_of(shipped_arrays(DATA, SHAPES))


def hallmarks_of(arrays: dict[str, Any]) -> Hallmarks:
    """Of a file's arrays.

    Raises:
        ValueError: they do not fit together.
    """
    profiles = profiles_in(arrays, STEP)
    if arrays["evidence"].min() < 0:
        raise ValueError("evidence against a virus")
    return Hallmarks(
        tuple(profiles),
        arrays["evidence"].astype(np.float64),
        arrays["weights"].astype(np.float64),
    )
