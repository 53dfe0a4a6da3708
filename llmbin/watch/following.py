"""What a round takes from those before: names of genomes, and the curve in its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..estimator.classes import NEAR_COMPLETE
from ..results.summary import Bin, Outcome
from .events import Event
from .names import Known

CURVE = ("round", "gbp", "bins", "near_complete")  # what the report shows of each round


class Following:
    """A round's place among the others; `pipeline.run` asks it.

    ``known`` are the genomes of all rounds, with those of this one when it has named them, and
    ``counts`` is what the round found, when it has been recorded.
    """

    def __init__(self, number: int, known: Known, events: Sequence[Event], prefix: str) -> None:
        self.known, self.counts = known, dict[str, Any]()
        self._number, self._events, self._prefix = number, events, prefix
        self._earlier = {g.name for g in known.genomes if g.seen == number - 1}

    def names(self, outcome: Outcome) -> Sequence[str]:
        """Those of the same genomes before, and new ones."""
        binning = outcome.binning
        sketches = outcome.features.sketches.of_groups(binning.label, binning.bins)
        self.known = self.known.named(sketches, self._number, self._prefix)
        return [genome.name for genome in self.known.genomes[: len(sketches)]]

    def record(self, outcome: Outcome, bins: Sequence[Bin]) -> dict[str, Any]:
        """The rounds so far, this one too."""
        self.counts = self._count(outcome, bins)
        told = [event for event in self._events if all(key in event for key in CURVE)]
        now = {"round": self._number, **self.counts}
        return {"rounds": [{key: event[key] for key in CURVE} for event in (*told, now)]}

    def _count(self, outcome: Outcome, bins: Sequence[Bin]) -> dict[str, Any]:
        """What a round found, and what changed since the one before."""
        depth = outcome.coverage.mean[:].sum(1)
        now = {b.name for b in bins}
        return {
            "contigs": len(outcome.features.names),
            "bases": outcome.features.bases,
            "samples": outcome.coverage.samples,
            "gbp": round(float(depth @ outcome.features.lengths) / 1e9, 6),
            "bins": len(bins),
            "near_complete": sum(b.quality_class == NEAR_COMPLETE for b in bins),
            "kept": len(now & self._earlier),
            "new": sorted(now - self._earlier),
            "gone": sorted(self._earlier - now),
        }
