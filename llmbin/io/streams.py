"""Bytes of a file, whatever it is compressed with: chosen by content, not by name."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol, cast

from ..errors import InputError
from .inputs import InputFile, open_input

# The last block of a BGZF file, which is empty (SAM specification, section 4.1.2).
EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")

CHUNK = 1 << 17  # bytes: what a reader makes of a chunk still lies in the processor's cache


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def read_chunks(path: InputFile) -> Iterator[bytes]:
    """Decompressed chunks of a plain, gzip, BGZF, zstd, xz or bzip2 file or pipe.

    ``-`` is standard input.

    Raises:
        InputError: the file is missing, unreadable, damaged or cut off.
    """
    try:
        with open_input(path) as handle:
            begin = handle.read(CHUNK)  # a pipe cannot go back to it
            chunks = chain([begin], iter(lambda: handle.read(CHUNK), b""))
            if new := _decompressor(begin):
                yield from _decompress(path, chunks, new)
            elif begin:
                yield from chunks
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, a file was expected") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _decompressor(magic: bytes) -> Callable[[], _Decompressor] | None:
    """What makes a decompressor for data that begin so; None for plain data."""
    if magic.startswith(b"\x1f\x8b"):
        from isal import isal_zlib

        return lambda: cast(_Decompressor, isal_zlib.decompressobj(wbits=31))
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        return lambda: cast(_Decompressor, zstandard.ZstdDecompressor().decompressobj())
    if magic.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMADecompressor
    if magic.startswith(b"BZh"):
        return bz2.BZ2Decompressor
    return None


def _decompress(
    path: InputFile, chunks: Iterator[bytes], new: Callable[[], _Decompressor]
) -> Iterator[bytes]:
    """Members one after the other; what is cut off, or is no member, is an error."""
    stream: _Decompressor | None = None
    blocks, end = False, b""  # of BGZF, and the last bytes of the file
    for chunk in chunks:
        blocks = blocks or (not end and chunk[:4] == EOF_BLOCK[:4] and chunk[12:14] == b"BC")
        end = (end + chunk[-len(EOF_BLOCK) :])[-len(EOF_BLOCK) :]
        data = chunk
        while data:
            if stream is None:
                stream = new()
            try:
                out = stream.decompress(data)
            except Exception as error:  # each codec has an error class of its own
                raise InputError(
                    f"{path}: damaged compressed data ({error}); fetch or compress the file again"
                ) from None
            if out:
                yield out
            data = stream.unused_data if stream.eof else b""
            if stream.eof:
                stream = None
                data = data.lstrip(b"\0")  # padding behind the last member, left by tar and tapes
    if stream is not None or (blocks and end != EOF_BLOCK):
        raise InputError(
            f"{path}: the compressed data end too early, the file is truncated; "
            "fetch or compress it again"
        )
