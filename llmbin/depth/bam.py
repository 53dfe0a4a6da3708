"""Depth of coverage from one BAM or CRAM file.

BAM takes the fast way: a sample of the reads says which rules are theirs (:mod:`llmbin.depth.reads`), then several threads take a piece of the file
each, ISA-L inflates its blocks and a native kernel walks the records. CRAM, and BAM that is not sorted by coordinate, go through pysam first.
"""

from __future__ import annotations

import logging
import os
import struct
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import CoverageError
from ..io.bgzf import EOF_BLOCK, READ, block_groups, inflated, likely_block
from ..io.inputs import InputFile
from ..io.streams import read_chunks
from .reads import DepthRules, ReadKind, judge, sampled

if TYPE_CHECKING:
    from .._kernels import DepthCounter

log = logging.getLogger("llmbin")

PIECES_A_THREAD = 2
SMALLEST_PIECE = 1 << 22  # bytes of a file; less is not worth a thread
SKIP_FLAGS = (
    0x100 | 0x200 | 0x400
)  # secondary, failed quality control, duplicate; supplementary count where reads are long
SAMPLED_PLACES = 16  # of a file, where its reads are looked at before they are counted
SAMPLED_READS = 1000  # at most, at each
LONGEST_SAMPLE = 1 << 22  # bytes of records at each
LEAST_RECORD = 36  # bytes
BLOCKS_TRIED = 500


