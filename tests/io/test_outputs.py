"""Files that belong together: all of them are there, or none is."""

from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from llmbin.errors import OutputError, StorageError
from llmbin.io import outputs
from llmbin.io.outputs import check_output, whole_folder, write_tables

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def failing(real: Callable[..., object], at: int) -> Callable[..., object]:
    """A function whose call number ``at`` finds the disk full."""
    calls = 0

    def call(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at:
            raise FULL
        return real(*arguments)

    return call


def test_tables_that_belong_together_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("old")
    write_tables({tmp_path / "a.tsv": b"a\n", tmp_path / "b.tsv.gz": b"b\n"})
    assert (tmp_path / "a.tsv").read_bytes() == b"a\n"
    assert gzip.decompress((tmp_path / "b.tsv.gz").read_bytes()) == b"b\n"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("name", "at"), [("chmod", 2), ("replace", 2), ("replace", 1)])
def test_no_table_stays_alone(
    name: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs.os, name, failing(getattr(os, name), at))
    names = ["a.tsv", "b.tsv"]
    with pytest.raises(StorageError, match=rf"{names[at - 1]}: cannot be written \(No space left"):
        write_tables({tmp_path / name: b"text\n" for name in names})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_has_all_of_its_files_or_none(there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "up" / "folder"
    if there:
        folder.mkdir(parents=True)
        (folder / "other").touch()
    (tmp_path / "up").mkdir(exist_ok=True)
    (tmp_path / "up" / ".folder.llmbin-left").mkdir()  # by one that was killed
    with whole_folder(folder) as made:
        (made / "sub").mkdir()
        (made / "sub" / "a").write_text("a")
        (made / "b").write_text("b")
        assert folder.exists() == there
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {"sub/a", "b"} | ({"other"} if there else set())
    assert list((tmp_path / "up").iterdir()) == [folder]


def test_a_folder_that_cannot_be_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(StorageError, match=r"folder: cannot be written .No space left"),
        whole_folder(tmp_path / "folder") as made,
    ):
        (made / "a").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(made / "b"))
    monkeypatch.setattr(outputs.os, "replace", failing(os.replace, 1))
    with pytest.raises(StorageError, match="folder: "), whole_folder(tmp_path / "folder") as made:
        (made / "a").touch()
        (made / "b").touch()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_folder_may_be_read_by_whom_the_system_says(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        tmp_path.chmod(0o2755)
        with whole_folder(tmp_path / "folder") as made:
            (made / "a").touch()
        (tmp_path / "made").mkdir()
    finally:
        os.umask(before)
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "made").stat().st_mode


def test_a_disk_that_is_only_for_reading_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs.os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"x: cannot be written .Permission denied.; choose"):
        check_output(tmp_path / "x", [])
    flags = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(outputs.os, "statvfs", lambda _: flags)
    with pytest.raises(OutputError, match=r"Read-only file system.; that disk is only"):
        check_output(tmp_path / "x", [])
