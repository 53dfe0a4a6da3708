from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pysam
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from llmbin._kernels import FastaParser
from llmbin.errors import FastaError, InputError
from llmbin.io import lines, streams
from llmbin.io.fasta import read_fasta
from llmbin.io.streams import read_chunks

TEXT = (
    b">k141_1 flag=1 multi=2.0\nACGTacgtNRYKM\nACG\n\n>k141_2\r\nAC\r\nGT\r\n>empty\n>last a b\nTTT"
)
RECORDS = [
    ("k141_1", b"ACGTacgtNRYKMACG", 1, "flag=1 multi=2.0"),
    ("k141_2", b"ACGT", 5, ""),
    ("empty", b"", 8, ""),
    ("last", b"TTT", 9, "a b"),
]


def bgzip(data: bytes, path: Path) -> bytes:
    with pysam.BGZFile(str(path), "wb") as out:  # type: ignore[call-arg]
        out.write(data)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["plain", "gz", "two-gz", "bgz", "zst", "xz", "bz2"])
def test_reads_every_compression_whatever_the_name(kind: str, tmp_path: Path) -> None:
    half = len(TEXT) // 2
    packed = {
        "plain": lambda: TEXT,
        "gz": lambda: gzip.compress(TEXT),
        "two-gz": lambda: gzip.compress(TEXT[:half]) + gzip.compress(TEXT[half:]),
        "bgz": lambda: bgzip(TEXT, tmp_path / "x.gz"),
        "zst": lambda: zstandard.compress(TEXT),
        "xz": lambda: lzma.compress(TEXT),
        "bz2": lambda: bz2.compress(TEXT),
    }[kind]()
    path = tmp_path / "contigs.data"
    path.write_bytes(packed)
    assert list(read_fasta(path)) == RECORDS


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b"", None, "no sequences"),
        (b"\n\n", None, "no sequences"),
        (b"@r1\nACGT\n+\nIIII\n", 1, "FASTQ"),
        (b"ACGT\n", 1, "expected '>'"),
        (b">a\nACGT\n> \nAC\n", 3, "without a name"),
        (b">a\nACGT\n>b\nACGT\nMKLV*\n", 5, "protein"),
        (b">a\nACGT\nAC-GT\n", 3, "'-' is not a nucleotide code"),
        (b">a\nAC\x00GT\n", 2, "byte 0"),
        (b">a\r\n\r\nACGT\r\nAC GT\r\n", 4, "a space is not a nucleotide code"),
        (b">a\nACGT\n>b\x00c\nACGT\n", 3, "byte 0 in a name"),
        (b">a b\rACGT\r>c\rACGT\r", 1, "a carriage return in a header: of lines that end as on"),
        (b">a\nAC\rGT\n", 2, "a carriage return is not a nucleotide code"),
    ],
)
def test_errors_name_the_file_and_the_line(
    text: bytes, line: int | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.fa"
    path.write_bytes(text)
    with pytest.raises(FastaError) as caught:
        list(read_fasta(path))
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    if line is not None:
        assert f"line {line}:" in str(caught.value)


def test_a_byte_order_mark_is_none_of_the_first_header(tmp_path: Path) -> None:
    path = tmp_path / "windows.fa"
    path.write_bytes(b"\xef\xbb\xbf>a\r\nACGT\r\n\xef\xbb\xbf>b\r\n")
    with pytest.raises(FastaError, match="line 3: byte 239"):
        list(read_fasta(path))
    path.write_bytes(b"\xef\xbb\xbf>a\r\nACGT\r\n")
    assert [(r.name, r.sequence, r.line) for r in read_fasta(path)] == [("a", b"ACGT", 1)]


@pytest.mark.parametrize("codec", [gzip.compress, lzma.compress, bz2.compress, zstandard.compress])
def test_truncated_compressed_files_are_errors_at_any_cut(codec: object, tmp_path: Path) -> None:
    packed = codec(b">a\n" + b"ACGTTGCAACG" * 500 + b"\n")  # type: ignore[operator]
    for cut in sorted({max(6, len(packed) * k // 21) for k in range(1, 21)} | {len(packed) - 1}):
        path = tmp_path / "cut"
        path.write_bytes(packed[:cut])
        with pytest.raises(InputError, match=r"truncated|damaged"):
            list(read_fasta(path))


def test_bgzf_without_its_last_block_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    whole = bgzip(b">a\n" + b"ACGTTGCAACG" * 20_000 + b"\n", path)
    assert len(list(read_fasta(path))) == 1
    path.write_bytes(whole[:-28])
    with pytest.raises(InputError, match="truncated"):
        list(read_fasta(path))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_fasta(tmp_path / "none.fa"))
    with pytest.raises(InputError, match="folder"):
        list(read_fasta(tmp_path))


def reference_parse(text: bytes) -> list[tuple[bytes, bytes, int, bytes]]:
    out: list[tuple[bytes, bytes, int, bytes]] = []
    for number, raw in enumerate(text.split(b"\n"), 1):
        line = raw.rstrip(b"\r \t")
        if line.startswith(b">"):
            name, *more = line[1:].split(None, 1)
            out.append((name, b"", number, b"".join(more)))
        elif line:
            name, sequence, start, description = out[-1]
            out[-1] = (name, sequence + line, start, description)
    return out


MIB = 1 << 20


@pytest.mark.parametrize("end", [b"\n", b" \t\r\n", b""])
@pytest.mark.parametrize("step", [1 << 17, 1 << 22])
def test_a_line_longer_than_is_held_is_read_as_it_comes(end: bytes, step: int) -> None:
    bases = b"ACGTN" * 700_000
    text = b">a\n" + bases + end + (b">b\nAC\n" if end else b"")
    parser, got = FastaParser(), []
    for at in range(0, len(text), step):
        assert parser.feed(text[at : at + step])
        got += parser.take()
    assert parser.finish()
    want = [(b"a", bases, 1, b"")] + ([(b"b", b"AC", 3, b"")] if end else [])
    assert got + parser.take() == want


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b">a\nAC\n>" + b"b" * (MIB + 1) + b"\nAC\n", 3, "a header of more than 1,048,576"),
        (b">a " + b"b" * 3 * MIB + b"\nAC\n", 1, "a header of more than 1,048,576"),
        (b">" + b"b" * 70_000 + b" more\nAC\n", 1, "a name of more than 65,535 bytes"),
        (b";" * 3 * MIB, 1, "a header of more than"),
        (b">a\r" + b"ACGT\r" * MIB, 1, "lines that end as on old Macs"),
        (b"A" * 3 * MIB, 1, "expected '>'"),
        (b">a\n" + b"A" * 3 * MIB + b"!\n", 2, "'!' is not"),
        (b">a\n" + b" " * 3 * MIB + b"\n", 2, "a space is"),
        (b">a\n" + b"A" * 3 * MIB + b" A\n", 2, "a space is"),
        (b">a\n\n" + b"\0" * 3 * MIB, 3, "byte 0"),
    ],
)
def test_long_lines_that_are_wrong_are_told(text: bytes, line: int, message: str) -> None:
    parser = FastaParser()
    for at in range(0, len(text), 1 << 17):
        if not parser.feed(text[at : at + (1 << 17)]):
            break
    else:
        parser.finish()
    assert message in parser.error and parser.error_line == line


