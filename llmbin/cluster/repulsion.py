"""Choices of contigs that repel each other: belief propagation (Pearl 1988) on a graph of homologous pairs.

Each contig has some parts to choose from, with a log likelihood each; two contigs of a pair are of different parts, with odds of e^evidence to one. Exact where
pairs make no cycle, and good where cycles are few, as along two genomes that line up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology

ROUNDS = 30
DAMPING = 0.3
SETTLED = 1e-3  # largest change of a message at which it is done

Values = npt.NDArray[np.float64]


class Repulsion:
    """Contigs with options, and the pairs that repel each other; messages stay from one call of `choose` to the next, which then settles sooner."""

    def __init__(self, options: npt.NDArray[np.int32], pairs: Homology) -> None:
        """Take the parts that each contig may choose, int32 [n, options], -1 for none and otherwise distinct, and who repels whom, how much."""
        edges = len(pairs.first)
        self._source, self._target = (
            np.concatenate([pairs.first, pairs.second]),
            np.concatenate([pairs.second, pairs.first]),
        )
        self._back = np.concatenate([np.arange(edges, 2 * edges), np.arange(edges)])
        self._strength = -np.expm1(-np.concatenate([pairs.evidence, pairs.evidence]))[:, None]
        there = options[self._target]
        same = (there[:, :, None] == options[self._source][:, None, :]) & (there >= 0)[:, :, None]
        self._known = same.any(2)
        self._place = np.arange(2 * edges)[:, None] * options.shape[1] + same.argmax(2)
        self._cell = (
            self._target[:, None] * options.shape[1] + np.arange(options.shape[1])
        ).ravel()
        self._message = np.zeros((2 * edges, options.shape[1]))

    def choose(self, logs: Values) -> Values:
        """Probability float64 [n, options] of each contig's options from their log likelihood [n, options], -inf where there is none."""
        for _ in range(ROUNDS):
            without = softmax(
                self._belief(logs)[self._source] - self._message[self._back]
            )  # what the source thinks without the target's word
            fresh = np.log1p(
                -self._strength * np.where(self._known, without.ravel()[self._place], 0.0)
            )
            fresh = DAMPING * self._message + (1 - DAMPING) * fresh
            change = float(np.abs(fresh - self._message).max(initial=0.0))
            self._message = fresh
            if change < SETTLED:
                break
        return softmax(self._belief(logs))

    def _belief(self, logs: Values) -> Values:
        heard = np.bincount(self._cell, weights=self._message.ravel(), minlength=logs.size).reshape(
            logs.shape
        )
        belief: Values = logs + heard
        return belief


def softmax(logs: Values) -> Values:
    """Probabilities [n, options] of log likelihoods."""
    top = np.exp(logs - logs.max(1, keepdims=True))
    out: Values = top / top.sum(1, keepdims=True)
    return out
