"""What is written or made on a thread beside the leading one fails as if that had done it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmbin.io.outputs import writing
from llmbin.tools.synthetic import Community

Cli = Callable[..., tuple[int, str, str]]


def full(path: Path, *_: object) -> None:
    with writing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_table_that_cannot_be_written_ends_the_run_with_one_line_and_no_result(
    threads: int, community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmbin.stages.output.write_contigs_table", full)
    argv = ("run", community.contigs, "--depth", community.depth, "-o", tmp_path / "out", "-q")
    status, _, err = cli(*argv, "-t", threads)
    assert status == 1
    assert err.count("\n") == 1
    assert "contigs.tsv: cannot be written (No space left on device)" in err
    assert not (tmp_path / "out" / "contig2bin.tsv").exists()
    assert not (tmp_path / "out" / "run.json").exists()
    monkeypatch.undo()
    status, _, err = cli(*argv, "-t", threads, "--resume")
    assert (status, err) == (0, "")


@pytest.mark.parametrize("threads", [1, 3])
def test_a_map_that_fails_ends_the_run(
    threads: int, community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("llmbin.stages.output.layout", no_memory)
    argv = ("run", community.contigs, "--depth", community.depth, "-o", tmp_path / "out", "-q")
    status, _, err = cli(*argv, "-t", threads)
    assert status == 137
    assert "out of memory" in err
    assert not (tmp_path / "out" / "run.json").exists()


@pytest.mark.parametrize("threads", [1, 3])
def test_profiles_that_are_damaged_are_told_in_one_line(
    threads: int, community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyhmmer")
    from llmbin.genes import markers

    damaged = tmp_path / "markers.h3m.gz"
    damaged.write_bytes(b"no profiles")
    monkeypatch.setattr(markers, "PROFILES", damaged)
    markers._loaded_tools.cache_clear()
    argv = ("run", community.contigs, "--depth", community.depth, "-o", tmp_path / "out", "-q")
    status, _, err = cli(*argv, "-t", threads)
    assert status != 0
    assert err.count("\n") == 1
    assert "markers.h3m.gz" in err
