"""Bytes of a file, whatever it is compressed with: chosen by content, not by name."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, cast

from ..errors import InputError
from ..resources import check_room
from .inputs import InputFile, open_input

# The last block of a BGZF file, which is empty (SAM specification, section 4.1.2).
EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")

CHUNK = 1 << 17  # bytes: what a reader makes of a chunk still lies in the processor's cache

# A few bytes may come to gigabytes. What is fed and given at a time is so small that no more than
# some 64 MB of them are held.
SLICE, PIECE = 1 << 11, 1 << 22
XZ_MEMORY = 1 << 30


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


# What compressed bytes come to, in pieces that memory holds; returns what is behind the member.
_Pieces = Generator[bytes, None, bytes]


@dataclass(frozen=True)
class _Codec:
    """Makes a decompressor of a member, and feeds it.

    Zero bytes may lie behind a member in multiples of so many as ``padding`` says. If that is 0
    they may lie at the end alone.
    """

    new: Callable[[], _Decompressor]
    feed: Callable[[Any, bytes], _Pieces]
    padding: int = 1


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
            if codec := _codec(begin):
                yield from _decompress(path, chunks, codec)
            elif begin:
                yield from chunks
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, a file was expected") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _codec(magic: bytes) -> _Codec | None:
    """How data that begin so are decompressed; None for plain data."""
    if magic.startswith(b"\x1f\x8b"):
        from isal import isal_zlib

        return _Codec(lambda: cast(_Decompressor, isal_zlib.decompressobj(wbits=31)), _at_once)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        zstd = zstandard.ZstdDecompressor
        return _Codec(lambda: cast(_Decompressor, zstd().decompressobj()), _in_slices, 0)
    if magic.startswith(b"\xfd7zXZ\x00"):
        xz = lzma.LZMADecompressor
        return _Codec(lambda: xz(lzma.FORMAT_XZ, memlimit=XZ_MEMORY), _bounded, 4)
    if magic.startswith(b"BZh"):
        return _Codec(bz2.BZ2Decompressor, _bounded, 0)
    return None


def _at_once(stream: _Decompressor, data: bytes) -> _Pieces:
    """A chunk of gzip comes to a thousand times its size at most."""
    yield stream.decompress(data)
    return stream.unused_data


def _in_slices(stream: _Decompressor, data: bytes) -> _Pieces:
    """Four bytes of Zstandard come to as many as 128 kB."""
    for at in range(0, len(data), SLICE):
        yield stream.decompress(data[at : at + SLICE])
        if stream.eof:
            return stream.unused_data + data[at + SLICE :]
    return b""


def _bounded(stream: lzma.LZMADecompressor | bz2.BZ2Decompressor, data: bytes) -> _Pieces:
    """Forty bytes of bzip2 come to as many as 46 MB."""
    yield stream.decompress(data, PIECE)
    while not (stream.eof or stream.needs_input):
        yield stream.decompress(b"", PIECE)
    return stream.unused_data


def _decompress(path: InputFile, chunks: Iterator[bytes], codec: _Codec) -> Iterator[bytes]:
    """Members one after the other; what is cut off, or is no member, is an error."""
    stream: _Decompressor | None = None
    begun, padding = False, 0
    blocks, end = False, b""  # of BGZF, and the last bytes of the file
    for chunk in chunks:
        blocks = blocks or (not end and chunk[:4] == EOF_BLOCK[:4] and chunk[12:14] == b"BC")
        end = (end + chunk[-len(EOF_BLOCK) :])[-len(EOF_BLOCK) :]
        data = chunk
        while data:
            if begun and stream is None and data.startswith(b"\0"):  # left by tar and tapes
                left = data.lstrip(b"\0")
                padding, data = padding + len(data) - len(left), left
                continue
            if stream is None:
                _check_padding(path, codec, padding, more=True)
                stream, begun, padding = codec.new(), True, 0
            data = yield from _fed(path, codec, stream, data)
            stream = None if stream.eof else stream
    _check_padding(path, codec, padding, more=False)
    if stream is not None or (blocks and end != EOF_BLOCK):
        raise InputError(
            f"{path}: the compressed data end too early, the file is truncated; "
            "fetch or compress it again"
        )


def _check_padding(path: InputFile, codec: _Codec, padding: int, more: bool) -> None:
    """Whether a file may have so many zero bytes behind a member, and ``more`` behind them."""
    if padding and more and not codec.padding:  # bzip2 would leave the rest out, without an error
        raise InputError(_cannot(path, "more behind padding"))
    if codec.padding and padding % codec.padding:  # xz refuses it, where Python leaves the rest out
        wanted = f"no multiple of {codec.padding}"
        raise InputError(_cannot(path, f"padding of {padding} bytes, {wanted}"))


def _fed(path: InputFile, codec: _Codec, stream: _Decompressor, data: bytes) -> _Pieces:
    """What some bytes come to; returns those behind the end of the member."""
    pieces = codec.feed(stream, data)
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            return cast(bytes, end.value) if stream.eof else b""
        except Exception as error:  # each codec has an error class of its own
            check_room(error)
            raise InputError(_cannot(path, str(error))) from None
        if piece:
            yield piece


def _cannot(path: InputFile, error: str) -> str:
    if "memory" in error.lower():  # what xz and Zstandard say of a large window
        return (
            f"{path}: was compressed with a window that is too large to be read here ({error}); "
            "decompress it first (xz -d, zstd -d --long=31)"
        )
    return f"{path}: damaged compressed data ({error}); fetch or compress the file again"
