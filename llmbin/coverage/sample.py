"""A sample of a BAM file's reads, at places all over the file.

A place in the middle is where a block begins and, by all that its bytes say, a record with it.
Only reading from the front could prove that, so nothing but the sample hangs on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from ..errors import CoverageError
from ..io.bgzf import READ, block_groups, inflated, likely_block
from ..io.inputs import InputFile
from .reads import DepthRules, Lengths, ReadKind, Values, judge

SKIP_FLAGS = 0x100 | 0x200 | 0x400  # secondary, failed quality control, duplicate
PLACES = 16
READS = 1000  # at most, at each place
BYTES = 1 << 22  # of records, at most, at each place
LEAST_RECORD = 36  # bytes
BLOCKS_TRIED = 500


def kind_of_reads(
    path: InputFile, begin: int, rest: bytes, lengths: list[int], rules: DepthRules
) -> ReadKind:
    """What the reads are like; the file's records begin with ``rest`` and go on at ``begin``."""
    return judge(*sample(path, begin, rest, lengths), rules)


def sample(path: InputFile, begin: int, rest: bytes, lengths: list[int]) -> tuple[Lengths, Values]:
    """Length and identity of some primary alignments."""
    from .._kernels import sample_reads

    size: list[Lengths] = [np.empty(0, np.int64)]
    identity: list[Values] = [np.empty(0)]
    for data in places(path, begin, rest, lengths):
        found = sample_reads(data, lengths, SKIP_FLAGS, READS)
        size.append(found[0])
        identity.append(found[1])
    return np.concatenate(size), np.concatenate(identity)


def places(path: InputFile, begin: int, rest: bytes, lengths: list[int]) -> Iterator[bytes]:
    """Records from the front of the file, and what may be some from up to 15 places further on."""
    yield rest + records(path, begin)
    end = os.stat(path).st_size
    for at in range(begin, end, max(READ, -(-(end - begin) // PLACES)))[1:]:
        if (start := likely_start(path, at, lengths)) is not None:
            yield records(path, start)


def records(path: InputFile, begin: int) -> bytes:
    """Some inflated blocks. What is damaged ends them; counting says what is wrong."""
    held = bytearray()
    try:
        for group in block_groups(path, begin):
            for block in inflated(path, group):
                held += block
                if len(held) > BYTES:
                    return bytes(held)
    except CoverageError:
        pass
    return bytes(held)


def likely_start(path: InputFile, at: int, lengths: list[int]) -> int | None:
    """Where a block from ``at`` on begins that seems to begin with a record.

    None if that is none of the next `BLOCKS_TRIED`. htslib starts a block with each record that
    does not fit into the one before, but very long records go on in blocks of their own, and
    other writers fill every block.
    """
    from .._kernels import likely_record

    for _ in range(BLOCKS_TRIED):
        if (found := likely_block(path, at)) is None:
            return None
        try:
            block = next(inflated(path, next(block_groups(path, found))))
        except (CoverageError, StopIteration):
            return found
        if len(block) < LEAST_RECORD or likely_record(block, lengths):
            return found
        at = found + 1
    return None
