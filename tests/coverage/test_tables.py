from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmbin.coverage.coverage import Coverage, coverage_from_tables
from llmbin.coverage.tables import DepthTable, read_depth_table, write_depth_table
from llmbin.errors import CoverageError, InputError, UsageError

JGI = (
    "contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\tB.bam\tB.bam-var\n"
    "k1 flag=1\t100\t3\t1\t0.5\t2\t0.25\n"
    "k2\t200\t7\t3\t1\t4\t2\n"
)
COVERM = (
    "Contig\tA Mean\tA Trimmed Mean\tA Variance\tB Mean\tB Trimmed Mean\tB Variance\n"
    "k1\t1\t9\t0.5\t2\t9\t0.25\n"
    "k2\t3\t9\t1\t4\t9\t2\n"
)
VAMB = "contigname\tA\tB\nk1\t1\t2\nk2\t3\t4\n"
MEAN = [[3.0, 4.0], [1.0, 2.0]]


@pytest.mark.parametrize(("text", "variance"), [(JGI, True), (COVERM, True), (VAMB, False)])
def test_known_tables_join_by_name_in_any_order(text: str, variance: bool, tmp_path: Path) -> None:
    path = tmp_path / "depth.tsv"
    path.write_text(text)
    got = coverage_from_tables([path], ["k2", "k1"])
    assert got.samples == ["A", "B"]
    np.testing.assert_array_equal(got.mean, MEAN)
    assert np.isfinite(got.variance).all() == variance


def test_one_file_a_sample_without_header(tmp_path: Path) -> None:
    for name, values in (("S1", (1, 3)), ("S2", (2, 4))):
        (tmp_path / f"{name}.aemb.tsv").write_text(f"k1\t{values[0]}\nk2\t{values[1]}\n")
    paths = [tmp_path / "S1.aemb.tsv", tmp_path / "S2.aemb.tsv"]
    got = coverage_from_tables(paths, ["k2", "k1"])
    assert got.samples == ["S1", "S2"]
    np.testing.assert_array_equal(got.mean, MEAN)
    assert coverage_from_tables(paths, ["k2"], ["x", "y"]).samples == ["x", "y"]
    with pytest.raises(UsageError, match="2 samples"):
        coverage_from_tables(paths, ["k2"], ["x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("contigname\tA\nk1\tnan\n", "line 2: a depth of nan"),
        ("contigname\tA\nk1\t-1\n", "line 2: a depth of -1"),
        ("contigname\tA\nk1\tinf\n", "line 2"),
        ("contigname\tA\nk1\tx\n", "line 2: 'x' is not a number"),
        ("contigname\tA\nk1\t1\t2\n", "line 2: 3 columns"),
        ("contigname\tA\nk1\t1\nk1\t2\n", "line 3: contig 'k1' comes twice"),
        ("contigname\tA\nother\t1\n", "'k1'.*nearest name there is 'other'"),
        ("just words\n", "not a depth table"),
        ("k1\t1\t2\nk2\t3\t4\n", "without a header"),
    ],
)
def test_bad_tables(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "depth.tsv"
    path.write_text(text)
    with pytest.raises(CoverageError, match=message) as caught:
        coverage_from_tables([path], ["k1"])
    assert str(path) in str(caught.value)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z0-9_.|]{1,12}", fullmatch=True),
            st.integers(1, 10**6),
            st.floats(0, 1e6),
            st.floats(0, 1e6),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda r: r[0],
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read_back(
    tmp_path: Path, rows: list[tuple[str, int, float, float]]
) -> None:
    path = tmp_path / "t.tsv"
    names, lengths, mean, variance = (list(x) for x in zip(*rows, strict=True))
    table = DepthTable(
        path, names, np.array(lengths), ["S"], np.array(mean)[:, None], np.array(variance)[:, None]
    )
    with open(path, "w") as handle:
        write_depth_table(table, handle.write)
    back = read_depth_table(path)
    assert (back.names, back.lengths.tolist(), back.samples) == (names, lengths, ["S"])
    np.testing.assert_allclose(back.mean[:, 0], mean, rtol=1e-5)
    np.testing.assert_allclose(back.variance[:, 0], variance, rtol=1e-5)


