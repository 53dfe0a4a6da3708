"""Choices of contigs that repel each other: belief propagation (Pearl 1988) on homologous pairs.

Each contig has some options, with a log likelihood each; two contigs of a pair choose differently,
with odds of e^evidence to one. Exact where pairs make no cycle, and good where cycles are few, as
along two genomes that line up.
"""

from __future__ import annotations

import numpy as np

from ..genes.homology import Homology
from .arrays import KernelRows, Values
from .thresholds import REPULSION


class Repulsion:
    """Contigs with options, and the pairs that repel each other.

    Messages stay from one call of `choose` to the next, which then settles sooner.
    """

    def __init__(self, options: KernelRows, pairs: Homology) -> None:
        """Take the options of each contig, and who repels whom, how much.

        ``options``: int32 [n, options], -1 for none and otherwise distinct.
        """
        edges, (n, width) = len(pairs), options.shape
        self._source = np.concatenate([pairs.first, pairs.second])
        self._target = np.concatenate([pairs.second, pairs.first])
        self._strength = -np.expm1(-np.concatenate([pairs.evidence, pairs.evidence]))
        theirs = options[self._target]
        same = (theirs[:, :, None] == options[self._source][:, None, :]) & (theirs >= 0)[:, :, None]
        # Of options and edges, options first: numpy looks at long rows a lot faster than at many.
        self._known = np.ascontiguousarray(same.any(2).T)
        self._place = same.argmax(2).T * (2 * edges) + np.arange(2 * edges)
        self._cell = (np.arange(width)[:, None] * n + self._target).ravel()
        self._message = np.zeros((width, 2 * edges))

    def choose(self, logs: Values) -> Values:
        """Probability of each contig's options, float64 [n, options].

        ``logs``: their log likelihoods [n, options], -inf where there is no option.
        """
        logs, edges = np.ascontiguousarray(logs.T), len(self._source) // 2
        for _ in range(REPULSION.rounds):
            # What the source thinks without the target's word.
            back = np.concatenate([self._message[:, edges:], self._message[:, :edges]], axis=1)
            without = _shares(np.take(self._belief(logs), self._source, axis=1) - back)
            chance = np.where(self._known, np.take(without, self._place), 0.0)
            fresh = np.log1p(-self._strength * chance)
            fresh = REPULSION.damping * self._message + (1 - REPULSION.damping) * fresh
            change = float(np.abs(fresh - self._message).max(initial=0.0))
            self._message = fresh
            if change < REPULSION.settled:
                break
        return np.ascontiguousarray(_shares(self._belief(logs)).T)

    def _belief(self, logs: Values) -> Values:
        heard = np.bincount(self._cell, weights=self._message.ravel(), minlength=logs.size)
        belief: Values = logs + heard.reshape(logs.shape)
        return belief


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
