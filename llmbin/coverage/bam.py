"""Depth of coverage from one BAM or CRAM file.

BAM takes the fast way: a sample of the reads says what they are like, then several threads take
a piece of the file each, ISA-L inflates its blocks and a native kernel walks the records. CRAM,
and BAM that is not sorted by coordinate, are sorted to a temporary BAM file first.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import CoverageError
from ..io.bgzf import block_groups, inflated
from ..io.inputs import InputFile
from ..io.names import text_of
from ..io.streams import EOF_BLOCK
from .reads import LONG_READ, DepthRules, ReadKind
from .sample import SKIP_FLAGS, kind_of_reads, likely_start
from .samtools import sorted_bam

if TYPE_CHECKING:
    from .._kernels import DepthCounter

log = logging.getLogger("llmbin")

PIECES_A_THREAD = 2
SMALLEST_PIECE = 1 << 22  # bytes of a file; less is not worth a thread
FEWEST_SAM_FIELDS = 11
MOST_BASES = 10**9  # of a contig, as of one in FASTA; they take four bytes each while counted


@dataclass(frozen=True)
class SampleDepth:
    """Depth of every reference of one file.

    Names [n], lengths int64 [n], mean and variance over positions float64 [n]. ``reads`` are all
    records, ``mapped`` the reads that are mapped and neither duplicates nor failed, ``counted``
    those of them that count.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    mean: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    reads: int
    mapped: int
    counted: int
    kind: ReadKind = field(default_factory=ReadKind)


def read_depth(
    path: InputFile,
    rules: DepthRules = DepthRules(),  # noqa: B008
    threads: int = 1,
    scratch: Path | None = None,
    reference: InputFile | None = None,
) -> SampleDepth:
    """Depth of one BAM or CRAM file. It needs no index; its order only decides how long it takes.

    ``scratch`` is the folder for the temporary file that sorting needs (the system's by default),
    ``reference`` the FASTA file of what the reads were mapped to, which only CRAM needs.

    Raises:
        CoverageError: missing, cut off, damaged, or not BAM or CRAM.
    """
    kind = check_alignments(path)
    if kind == "BAM":
        depth = bam_depth(path, path, rules, threads)
        if depth is not None:
            return depth
        log.info("%s is not sorted by coordinate: sorting a temporary copy first", path)
    with sorted_bam(path, kind, threads, scratch, reference) as bam:
        depth = bam_depth(bam, path, rules, threads)
    if depth is None:
        raise CoverageError(f"{path}: cannot be sorted by coordinate")
    return depth


def check_alignments(path: InputFile) -> str:
    """BAM or CRAM, by content, with its end in place.

    Raises:
        CoverageError: missing, cut off, or neither.
    """
    try:
        with open(path, "rb") as handle:
            begin = handle.read(1 << 12)
            if begin[:4] == b"CRAM":
                return "CRAM"
            if what := _not_bam(begin):
                raise CoverageError(
                    f"{path}: a BAM or CRAM file was expected, it is {what}; "
                    "make one with `samtools sort -o s.bam`"
                )
            handle.seek(0, 2)
            handle.seek(max(0, handle.tell() - len(EOF_BLOCK)))
            if handle.read() != EOF_BLOCK:
                raise CoverageError(
                    f"{path}: the BAM file has no end marker, so it is truncated; "
                    "copy it or map the reads again"
                )
    except OSError as error:
        raise CoverageError(f"{path}: cannot be read ({error.strerror or error})") from None
    return "BAM"


def _not_bam(begin: bytes) -> str:
    """What a file that begins so is, if it is no BAM."""
    if not begin:
        return "empty"
    packed = begin[:2] == b"\x1f\x8b"
    if packed:
        from isal import isal_zlib

        try:
            begin = isal_zlib.decompressobj(wbits=31).decompress(begin)
        except Exception:  # a class that type checkers do not see; reading the blocks tells
            return ""
        if begin[:4] == b"BAM\1" or not begin:
            return ""
    fields = begin.split(b"\n", 1)[0].split(b"\t")
    header = begin[:1] == b"@" and len(fields) > 1
    if header or (len(fields) >= FEWEST_SAM_FIELDS and fields[1].isdigit()):
        return "gzipped SAM text" if packed else "SAM text"
    return "something else that is gzipped" if packed else "neither"