LENGTHS = {"k1": 3000, "k2": 4000, "k3": 2500}


def cover(
    folder: Path, text: str | bytes, name: str = "S1.tsv", contigs: Mapping[str, int] = LENGTHS
) -> Coverage:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return coverage_from_tables([path], list(contigs), None, np.array(list(contigs.values())))


def table(titles: str, *cells: str) -> str:
    """Rows for k1, k2 and k3; ``{n}`` is the length of the contig, ``{i}`` its number."""
    rows = [
        "\t".join([name, *(cell.format(n=n, i=i) for cell in cells)])
        for i, (name, n) in enumerate(LENGTHS.items(), 1)
    ]
    return "\n".join(["\t".join(titles.split("|")), *rows]) + "\n"


ONE = [[1.0], [2.0], [3.0]]
TWO = [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]
JGI_TITLES = "contigName|contigLen|totalAvgDepth|A.bam|A.bam-var"


@pytest.mark.parametrize(
    ("text", "samples", "mean", "variance"),
    [
        (
            table("contigName|contigLen|totalAvgDepth|A.bam|B.bam", "{n}", "6", "{i}", "5"),
            "A B",
            TWO,
            [None, None],
        ),
        (
            table("contigName|contigLen|totalAvgDepth|A|A-var|B", "{n}", "6", "{i}", "7", "5"),
            "A B",
            TWO,
            [7, None],
        ),
        (table("contigName|contigLen|A.bam|A.bam-var", "{n}", "{i}", "7"), "A", ONE, [7]),
        (
            table(
                "contigName|contigLen|totalAvgDepth|A-avg_depth|A-var_depth", "{n}", "1", "{i}", "7"
            ),
            "A",
            ONE,
            [7],
        ),
        (table("Contig|A Trimmed Mean|B Trimmed Mean", "{i}", "5"), "A B", TWO, [None, None]),
        (
            table("Contig|A Trimmed Mean|A Mean|B Variance|B Trimmed Mean", "9", "{i}", "7", "5"),
            "A B",
            TWO,
            [None, 7],
        ),
        (
            table(
                "Contig|A Length|A Read Count|A Mean|A TPM|A Variance", "{n}", "8", "{i}", "9", "7"
            ),
            "A",
            ONE,
            [7],
        ),
        (table("Contig|A Strobealign aemb", "{i}"), "A", ONE, [None]),
        (
            table("Contig|A Mean|A Relative Abundance (%)", "{i}", "8") + "unmapped\tNA\t76\n",
            "A",
            ONE,
            [None],
        ),
        (table("Contig|A Mean|A Something New", "{i}", "x"), "A", ONE, [None]),
        (
            table("chrom|length|bases|mean|min|max", "{n}", "9", "{i}", "0", "9")
            + "total\t9500\t9\t1.00\t0\t9\n",
            "S1",
            ONE,
            [None],
        ),
        (
            table("chrom|length|bases|mean|min|max", "{n}", "9", "{i}", "0", "9")
            + "k1_region\t10\t9\t8\t0\t9\ntotal\t9500\t9\t1\t0\t9\ntotal_region\t10\t9\t8\t0\t9\n",
            "S1",
            ONE,
            [None],
        ),
        (
            table(
                "#rname|startpos|endpos|numreads|covbases|coverage|meandepth|meanbaseq|meanmapq",
                "1",
                "{n}",
                "8",
                "9",
                "70",
                "{i}",
                "36",
                "60",
            ),
            "S1",
            ONE,
            [None],
        ),
        (
            table(
                "#ID|Avg_fold|Length|Ref_GC|Covered_percent|Covered_bases"
                "|Plus_reads|Minus_reads|Read_GC|Median_fold|Std_Dev",
                "{i}",
                "{n}",
                "0.5",
                "90",
                "9",
                "8",
                "8",
                "0.5",
                "4",
                "3",
            ),
            "S1",
            ONE,
            [9],
        ),
        (table("#ID|Avg_fold", "{i}"), "S1", ONE, [None]),
        (table("contig|length|s1|s2", "{n}", "{i}", "5"), "s1 s2", TWO, [None, None]),
        (table("contig|GC%|Contig_Length (bp)|s1", "0.4", "{n}", "{i}"), "s1", ONE, [None]),
        (table("contig|s1|size", "{i}", "{n}"), "s1", ONE, [None]),
        (table("contig|s1|bases here|s2", "{i}", "{n}", "5"), "s1 s2", TWO, [None, None]),
        (table("contig|s1|s1 Variance|s2|s2-var", "{i}", "7", "5", "8"), "s1 s2", TWO, [7, 8]),
        (table("contig|s1|s1_var", "{i}", "7"), "s1", ONE, [7]),
        (table("contig|s_var|other", "{i}", "5"), "s_var other", TWO, [None, None]),
        (table("contigname|1|2", "{i}", "5"), "1 2", TWO, [None, None]),
        (table("Contig_ID|20240101|1e3", "{i}", "5"), "20240101 1e3", TWO, [None, None]),
        (table("|a|b", "{i}", "5"), "a b", TWO, [None, None]),
        ("k1\t1\nk2\t2\nk3\t3\n", "S1", ONE, [None]),
    ],
)
def test_tables_are_what_they_say(
    text: str, samples: str, mean: list[list[float]], variance: list[float | None], tmp_path: Path
) -> None:
    got = cover(tmp_path, text)
    assert got.samples == samples.split()
    np.testing.assert_array_equal(got.mean, mean)
    np.testing.assert_array_equal(
        got.variance, [[np.nan if v is None else v for v in variance]] * 3
    )


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfcontigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n",
        b"contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\r\n\r\n",
        b'"contigName"\t"contigLen"\t"totalAvgDepth"\t"A.bam"\t"A.bam-var"\n',
        b"# made by hand\n#\n\n"
        b"contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n# a comment\n",
        b"# five\tcells\tare\tas\tmany\ncontigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n",
        b"#contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n",
        b"contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n\t\t\t\t\n",
    ],
)
@pytest.mark.parametrize("quoted", [False, True])
def test_dressings_of_a_table_do_not_matter(text: bytes, quoted: bool, tmp_path: Path) -> None:
    body = table(JGI_TITLES, "{n}", "{i}", "{i}", "7").split("\n", 1)[1]
    if quoted:
        body = "".join(
            "\t".join(f'"{cell}"' for cell in line.split("\t")) + "\n" for line in body.splitlines()
        )
    got = cover(
        tmp_path,
        text + (body.replace("\n", "\r\n") if b"\r" in text else body).encode().rstrip(b"\n"),
    )
    assert got.samples == ["A"]
    np.testing.assert_array_equal(got.mean, ONE)
    np.testing.assert_array_equal(got.variance, [[7.0]] * 3)


