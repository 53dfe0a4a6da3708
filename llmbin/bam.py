"""Depth of coverage from one BAM or CRAM file.

BAM takes the fast way: blocks of the file are inflated by ISA-L on several threads and a native kernel walks the
records. CRAM, and BAM that is not sorted by coordinate, go through pysam first.
"""

from __future__ import annotations

import logging
import struct
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import CoverageError

log = logging.getLogger("llmbin")

EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
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

    chunks = _inflate(path, threads)
    names, lengths, rest = _header(path, chunks)
    counter = DepthCounter(lengths.tolist(), rules.min_identity, rules.edge, SKIP_FLAGS)
    good = counter.feed(rest)
    while good and (chunk := next(chunks, None)) is not None:
        good = counter.feed(chunk)
    if counter.unsorted:
        return None
    if not counter.finish():
        raise CoverageError(f"{path}: {counter.error}; the BAM file is damaged")
    return SampleDepth(names, lengths, counter.mean(), counter.variance(), counter.reads, counter.counted)


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


def _inflate(path: Path, threads: int) -> Iterator[bytes]:
    """Decompressed bytes in order; groups of blocks are inflated by a pool, a few groups ahead."""
    with open(path, "rb") as handle, ThreadPoolExecutor(max(1, threads)) as pool:
        queue: deque[Future[bytes]] = deque()
        for blocks in _block_groups(path, handle):
            queue.append(pool.submit(_inflate_group, path, blocks))
            if len(queue) > 2 * threads:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()


def _block_groups(path: Path, handle: object, size: int = 1 << 20) -> Iterator[bytes]:
    """Whole BGZF blocks, about ``size`` bytes at a time."""
    rest = b""
    while data := handle.read(size):  # type: ignore[attr-defined]
        data = rest + data
        at = 0
        while len(data) - at >= 18:
            total = _block_size(path, data, at)
            if at + total > len(data):
                break
            at += total
        rest = data[at:]
        if at:
            yield data[:at]
    if rest:
        raise CoverageError(f"{path}: the last block is cut off; the BAM file is damaged")


def _block_size(path: Path, data: bytes, at: int) -> int:
    if data[at : at + 4] != b"\x1f\x8b\x08\x04" or data[at + 12 : at + 16] != b"BC\2\0":
        raise CoverageError(f"{path}: not a BGZF block where one should be; the BAM file is damaged")
    size = int(struct.unpack_from("<H", data, at + 16)[0]) + 1
    if size < 26:
        raise CoverageError(f"{path}: a block of impossible size; the BAM file is damaged")
    return size


def _inflate_group(path: Path, data: bytes) -> bytes:
    from isal import igzip_lib, isal_zlib

    out, at, view = [], 0, memoryview(data)
    while at < len(data):
        total = _block_size(path, data, at)
        crc, length = struct.unpack_from("<II", data, at + total - 8)
        try:
            block = igzip_lib.decompress(view[at + 18 : at + total - 8], igzip_lib.DECOMP_DEFLATE, 15, max(length, 1))
        except Exception as error:  # igzip_lib.error, a class that type checkers do not see
            raise CoverageError(f"{path}: a block cannot be inflated ({error}); the BAM file is damaged") from None
        if len(block) != length or isal_zlib.crc32(block) != crc:
            raise CoverageError(f"{path}: a block does not match its checksum; the BAM file is damaged")
        out.append(block)
        at += total
    return b"".join(out)


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
