"""Depth of coverage from one BAM or CRAM file.

BAM takes the fast way: several threads take a piece of the file each, ISA-L inflates its blocks and a native kernel
walks the records. CRAM, and BAM that is not sorted by coordinate, go through pysam first.
"""

from __future__ import annotations

import logging
import struct
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .bgzf import EOF_BLOCK, block_groups, inflated, likely_block
from .errors import CoverageError

if TYPE_CHECKING:
    from ._kernels import DepthCounter

log = logging.getLogger("llmbin")

PIECES_A_THREAD = 2
SMALLEST_PIECE = 1 << 22  # bytes of a file; less is not worth a thread
SKIP_FLAGS = 0x100 | 0x200 | 0x400 | 0x800  # secondary, failed quality control, duplicate, supplementary


@dataclass(frozen=True)
class DepthRules:
    """Which reads and positions count: the defaults are jgi_summarize_bam_contig_depths'.

    ``min_identity`` is (matched - mismatched) / read length, ``edge`` the bases at each end that are left out (at
    most the mean read length).
    """

    min_identity: float = 0.97
    edge: int = 75


@dataclass(frozen=True)
class SampleDepth:
    """Depth of every reference of one file: names [n], lengths, mean and variance [n] over positions (float64)."""

    names: list[str]
    lengths: npt.NDArray[np.int64]
    mean: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    reads: int
    counted: int


def read_depth(path: Path, rules: DepthRules = DepthRules(), threads: int = 1, scratch: Path | None = None) -> SampleDepth:
    """Depth of one BAM or CRAM file; no index is needed, and order only decides how long it takes.

    ``scratch`` is the folder for the temporary file that sorting needs (the system's by default).

    Raises:
        CoverageError: missing, cut off, damaged, or not BAM or CRAM.
    """
    if check_alignments(path) == "CRAM":
        return _through_pysam(path, rules, threads, scratch, "CRAM")
    depth = _bam_depth(path, rules, threads)
    if depth is None:
        log.info("%s is not sorted by coordinate: sorting a temporary copy first", path)
        return _through_pysam(path, rules, threads, scratch, "BAM")
    return depth


def check_alignments(path: Path) -> str:
    """BAM or CRAM, by content, with its end in place.

    Raises:
        CoverageError: missing, cut off, or neither.
    """
    try:
        with open(path, "rb") as handle:
            magic = handle.read(4)
            if magic == b"CRAM":
                return "CRAM"
            if magic[:2] != b"\x1f\x8b":
                what = "it is empty" if not magic else "it is SAM text" if magic[:1] == b"@" else "it is neither"
                raise CoverageError(f"{path}: a BAM or CRAM file was expected, {what}; make one with `samtools sort -o s.bam`")
            handle.seek(0, 2)
            handle.seek(max(0, handle.tell() - len(EOF_BLOCK)))
            if handle.read() != EOF_BLOCK:
                raise CoverageError(f"{path}: the BAM file has no end marker, so it is truncated; copy it or map the reads again")
    except OSError as error:
        raise CoverageError(f"{path}: cannot be read ({error.strerror or error})") from None
    return "BAM"


def _bam_depth(path: Path, rules: DepthRules, threads: int) -> SampleDepth | None:
    """None if the file is not sorted by coordinate."""
    from ._kernels import DepthCounter

    begin = 0

    def contents() -> Iterator[bytes]:
        nonlocal begin
        for group in block_groups(path):
            begin += len(group)
            yield b"".join(inflated(path, group))

    names, lengths, rest = _header(path, contents())

    def begun() -> DepthCounter:
        counter = DepthCounter(lengths.tolist(), rules.min_identity, rules.edge, SKIP_FLAGS)
        counter.feed(rest)
        return counter

    counter = _counted_in_pieces(path, begin, begun(), threads) if threads > 1 else None
    if counter is None:
        counter = begun()
        _count(path, begin, None, counter)
    if counter.unsorted:
        return None
    if not counter.finish():
        raise CoverageError(f"{path}: {counter.error}; the BAM file is damaged")
    mean, variance = counter.depths()
    return SampleDepth(names, lengths, mean, variance, counter.reads, counter.counted)


def _count(path: Path, begin: int, end: int | None, counter: DepthCounter) -> int:
    """Feed the blocks from ``begin`` to ``end`` to a counter. Returns where the last one ends, or where the counter had enough."""
    for group in block_groups(path, begin, end):
        if not all(counter.feed(block) for block in inflated(path, group)):
            break
        begin += len(group)
    return begin


def _counted_in_pieces(path: Path, begin: int, counter: DepthCounter, threads: int) -> DepthCounter | None:
    """The same count by several threads, a piece of the file each; None where one thread must read it all.

    Pieces begin where a block seems to. That is right if the piece before ends there and no record lies across, which is what
    htslib writes; errors are left to the one thread, which says what is wrong.
    """
    end = path.stat().st_size
    step = max(SMALLEST_PIECE, -(-(end - begin) // (PIECES_A_THREAD * threads)))
    starts = [begin] + [found for at in range(begin + step, end, step) if (found := likely_block(path, at)) is not None]
    stops = [*starts[1:], end]
    counters = [counter] + [counter.piece() for _ in starts[1:]]
    try:
        with ThreadPoolExecutor(threads) as pool:
            reached = list(pool.map(_count, repeat(path), starts, stops, counters))
    except CoverageError:
        return None
    whole = reached == stops and all(counter.append(piece) for piece in counters[1:])
    return counter if whole else None


def _header(path: Path, chunks: Iterator[bytes]) -> tuple[list[str], npt.NDArray[np.int64], bytes]:
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
            raise CoverageError(f"{path}: the BAM header is damaged (a reference name of {size} bytes)")
        need(at + 8 + size)
        names.append(data[at + 4 : at + 3 + size].decode("utf-8", "replace"))
        lengths.append(struct.unpack_from("<I", data, at + 4 + size)[0])
        at += 8 + size
    if any(not 0 < length < 1 << 31 for length in lengths):
        raise CoverageError(f"{path}: the BAM header is damaged (a reference of impossible length)")
    return names, np.array(lengths, np.int64), bytes(data[at:])


def _through_pysam(path: Path, rules: DepthRules, threads: int, scratch: Path | None, kind: str) -> SampleDepth:
    """Sort (which also turns CRAM into BAM) to a temporary file, then the fast way."""
    import pysam

    with tempfile.TemporaryDirectory(prefix="llmbin-sort-", dir=scratch) as folder:
        out = Path(folder) / "sorted.bam"
        try:
            pysam.sort("-@", str(max(0, threads - 1)), "-l", "1", "-O", "bam", "-T", str(Path(folder) / "part"), "-o", str(out), str(path))
        except (pysam.SamtoolsError, OSError) as error:
            hint = (
                "; CRAM needs its reference: set REF_PATH or convert it with `samtools view -b -T contigs.fasta`" if kind == "CRAM" else ""
            )
            raise CoverageError(f"{path}: {kind} cannot be read ({str(error).strip().splitlines()[-1]}){hint}") from None
        depth = _bam_depth(out, rules, threads)
    if depth is None:
        raise CoverageError(f"{path}: cannot be sorted by coordinate")
    return depth
