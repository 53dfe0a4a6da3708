"""Long reads: judged by their aligned part, counted in all their pieces, by limits of their own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmbin.coverage.bam import DepthRules, read_depth
from llmbin.coverage.reads import judge, long_reads_identity
from llmbin.errors import UsageError

LENGTHS = [5_000, 8_000, 12_000, 6_000, 9_000]


@dataclass(frozen=True)
class Piece:
    """An alignment without gaps of bases [begin, end) of a read to a contig from ``position`` on.

    The bases are counted as sequenced.
    """

    read: int
    contig: int
    position: int
    begin: int
    end: int
    reverse: bool
    primary: bool
    edits: int = 0


def write(
    path: Path,
    lengths: list[int],
    pieces: list[Piece],
    read_length: dict[int, int],
    cigars: dict[Piece, str] | None = None,
) -> Path:
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": f"c{i}", "LN": n} for i, n in enumerate(lengths)]}

    def cigar(p: Piece, clip: str) -> str:
        lead, trail = p.begin, read_length[p.read] - p.end
        lead, trail = (trail, lead) if p.reverse else (lead, trail)
        return f"{lead}{clip}" * bool(lead) + f"{p.end - p.begin}M" + f"{trail}{clip}" * bool(trail)

    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for p in sorted(pieces, key=lambda p: (p.contig, p.position)):
            others = sorted(
                (o for o in pieces if o.read == p.read and o is not p), key=lambda o: not o.primary
            )
            a = pysam.AlignedSegment(out.header)
            a.query_name, a.reference_id, a.reference_start, a.mapping_quality = (
                f"r{p.read}",
                p.contig,
                p.position,
                60,
            )
            a.flag = 16 * p.reverse | 2048 * (not p.primary)
            a.cigarstring = (cigars or {}).get(p) or cigar(p, "S" if p.primary else "H")
            a.query_sequence = "A" * a.infer_query_length()
            a.set_tag("NM", p.edits)
            if others:
                a.set_tag(
                    "SA",
                    "".join(
                        f"c{o.contig},{o.position + 1},{'+-'[o.reverse]},{cigar(o, 'S')},60,0;"
                        for o in others
                    ),
                )
            out.write(a)
    return path


def once(pieces: Iterable[Piece], lengths: list[int]) -> list[np.ndarray]:
    """Depth of each contig if each base of a read counts once.

    It counts for the read's primary alignment, or else for the longest.
    """
    depth = [np.zeros(n) for n in lengths]
    taken: set[tuple[int, int]] = set()
    for p in sorted(
        pieces, key=lambda p: (not p.primary, p.begin - p.end, p.begin, p.reverse, p.position)
    ):
        for base in range(p.begin, p.end):
            place = p.position + (p.end - 1 - base if p.reverse else base - p.begin)
            if (p.read, base) not in taken and place < lengths[p.contig]:
                depth[p.contig][place] += 1
            taken.add((p.read, base))
    return depth


def laid(
    lengths: list[int], reads: list[tuple[int, int, bool]], overlap: int
) -> tuple[list[Piece], dict[int, int]]:
    """Reads (start, length, reverse) that run on over contigs which lie one behind the other.

    Pieces reach ``overlap`` bases into the next contig.
    """
    ends = np.cumsum(lengths)
    pieces, size = [], {}
    for r, (start, wanted, reverse) in enumerate(reads):
        size[r] = length = min(wanted, int(ends[-1]) - start)
        mine = []
        for contig, end in enumerate(ends.tolist()):
            first = end - lengths[contig]
            low, high = max(start, first), min(start + length, end)
            if high - low < 100:
                continue
            low = max(low - overlap, start, first)
            begin, stop = low - start, high - start
            begin, stop = (length - stop, length - begin) if reverse else (begin, stop)
            # What reaches over the end of its contig is aligned all the same to the read's bases
            # beside it.
            stop = min(stop + overlap, length) if not reverse else stop
            mine.append(Piece(r, contig, low - first, begin, stop, reverse, False))
        best = max(range(len(mine)), key=lambda i: mine[i].end - mine[i].begin)
        pieces += [Piece(**{**vars(p), "primary": i == best}) for i, p in enumerate(mine)]
    return pieces, size


def test_reads_longer_than_contigs_have_the_depth_that_was_sequenced(tmp_path: Path) -> None:
    lengths = LENGTHS * 8
    rng = np.random.default_rng(0)
    total, read = sum(lengths), 14_000
    reads = [
        (int(s), read, bool(rng.random() < 0.5))
        for s in rng.integers(-read, total, 20 * (total + read) // read)
    ]
    reads = [
        (max(s, 0), n + min(s, 0), turned)
        for s, n, turned in reads
        if min(s + n, total) - max(s, 0) > 500
    ]
    pieces, size = laid(lengths, reads, 0)
    got = read_depth(write(tmp_path / "s.bam", lengths, pieces, size))
    assert got.kind.long
    assert got.kind.min_identity == 0.97
    assert got.counted == got.mapped == len(reads)
    for n in set(lengths):
        rows = [i for i, v in enumerate(lengths) if v == n]
        assert got.mean[rows].mean() == pytest.approx(20, rel=0.12)


@given(
    st.lists(
        st.tuples(st.integers(0, 30_000), st.integers(1_000, 15_000), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 400),
    st.integers(1, 3),
)
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_base_of_a_read_counts_once(
    tmp_path_factory: pytest.TempPathFactory,
    reads: list[tuple[int, int, bool]],
    overlap: int,
    threads: int,
) -> None:
    pieces, size = laid(LENGTHS, reads, overlap)
    path = write(tmp_path_factory.mktemp("bam") / "s.bam", LENGTHS, pieces, size)
    got = read_depth(path, DepthRules(edge=0), threads)
    want = once(pieces, LENGTHS)
    np.testing.assert_allclose(got.mean, [d.mean() for d in want], rtol=1e-9)
    np.testing.assert_allclose(got.variance, [d.var(ddof=1) for d in want], rtol=1e-6, atol=1e-9)


def test_more_operations_than_a_record_holds(tmp_path: Path) -> None:
    """65,536 and more go to the tag CG."""
    pieces = [Piece(r, r, 0, 0, 350_010, bool(r), True, 35_000) for r in range(2)]
    steps = "10M1D" * 35_000 + "10M"
    cigars = {pieces[0]: steps, pieces[1]: f"{350_010}M"}
    path = write(tmp_path / "s.bam", [400_000] * 2, pieces, {0: 350_010, 1: 350_010}, cigars)
    got = read_depth(path, DepthRules(min_identity=0.85, edge=0))
    assert got.counted == 2
    np.testing.assert_allclose(got.mean, [350_010 / 400_000] * 2)


def errors(
    identity: float, spread: float, n: int = 3_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Identities of reads as basecallers leave them: a beta distribution, skewed to bad ones."""
    rng = np.random.default_rng(seed)
    k = identity * (1 - identity) / spread**2 - 1
    return rng.beta(identity * k, (1 - identity) * k, n), np.clip(
        rng.lognormal(8.8, 0.7, n), 300, 60_000
    ).astype(np.int64)