@pytest.mark.parametrize(
    "header",
    [
        "contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n",
        "contig\tx\tlength\tA\tA-var\n",
        "#contig\tx\tlength\tA\tA-var\n",
    ],
)
def test_names_with_hash_are_rows(header: str, tmp_path: Path) -> None:
    contigs = {"#k1": 3000, "#k2": 4000, "k#3": 2500}
    body = "".join(
        f"{name} {n}\t{n}\t{n}\t{i}\t7\n" for i, (name, n) in enumerate(contigs.items(), 1)
    )
    np.testing.assert_array_equal(
        cover(tmp_path, header + body, contigs=contigs).mean[:, -1], [1, 2, 3]
    )


def test_a_table_of_names_with_hash_needs_no_header(tmp_path: Path) -> None:
    got = cover(tmp_path, "# strobealign\n#k1\t1\n#k2\t2\n", contigs={"#k1": 3000, "#k2": 4000})
    np.testing.assert_array_equal(got.mean, [[1], [2]])


def test_names_are_bytes_and_end_at_white_space_of_ascii(tmp_path: Path) -> None:
    names = ["k\udcff", "k\x85\xa0\u2028x", "ä|1"]
    text = "contig\tA\n" + "".join(f"{name} flag=1\t{i}\n" for i, name in enumerate(names))
    got = cover(
        tmp_path, text.encode("utf-8", "surrogateescape"), contigs=dict.fromkeys(names, 1500)
    )
    np.testing.assert_array_equal(got.mean, [[0], [1], [2]])
    assert cover(
        tmp_path,
        "contig\tB\udcf6den\n".encode("utf-8", "surrogateescape") + b"k1\t1\n",
        contigs={"k1": 3000},
    ).samples == ["B\ufffdden"]


