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
        edges, width = len(pairs), options.shape[1]
        self._source = np.concatenate([pairs.first, pairs.second])
        self._target = np.concatenate([pairs.second, pairs.first])
        self._back = np.concatenate([np.arange(edges, 2 * edges), np.arange(edges)])
        self._strength = -np.expm1(-np.concatenate([pairs.evidence, pairs.evidence]))[:, None]
        theirs = options[self._target]
        same = (theirs[:, :, None] == options[self._source][:, None, :]) & (theirs >= 0)[:, :, None]
        self._known = same.any(2)
        self._place = np.arange(2 * edges)[:, None] * width + same.argmax(2)
        self._cell = (self._target[:, None] * width + np.arange(width)).ravel()
        self._message = np.zeros((2 * edges, width))

    def choose(self, logs: Values) -> Values:
        """Probability of each contig's options, float64 [n, options].

        ``logs``: their log likelihoods [n, options], -inf where there is no option.
        """
        for _ in range(REPULSION.rounds):
            # What the source thinks without the target's word.
            without = softmax(self._belief(logs)[self._source] - self._message[self._back])
            chance = np.where(self._known, without.ravel()[self._place], 0.0)
            fresh = np.log1p(-self._strength * chance)
            fresh = REPULSION.damping * self._message + (1 - REPULSION.damping) * fresh
            change = float(np.abs(fresh - self._message).max(initial=0.0))
            self._message = fresh
            if change < REPULSION.settled:
                break
        return softmax(self._belief(logs))

    def _belief(self, logs: Values) -> Values:
        heard = np.bincount(self._cell, weights=self._message.ravel(), minlength=logs.size)
        belief: Values = logs + heard.reshape(logs.shape)
        return belief


def softmax(logs: Values) -> Values:
    """Probabilities [n, options] of log likelihoods."""
    top = np.exp(logs - logs.max(1, keepdims=True))
    out: Values = top / top.sum(1, keepdims=True)
    return out
