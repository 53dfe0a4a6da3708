"""Whether more sequencing still pays: near-complete genomes gained for each Gbp of reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS = 3  # the last rounds that are looked at together: one alone says little


@dataclass(frozen=True)
class Progress:
    """Where a round stood: Gbp of reads on the contigs, and near-complete bins by estimate."""

    gbp: float
    near_complete: int


def gain(rounds: Sequence[Progress]) -> float | None:
    """Near-complete genomes for each Gbp over the last `STEPS` rounds that brought reads.

    None where there were not so many, or fewer reads than before.
    """
    kept: list[Progress] = []
    for round_ in rounds:
        if kept and round_.gbp == kept[-1].gbp:
            kept[-1] = round_  # another assembly of the same reads
        else:
            kept.append(round_)
    if len(kept) <= STEPS:
        return None
    before, now = kept[-1 - STEPS], kept[-1]
    if now.gbp <= before.gbp:
        return None
    return (now.near_complete - before.near_complete) / (now.gbp - before.gbp)
