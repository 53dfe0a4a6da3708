"""Species that never were: genomes rewritten by substitutions, alike on both strands.

A few hundred species teach a network who they are rather than how genomes differ. A genome whose
bases drift as a mutation bias makes them drift keeps its genes and its order, and has a
composition that no other genome has. All fragments of one such genome are rewritten by the same
law, so telling it apart from its neighbours is the same task.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .settings import CONTEXT_SPREAD, TARGET_SPREAD

Codes = npt.NDArray[np.uint8]

_CONTEXTS = np.arange(64)  # previous base x 16 + this base x 4 + next base
_BEFORE, _HERE, _AFTER = _CONTEXTS >> 4, _CONTEXTS >> 2 & 3, _CONTEXTS & 3
# The context as the other strand shows it.
_OPPOSITE = (3 - _AFTER) * 16 + (3 - _HERE) * 4 + (3 - _BEFORE)


@dataclass(frozen=True)
class Substitutions:
    """A law of mutation: ``rate`` [64] by context, and ``target`` [64, 3].

    ``target`` holds cumulative probabilities of A, C and G among what a base turns into.
    """

    rate: npt.NDArray[np.float32]
    target: npt.NDArray[np.float32]


def random_substitutions(most: float, rng: np.random.Generator) -> Substitutions:
    """A law with a mean rate up to ``most``, alike for a context and its reverse complement."""
    mean = rng.uniform(0, most)
    rate = np.minimum(mean * np.exp(CONTEXT_SPREAD * rng.standard_normal(64)), 0.5)
    weight = np.exp(TARGET_SPREAD * (rng.standard_normal(4) + 0.5 * rng.standard_normal((64, 4))))
    weight[_CONTEXTS, _HERE] = 0
    other = _OPPOSITE < _CONTEXTS
    rate[other] = rate[_OPPOSITE[other]]
    weight[other] = weight[_OPPOSITE[other]][:, ::-1]
    target = np.cumsum(weight / weight.sum(1, keepdims=True), axis=1)[:, :3]
    return Substitutions(rate.astype(np.float32), target.astype(np.float32))


def substitute(codes: Codes, law: Substitutions, rng: np.random.Generator) -> Codes:
    """A copy of ``codes`` after the law; unknown bases, their neighbours and both ends stay."""
    inner = codes[1:-1]
    known = (codes[:-2] < 4) & (inner < 4) & (codes[2:] < 4)
    context = (codes[:-2] << 4 | inner << 2 | codes[2:]) & 63
    hit = np.flatnonzero((rng.random(len(inner), np.float32) < law.rate[context]) & known)
    made = codes.copy()
    made[hit + 1] = (rng.random((len(hit), 1), np.float32) >= law.target[context[hit]]).sum(1)
    return made


def misread(codes: Codes, rate: float, rng: np.random.Generator) -> Codes:
    """A copy of ``codes`` with that share of bases read as any base, as sequencing errors do."""
    made = codes.copy()
    hit = rng.integers(0, len(codes), rng.binomial(len(codes), rate))
    made[hit] = np.where(codes[hit] < 4, rng.integers(0, 4, len(hit), np.uint8), codes[hit])
    return made