CRAM, UTF16 = b"CRAM\3\1", "contig\tA\nk1\t1\n".encode("utf-16")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            table("Contig|S1 Length|S1 Read Count|S1 TPM", "{n}", "8", "9"),
            "no depth of coverage.*'S1 Length', 'S1 Read Count', 'S1 TPM'"
            ".*coverm contig -m metabat",
        ),
        (table("Contig|S1 Mean|S2 TPM", "{i}", "8"), "sample 'S2'.*TPM.*coverm contig"),
        (table("Contig|S1 Relative Abundance (%)", "8"), "Relative Abundance"),
        (table("Contig|S1 Mean|S1 Mean", "8", "9"), "'S1 Mean' comes twice"),
        (table("Contig|S1 Mean|S2", "8", "9"), "'S2' is no column of CoverM"),
        (table("Genome|S1 Mean", "8"), "genomes.*coverm contig"),
        ("Sample\tContig\tMean\nS1\tk1\t5\n", "sparse form.*--output-format dense"),
        (table("contigName|contigLen|totalAvgDepth", "{n}", "8"), "no sample"),
        (table("contig|length", "{n}"), "no sample"),
        (table("contig|A", "{n}"), "the lengths of the contigs"),
        ("k1\t3000\nk2\t4000\nk3\t2500\n", "the lengths of the contigs"),
        (
            table("contigName|contigLen|totalAvgDepth|A.bam-var", "{n}", "8", "9"),
            "variance.*'A.bam' is missing",
        ),
        (table("contig|B|A Variance", "8", "9"), "'A Variance' is a variance"),
        (
            table("Name|Length|EffectiveLength|TPM|NumReads", "{n}", "{n}", "8", "9"),
            "'EffectiveLength' is no depth",
        ),
        (table("contig|length|numreads", "{n}", "9"), "'numreads' is no depth"),
        (table("contig|S1_tpm", "9"), "'S1_tpm' is no depth"),
        (table("contig|S1.read_count", "9"), "no depth"),
        (table("contig|A|A.bam RPKM", "9", "8"), "no depth"),
        (
            table(
                "#Name|Length|Bases|Coverage|Reads|RPKM|Frags|FPKM",
                "{n}",
                "9",
                "8",
                "7",
                "6",
                "5",
                "4",
            ),
            "'Bases' is no depth",
        ),
        (
            "# Program:featureCounts\n"
            "Geneid\tChr\tStart\tEnd\tStrand\tLength\tA.bam\n"
            "k1\tk1\t1\t3000\t+\t3000\t5\n",
            "featureCounts",
        ),
        (table("#chrom|start|end|depth", "0", "{n}", "5"), "intervals"),
        ("#seq_name\tlength\tcov.\tcirc.\nk1\t3000\t5\tN\n", "Flye"),
        ("k1\t3000\t9\t0\nk2\t4000\t9\t0\n*\t0\t0\t5\n", "without a header.*idxstats"),
        ("k1\t1\t9\nk1\t2\t9\nk1\t3\t9\n", "without a header.*samtools depth"),
        ("k1\t0\t100\t9\nk1\t100\t3000\t8\n", "without a header.*bedtools"),
        ("k1\t3000\t9\t0\t1\n", "without a header"),
        ("k1\tNA\nk2\t5\n", "'k1'.*'NA' is not a number"),
        ("contig,A\nk1,5\n", "commas.*tr ',' "),
        ("contig;A\nk1;5\n", "semicolons"),
        ("contig A\nk1 5\n", "spaces.*tr -s"),
        ("contig\nk1\n", "one column"),
        ("contig\tA\rk1\t5\r", "old Macs.*tr"),
        (UTF16, "UTF-16.*iconv"),
        ("contig\tA\nk1\t1\n".encode("utf-16-le"), "UTF-16"),
        (CRAM, "--bam"),
        (b"BAM\1\0", "--bam"),
        ("@HD\tVN:1.6\n", "--bam"),
        (">k1\nACGT\n", "FASTA"),
        (b"PK\3\4\0", "spreadsheet"),
        (b"abc\0\1\tx\n", "no text"),
        ("contig\tA\n", "no rows"),
        ("# nothing\n#\n", "comments"),
        (table(JGI_TITLES + "|A.bam TPM", "{n}", "8", "9", "8", "7"), "'A.bam TPM' is no depth"),
        (table("contig|A|A", "8", "9"), "two samples are called 'A'"),
        (
            table(
                "contigName|contigLen|totalAvgDepth|A.bam|A.bam-var|A.bam|A.bam-var",
                "{n}",
                "1",
                "8",
                "9",
                "8",
                "9",
            ),
            "two samples are called 'A'",
        ),
        (table("contig|A|", "8", ""), "column 3 has no title"),
        ("A\tB\nk1\t1\t2\n", "3 columns.*col.names=NA"),
        ("contig\tA\n\t5\n", "line 2: no name"),
    ],
)
def test_what_is_no_depth_is_refused(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(CoverageError, match=message) as caught:
        cover(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "S1.tsv"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "cell",
    [
        "1_000",
        "١",
        "1e308",
        "1e10",
        "nan",
        "inf",
        "-inf",
        "-1",
        "1,5",
        "",
        "NA",
        "0x10",
        "1 2",
        "1\u00a0",
        "x" * 100_000,
    ],
)
@pytest.mark.parametrize(
    "titles", ["contig|A|B", "Contig|A Mean|A Variance", JGI_TITLES.replace("|totalAvgDepth", "")]
)
def test_numbers_are_finite_not_below_zero_and_of_ascii(
    cell: str, titles: str, tmp_path: Path
) -> None:
    cells = ["{n}", cell, "1"] if "Len" in titles else [cell, "1"]
    with pytest.raises(
        CoverageError, match=r"S1.tsv, line 2: .*(not a number|impossible).*(mend|make)"
    ) as caught:
        cover(tmp_path, table(titles, *cells))
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "cell", ["1e19", "-3000", "3000.5", "nan", "inf", "", "3_000", "long", "9" * 5000, "1e400"]
)
def test_impossible_lengths(cell: str, tmp_path: Path) -> None:
    with pytest.raises(CoverageError, match=r"line 2: .*(length|number)") as caught:
        cover(tmp_path, table(JGI_TITLES, cell, "1", "1", "1"))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("length", "cell", "same"),
    [
        (3000, "3000", True),
        (3000, "3000.0", True),
        (3000, " 3000 ", True),
        (3000, "3e3", True),
        (3000, "3001", False),
        (3000, "9000", False),
        (1_234_567, "1.23457e+06", True),
        (1_234_567, "1.23456e+06", False),
        (1_234_567, "1234570", False),
        (1_234_567, "1.23E+06", True),
        (20_000_001, "20000000", True),
        (20_000_001, "20000010", False),
        (3000, "0", False),
    ],
)
def test_lengths_are_those_of_the_contigs(
    length: int, cell: str, same: bool, tmp_path: Path
) -> None:
    tables = [
        f"contigName\tcontigLen\ttotalAvgDepth\tA.bam\nshort\t7\t1\t1\nk1\t{cell}\t1\t1\n",
        f"Contig\tA Mean\tA Length\nshort\t1\t7\nk1\t1\t{cell}\n",
        f"chrom\tlength\tbases\tmean\tmin\tmax\nshort\t7\t1\t1\t1\t1\nk1\t{cell}\t1\t1\t0\t1\n",
        f"contig\tlength\tA\nshort\t7\t1\nk1\t{cell}\t1\n",
    ]
    for text in tables:
        if same:
            assert cover(tmp_path, text, contigs={"k1": length}).mean.tolist() == [[1.0]]
        else:
            with pytest.raises(
                CoverageError,
                match=r"line 3: 'k1' has [\d,]+ bases here .* and [\d,]+ in the contigs; "
                r".*another assembly",
            ):
                cover(tmp_path, text, contigs={"k1": length})


