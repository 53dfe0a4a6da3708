"""Whether a CRAM file is whole: containers of blocks, each with its checksum, up to the end marker.

htslib, which decodes them, believes the sizes in a damaged file, and takes gigabytes of memory
before it says that something is wrong. Format: CRAM format specification (version 3.1), sections 6
to 9, https://samtools.github.io/hts-specs/CRAMv3.pdf.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from isal import isal_zlib

from ..errors import CoverageError
from ..io.inputs import InputFile

DEFINITION = 26  # bytes before the first container
VERSION = 3  # the only one with checksums; samtools' since 2015
END = 0x454F46  # where the alignments of the last container would begin
PIECE = 1 << 20  # bytes that are held at a time


@dataclass(frozen=True)
class Container:
    """Where the blocks of a container end in the file, their number, and if it is the last one."""

    ends: int
    blocks: int
    last: bool


def check_cram(path: InputFile) -> None:
    """Read every checksum of the file once.

    Raises:
        CoverageError: it is of another version, cut off, or damaged.
        OSError: it cannot be read.
    """
    with open(path, "rb") as handle:
        version = handle.read(DEFINITION)[4:6]
        if version[:1] != bytes([VERSION]):
            told = ".".join(map(str, version)) or "none"
            raise CoverageError(
                f"{path}: CRAM of version {told} is not read; convert it with "
                "`samtools view -O cram,version=3.0` or `samtools sort -o s.bam`"
            )
        container, size = None, os.fstat(handle.fileno()).st_size
        while (at := handle.tell()) < size:
            try:
                container = _container(handle)
                _check_blocks(handle, container, first=at == DEFINITION)
            except _Damaged as error:
                raise CoverageError(
                    f"{path}: is damaged in the container at byte {at} ({error}); "
                    "copy it or map the reads again"
                ) from None
    if container is None or not container.last:
        raise CoverageError(
            f"{path}: the CRAM file has no end marker, so it is truncated; "
            "copy it or map the reads again"
        )


class _Damaged(ValueError):
    """Why a container is damaged."""


class _Checked:
    """Bytes of a file, whose checksum follows them."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle, self._sum = handle, 0

    def read(self, size: int) -> bytes:
        """So many bytes."""
        data = self._handle.read(size)
        if len(data) != size:
            raise _Damaged("it is cut off")
        self._sum = isal_zlib.crc32(data, self._sum)
        return data

    def skip(self, size: int) -> None:
        """Bytes that only count for the checksum."""
        for at in range(0, size, PIECE):
            self.read(min(PIECE, size - at))

    def number(self) -> int:
        """An unsigned number of 32 bits, in one to five bytes (ITF8)."""
        first = self.read(1)[0]
        more = 4 if first >= 0xF0 else 8 - (first ^ 0xFF).bit_length()
        rest = int.from_bytes(self.read(more), "big")
        if more == 4:  # of the last byte only a half counts
            return (first & 0xF) << 28 | (rest >> 8) << 4 | rest & 0xF
        return (first & (0x7F >> more)) << 8 * more | rest

    def skip_long(self) -> None:
        """A number of 64 bits, in one to nine bytes (LTF8)."""
        self.read(8 - (self.read(1)[0] ^ 0xFF).bit_length())

    def check(self) -> None:
        """The checksum itself."""
        expected = self._sum
        if int.from_bytes(self.read(4), "little") != expected:
            raise _Damaged("a checksum is wrong")


def _container(handle: BinaryIO) -> Container:
    """The header of a container."""
    head = _Checked(handle)
    size = int.from_bytes(head.read(4), "little")
    _reference, start, _span, _records = (head.number() for _ in range(4))
    head.skip_long()
    head.skip_long()
    blocks = head.number()
    for _landmark in range(head.number()):
        head.number()
    head.check()
    return Container(handle.tell() + size, blocks, start == END)


def _check_blocks(handle: BinaryIO, container: Container, first: bool) -> None:
    """The blocks of a container; that of the header, the first one, may have room behind them."""
    for _ in range(container.blocks):
        block = _Checked(handle)
        block.read(2)  # compression and contents
        block.number()
        size = block.number()
        block.number()
        block.skip(size)
        block.check()
    if handle.tell() > container.ends or (handle.tell() < container.ends and not first):
        raise _Damaged("its blocks do not fill it")
    handle.seek(container.ends)
