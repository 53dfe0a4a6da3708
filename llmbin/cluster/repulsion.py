"""Choices of contigs that repel each other: belief propagation (Pearl 1988) on homologous pairs.

Each contig has some options, with a log likelihood each; two contigs of a pair choose differently,
with odds of e^evidence to one. Exact where pairs make no cycle, and good where cycles are few, as
along two genomes that line up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..genes.homology import Homology
from .arrays import KernelRows, Mask, Rows, Values
from .thresholds import REPULSION

BLOCK = 1 << 14  # edges whose messages are looked at together: what that takes stays in the cache


class Repulsion:
    """Contigs with options, and the pairs that repel each other.

    Messages stay from one call of `choose` to the next, which then settles sooner.
    """

    def __init__(self, options: KernelRows, pairs: Homology) -> None:
        """Take the options of each contig, and who repels whom, how much.

        ``options``: int32 [n, options], -1 for none and otherwise distinct.
        """
        edges = len(pairs)
        source = np.concatenate([pairs.first, pairs.second])
        self._target = np.concatenate([pairs.second, pairs.first])
        strength = np.tile(-np.expm1(-pairs.evidence), 2)
        self._message = np.zeros((options.shape[1], 2 * edges))
        self._blocks = []
        for begin in range(0, 2 * edges, BLOCK):
            rows = slice(begin, min(begin + BLOCK, 2 * edges))
            known, place = _meetings(options[source[rows]], options[self._target[rows]])
            back = _other_way(rows, edges)
            self._blocks.append(_Block(rows, back, source[rows], strength[rows], known, place))

    def choose(self, logs: Values) -> Values:
        """Probability of each contig's options, float64 [n, options].

        ``logs``: their log likelihoods [n, options], -inf where there is no option.
        """
        logs = np.ascontiguousarray(logs.T)
        for _ in range(REPULSION.rounds):
            belief, fresh, change = self._belief(logs), np.empty_like(self._message), 0.0
            for block in self._blocks:
                said, before = block.said(belief, self._message), self._message[:, block.edges]
                said = REPULSION.damping * before + (1 - REPULSION.damping) * said
                change = max(change, float(np.abs(said - before).max(initial=0.0)))
                fresh[:, block.edges] = said
            self._message = fresh
            if change < REPULSION.settled:
                break
        return np.ascontiguousarray(_shares(self._belief(logs)).T)

    def _belief(self, logs: Values) -> Values:
        n = logs.shape[1]
        heard = [np.bincount(self._target, weights=said, minlength=n) for said in self._message]
        belief: Values = logs + np.array(heard)
        return belief


@dataclass(frozen=True)
class _Block:
    """Some edges, each from a ``source``; what is said the other way is in columns ``back``.

    ``known`` and ``place`` [options, edges] are those of `_meetings`.
    """

    edges: slice
    back: list[slice]
    source: Rows
    strength: Values
    known: Mask
    place: KernelRows

    def said(self, belief: Values, message: Values) -> Values:
        """What sources say to the options of their targets [options, edges]."""
        # What the source thinks without the target's word.
        back = np.concatenate([message[:, edges] for edges in self.back], axis=1)
        without = _shares(np.take(belief, self.source, axis=1) - back)
        chance = np.where(self.known, np.take(without, self.place), 0.0)
        said: Values = np.log1p(-self.strength * chance)
        return said


def _other_way(rows: slice, edges: int) -> list[slice]:
    """Columns of the same pairs the other way: that of pair k is k one way, k + ``edges`` then."""
    halves = ((0, edges, edges), (edges, 2 * edges, -edges))
    parts = ((max(rows.start, begin), min(rows.stop, end), by) for begin, end, by in halves)
    return [slice(begin + by, end + by) for begin, end, by in parts if begin < end]


def _meetings(source: KernelRows, target: KernelRows) -> tuple[Mask, KernelRows]:
    """Which options [edges, options] of targets are the sources', bool [options, edges], and where.

    Places int32 [options, edges] are those in a table like this.
    """
    # Of options and edges, options first: numpy looks at long rows a lot faster than at many.
    edges = len(source)
    same = (target[:, :, None] == source[:, None, :]) & (target >= 0)[:, :, None]
    place = same.argmax(2).T * edges + np.arange(edges)
    return np.ascontiguousarray(same.any(2).T), place.astype(np.int32)


def softmax(logs: Values) -> Values:
    """Probabilities [n, options] of log likelihoods."""
    return np.ascontiguousarray(_shares(np.ascontiguousarray(logs.T)).T)


def _shares(logs: Values) -> Values:
    """The same of [options, n]."""
    top = np.exp(logs - logs.max(0))
    # Eight and more are added in pairs, as numpy does within a row.
    total = top.sum(0) if len(top) < 8 else np.ascontiguousarray(top.T).sum(1)
    out: Values = top / total
    return out
