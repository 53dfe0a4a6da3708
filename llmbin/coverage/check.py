"""Depths that say nothing: hardly a read counts, hardly a contig has any, or all have the same."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..errors import CoverageError
from .coverage import Coverage, SampleReads

log = logging.getLogger("llmbin")

FEW_READS, HARDLY_ANY = 0.3, 0.1  # shares of the mapped reads that count: strange, and wrong
FEW_CONTIGS = 0.1  # share of the contigs that have depth, below which something is wrong
FEW, ENOUGH = 3, 10  # contigs of which the same depth is strange, and is no chance any more
SAME = 1e-6


@dataclass(frozen=True)
class Doubt:
    """Why a sample says little, with the remedy; ``useless``: it says nothing at all."""

    cause: str
    useless: bool = True


def check_depths(coverage: Coverage, assemblies: int = 1) -> None:
    """Warn of every sample that says little of the contigs.

    Of contigs of several ``assemblies`` each sample may have but its own.

    Raises:
        CoverageError: no sample says anything.
    """
    of_reads = [doubt_of_reads(reads) for reads in coverage.reads] or [None] * len(coverage.samples)
    columns = range(len(coverage.samples))
    of_depths = [doubt_of_depths(coverage.mean[:, i], assemblies) for i in columns]
    _tell(coverage, [a or b for a, b in zip(of_reads, of_depths, strict=True)])


def check_reads(coverage: Coverage) -> None:
    """Warn of every sample that says little; a table of one that is nearly empty is right.

    Raises:
        CoverageError: hardly a read counts in any sample.
    """
    doubts = []
    for i, reads in enumerate(coverage.reads):
        doubt = doubt_of_reads(reads)
        if not doubt and (of_depth := doubt_of_depths(coverage.mean[:, i])):
            doubt = replace(of_depth, useless=False)
        doubts.append(doubt)
    _tell(coverage, doubts)


def _tell(coverage: Coverage, doubts: Sequence[Doubt | None]) -> None:
    files = coverage.files or [""] * len(doubts)
    told = [
        f"{file}{', ' * bool(file)}sample {title}: {doubt.cause}"
        for file, title, doubt in zip(files, coverage.samples, doubts, strict=True)
        if doubt
    ]
    if told and all(doubt is not None and doubt.useless for doubt in doubts):
        rest = f"; all {len(told)} samples are of no use" if len(told) > 1 else ""
        raise CoverageError(told[0] + rest)
    for line in told:
        log.warning("%s", line)


def doubt_of_reads(reads: SampleReads) -> Doubt | None:
    """Why the reads of a sample say little, if they do."""
    if not reads.records:
        return Doubt("no reads; map the reads of this sample to this assembly")
    if not reads.mapped:
        return Doubt(
            f"none of {reads.records:,} records is a mapped read (all are unmapped, secondary, "
            "supplementary, duplicates or failed); map the reads of this sample to this assembly"
        )
    if reads.counted >= FEW_READS * reads.mapped:
        return None
    kind = reads.kind
    auto = ", or leave it out (auto)" if kind.long else ""
    return Doubt(
        f"{reads.counted:,} of {reads.mapped:,} mapped reads count, since --min-identity is "
        f"{kind.min_identity:g} and half of its {'long' if kind.long else 'short'} reads have "
        f"{kind.identity:.3f} or less; lower it{auto}, or map to this very assembly",
        reads.counted < HARDLY_ANY * reads.mapped,
    )


def doubt_of_depths(depth: npt.NDArray[np.float64], assemblies: int = 1) -> Doubt | None:
    """Why the depths [n] of a sample say nothing, if they do."""
    if not len(depth):
        return None
    covered = int((depth > 0).sum())
    if covered < FEW_CONTIGS * len(depth) / assemblies:
        return Doubt(
            f"{covered:,} of {len(depth):,} contigs have depth; map this sample to this very "
            "assembly, or leave it out"
        )
    if len(depth) >= FEW and np.ptp(depth) <= SAME * depth.max():
        return Doubt(
            f"the depth is {depth.max():g} on every contig, which says nothing; make the table "
            "again, or leave it out",
            len(depth) >= ENOUGH,
        )
    return None