@pytest.mark.parametrize(
    ("identity", "spread", "low", "high"),
    [
        (0.85, 0.05, 0.65, 0.78),
        (0.92, 0.035, 0.75, 0.88),
        (0.98, 0.012, 0.9, 0.97),
        (0.998, 0.001, 0.97, 0.97),
    ],
)
def test_the_limit_comes_from_the_reads_own_identities(
    identity: float, spread: float, low: float, high: float
) -> None:
    found, length = errors(identity, spread)
    limit = long_reads_identity(found, length)
    assert low <= limit <= high
    assert length[found >= limit].sum() > 0.97 * length.sum()
    # A second genome, 6 % away and with a fifth of all reads, does not make the limit of good
    # reads a bad one.
    if identity > 0.99:
        mixed = np.concatenate([found, found[: len(found) // 4] - 0.06])
        assert (
            long_reads_identity(mixed, np.concatenate([length, length[: len(found) // 4]])) == 0.97
        )


@pytest.mark.parametrize(("edits", "limit"), [(0, 0.97), (80, 0.87), (150, 0.76), (20, 0.96)])
def test_reads_with_errors_count(edits: int, limit: float, tmp_path: Path) -> None:
    pieces = [Piece(r, 0, 10 * r, 0, 1_000, False, True, edits) for r in range(50)]
    path = write(tmp_path / "s.bam", [3_000], pieces, dict.fromkeys(range(50), 1_000))
    got = read_depth(path)
    assert (got.mapped, got.counted, got.kind.long) == (50, 50, True)
    assert got.kind.min_identity == pytest.approx(limit, abs=0.011)
    assert got.kind.identity == pytest.approx(1 - edits / 1000)
    assert read_depth(path, DepthRules(min_identity=0.97)).counted == (50 if edits < 30 else 0)


def test_short_reads_have_metabats_rules(tmp_path: Path) -> None:
    """What is clipped is no part of the identity, and supplementary alignments count whole."""
    pieces = [
        Piece(0, 0, 10, 0, 250, False, True),
        Piece(1, 0, 20, 10, 250, False, True, 7),
        Piece(1, 1, 0, 0, 20, False, False),
        Piece(2, 0, 30, 10, 250, False, True, 8),
    ]
    path = write(tmp_path / "s.bam", [3_000, 3_000], pieces, dict.fromkeys(range(3), 250))
    got = read_depth(path, DepthRules(edge=0))
    assert not got.kind.long
    assert (got.mapped, got.counted, got.kind.min_identity) == (3, 2, 0.97)
    np.testing.assert_allclose(got.mean, [490 / 3_000, 20 / 3_000])


def test_long_reads_among_short_ones_have_their_own_limit(tmp_path: Path) -> None:
    short = [Piece(r, 0, r, 0, 150, False, True) for r in range(400)]
    long = [Piece(400 + r, 0, 100 * r, 0, 2_000, False, True, 160) for r in range(10)]
    size = {p.read: p.end for p in [*short, *long]}
    got = read_depth(write(tmp_path / "s.bam", [9_000], [*short, *long], size), DepthRules(edge=0))
    assert not got.kind.long
    assert (got.mapped, got.counted) == (410, 410)
    assert got.kind.min_identity == 0.97
    assert got.kind.long_identity < 0.9
    np.testing.assert_allclose(got.mean, [(400 * 150 + 10 * 2_000) / 9_000])


def test_names_of_any_bytes_are_sampled(tmp_path: Path) -> None:
    pieces = [Piece(r, 0, 10 * r, 0, 1_000, False, True, 80) for r in range(50)]
    path = write(tmp_path / "s.bam", [3_000], pieces, dict.fromkeys(range(50), 1_000))
    renamed = tmp_path / "renamed.bam"
    with (
        pysam.AlignmentFile(str(path)) as source,
        pysam.AlignmentFile(str(renamed), "wb", template=source) as out,
    ):
        for a in source:
            a.query_name = "é" + str(a.query_name)
            out.write(a)
    assert read_depth(renamed).counted == 50


@pytest.mark.skipif(not shutil.which("jgi_summarize_bam_contig_depths"), reason="needs MetaBAT")
@pytest.mark.parametrize("seed", range(3))
def test_short_reads_are_counted_as_jgi_counts_them(seed: int, tmp_path: Path) -> None:
    """Reads with clips, gaps, errors and every flag; a contig for each kind of read."""
    rng = np.random.default_rng(seed)
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": f"c{i}", "LN": 900} for i in range(200)]}
    path = tmp_path / "s.bam"
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for contig in range(200):
            cut, gap, clip = (int(x) for x in rng.integers([20, 1, 1], [60, 6, 40]))
            cigar = str(
                rng.choice(
                    [
                        "150M",
                        f"{clip}S{150 - clip}M",
                        f"{150 - clip}M{clip}S",
                        f"{clip}H120M",
                        f"{cut}M{gap}I{150 - cut - gap}M",
                        f"{cut}M{gap}D{150 - cut}M",
                        f"{cut}M{gap}N{150 - cut}M",
                    ]
                )
            )
            flag = int(rng.choice([0, 16, 99, 147, 256, 512, 1024, 2048, 2064]))
            edits = int(rng.integers(0, 8)) + (gap if "I" in cigar or "D" in cigar else 0)
            for position in range(200, 400, 20):
                a = pysam.AlignedSegment(out.header)
                a.query_name, a.reference_id, a.reference_start = f"r{position}", contig, position
                a.flag, a.cigarstring, a.mapping_quality = flag, cigar, 60
                a.query_sequence = "A" * a.infer_query_length()
                a.set_tag("NM", edits)
                out.write(a)
    table = tmp_path / "jgi.tsv"
    jgi = ["jgi_summarize_bam_contig_depths", "--outputDepth", str(table), str(path)]
    subprocess.run(jgi, check=True, capture_output=True)
    want = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    got = read_depth(path)
    np.testing.assert_allclose(got.mean, [float(w[3]) for w in want], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got.variance, [float(w[4]) for w in want], rtol=2e-3, atol=1e-3)
    assert 0 < (got.mean > 0).sum() < 200


def test_no_reads_and_few() -> None:
    kind = judge(np.empty(0, np.int64), np.empty(0), DepthRules())
    assert (kind.long, kind.min_identity) == (False, 0.97)
    kind = judge(np.array([20_000]), np.array([0.9]), DepthRules(min_identity=0.5))
    assert (kind.long, kind.identity, kind.min_identity, kind.length) == (True, 0.9, 0.5, 20_000)


@pytest.mark.parametrize("value", [97, -0.1, 1.01, float("nan"), float("inf")])
def test_an_identity_is_a_fraction(value: float) -> None:
    with pytest.raises(UsageError, match="fraction from 0 to 1") as caught:
        DepthRules(min_identity=value)
    assert ("did you mean 0.97" in str(caught.value)) == (value == 97)
