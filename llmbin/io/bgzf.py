"""Blocks of BGZF, the compression of BAM files (SAM specification, section 4.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..errors import CoverageError
from ..resources import check_room
from .inputs import InputFile
from .streams import EOF_BLOCK

HEADER = 18  # bytes of a block in front of its deflated data
LARGEST = 1 << 16
READ = 1 << 18  # bytes of a file that are read at a time


def block_groups(path: InputFile, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Whole blocks, a few at a time: those that start at ``begin`` or later, and before ``end``.

    Raises:
        CoverageError: what should be a block is none, or is cut off.
    """
    rest = b""
    with open(path, "rb") as handle:
        handle.seek(begin)
        while data := handle.read(READ):
            data = rest + data
            at = 0
            while len(data) - at >= HEADER and (end is None or begin + at < end):
                total = _block_size(path, data, at)
                if at + total > len(data):
                    break
                at += total
            if at:
                yield data[:at]
            rest, begin = data[at:], begin + at
            if end is not None and begin >= end:
                return
    if rest:
        raise CoverageError(f"{path}: the last block is cut off; the BAM file is damaged")


def inflated(path: InputFile, group: bytes) -> Iterator[bytes]:
    """The contents of a group's blocks, one by one.

    Raises:
        CoverageError: a block cannot be inflated, or does not match its checksum.
    """
    from isal import igzip_lib, isal_zlib

    at, view = 0, memoryview(group)
    while at < len(group):
        total = _block_size(path, group, at)
        crc, length = struct.unpack_from("<II", group, at + total - 8)
        if length > LARGEST:
            raise CoverageError(f"{path}: a block of impossible size; the BAM file is damaged")
        try:
            block = igzip_lib.decompress(
                view[at + HEADER : at + total - 8], igzip_lib.DECOMP_DEFLATE, 15, max(length, 1)
            )
        except Exception as error:  # igzip_lib.error, a class that type checkers do not see
            check_room(error)
            raise CoverageError(
                f"{path}: a block cannot be inflated ({error}); the BAM file is damaged"
            ) from None
        if len(block) != length or isal_zlib.crc32(block) != crc:
            raise CoverageError(
                f"{path}: a block does not match its checksum; the BAM file is damaged"
            )
        yield block
        at += total


def likely_block(path: InputFile, at: int) -> int | None:
    """Where the first block from ``at`` on seems to begin.

    Only reading up to it from the front can prove it.
    """
    with open(path, "rb") as handle:
        handle.seek(at)
        data = handle.read(2 * LARGEST)
    found = data.find(EOF_BLOCK[:4])
    while 0 <= found <= len(data) - HEADER:
        if data[found + 12 : found + 16] == EOF_BLOCK[12:16]:
            return at + found
        found = data.find(EOF_BLOCK[:4], found + 1)
    return None


def _block_size(path: InputFile, data: bytes, at: int) -> int:
    """As htslib: the size of the block is all that its extra field holds, or it is none."""
    if data[at : at + 4] != EOF_BLOCK[:4] or data[at + 10 : at + 16] != EOF_BLOCK[10:16]:
        raise CoverageError(
            f"{path}: not a BGZF block where one should be; the BAM file is damaged"
        )
    size = int(struct.unpack_from("<H", data, at + 16)[0]) + 1
    if size < 26:
        raise CoverageError(f"{path}: a block of impossible size; the BAM file is damaged")
    return size
