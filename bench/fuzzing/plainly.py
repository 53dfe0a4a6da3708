"""The same inputs, read by other modules or by a few plain lines: slow, and obviously right."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib

import onnx
import zstandard


def fasta(data: bytes) -> list[tuple[str, bytes]]:
    """Names and sequences."""
    out: list[tuple[str, bytes]] = []
    for raw in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        line = raw.rstrip(b"\r \t")
        if line.startswith(b">"):
            word = line[1:].split(None, 1)[0]
            out.append((word.decode("utf-8", "surrogateescape"), b""))
        elif line and out:
            out[-1] = out[-1][0], out[-1][1] + line
    return out


def decompressed(data: bytes) -> bytes | None:
    """What data are, decompressed; None where the standard library cannot say."""
    try:
        if data.startswith(b"\x1f\x8b"):
            return gzip.decompress(data)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as r:
                return r.read()
        if data.startswith(b"\xfd7zXZ\x00"):
            return _of_xz(data)
        if data.startswith(b"BZh"):
            return bz2.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, ValueError):
        return None
    return data


def _of_xz(data: bytes) -> bytes:
    """Streams with padding of four bytes or their multiples; Python's lzma stops at padding."""
    out = b""
    while data:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        out += stream.decompress(data)
        if not stream.eof:
            raise EOFError
        data = stream.unused_data.lstrip(b"\0")
        if (len(stream.unused_data) - len(data)) % 4:
            raise lzma.LZMAError
    return out


def inflated(data: bytes) -> bytes:
    """The contents of a BAM file."""
    return gzip.decompress(data)


def bam_body(data: bytes) -> bytes:
    """The records of a BAM file's contents."""
    at = 8 + struct.unpack_from("<I", data, 4)[0]
    (references,) = struct.unpack_from("<I", data, at)
    at += 4
    for _ in range(references):
        at += 8 + struct.unpack_from("<I", data, at)[0]
    return data[at:]


def bam_records(data: bytes) -> int:
    """Records of a BAM file's contents, by their sizes."""
    body, at, records = bam_body(data), 0, 0
    while at < len(body):
        at += 4 + struct.unpack_from("<I", body, at)[0]
        records += 1
    return records


def cells(data: bytes) -> set[str]:
    """All fields of a table."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return {cell for line in text.split("\n") for cell in line.rstrip("\r").split("\t")}


def table(data: bytes) -> dict[str, set[float]] | None:
    """The numbers of each row, by its first word; None for a table that is compressed."""
    if data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh")):
        return None
    rows: dict[str, set[float]] = {}
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        fields = [_unquoted(cell.strip()) for cell in line.split(b"\t")]
        words = fields[0].split()
        numbers = set()
        for cell in fields[1:]:
            try:
                numbers.add(float(cell))
            except ValueError:
                continue
        if words and numbers:
            name = words[0].decode("utf-8", "surrogateescape")
            rows.setdefault(name, set()).update(numbers)
    return rows


def _unquoted(cell: bytes) -> bytes:
    quoted = len(cell) > 1 and cell[:1] == cell[-1:] == b'"'
    return cell[1:-1] if quoted else cell


def onnx_operators(data: bytes) -> tuple[set[str], bool]:
    """Operators of an ONNX file and whether it has data outside, as ONNX's own parser sees them."""
    try:
        model = onnx.load_from_string(data)
    except Exception:  # what protobuf cannot read no runtime can
        return set(), False
    operators: set[str] = {"a function" for _ in model.functions}
    outside = False
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        tensors = list(graph.initializer)
        for node in graph.node:
            plain = node.domain in ("", "ai.onnx")
            operators.add(node.op_type if plain else f"{node.domain}::{node.op_type}")
            for attribute in node.attribute:
                graphs += [attribute.g, *attribute.graphs]
                tensors += [attribute.t, *attribute.tensors]
        for tensor in tensors:
            outside |= bool(tensor.external_data) or tensor.data_location != 0
    return operators, outside