@dataclass(frozen=True)
class SampleDepth:
    """Depth of every reference of one file: names [n], lengths, mean and variance [n] over positions (float64)."""

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
    """Depth of one BAM or CRAM file; no index is needed, and order only decides how long it takes.

    ``scratch`` is the folder for the temporary file that sorting needs (the system's by default), ``reference`` the FASTA file of what the reads
    were mapped to, which only CRAM needs.

    Raises:
        CoverageError: missing, cut off, damaged, or not BAM or CRAM.
    """
    if check_alignments(path) == "CRAM":
        return cram_depth(path, rules, threads, scratch, reference)
    depth = _bam_depth(path, rules, threads)
    if depth is None:
        log.info("%s is not sorted by coordinate: sorting a temporary copy first", path)
        return _sorted_depth(path, rules, threads, scratch)
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
                    f"{path}: a BAM or CRAM file was expected, it is {what}; make one with `samtools sort -o s.bam`"
                )
            handle.seek(0, 2)
            handle.seek(max(0, handle.tell() - len(EOF_BLOCK)))
            if handle.read() != EOF_BLOCK:
                raise CoverageError(
                    f"{path}: the BAM file has no end marker, so it is truncated; copy it or map the reads again"
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
        except Exception:  # igzip_lib.error, a class that type checkers do not see; what is wrong is said when the blocks are read
            return ""
        if begin[:4] == b"BAM\1" or not begin:
            return ""
    fields = begin.split(b"\n", 1)[0].split(b"\t")
    if (begin[:1] == b"@" and len(fields) > 1) or (len(fields) > 10 and fields[1].isdigit()):
        return "gzipped SAM text" if packed else "SAM text"
    return "something else that is gzipped" if packed else "neither"


def _bam_depth(path: InputFile, rules: DepthRules, threads: int) -> SampleDepth | None:
    """None if the file is not sorted by coordinate."""
    from .._kernels import DepthCounter

    begin = 0

    def contents() -> Iterator[bytes]:
        nonlocal begin
        for group in block_groups(path):
            begin += len(group)
            yield b"".join(inflated(path, group))

    names, lengths, rest = _header(path, contents())
    kind = kind_of_reads(path, begin, rest, lengths.tolist(), rules)

    def begun() -> DepthCounter:
        counter = DepthCounter(
            lengths.tolist(), kind.min_identity, rules.edge, SKIP_FLAGS, kind.long
        )
        counter.feed(rest)
        return counter

    counter = (
        _counted_in_pieces(path, begin, begun(), lengths.tolist(), threads) if threads > 1 else None
    )
    if counter is None:
        counter = begun()
        _count(path, begin, None, counter)
    if counter.unsorted:
        return None
    if not counter.finish():
        raise CoverageError(f"{path}: {counter.error}; the BAM file is damaged")
    mean, variance = counter.depths()
    return SampleDepth(
        names, lengths, mean, variance, counter.reads, counter.mapped, counter.counted, kind
    )


def kind_of_reads(
    path: InputFile, begin: int, rest: bytes, lengths: list[int], rules: DepthRules
) -> ReadKind:
    """What the reads are like, from a sample at places all over the file; its records begin with ``rest``, and go on at ``begin``."""
    from .._kernels import likely_record

    def places() -> Iterator[bytes]:
        yield rest + _records(path, begin)
        end = os.stat(path).st_size
        for at in range(begin, end, max(READ, -(-(end - begin) // SAMPLED_PLACES)))[1:]:
            if (start := likely_start(path, at, lengths)) is not None and likely_record(
                data := _records(path, start), lengths
            ):
                yield data

    return judge(*sampled(places(), lengths, SKIP_FLAGS, SAMPLED_READS), rules)


def _records(path: InputFile, begin: int) -> bytes:
    """Some inflated blocks; what is damaged ends them, for counting says what is wrong."""
    held = bytearray()
    try:
        for group in block_groups(path, begin):
            for block in inflated(path, group):
                held += block
                if len(held) > LONGEST_SAMPLE:
                    return bytes(held)
    except CoverageError:
        pass
    return bytes(held)


def likely_start(path: InputFile, at: int, lengths: list[int]) -> int | None:
    """Where a block from ``at`` on begins that seems to begin with a record; None if that is none of the next `BLOCKS_TRIED`.

    htslib starts a block with each record that does not fit into the one before, but very long records go on in blocks of their own. Other
    writers fill every block.
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


def _count(path: InputFile, begin: int, end: int | None, counter: DepthCounter) -> int:
    """Feed the blocks from ``begin`` to ``end`` to a counter. Returns where the last one ends, or where the counter had enough."""
    for group in block_groups(path, begin, end):
        if not all(counter.feed(block) for block in inflated(path, group)):
            break
        begin += len(group)
    return begin


def _counted_in_pieces(
    path: InputFile, begin: int, counter: DepthCounter, lengths: list[int], threads: int
) -> DepthCounter | None:
    """The same count by several threads, a piece of the file each; None where one thread must read it all.

    Pieces begin where a block and a record seem to. That is right if the piece before ends there and no record lies across, which is what
    htslib writes; errors are left to the one thread, which says what is wrong.
    """
    end = os.stat(path).st_size
    step = max(SMALLEST_PIECE, -(-(end - begin) // (PIECES_A_THREAD * threads)))
    starts = [begin] + [
        found
        for at in range(begin + step, end, step)
        if (found := likely_start(path, at, lengths)) is not None
    ]
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
        names.append(data[at + 4 : at + 3 + size].decode("utf-8", "surrogateescape"))
        lengths.append(struct.unpack_from("<I", data, at + 4 + size)[0])
        at += 8 + size
    if any(not 0 < length < 1 << 31 for length in lengths):
        raise CoverageError(f"{path}: the BAM header is damaged (a reference of impossible length)")
    return names, np.array(lengths, np.int64), bytes(data[at:])


def _sorted_depth(
    path: InputFile, rules: DepthRules, threads: int, scratch: Path | None, *options: str
) -> SampleDepth:
    """Sort to a temporary BAM file, then the fast way.

    Raises:
        CoverageError: the file cannot be read.
    """
    import pysam

    with tempfile.TemporaryDirectory(prefix="llmbin-sort-", dir=scratch) as folder:
        out, parts = Path(folder) / "sorted.bam", Path(folder) / "part"
        extra = ["-@", str(max(0, threads - 1)), "-l", "1", "-O", "bam", "-T", str(parts), *options]
        try:
            pysam.sort(*extra, "-o", str(out), os.fspath(path))
        except (pysam.SamtoolsError, OSError) as error:
            said = str(error).strip().splitlines()
            raise CoverageError(
                f"{path}: cannot be read ({said[-1] if said else 'samtools sort failed'})"
            ) from None
        depth = _bam_depth(out, rules, threads)
    if depth is None:
        raise CoverageError(f"{path}: cannot be sorted by coordinate")
    return depth


def cram_depth(
    path: InputFile,
    rules: DepthRules,
    threads: int,
    scratch: Path | None,
    reference: InputFile | None,
) -> SampleDepth:
    """Depth of a CRAM file, by the reference that is given, or else by the one that the file names.

    Raises:
        CoverageError: it cannot be read, with neither.
    """
    said = ""
    if reference is not None:
        with tempfile.TemporaryDirectory(prefix="llmbin-cram-", dir=scratch) as folder:
            plain = Path(folder) / "reference.fasta"  # samtools writes an index beside it
            with open(plain, "wb") as handle:
                handle.writelines(read_chunks(reference))
            try:
                return _sorted_depth(path, rules, threads, scratch, "--reference", str(plain))
            except CoverageError as error:
                said = f"; with {reference} as its reference neither"
                log.debug("%s", error)
    try:
        return _sorted_depth(path, rules, threads, scratch)
    except CoverageError as error:
        hint = (
            "the reads were mapped to another FASTA file"
            if said
            else "give the FASTA file that its reads were mapped to with --reference"
        )
        raise CoverageError(
            f"{error}{said}; CRAM needs its reference: {hint}, or set REF_PATH"
        ) from None