def test_without_lengths_of_contigs_none_are_compared(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(table(JGI_TITLES, "7", "1", "{i}", "1"))
    np.testing.assert_array_equal(
        coverage_from_tables([tmp_path / "t.tsv"], list(LENGTHS)).mean, ONE
    )


@pytest.mark.parametrize(
    "titles",
    ["Contig|A Mean|A Variance", "Contig|A Trimmed Mean|A Variance", "#ID|Avg_fold|Std_Dev"],
)
def test_sparse_tables_have_depth_0_where_a_row_is_missing(
    titles: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", "llmbin"):
        got = cover(tmp_path, "".join(table(titles, "{i}", "1").splitlines(keepends=True)[:-1]))
    np.testing.assert_array_equal(got.mean, [[1], [2], [0]])
    np.testing.assert_array_equal(got.variance, [[1], [1], [0]])
    (record,) = caplog.records
    assert "1 of 3 contigs" in record.getMessage()


def test_variance_of_a_missing_row_is_unknown_where_the_format_has_none(tmp_path: Path) -> None:
    got = cover(
        tmp_path,
        "chrom\tlength\tbases\tmean\tmin\tmax\nk1\t3000\t1\t5\t0\t9\nk3\t2500\t1\t5\t0\t9\n",
    )
    assert got.mean.tolist() == [[5.0], [0.0], [5.0]]
    assert np.isnan(got.variance).all()


def test_sparse_tables_are_judged_together(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = []
    for name, n in LENGTHS.items():
        paths.append(tmp_path / f"{name}.mosdepth.summary.txt")
        paths[-1].write_text(
            f"chrom\tlength\tbases\tmean\tmin\tmax\n{name}\t{n}\t1\t5\t0\t9\ntotal\t9\t1\t5\t0\t9\n"
        )
    lengths = np.array(list(LENGTHS.values()))
    with caplog.at_level("WARNING", "llmbin"):
        got = coverage_from_tables(paths, list(LENGTHS), None, lengths)
    np.testing.assert_array_equal(got.mean, np.eye(3) * 5)
    assert got.samples == list(LENGTHS)
    (record,) = caplog.records
    assert "3 of 3 depth tables" in record.getMessage()
    with pytest.raises(CoverageError, match="2 of 3 contigs, with more than half of the bases"):
        coverage_from_tables(paths[:1], list(LENGTHS), None, lengths)
    with pytest.raises(CoverageError, match=r"3 of 3 contigs.*nearest name there is 'k1'"):
        coverage_from_tables(paths[:1], ["k1_x", "k2_x", "k3_x"], None, lengths)


@pytest.mark.parametrize(
    "text",
    [
        table("contig|A", "{i}"),
        table("contig|A|length", "{i}", "{n}"),
        table(JGI_TITLES, "{n}", "1", "{i}", "1"),
        table("rname|startpos|endpos|meandepth", "1", "{n}", "{i}"),
        "k1\t1\nk2\t2\nk3\t3\n",
    ],
)
def test_a_missing_row_of_other_tables_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(
        CoverageError,
        match=r"1 of 3 contigs are not in the table, the first is 'k2'; "
        r"the nearest name there is 'k[13]'",
    ):
        cover(
            tmp_path,
            "".join(line for line in text.splitlines(keepends=True) if not line.startswith("k2")),
        )


def test_the_nearest_name_of_many_is_found_in_time(tmp_path: Path) -> None:
    contigs = {f"{'n' * 5000}_{i}": 3000 for i in range(3000)}
    text = "contig\tA\n" + "".join(f"{name}\t1\n" for name in contigs)
    start = time.perf_counter()
    with pytest.raises(CoverageError, match="1 of 3,001 contigs") as caught:
        cover(tmp_path, text, contigs=contigs | {"m" * 1_000_000: 3000})
    assert time.perf_counter() - start < 20
    assert len(str(caught.value)) < 1000


def test_a_contig_may_be_called_like_a_total(tmp_path: Path) -> None:
    text = (
        "chrom\tlength\tbases\tmean\tmin\tmax\n"
        "total\t3000\t1\t5\t0\t9\n"
        "x_region\t4000\t1\t6\t0\t9\n"
        "total\t7000\t1\t5.5\t0\t9\n"
    )
    assert cover(tmp_path, text, contigs={"total": 3000, "x_region": 4000}).mean.tolist() == [
        [5.0],
        [6.0],
    ]


def test_a_contig_may_be_called_like_a_title(tmp_path: Path) -> None:
    assert cover(
        tmp_path, "contig\t1\nid\t2\n", contigs={"contig": 3000, "id": 4000}
    ).mean.tolist() == [[1.0], [2.0]]


def test_a_first_row_of_another_contig_is_no_header(tmp_path: Path) -> None:
    got = cover(
        tmp_path, "ä\t1\nk1\t2\n", contigs={"k1": 3000}
    )  # too short a contig to be asked for
    assert (got.samples, got.mean.tolist()) == (["S1"], [[2.0]])


words = st.text(
    st.characters(codec="utf-8", exclude_characters='\t\n\r\x0b\x0c "\0'), min_size=1, max_size=8
)


@given(
    rows=st.lists(
        st.tuples(words, st.lists(st.floats(0, 1e9), min_size=2, max_size=2)),
        min_size=1,
        max_size=12,
        unique_by=lambda r: r[0],
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    last=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_name_and_number_is_read_as_python_does(
    tmp_path: Path, rows: list[tuple[str, list[float]]], end: str, bom: bool, last: bool
) -> None:
    lines = [
        "contigname\tA\tB",
        *("\t".join([name, *map(repr, numbers)]) for name, numbers in rows),
    ]
    text = "\ufeff" * bom + end.join(lines) + end * last
    got = cover(tmp_path, text, contigs={name: 0 for name, _ in rows})
    np.testing.assert_array_equal(got.mean, [numbers for _, numbers in rows])


TITLES = [
    "contig",
    "contigName",
    "contigLen",
    "length",
    "totalAvgDepth",
    "A",
    "A.bam",
    "A.bam-var",
    " Mean",
]
PIECES = ["\t", "\n", "\r", '"', "#", ",", " ", "k1", "#k1", "3000", "1e5", "nan", *TITLES]


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from(PIECES + PIECES[:2] * 6), max_size=60).map(
        lambda parts: "".join(parts).encode()
    )
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)
def test_any_file_is_read_or_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    try:
        got = cover(tmp_path, data, contigs={"k1": 3000})
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert got.samples
        assert np.isfinite(got.mean).all()
