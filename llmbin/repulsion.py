"""Choices of contigs that repel each other: belief propagation (Pearl 1988) on a graph of homologous pairs.

Each contig has some parts to choose from, with a log likelihood each; two contigs of a pair are of different parts, with odds of e^evidence to one. Exact where
pairs make no cycle, and good where cycles are few, as along two genomes that line up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .homology import Homology

ROUNDS = 30
DAMPING = 0.3
SETTLED = 1e-4  # largest change of a message at which it is done

Values = npt.NDArray[np.float64]


def choose(logs: Values, options: npt.NDArray[np.int32], pairs: Homology) -> Values:
    """Probability float64 [n, options] of each contig's options.

    Args:
        logs: log likelihood [n, options], -inf where there is no such option.
        options: the parts that they stand for int32 [n, options], -1 for none; those of a contig are distinct.
        pairs: who repels whom, and how much.
    """
    source, target = np.concatenate([pairs.first, pairs.second]), np.concatenate([pairs.second, pairs.first])
    edges = len(pairs.first)
    back = np.concatenate([np.arange(edges, 2 * edges), np.arange(edges)])
    repulsion = -np.expm1(-np.concatenate([pairs.evidence, pairs.evidence]))[:, None]
    same = (options[target][:, :, None] == options[source][:, None, :]) & (options[target] >= 0)[:, :, None]
    place, known = same.argmax(2), same.any(2)
    message = np.zeros((2 * edges, logs.shape[1]))
    for _ in range(ROUNDS):
        belief = logs.copy()
        np.add.at(belief, target, message)
        without = softmax(belief[source] - message[back])  # what the source thinks without the target's word
        fresh = np.log1p(-repulsion * np.where(known, np.take_along_axis(without, place, 1), 0.0))
        fresh = DAMPING * message + (1 - DAMPING) * fresh
        change = float(np.abs(fresh - message).max(initial=0.0))
        message = fresh
        if change < SETTLED:
            break
    belief = logs.copy()
    np.add.at(belief, target, message)
    return softmax(belief)


def softmax(logs: Values) -> Values:
    """Probabilities [n, options] of log likelihoods."""
    top = np.exp(logs - logs.max(1, keepdims=True))
    out: Values = top / top.sum(1, keepdims=True)
    return out
