from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_runs import Made, write_run

from llmbin import signals
from llmbin.errors import LlmbinError
from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import Community

Cli = Callable[..., tuple[int, str, str]]
REPORT = {"report.html", "places.tsv"}


@pytest.fixture(scope="module")
def finished(community: Community, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from llmbin.cli import main

    out = tmp_path_factory.mktemp("reported") / "out"
    options = ["--depth", str(community.depth), "-o", str(out), "-q", "--prefix", "mag_{}"]
    assert main(["run", str(community.contigs), *options]) == 0
    return out


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_a_run_leaves_its_report_and_says_no_more(finished: Path) -> None:
    assert names(finished) >= REPORT | {"mag.llmbin_general_mqc.json"}
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "<title>out - llmbin-fast</title>" in page
    assert "mag_0001" in page


def test_the_report_is_made_again_to_the_same_bytes(finished: Path, cli: Cli) -> None:
    made = [*finished.glob("*_mqc.json"), finished / "report.html"]
    held = {path: path.read_bytes() for path in made}
    before = names(finished)
    for path in made:
        path.unlink()
    status, _, err = cli("report", finished)
    assert status == 0
    assert f"report in {finished / 'report.html'}" in err
    assert names(finished) == before
    assert {path: path.read_bytes() for path in made} == held


def test_a_page_of_a_run_elsewhere(finished: Path, cli: Cli, tmp_path: Path) -> None:
    assert cli("report", finished, "-o", tmp_path / "mine.html")[0] == 0
    assert names(tmp_path) == {"mine.html"}
    assert (tmp_path / "mine.html").read_bytes() == (finished / "report.html").read_bytes()


def test_a_run_may_leave_it_out(
    community: Community, finished: Path, cli: Cli, tmp_path: Path
) -> None:
    """And then the report of an earlier run does not stay."""
    write_run(tmp_path)
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "old.llmbin_bins_mqc.json").write_text("{}")
    options = ("--depth", community.depth, "-o", tmp_path, "-q", "--prefix", "mag_{}", "--force")
    assert cli("run", community.contigs, *options, "--no-report")[0] == 0
    assert names(tmp_path).isdisjoint(REPORT)
    assert not list(tmp_path.glob("*_mqc.json"))
    assert (tmp_path / "contig2bin.tsv").read_bytes() == (finished / "contig2bin.tsv").read_bytes()
    assert cli("report", tmp_path)[0] == 0  # without the map
    assert '"x":null' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_bins_of_another_program(
    community: Community, finished: Path, cli: Cli, tmp_path: Path
) -> None:
    """Measured as our own: the same bins under other names have the same sizes and quality."""
    from llmbin.report.content import content_of
    from llmbin.report.finished import files_in, read_run

    table = (finished / "contig2bin.tsv").read_text()
    (tmp_path / "theirs.tsv").write_text(re.sub(r"\tmag_0*", "\tMetaBAT.", table))
    page = tmp_path / "theirs.html"
    given = ("--contigs", community.contigs, "--bins", tmp_path / "theirs.tsv")
    given += ("--depth", community.depth, "--seed", 2, "--output", page)
    status, _, err = cli("report", *given, "-q")
    assert (status, err) == (0, "")
    assert names(tmp_path) == {"theirs.tsv", "theirs.html"}
    text = page.read_text(encoding="utf-8")
    ours = content_of(read_run(files_in(finished)))
    columns = ours["bins"]["columns"]
    theirs = [f"MetaBAT.{b + 1}" for b in range(len(columns["bin"]))]
    assert '"bin":[{}]'.format(",".join(f'"{b}"' for b in theirs)) in text
    for title in ("bp", "completeness", "contamination", "quality"):
        assert '"{}":[{}]'.format(title, ",".join(f'"{v}"' for v in columns[title])) in text
    assert '"probability":null' in text
    assert "confidence" not in text.split('id="data">')[1].split("</script>")[0]
    assert "llmbin-fast report " + " ".join(map(str, given)) in text


