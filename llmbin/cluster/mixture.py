"""Contigs shared out among a few genomes that are alike.

A mixture of Student's t distributions with repulsion between homologous contigs. A part has a
centre and a level of depth. Islands and plasmids are far from their genome's centre, and a Gaussian
would have them decide: between two centres, log odds grow with the distance from both. So what the
squared distance q from a centre, over the contig's own noise, takes from the log likelihood is that
of a distribution with heavy tails, weight / 2 log(1 + q / knee), and far contigs hardly move a
centre (Peel & McLachlan 2000). Homologous contigs are of different parts (`repulsion.py`).

The Gaussian mixture of `split.py` begins from contigs instead of shares, knows no homology, and
gives log depth and vector the same tails: only centres and distances (`centres.py`) are the same.
"""

from __future__ import annotations

import numpy as np

from ..genes.homology import Homology
from .arrays import Labels, Lengths, Values
from .centres import WeightedPoints
from .points import Points
from .repulsion import Repulsion
from .thresholds import MIXTURE


class Mixture:
    """Some contigs, and the pairs of them that repel each other, to be shared out among parts."""

    def __init__(self, points: Points, lengths: Lengths, pairs: Homology) -> None:
        self._points = WeightedPoints(points)
        self._size = lengths / lengths.sum()
        self._pairs, self._evidence = pairs, pairs.evidence

    def __len__(self) -> int:
        return len(self._points)

    def likeliest_parts(self, start: Values) -> Labels:
        """The most likely parts int32 [n].

        ``start``: shares [n, parts] to begin with; a row of zeros says nothing.
        """
        part = self.shares(start).argmax(1).astype(np.int32)
        return max(part, self.after_moves(part, start.shape[1]), key=self.log_likelihood)

    def shares(self, share: Values) -> Values:
        """Probabilities float64 [n, parts], by expectation maximisation.

        Repulsion makes them depend on each other.
        """
        options = np.broadcast_to(np.arange(share.shape[1], dtype=np.int32), share.shape)
        repulsion = Repulsion(options, self._pairs)
        logs, trust = self._centred(share)
        for _ in range(MIXTURE.iterations):
            fresh = repulsion.choose(logs)
            change = float(np.abs(fresh - share).max(initial=0.0))
            share = fresh
            if change < MIXTURE.settled:
                break
            logs, trust = self._logs(share, trust)
        return share

    def after_moves(self, part: Labels, parts: int) -> Labels:
        """Parts after moves of single contigs, each the best there is, until none is a gain.

        Probabilities that depend on each other in a circle need not agree on one choice; this makes
        them.
        """
        part = part.copy()
        a, b = self._pairs.first, self._pairs.second
        source, target = np.concatenate([a, b]), np.concatenate([b, a])
        evidence = np.tile(self._evidence, 2)
        order = np.argsort(source, kind="stable")
        source, target, evidence = source[order], target[order], evidence[order]
        first = np.searchsorted(source, np.arange(len(self) + 1))
        rows = np.arange(len(self))
        for _ in range(MIXTURE.move_rounds):
            cell = source * parts + part[target]
            repelled = np.bincount(cell, evidence, len(self) * parts).reshape(len(self), parts)
            gain = self._centred(np.eye(parts)[part])[0] - repelled
            before = part.copy()
            while True:
                i, to = divmod(int((gain - gain[rows, part][:, None]).argmax()), parts)
                if gain[i, to] - gain[i, part[i]] <= MIXTURE.least_gain:
                    break
                near = slice(first[i], first[i + 1])
                gain[target[near], part[i]] += evidence[near]
                gain[target[near], to] -= evidence[near]
                part[i] = to
            if (part == before).all():
                break
        return part

    def log_likelihood(self, part: Labels) -> float:
        """That of all contigs in their parts, less the evidence of pairs that are in one part."""
        logs = self._centred(np.eye(int(part.max()) + 1)[part])[0][np.arange(len(self)), part]
        together = part[self._pairs.first] == part[self._pairs.second]
        return float(logs.sum() - self._evidence[together].sum())

    def _centred(self, share: Values) -> tuple[Values, Values]:
        """`_logs` with trust and centres that fit each other."""
        trust = np.ones(share.shape)
        for _ in range(MIXTURE.centrings):
            logs, trust = self._logs(share, trust)
        return logs, trust

    def _logs(self, share: Values, trust: Values) -> tuple[Values, Values]:
        """Log likelihoods [n, parts] and trust, which the next round needs.

        Trust: how much each contig's place says of a part's centre.
        """
        centres = self._points.centres(share * trust, share)
        prior = np.maximum(share.T @ self._size, 1e-6)
        vectors, log_depth = self._points.squared(centres)
        tails = MIXTURE.weight * np.log1p(vectors / MIXTURE.knee)
        logs: Values = np.log(prior)[None] - 0.5 * (tails + log_depth)
        return logs, MIXTURE.weight / (MIXTURE.knee + vectors)
