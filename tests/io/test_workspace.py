from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from forged import with_huge_array

from llmbin.errors import InputError, OutputError, StorageError
from llmbin.io import workspace
from llmbin.io.workspace import BINS, TABLE, Workspace

Cli = Callable[..., tuple[int, str, str]]


def results(work: Workspace, names: list[str]) -> None:
    """What a run leaves: a file a bin, the table that lists them, and the record."""
    work.result(BINS).mkdir()
    for name in names:
        (work.result(BINS) / f"{name}.fna.gz").write_bytes(gzip.compress(b">x\nA\n"))
    work.result(TABLE).write_text("".join(f"{name}\t1\n" for name in ["bin", *names]))
    work.result("run.json").write_text("{}\n")


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_a_run_that_fails_leaves_what_others_have_in_the_folders_above(tmp_path: Path) -> None:
    with pytest.raises(InputError), Workspace(tmp_path / "results" / "deep" / "A"):
        with Workspace(tmp_path / "results" / "B") as other:
            results(other, ["bin.0001"])
            other.commit()
        raise InputError("bad input")
    assert files(tmp_path) == {
        "results/B/bins/bin.0001.fna.gz",
        "results/B/bins.tsv",
        "results/B/run.json",
    }
    assert not (tmp_path / "results" / "deep").exists()


def test_a_run_that_fails_takes_away_the_folders_it_made(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError), Workspace(tmp_path / "mine" / "results" / "A"):
        raise InputError("bad input")
    assert [p.name for p in tmp_path.rglob("*")] == ["mine"]


def test_force_replaces_results_and_nothing_else(tmp_path: Path) -> None:
    with Workspace(tmp_path) as work:
        results(work, ["old.0001", "old.0002"])
        work.result("binning.bioboxes.tsv").write_text("old\n")
        work.commit()
    foreign = {
        "bins/metabat.1.fa",
        "bins/bin.9999.fna.gz",
        "bins/notes.txt",
        "bins/sub/x.fna.gz",
        "mine.txt",
    }
    for name in foreign:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine\n")
    with Workspace(tmp_path, force=True) as work:
        results(work, ["bin.0001"])
        work.commit()
    assert files(tmp_path) == foreign | {"bins/bin.0001.fna.gz", "bins.tsv", "run.json"}
    assert all((tmp_path / name).read_text() == "mine\n" for name in foreign)


@pytest.mark.parametrize("table", ["bin\n../mine.txt\n/etc/x\n\n", "\0\xff\n\xfe\n", ""])
def test_a_table_that_no_run_wrote_deletes_nothing(table: str, tmp_path: Path) -> None:
    (tmp_path / "bins").mkdir()
    (tmp_path / "mine.fna.gz").write_text("mine\n")
    (tmp_path / "link").symlink_to(tmp_path / "mine.fna.gz")
    (tmp_path / "bins" / "link.fna.gz").symlink_to(tmp_path / "mine.fna.gz")
    (tmp_path / TABLE).write_bytes(table.encode("latin-1") + b"../mine\nlink\n")
    with Workspace(tmp_path, force=True) as work:
        results(work, ["bin.0001"])
        work.commit()
    assert (tmp_path / "mine.fna.gz").read_text() == "mine\n"
    assert (tmp_path / "bins" / "link.fna.gz").is_symlink()


@pytest.mark.parametrize(
    ("name", "folder"), [("bins", False), ("bins.tsv", True), ("run.json", True)]
)
def test_what_is_no_result_is_not_replaced(name: str, folder: bool, tmp_path: Path) -> None:
    if folder:
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("mine\n")
    else:
        (tmp_path / name).write_text("mine\n")
    before = files(tmp_path)
    with pytest.raises(OutputError, match=f"{name}: is a {'folder' if folder else 'file'}"):
        Workspace(tmp_path, force=True)
    assert files(tmp_path) == before


def test_what_a_killed_run_left_is_not_added_to(tmp_path: Path) -> None:
    """As after SIGKILL in the middle of writing."""
    left = tmp_path / ".llmbin-work" / "result-bins" / "bin.0001.fna.gz"
    left.parent.mkdir(parents=True)
    left.write_bytes(gzip.compress(b">stale\nA\n"))
    with Workspace(tmp_path, resume=True) as work:
        assert not work.result(BINS).exists()


@pytest.mark.parametrize("cut", [0, 1, 20, 100, -1])
def test_a_damaged_stage_is_computed_again(cut: int, tmp_path: Path) -> None:
    key = {"version": "1"}
    with Workspace(tmp_path, resume=True) as work:
        work.save("features", key, {"x": np.arange(100)})
        assert work.load("features", key, lambda held: held["x"].tolist()) == list(range(100))
        assert work.load("features", key, lambda held: held["y"]) is None
        (stage,) = work.staging.glob("stage-*")
        stage.write_bytes(stage.read_bytes()[:cut])
        assert work.load("features", key, dict) is None