def bam_depth(
    path: InputFile, shown: InputFile, rules: DepthRules, threads: int
) -> SampleDepth | None:
    """Depth of a BAM file, which messages call ``shown``; None if it is not sorted."""
    from .._kernels import DepthCounter

    begin = 0

    def contents() -> Iterator[bytes]:
        nonlocal begin
        for group in block_groups(path):
            begin += len(group)
            yield b"".join(inflated(path, group))

    names, lengths, rest = _header(path, contents())
    kind = kind_of_reads(path, begin, rest, lengths.tolist(), rules)
    limits = kind.min_identity, rules.edge, SKIP_FLAGS, kind.long, LONG_READ, kind.long_identity

    def begun() -> DepthCounter:
        counter = DepthCounter(lengths.tolist(), *limits)
        counter.feed(rest)
        return counter

    counter = _counted_in_pieces(path, begin, begun(), lengths, threads) if threads > 1 else None
    if counter is None:
        counter = begun()
        _count(path, begin, None, counter)
    if counter.unsorted:
        return None
    if not counter.finish():
        raise CoverageError(f"{shown}: {counter.error}; the BAM file is damaged")
    mean, variance = counter.depths()
    return SampleDepth(
        names, lengths, mean, variance, counter.reads, counter.mapped, counter.counted, kind
    )


def _count(path: InputFile, begin: int, end: int | None, counter: DepthCounter) -> int:
    """Feed the blocks from ``begin`` to ``end`` to a counter.

    Returns where the last one ends, or where the counter had enough.
    """
    for group in block_groups(path, begin, end):
        if not all(counter.feed(block) for block in inflated(path, group)):
            break
        begin += len(group)
    return begin


def _counted_in_pieces(
    path: InputFile,
    begin: int,
    counter: DepthCounter,
    lengths: npt.NDArray[np.int64],
    threads: int,
) -> DepthCounter | None:
    """The same count by several threads, a piece of the file each; None where one must do it all.

    Pieces begin where a block and a record seem to. That is right if the piece before ends there
    and no record lies across; errors are left to the one thread, which says what is wrong.
    """
    end = os.stat(path).st_size
    step = max(SMALLEST_PIECE, -(-(end - begin) // (PIECES_A_THREAD * threads)))
    later = (likely_start(path, at, lengths.tolist()) for at in range(begin + step, end, step))
    starts = [begin, *(start for start in later if start is not None)]
    stops = [*starts[1:], end]
    counters = [counter] + [counter.piece() for _ in starts[1:]]
    try:
        with ThreadPoolExecutor(threads) as pool:
            reached = list(pool.map(_count, repeat(path), starts, stops, counters))
    except CoverageError:
        return None
    whole = reached == stops and all(counter.append(piece) for piece in counters[1:])
    return counter if whole else None


def _header(
    path: InputFile, chunks: Iterator[bytes]
) -> tuple[list[str], npt.NDArray[np.int64], bytes]:
    """Reference names and lengths, and the bytes that were read behind the header."""
    data = bytearray()

    def need(n: int) -> None:
        while len(data) < n:
            chunk = next(chunks, None)
            if chunk is None:
                raise CoverageError(f"{path}: the BAM header is cut off; the file is damaged")
            data.extend(chunk)

    need(8)
    if data[:4] != b"BAM\1":
        raise CoverageError(f"{path}: gzip data, but not BAM")
    at = 8 + struct.unpack_from("<I", data, 4)[0]
    need(at + 4)
    count = struct.unpack_from("<I", data, at)[0]
    at += 4
    names, lengths = [], []
    for _ in range(count):
        need(at + 4)
        size = struct.unpack_from("<I", data, at)[0]
        if not 2 <= size <= 1 << 16:
            raise CoverageError(
                f"{path}: the BAM header is damaged (a reference name of {size} bytes)"
            )
        need(at + 8 + size)
        names.append(text_of(data[at + 4 : at + 3 + size]))
        lengths.append(struct.unpack_from("<I", data, at + 4 + size)[0])
        at += 8 + size
    if odd := [n for n in lengths if not 0 < n <= MOST_BASES]:
        raise CoverageError(
            f"{path}: its header names a contig of {odd[0]:,} bases; 1 to {MOST_BASES:,} "
            "were expected"
        )
    return names, np.array(lengths, np.int64), bytes(data[at:])