@pytest.mark.parametrize("codec", [bz2.compress, zstandard.compress])
def test_a_bomb_comes_in_pieces_that_memory_holds(
    codec: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it in one chunk of the file."""
    monkeypatch.setattr(streams, "SLICE", 64)
    monkeypatch.setattr(streams, "PIECE", 1 << 20)
    size = 16 << 20
    path = tmp_path / "bomb"
    path.write_bytes(codec(bytes(size)))  # type: ignore[operator]
    assert path.stat().st_size < streams.CHUNK
    chunks = [len(chunk) for chunk in read_chunks(path)]
    assert sum(chunks) == size and max(chunks) <= 8 << 20


def test_a_window_too_large_for_the_memory_is_told_with_the_remedy(tmp_path: Path) -> None:
    settings = zstandard.ZstdCompressionParameters(window_log=30, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    path = tmp_path / "x.zst"
    path.write_bytes(packer.compress(TEXT) + packer.flush())
    with pytest.raises(InputError, match=r"window that is too large.*zstd -d --long=31"):
        list(read_fasta(path))


def test_a_table_is_not_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 500_000)
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"a\nb" + b"1" * 900_000, 1))
    with pytest.raises(InputError, match="line 2: more than 500,000 bytes"):
        list(lines.read_lines(path))


line = st.binary().map(lambda b: bytes(b"ACGTNacgtnRY"[x % 12] for x in b))
record = st.tuples(
    st.from_regex(rb"[!-~][\t -~]{0,20}", fullmatch=True),
    st.lists(line, max_size=5),
    st.sampled_from([b"\n", b"\r\n", b"\n\n"]),
)


@given(st.lists(record, min_size=1, max_size=8), st.booleans(), st.integers(1, 40))
def test_parser_equals_reference_however_the_bytes_arrive(
    records: list[tuple[bytes, list[bytes], bytes]], final: bool, step: int
) -> None:
    text = b"".join(
        b">" + h + end + b"".join(part + end for part in parts) for h, parts, end in records
    )
    text = text if final else text.rstrip(b"\r\n")
    parser, got = FastaParser(), []
    for at in range(0, len(text), step):
        assert parser.feed(text[at : at + step])
        got += parser.take()
    assert parser.finish()
    assert got + parser.take() == reference_parse(text)