def test_a_stage_that_says_to_be_larger_than_memory_is_computed_again(tmp_path: Path) -> None:
    with Workspace(tmp_path, resume=True) as work:
        work.save("features", {}, {"x": np.arange(100)})
        (stage,) = work.staging.glob("stage-*")
        stage.write_bytes(with_huge_array(stage.read_bytes(), "x"))
        assert work.load("features", {}, dict) is None


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (StorageError("disk full"), StorageError),
        (MemoryError("full"), MemoryError),
        (OSError(errno.ENOMEM, "Cannot allocate memory: full"), MemoryError),
    ],
)
def test_a_stage_for_which_there_is_no_room_is_not_damaged(
    error: Exception, raised: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_table(*_: object) -> None:
        raise error

    with pytest.raises(raised, match="full"), Workspace(tmp_path, resume=True) as work:
        work.save("features", {}, {"x": np.arange(100)})
        monkeypatch.setattr(workspace, "read_table", read_table)
        work.load("features", {}, dict)
    assert list(work.staging.glob("stage-*"))


def test_no_flipped_bit_of_a_stage_is_taken_for_a_result(tmp_path: Path) -> None:
    arrays = {"names": np.array(["a", "b"]), "mean": np.arange(4.0)}
    with Workspace(tmp_path, resume=True) as work:
        work.save("coverage", {"version": "1"}, arrays)
        (stage,) = work.staging.glob("stage-*")
        whole = stage.read_bytes()
        for at in range(len(whole)):
            stage.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            held = work.load("coverage", {"version": "1"}, dict)
            assert held is None or all((held[k] == v).all() for k, v in arrays.items())


def test_a_commit_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace(tmp_path) as work:
        results(work, ["old.0001"])
        work.commit()
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    replace, calls = os.replace, []

    def fail(path: Path, to: Path) -> None:
        calls.append(path)
        if len(calls) == 6:
            raise OSError(errno.EIO, "Input/output error")
        replace(path, to)

    with (
        pytest.raises(StorageError, match="Input/output error"),
        Workspace(tmp_path, force=True) as work,
    ):
        results(work, ["bin.0001"])
        monkeypatch.setattr(os, "replace", fail)
        work.commit()
    assert len(calls) > 6  # and back again
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_results_that_are_deleted_as_they_come_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def lose(path: Path, to: Path) -> None:
        replace(path, to)
        if to.name == "bin.0001.fna.gz":
            to.unlink()

    with (
        pytest.raises(StorageError, match=r"bin.0001.*its folder is gone"),
        Workspace(tmp_path) as work,
    ):
        results(work, ["bin.0001"])
        monkeypatch.setattr(os, "replace", lose)
        work.commit()


def test_what_a_killed_writer_left_is_swept_and_what_is_written_is_not(tmp_path: Path) -> None:
    from llmbin.io.outputs import whole_file

    (tmp_path / ".x.tsv.dead.part").write_text("half")
    with whole_file(tmp_path / "x.tsv") as first:
        first.write(b"first")
        with whole_file(tmp_path / "x.tsv") as second:
            second.write(b"second")
        assert len(list(tmp_path.glob(".x.tsv.*"))) == 1
    assert files(tmp_path) == {"x.tsv"}
    assert (tmp_path / "x.tsv").read_bytes() == b"first"


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with Workspace(tmp_path / "out") as work:
        for options in ({"force": True}, {"resume": True}):
            with pytest.raises(OutputError, match="another run"):
                Workspace(tmp_path / "out", **options)
        results(work, ["bin.0001"])
        work.commit()
    assert files(tmp_path / "out") == {"bins/bin.0001.fna.gz", "bins.tsv", "run.json"}
    with Workspace(tmp_path / "out", force=True):
        pass


def test_an_input_among_what_a_run_keeps_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / ".llmbin-work" / "c.fa"
    mine.parent.mkdir()
    mine.write_text(">a\nA\n")
    with pytest.raises(OutputError, match="is an input"):
        Workspace(tmp_path, force=True, inputs=[mine])
    assert mine.read_text() == ">a\nA\n"


def test_the_command_keeps_what_is_not_its_own(cli: Cli, tmp_path: Path) -> None:
    contigs, bad, out = tmp_path / "c.fa", tmp_path / "bad.tsv", tmp_path / "results"
    contigs.write_text(">a\n" + "ACGTTGCA" * 300 + "\n>b\n" + "ACGGTGCA" * 300 + "\n")
    bad.write_text("contigname\tS\na\t1\n")
    (out / "B" / "bins").mkdir(parents=True)
    (out / "B" / "bins" / "metabat.1.fa").write_text(">x\n")
    assert cli("run", contigs, "--depth", bad, "-o", out / "A" / "deep", "-q")[0] == 1
    assert cli("run", contigs, "-o", out / "B", "-q", "--force")[0] == 0
    assert (out / "B" / "bins" / "metabat.1.fa").read_text() == ">x\n"
    assert [p.name for p in out.iterdir()] == ["B"]


def test_files_for_multiqc_are_replaced_whatever_their_prefix(tmp_path: Path) -> None:
    (tmp_path / "other_mqc.json").write_text("mine")
    with Workspace(tmp_path, force=True) as work:
        results(work, ["a.0001"])
        work.result("a.llmbin_bins_mqc.json").write_text("{}")
        work.commit()
    assert (tmp_path / "a.llmbin_bins_mqc.json").is_file()
    with Workspace(tmp_path, force=True) as work:
        results(work, ["b.0001"])
        work.result("llmbin_bins_mqc.json").write_text("{}")
        work.commit()
    assert {p.name for p in tmp_path.glob("*.json")} == {
        "other_mqc.json",
        "llmbin_bins_mqc.json",
        "run.json",
    }
    (tmp_path / "x.llmbin_bins_mqc.json").mkdir()
    with pytest.raises(OutputError, match="is a folder where a result goes"):
        Workspace(tmp_path, force=True)
