"""Contigs shared out among a few genomes that are alike: a mixture of Student's t distributions with repulsion between homologous contigs.

A part has a centre and a level of depth. Islands and plasmids are far from their genome's centre, and a Gaussian would have them decide: between two
centres, log odds grow with the distance from both. So what the squared distance q from a centre, over the contig's own noise, takes from the log likelihood
is that of a distribution with heavy tails, WEIGHT / 2 log(1 + q / KNEE), and far contigs hardly move a centre (Peel & McLachlan 2000). Homologous
contigs are of different parts (:mod:`llmbin.cluster.repulsion`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology
from .points import Points
from .repulsion import Repulsion

WEIGHT, KNEE = 20.0, 4.0  # docs/notes/2026-11-27-repeats-and-heavy-tails.md
ITERATIONS = 25
SETTLED = 1e-3  # largest change of a probability at which it is done
CENTRINGS = 4  # times that centres are found anew without what lies far from them
ROUNDS = 8  # of moves, each with centres anew
LEAST_GAIN = 1e-6

Labels = npt.NDArray[np.int32]
Values = npt.NDArray[np.float64]


class Mixture:
    """Some contigs, and the pairs of them that repel each other, to be shared out among parts."""

    def __init__(self, points: Points, lengths: npt.NDArray[np.int64], pairs: Homology) -> None:
        self._x, self._depth = points.vectors.astype(np.float64), points.depth.astype(np.float64)
        self._weight, self._depth_weight = (
            1 / points.noise.astype(np.float64)[:, None],
            1 / points.variance.astype(np.float64),
        )
        self._size = lengths / lengths.sum()
        self._pairs, self._evidence = pairs, pairs.evidence

    def __len__(self) -> int:
        return len(self._x)

    def parts(self, start: Values) -> Labels:
        """The most likely parts int32 [n], from shares [n, parts] to begin with (a row of zeros says nothing)."""
        part = self.shares(start).argmax(1).astype(np.int32)
        return max(part, self.moved(part, start.shape[1]), key=self.value)

    def shares(self, share: Values) -> Values:
        """Probabilities float64 [n, parts], by expectation maximisation; repulsion makes them depend on each other."""
        repulsion = Repulsion(
            np.broadcast_to(np.arange(share.shape[1], dtype=np.int32), share.shape), self._pairs
        )
        logs, trust = self._settled(share)
        for _ in range(ITERATIONS):
            fresh = repulsion.choose(logs)
            change = float(np.abs(fresh - share).max(initial=0.0))
            share = fresh
            if change < SETTLED:
                break
            logs, trust = self._logs(share, trust)
        return share

    def moved(self, part: Labels, parts: int) -> Labels:
        """Parts after moves of single contigs, each the best there is, until none makes all together more likely.

        Probabilities that depend on each other in a circle need not agree on one choice; this makes them.
        """
        part = part.copy()
        a, b = self._pairs.first, self._pairs.second
        source, target = np.concatenate([a, b]), np.concatenate([b, a])
        evidence = np.tile(self._evidence, 2)
        order = np.argsort(source, kind="stable")
        target, evidence = target[order], evidence[order]
        first = np.searchsorted(source[order], np.arange(len(self) + 1))
        rows = np.arange(len(self))
        for _ in range(ROUNDS):
            cell = source[order] * parts + part[target]
            gain = self._settled(np.eye(parts)[part])[0] - np.bincount(
                cell, evidence, len(self) * parts
            ).reshape(len(self), parts)
            before = part.copy()
            while True:
                i, to = divmod(int((gain - gain[rows, part][:, None]).argmax()), parts)
                if gain[i, to] - gain[i, part[i]] <= LEAST_GAIN:
                    break
                near = slice(first[i], first[i + 1])
                gain[target[near], part[i]] += evidence[near]
                gain[target[near], to] -= evidence[near]
                part[i] = to
            if (part == before).all():
                break
        return part

    def value(self, part: Labels) -> float:
        """Log likelihood of all contigs in their parts, less the evidence of pairs that are in one part."""
        logs = self._settled(np.eye(int(part.max()) + 1)[part])[0][np.arange(len(self)), part]
        return float(
            logs.sum() - self._evidence[part[self._pairs.first] == part[self._pairs.second]].sum()
        )

    def _settled(self, share: Values) -> tuple[Values, Values]:
        """`_logs` with trust and centres that fit each other."""
        trust = np.ones(share.shape)
        for _ in range(CENTRINGS):
            logs, trust = self._logs(share, trust)
        return logs, trust

    def _logs(self, share: Values, trust: Values) -> tuple[Values, Values]:
        """Log likelihoods [n, parts], and how much each contig's place says of a part's centre, which the next round needs."""
        held = share * trust
        centre = (held.T @ (self._x * self._weight)) / np.maximum(held.T @ self._weight, 1e-12)
        level = (share.T @ (self._depth * self._depth_weight)) / np.maximum(
            share.T @ self._depth_weight, 1e-12
        )
        prior = np.maximum(share.T @ self._size, 1e-6)
        far = ((self._x[:, None] - centre[None]) ** 2 * self._weight[:, None]).sum(2)
        other = ((self._depth[:, None] - level[None]) ** 2 * self._depth_weight[:, None]).sum(2)
        logs: Values = np.log(prior)[None] - 0.5 * (WEIGHT * np.log1p(far / KNEE) + other)
        return logs, WEIGHT / (KNEE + far)
