from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.coverage.check import check_depths
from llmbin.coverage.coverage import Coverage, SampleReads
from llmbin.coverage.reads import ReadKind
from llmbin.errors import CoverageError

Cli = Callable[..., tuple[int, str, str]]
GOOD = SampleReads(1_000, 1_000, 900, ReadKind())
FEW = SampleReads(1_000, 1_000, 20, ReadKind(True, 8_000, 0.92, 0.97))
NONE = SampleReads(0, 0, 0, ReadKind())
FLAGGED = SampleReads(120, 0, 0, ReadKind())


def coverage(columns: list[list[float]], reads: list[SampleReads] | None = None) -> Coverage:
    mean = np.array(columns).T
    names = [f"S{i + 1}" for i in range(len(columns))]
    return Coverage(names, mean, mean, reads or (), [f"{n}.bam" for n in names])


VARIED = [float(i % 7 + 1) for i in range(40)]


@pytest.mark.parametrize(
    ("depth", "reads", "cause"),
    [
        (VARIED, FEW, r"20 of 1,000 mapped reads count.*--min-identity is 0.97.*0.920 or less"),
        (VARIED, NONE, "no reads"),
        (VARIED, FLAGGED, "none of 120 records is a mapped read"),
        ([0.0] * 40, GOOD, "0 of 40 contigs have depth"),
        ([3.0] * 3 + [0.0] * 37, GOOD, "3 of 40 contigs have depth"),
        ([7.0] * 40, GOOD, "7 on every contig"),
    ],
)
def test_a_sample_that_says_nothing_is_a_warning_and_all_of_them_an_error(
    depth: list[float], reads: SampleReads, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "llmbin"):
        check_depths(coverage([VARIED, depth], [GOOD, reads]))
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert caplog.records[0].getMessage().startswith("S2.bam, sample S2: ")
    with pytest.raises(CoverageError, match=cause):
        check_depths(coverage([depth, depth], [reads, reads]))
    with pytest.raises(CoverageError, match=cause):
        check_depths(coverage([depth], [reads]))


def test_samples_of_several_assemblies_have_depth_on_their_own_contigs() -> None:
    depth = [5.0, 6.0] + [0.0] * 38
    check_depths(coverage([depth], [GOOD]), assemblies=20)
    with pytest.raises(CoverageError):
        check_depths(coverage([depth], [GOOD]))


def test_good_depths_and_few_contigs_are_no_error() -> None:
    check_depths(coverage([VARIED, VARIED[::-1]]))
    check_depths(coverage([[5.0, 5.0, 5.0]]))
    check_depths(coverage([[5.0]]))
    check_depths(Coverage([], np.empty((9, 0)), np.empty((9, 0))))


def test_depth_writes_the_table_of_a_sample_that_is_nearly_empty(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    bam = write_bam(
        tmp_path / "s.bam", {f"k{i}": 2000 for i in range(40)}, [("k3", 5, "99M", 0, 0)]
    )
    status, _, err = cli("depth", bam, "-o", tmp_path / "d.tsv", "-q")
    assert status == 0
    assert "1 of 40 contigs have depth" in err
    assert len((tmp_path / "d.tsv").read_text().splitlines()) == 41


@pytest.mark.parametrize("name", ["", " ", "a\tb", "a\nb"])
def test_names_of_samples_are_of_one_line(
    name: str, cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    contigs, table = tmp_path / "c.fa", tmp_path / "d.tsv"
    contigs.write_text(">a\n" + "ACGTTGCA" * 300 + "\n")
    table.write_text("contigname\tS\na\t4\n")
    bam = write_bam(tmp_path / "s.bam", {"a": 2400}, [("a", 0, "100M", 0, 0)])
    for option, path in (("--depth", table), ("--bam", bam)):
        status, _, err = cli("run", contigs, option, path, "-o", tmp_path / "o", "--samples", name)
        assert (status, "a name of one line" in err) == (2, True)
        assert not (tmp_path / "o").exists()


def test_the_commands_say_how_many_reads_count(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text("".join(f">k{i}\n{'ACGTTGCA' * (250 + i)}\n" for i in range(12)))
    lengths = {f"k{i}": 2000 + 8 * i for i in range(12)}
    reads = [
        (f"k{i}", 10 * j, "100M", 8, 0) for i in range(12) for j in range(i + 3)
    ]  # identity 0.92
    bam = write_bam(tmp_path / "s.bam", lengths, reads)
    good = write_bam(tmp_path / "g.bam", lengths, [(c, p, g, 0, f) for c, p, g, _, f in reads])
    for command in (
        ("run", contigs, "--bam", bam, "-o", tmp_path / "out"),
        ("depth", bam, "-o", tmp_path / "d.tsv"),
    ):
        status, _, err = cli(*command, "-q")
        assert status == 1
        assert "0 of 102 mapped reads count" in err
        assert "--min-identity" in err
        assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "d.tsv").exists()
    status, _, err = cli("run", contigs, "--bam", bam, good, "-o", tmp_path / "out")
    assert status == 0
    assert (
        "g: 102 of 102 mapped reads count (short reads of 100 bases, identity 0.97 or more)" in err
    )
    assert "WARNING" in next(line for line in err.splitlines() if "sample s: 0 of 102" in line)
    import json

    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["reads"]["g"]["counted"] == 102
    assert record["reads"]["s"]["kind"]["min_identity"] == 0.97
    assert (
        cli("run", contigs, "--bam", bam, "-o", tmp_path / "low", "--min-identity", "0.9", "-q")[0]
        == 0
    )


@pytest.mark.parametrize("value", ["97", "nan", "-1", "1.5", "inf", "x"])
@pytest.mark.parametrize("command", ["run", "depth"])
def test_an_identity_that_is_no_fraction_is_refused(
    command: str, value: str, cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    bam = write_bam(tmp_path / "s.bam", {"a": 2000}, [("a", 0, "100M", 0, 0)])
    arguments = ("run", tmp_path / "c.fa", "--bam", bam) if command == "run" else ("depth", bam)
    status, _, err = cli(*arguments, "-o", tmp_path / "out", f"--min-identity={value}")
    assert status == 2
    assert "--min-identity" in err
    assert ("0.97" in err.splitlines()[-1]) == (value in ("97", "x"))
    assert not (tmp_path / "out").exists()
