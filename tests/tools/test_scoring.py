from __future__ import annotations

from pathlib import Path

import pytest

from llmbin.errors import InputError
from llmbin.tools.scoring import read_bins, read_gold, score_bins

GOLD = """@Version:0.9.1
@SampleID:case

@@SEQUENCEID\tBINID\t_LENGTH
a1\tA\t5000
a2\tA\t4600
a3\tA\t400
b1\tB\t3000
b2\tB\t3000
c1\tC\t2000
c2\tC\t1000
d1\tD\t800
"""
BINS = {"a1": "x", "a2": "x", "c2": "x", "b1": "y", "b2": "z", "c1": "z", "a3": "z"}

# What cami-amber 2.0.8 printed for this case (results.tsv, and the count of genome bins over its
# thresholds).
AMBER = {
    "purity": 0.8204053109713487,
    "completeness": 0.5316666666666666,
    "f1": 0.6452055278325489,
    "f1_sample": 0.7769666371017261,
    "ari": 0.6283873551391926,
    "binned_percent": 95.95959595959596,
}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.tsv"
    path.write_text(GOLD)
    return path


def test_equals_amber(gold: Path) -> None:
    scores = score_bins(BINS, read_gold(gold)).as_dict()
    for name, value in AMBER.items():
        assert scores[name] == pytest.approx(value, rel=1e-9), name


def test_counts_of_good_genomes(gold: Path) -> None:
    truth = read_gold(gold)
    perfect = {contig: genome for contig, (genome, _) in truth.items()}
    scores = score_bins(perfect, truth)
    assert (scores.near_complete, scores.hq_50_5, scores.ari, scores.f1) == (4, 4, 1.0, 1.0)
    # 96 % complete, 9.4 % contaminated: high quality at 10 %, not at 5 %.
    scores = score_bins({"a1": "x", "a2": "x", "c2": "x"}, truth)
    assert (scores.near_complete, scores.hq_90_10, scores.hq_90_5) == (0, 1, 0)
    # Two bins of one genome count once.
    assert score_bins({"a1": "x", "a2": "y"}, truth).hq_50_5 == 0
    assert score_bins({}, truth).near_complete == 0


def test_small_bins_can_be_left_out(gold: Path) -> None:
    assert score_bins(BINS, read_gold(gold), min_bin_size=5000).bins == 2


def test_both_formats_of_bins(tmp_path: Path) -> None:
    plain, box = tmp_path / "p.tsv", tmp_path / "b.tsv"
    plain.write_text("a\t1\nb\t2\n")
    box.write_text("@Version:0.9.1\n@SampleID:x\n\n@@BINID\tSEQUENCEID\n1\ta\n2\tb\n")
    assert read_bins(plain) == read_bins(box) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "text",
    [
        "contig\tbin\na\t1\nb\t2\n",  # SemiBin2's contig_bins.tsv
        "#contig_id\tcluster_id\na\t1\nb\t2\n",
        "clustername\tcontigname\n1\ta\n2\tb\n",  # VAMB's clusters
        "a\t1\nb\t2\nc\t\n",
        "@@SEQUENCEID\tBINID\na\t1\nb\t2\nc\t\n",
        "\ufeffcontig\tbin\r\na\t1\r\nb\t2\r\n",
    ],
)
def test_titles_are_no_contig_and_no_bin_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bins.tsv"
    path.write_text(text, newline="", encoding="utf-8")
    assert read_bins(path) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a\tA\t5\n", "line 1: no @@SEQUENCEID"),
        ("@@SEQUENCEID\tBINID\n", "line 1: the columns"),
        ("@@SEQUENCEID\tBINID\t_LENGTH\na\tA\n", "line 2"),
    ],
)
def test_bad_gold(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gold.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_gold(path)


def test_contigs_without_a_genome_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "gold.tsv"
    path.write_text("@@SEQUENCEID\tBINID\t_LENGTH\na\tA\t5\nb\t\t7\n")
    assert read_gold(path) == {"a": ("A", 5)}


def test_bad_bins(tmp_path: Path) -> None:
    path = tmp_path / "bins.tsv"
    path.write_text("a\t1\na\t2\n")
    with pytest.raises(InputError, match="line 2: contig 'a'"):
        read_bins(path)
    for text in ("only one\n", "\tbin\n", "contig\tbin\t3\n"):
        path.write_text(text)
        with pytest.raises(InputError, match="line 1: a contig and a bin, separated by a tab"):
            read_bins(path)


def test_a_bin_called_0_is_asked_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = tmp_path / "metabat.tsv"
    table.write_text("a\t1\nb\t0\nc\t0\nd\t10\n")
    with caplog.at_level("WARNING", "llmbin"):
        assert read_bins(table) == {"a": "1", "b": "0", "c": "0", "d": "10"}
    assert "metabat.tsv: 0 is taken for a bin, of 2 contigs; MetaBAT writes 0" in caplog.text