@pytest.mark.parametrize(
    ("arguments", "status", "wrong"),
    [
        (["{tmp}"], 1, r"run\.json: is missing; the output folder of a finished run"),
        (["{run}", "--contigs", "c.fa"], 2, "not both"),
        ([], 2, "report needs the folder of a finished run, or --contigs, --bins and -o"),
        (["--contigs", "{run}/run.json", "--bins", "x"], 2, "report needs"),
        (["--contigs", "{run}/run.json", "--bins", "{tmp}/x", "-o", "{tmp}/y"], 1, "x: "),
        (["{run}", "-o", "{run}/bins.tsv"], 1, "is also an input"),
        (["{run}", "-o", "{tmp}/no/such.html"], 1, "no such folder"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    tmp_path: Path, cli: Cli, arguments: list[str], status: int, wrong: str
) -> None:
    run = write_run(tmp_path / "run", Made(bins=2))
    (tmp_path / "empty").mkdir()
    words = [a.format(tmp=tmp_path / "empty", run=run) for a in arguments]
    found, _, err = cli("report", *words)
    assert found == status
    assert re.search(wrong, err)
    assert err.count("\n") == 1
    assert not list((tmp_path / "empty").iterdir())


def test_bins_of_other_contigs_are_refused(community: Community, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text("nobody\tbin.1\n")
    given = ("--contigs", community.contigs, "--bins", tmp_path / "b.tsv", "--markers", "off")
    status, _, err = cli("report", *given, "-o", tmp_path / "r.html", "-q")
    assert status == 1
    assert "b.tsv: holds none of the" in err
    assert names(tmp_path) == {"b.tsv"}


def test_bins_of_nothing_but_gaps_and_short_contigs_are_told(
    community: Community, cli: Cli, tmp_path: Path
) -> None:
    contigs, table = tmp_path / "c.fasta", tmp_path / "b.tsv"
    first = next(read_fasta(community.contigs))
    few = {first.name: first.sequence.decode(), "n": "N" * 5_000, "s": "ACGT" * 249}
    contigs.write_text("".join(f">{name}\n{bases}\n" for name, bases in few.items()))
    table.write_text(f"{first.name}\tbin.1\nn\tgap\ns\tshort\nnobody\tother\n")
    given = ("--contigs", contigs, "--bins", table, "--markers", "off", "-o", tmp_path / "r.html")
    status, _, err = cli("report", *given, "-q")
    assert status == 0
    assert err.count("\n") == 1
    assert "b.tsv: bins that are not in the report: 3, as 'gap'; none of its contigs has" in err
    assert cli("report", *given, "-q", "--min-length", 1)[2].count("2, as 'gap'") == 1


def test_contigs_that_change_while_they_are_read_are_told(
    community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmbin.tools import given_bins

    contigs, look = tmp_path / "c.fasta", given_bins.kinds_with_families
    contigs.write_bytes(community.contigs.read_bytes())
    first = next(read_fasta(contigs)).name
    (tmp_path / "b.tsv").write_text(f"{first}\tbin.1\n")

    def after_a_change(*given: Any) -> Any:
        contigs.write_text(">other\nACGT\n")
        return look(*given)

    monkeypatch.setattr(given_bins, "kinds_with_families", after_a_change)
    given = ("--contigs", contigs, "--bins", tmp_path / "b.tsv")
    status, _, err = cli("report", *given, "-o", tmp_path / "r.html", "-q")
    assert status == 1
    assert "c.fasta: has changed while it was read" in err
    assert names(tmp_path) == {"c.fasta", "b.tsv"}


def test_when_stopped_it_promises_no_resume(
    community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: list[list[str]] = []

    def stop(*_: object) -> None:
        hints.append(list(signals._hints))
        raise LlmbinError("stopped here")

    monkeypatch.setattr("llmbin.tools.given_bins.measure", stop)
    (tmp_path / "b.tsv").write_text("k\tb\n")
    given = ("--contigs", community.contigs, "--bins", tmp_path / "b.tsv")
    assert cli("report", *given, "-o", tmp_path / "r.html", "-q")[0] != 0
    assert hints == [[]]
