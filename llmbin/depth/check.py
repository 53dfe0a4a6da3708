"""Depths that say nothing: a sample of which hardly a read counts or a contig has depth, or that is the same everywhere."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt

from ..errors import CoverageError
from .coverage import Coverage, SampleReads

log = logging.getLogger("llmbin")

FEW_READS = 0.1  # share of the mapped reads that count, below which something is wrong
FEW_CONTIGS = 0.1  # share of the contigs that have depth, below which something is wrong
FEW, ENOUGH = 3, 10  # contigs of which the same depth is strange, and is no chance any more
SAME = 1e-6


def check_depths(coverage: Coverage, assemblies: int = 1) -> None:
    """Warn of every sample that says nothing of the contigs, with the cause and the remedy.

    Of contigs of several ``assemblies`` each sample may have but its own.

    Raises:
        CoverageError: no sample says anything.
    """
    doubts = {}
    for s, title in enumerate(coverage.samples):
        reads = coverage.reads[s] if coverage.reads else None
        if doubt := (doubt_of_reads(reads) if reads else "") or doubt_of_depths(
            coverage.mean[:, s], assemblies
        ):
            doubts[
                f"{coverage.files[s]}, sample {title}" if coverage.files else f"sample {title}"
            ] = doubt
    by_chance = len(coverage.mean) < ENOUGH and bool((coverage.mean > 0).all())
    if doubts and len(doubts) == len(coverage.samples) and not by_chance:
        first, doubt = next(iter(doubts.items()))
        rest = f"; all {len(doubts)} samples are of no use" if len(doubts) > 1 else ""
        raise CoverageError(
            f"{first}: {doubt}{rest} (without --bam and --depth, bins are made by composition alone)"
        )
    for where, doubt in doubts.items():
        log.warning("%s: %s", where, doubt)


def doubt_of_reads(reads: SampleReads) -> str:
    """Why the reads of a sample say nothing; empty if they do say something."""
    if not reads.mapped:
        return "no read is mapped; map the reads of this sample to this assembly"
    if reads.counted >= FEW_READS * reads.mapped:
        return ""
    kind = reads.kind
    return (
        f"{reads.counted:,} of {reads.mapped:,} mapped reads count, since --min-identity is {kind.min_identity:g} and half of its "
        f"{'long' if kind.long else 'short'} reads have {kind.identity:.3f} or less; "
        f"lower it{', or leave it out (auto)' if kind.long else ''}, or map to this very assembly"
    )


def doubt_of_depths(depth: npt.NDArray[np.float64], assemblies: int = 1) -> str:
    """Why the depths [n] of a sample say nothing; empty if they do say something."""
    if not len(depth):
        return ""
    covered = int((depth > 0).sum())
    if covered < FEW_CONTIGS * len(depth) / assemblies:
        return f"{covered:,} of {len(depth):,} contigs have depth; map this sample to this very assembly, or leave it out"
    if len(depth) >= FEW and np.ptp(depth) <= SAME * depth.max():
        return f"the depth is {depth.max():g} on every contig, which says nothing; make the table again, or leave it out"
    return ""
