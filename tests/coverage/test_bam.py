from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pysam
import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmbin.coverage import bam
from llmbin.coverage.bam import DepthRules, read_depth
from llmbin.errors import CoverageError
from llmbin.io import bgzf
from llmbin.io.streams import EOF_BLOCK

LENGTHS = {"a": 2000, "b": 151, "c": 400, "none": 300, "one": 1}
CIGARS = [
    "100M",
    "50M2I48M",
    "40M3D60M",
    "10S90M",
    "30M5N70M",
    "60=1X39=",
    "5H95M",
    "99M1I",
    "20S10M",
]


def split(cigar: str) -> list[tuple[str, int]]:
    return [(op, int(n)) for n, op in re.findall(r"(\d+)([MIDNSHPX=])", cigar)]


read = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 1990),
    st.sampled_from(CIGARS),
    st.integers(-1, 6),
    st.sampled_from([0, 16, 99, 4, 256, 1024, 2048, 512]),
)


@given(st.lists(read, max_size=60), st.integers(1, 3))
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_depth_equals_the_reference(
    write_bam: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
    reads: list,
    threads: int,
) -> None:
    index = {n: i for i, n in enumerate(LENGTHS)}
    # Reads may hang over the end of a contig; htslib writes them, mappers do not.
    reads = sorted((r for r in reads if r[1] < LENGTHS[r[0]]), key=lambda r: (index[r[0]], r[1]))
    path = write_bam(tmp_path_factory.mktemp("bam") / "s.bam", LENGTHS, reads)
    got = read_depth(path, threads=threads)
    want = reference.depth(
        list(LENGTHS.values()), [(index[c], p, split(g), nm, f) for c, p, g, nm, f in reads]
    )
    assert got.names == list(LENGTHS)
    np.testing.assert_allclose(got.mean, want[:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(got.variance, want[:, 1], rtol=1e-6, atol=1e-9)
    assert got.reads == len(reads)


def some_reads(n: int = 3000, seed: int = 0) -> list:
    rng = np.random.default_rng(seed)
    return sorted(
        (
            ["a", "c"][int(rng.random() < 0.3)],
            int(rng.integers(0, 300)),
            "100M",
            int(rng.integers(0, 5)),
            0,
        )
        for _ in range(n)
    )


def test_order_does_not_matter(write_bam: Callable[..., Path], tmp_path: Path) -> None:
    reads = some_reads()
    sorted_bam = read_depth(write_bam(tmp_path / "s.bam", LENGTHS, reads))
    mixed = [reads[i] for i in np.random.default_rng(1).permutation(len(reads))]
    unsorted_bam = read_depth(write_bam(tmp_path / "u.bam", LENGTHS, mixed), scratch=tmp_path)
    np.testing.assert_array_equal(sorted_bam.mean, unsorted_bam.mean)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.bam", "u.bam"]


def test_cram_equals_bam(write_bam: Callable[..., Path], tmp_path: Path) -> None:
    reference_fasta = tmp_path / "ref.fa"
    reference_fasta.write_text("".join(f">{n}\n{'A' * v}\n" for n, v in LENGTHS.items()))
    pysam.faidx(str(reference_fasta))
    reads = [(c, p, g, 0, f) for c, p, g, _, f in some_reads(500)]
    plain = read_depth(write_bam(tmp_path / "s.bam", LENGTHS, reads))
    cram = read_depth(
        write_bam(tmp_path / "s.cram", LENGTHS, reads, "wc", reference_fasta), scratch=tmp_path
    )
    np.testing.assert_array_equal(plain.mean, cram.mean)


def test_cram_whose_reference_moved_is_read_with_the_one_that_is_given(
    write_bam: Callable[..., Path], tmp_path: Path
) -> None:
    """As it is, compressed, and never with an index beside it."""
    gone, given_folder = tmp_path / "gone", tmp_path / "given"
    gone.mkdir()
    given_folder.mkdir()
    text = "".join(
        f">{n} more\n{'ACGT' * (v // 4 + 1)}"[: v + len(n) + 7] + "\n" for n, v in LENGTHS.items()
    ).encode()
    (gone / "r.fa").write_bytes(text)
    reads = [
        (n, p, c, 10, f) for n, p, c, _, f in some_reads(600)
    ]  # NM that a wrong reference would change
    plain = read_depth(write_bam(tmp_path / "s.bam", LENGTHS, reads), DepthRules(min_identity=0.5))
    cram = write_bam(tmp_path / "s.cram", LENGTHS, reads, "wc", gone / "r.fa")
    for path in gone.iterdir():
        path.unlink()
    with pytest.raises(CoverageError, match="--reference"):
        read_depth(cram, scratch=tmp_path)
    for name, data in (("c.fa", text), ("c.fa.gz", gzip.compress(text))):
        given = given_folder / name
        given.write_bytes(data)
        moved = read_depth(cram, DepthRules(min_identity=0.5), scratch=tmp_path, reference=given)
        np.testing.assert_array_equal(plain.mean, moved.mean)
    assert sorted(p.name for p in given_folder.iterdir()) == ["c.fa", "c.fa.gz"]
    given.write_bytes(b">other\nACGT\n")
    with pytest.raises(CoverageError, match="is not what its reads were mapped to"):
        read_depth(cram, scratch=tmp_path, reference=given)


def test_identity_and_edge_are_options(write_bam: Callable[..., Path], tmp_path: Path) -> None:
    path = write_bam(tmp_path / "s.bam", LENGTHS, [("a", 0, "100M", 10, 0)])
    assert read_depth(path).mean[0] == 0
    assert read_depth(path, DepthRules(min_identity=0.9, edge=0)).mean[0] == pytest.approx(
        100 / 2000
    )


def in_pieces(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Small files in pieces, too; whether each was counted so."""
    done: list[bool] = []
    inner = bam._counted_in_pieces

    def counted(*args: object) -> object:
        out = inner(*args)  # type: ignore[arg-type]
        done.append(out is not None)
        return out

    monkeypatch.setattr(bgzf, "READ", 1 << 12)
    monkeypatch.setattr(bam, "SMALLEST_PIECE", 1 << 12)
    monkeypatch.setattr(bam, "_counted_in_pieces", counted)
    return done


def in_blocks(path: Path, content: bytes, size: int) -> Path:
    """A BGZF file whose blocks end anywhere."""
    with open(path, "wb") as out:
        for at in range(0, len(content), size):
            part = content[at : at + size]
            deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
            data = deflate.compress(part) + deflate.flush()
            out.write(
                EOF_BLOCK[:16]
                + struct.pack("<H", len(data) + 25)
                + data
                + struct.pack("<II", zlib.crc32(part), len(part))
            )
        out.write(EOF_BLOCK)
    return path


@pytest.mark.parametrize(
    "case",
    [("100M", False, True), ("60M", False, False), ("100M", True, True)],
    ids=["in_pieces", "shorter_than_the_edge", "across_blocks"],
)
@pytest.mark.parametrize("threads", [2, 5])
def test_pieces_of_a_file_add_up_to_the_same_depth(
    case: tuple[str, bool, bool],
    threads: int,
    write_bam: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reads shorter than the edge are read by one thread.

    Where records lie across blocks, pieces begin at a block that begins with one.
    """
    cigar, across, pieces = case
    lengths = {"long": 60_000, "empty": 500, **{f"k{i}": 400 for i in range(60)}}
    rng = np.random.default_rng(2)
    names = [
        name
        for name in lengths
        for _ in range(9_000 if name == "long" else 150 if name != "empty" else 0)
    ]
    reads = [
        (n, int(p), cigar, 0, 0)
        for n, p in zip(names, sorted_positions(names, lengths, rng), strict=True)
    ]
    path = write_bam(tmp_path / "s.bam", lengths, reads)
    if across:
        path = in_blocks(tmp_path / "across.bam", gzip.decompress(path.read_bytes()), 10_007)
    want, done = read_depth(path), in_pieces(monkeypatch)
    got = read_depth(path, threads=threads)
    assert done == [pieces]
    assert want.mean[0] > 5
    for name in ("mean", "variance", "reads", "counted"):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name))


def sorted_positions(
    names: list[str], lengths: dict[str, int], rng: np.random.Generator
) -> list[int]:
    places = [int(rng.integers(0, lengths[n] - 110)) for n in names]
    order = {n: i for i, n in enumerate(lengths)}
    return [p for _, p in sorted(zip((order[n] for n in names), places, strict=True))]


def test_many_references(write_bam: Callable[..., Path], tmp_path: Path) -> None:
    lengths = {f"k{i}": 300 for i in range(100_000)}
    got = read_depth(write_bam(tmp_path / "s.bam", lengths, [("k99999", 100, "100M", 0, 0)]))
    assert len(got.names) == 100_000
    assert got.mean[-1] > 0
    assert got.mean[:-1].sum() == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"@HD\tVN:1.6\n", "is SAM text"),
        (b"r1\t0\tk1\t1\t60\t4M\t*\t0\t0\tACGT\tIIII\n", "is SAM text"),
        (gzip.compress(b"@SQ\tSN:k1\tLN:100\n"), "is gzipped SAM text"),
        (gzip.compress(b"r1\t0\tk1\t1\t60\t4M\t*\t0\t0\tACGT\tIIII\n"), "is gzipped SAM text"),
        (gzip.compress(b"@r1\nACGT\n+\nIIII\n"), "something else that is gzipped"),
        (b"ACGT", "neither"),
        (b"\x1f\x8b\x08\x04" + b"\0" * 40, "no end marker"),
    ],
)
def test_what_is_not_bam(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.bam"
    path.write_bytes(content)
    with pytest.raises(CoverageError, match=message):
        read_depth(path)


@pytest.mark.parametrize("threads", [1, 3])
def test_damage_is_an_error_that_names_the_file_and_never_a_crash(
    threads: int, write_bam: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces(monkeypatch)
    path = write_bam(tmp_path / "s.bam", LENGTHS, some_reads())
    whole, right = path.read_bytes(), read_depth(path)
    rng = np.random.default_rng(5)
    broken = tmp_path / "broken.bam"
    for at in rng.integers(0, len(whole), 200).tolist():
        data = bytearray(whole)
        data[at] ^= int(rng.integers(1, 256))
        broken.write_bytes(data)
        try:
            got = read_depth(broken, threads=threads)
        except CoverageError as error:
            assert str(broken) in str(error)
        else:  # bytes of a gzip header that say nothing (time, operating system)
            np.testing.assert_array_equal(got.mean, right.mean)
    for cut in range(0, len(whole), len(whole) // 20):
        broken.write_bytes(whole[:cut])
        with pytest.raises(CoverageError, match="broken"):
            read_depth(broken, threads=threads)


@pytest.mark.parametrize("length", [0, 10**9 + 1, 2**31 - 1])
def test_a_header_with_contigs_of_impossible_lengths_is_refused(
    length: int, tmp_path: Path
) -> None:
    """They take four bytes a base while they are counted."""
    header = b"BAM\1" + struct.pack("<II", 0, 1) + struct.pack("<I", 2) + b"a\0"
    path = in_blocks(tmp_path / "s.bam", header + struct.pack("<I", length), 400)
    with pytest.raises(CoverageError, match=f"of {length:,} bases; 1 to 1,000,000,000"):
        read_depth(path)
