from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.errors import StorageError
from llmbin.io import rows
from llmbin.io.rows import RowFile, in_chunks, read_table, write_table


@pytest.mark.parametrize("in_memory", [True, False])
def test_rows_come_in_any_order(tmp_path: Path, in_memory: bool) -> None:
    table = RowFile(np.float32, 3, None if in_memory else tmp_path)
    assert not list(tmp_path.iterdir())  # a file without a name
    wanted = np.arange(24, dtype=np.float32).reshape(8, 3)
    table.append(wanted[:2])
    table.put(5, wanted[5:7])
    table.put(2, wanted[2:4])
    assert len(table) == 7
    np.testing.assert_array_equal(table.row(6), wanted[6])
    wanted[[4, 7]] = 0
    np.testing.assert_array_equal(table.table(8), wanted)


@pytest.mark.parametrize("in_memory", [True, False])
def test_scattered_rows_go_to_their_places(tmp_path: Path, in_memory: bool) -> None:
    table = RowFile(np.float32, 2, None if in_memory else tmp_path)
    places = np.array([7, 0, 3, 2, 9, 8])
    wanted = np.zeros((10, 2), np.float32)
    wanted[places] = np.arange(1, 13).reshape(6, 2)
    table.scatter(places, wanted[places])
    table.scatter(places[:0], wanted[:0])
    np.testing.assert_array_equal(table.table(10), wanted)


@pytest.mark.parametrize("in_memory", [True, False])
def test_tables_without_rows_or_columns(tmp_path: Path, in_memory: bool) -> None:
    folder = None if in_memory else tmp_path
    assert RowFile(np.float32, 3, folder).table(0).shape == (0, 3)
    assert RowFile(np.float32, 0, folder).table(4).shape == (4, 0)
    assert not RowFile(np.float32, 3, folder).table(2).any()


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells")
def test_reading_in_chunks_holds_no_more_than_a_chunk(tmp_path: Path) -> None:
    table = RowFile(np.float32, 256, tmp_path)
    size = 20 * rows.CHUNK
    for _ in range(20):
        table.append(np.ones((rows.CHUNK, 256), np.float32))
    held = table.table(size)
    before, most = of_files(), 0
    for part in in_chunks(size, held):
        assert held[part].all()
        most = max(most, of_files() - before)
    assert most < held.nbytes // 4
    assert held.all()
    assert of_files() - before >= held.nbytes // 2  # so the measure would have seen it


def of_files() -> int:
    """Bytes in memory that are pages of mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssFile:"))


def test_a_written_table_is_one_of_numpy(tmp_path: Path) -> None:
    table = RowFile(np.float32, 5, tmp_path)
    wanted = np.arange(5 * (rows.CHUNK + 7), dtype=np.float32).reshape(-1, 5)
    table.append(wanted)
    for array in (table.table(len(wanted)), wanted):
        with open(tmp_path / "a.npy", "wb") as handle:
            write_table(handle, array)
        np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), wanted)
        for large in (1, 1 << 30):
            with open(tmp_path / "a.npy", "rb") as handle:
                found = read_table(handle, tmp_path, 1 << 30, large)
            np.testing.assert_array_equal(found, wanted)
            assert isinstance(found, np.memmap) == (large == 1)


def test_a_table_that_is_cut_off_is_told(tmp_path: Path) -> None:
    with open(tmp_path / "a.npy", "wb") as handle:
        write_table(handle, np.ones((rows.CHUNK + 7, 5), np.float32))
    whole = (tmp_path / "a.npy").read_bytes()
    for wrong in (whole[:-30], whole + b"0000", whole[:100]):
        (tmp_path / "a.npy").write_bytes(wrong)
        with open(tmp_path / "a.npy", "rb") as handle, pytest.raises(ValueError):
            read_table(handle, tmp_path, 1 << 30, 1)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="gone"):
        RowFile(np.float32, 3, tmp_path / "gone")


def test_rows_of_a_file_system_that_maps_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = RowFile(np.float32, 3, tmp_path)
    table.put(1, np.ones((2, 3), np.float32))
    monkeypatch.setattr(np, "memmap", refusing(errno.ENODEV))
    np.testing.assert_array_equal(table.table(4), np.outer([0, 1, 1, 0], [1, 1, 1]))


def test_no_address_space_is_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = RowFile(np.float32, 3, tmp_path)
    monkeypatch.setattr(np, "memmap", refusing(errno.ENOMEM))
    with pytest.raises(MemoryError):
        table.table(2)


def refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_what_cannot_be_written_is_not_tried_again(tmp_path: Path) -> None:
    """Python 3.13 and later would tell of it at the end, with a traceback."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    table = RowFile(np.float32, 100, tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StorageError, match="ulimit -f"):
            for row in np.ones((10, 1, 100), np.float32):
                table.append(row)
            table.table(10)
        table._file.close()  # as at its end
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_name_of_an_unnamed_file_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(dir: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(dir / "tmp1a2b"))

    monkeypatch.delattr(os, "O_TMPFILE", raising=False)  # as on macOS
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(StorageError, match=f"^{tmp_path}: .*free some space"):
        RowFile(np.float32, 3, tmp_path)


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
def test_a_file_that_must_have_a_name_is_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "out", tmp_path / "temporary"
    folder.mkdir()
    other.mkdir()
    really = os.open

    def named(path: Path, flags: int, *more: int, **how: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE and Path(path) == folder:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), str(path))
        return really(path, flags, *more, **how)

    monkeypatch.setattr(os, "open", named)
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    table = RowFile(np.float32, 3, folder)
    assert os.readlink(f"/proc/self/fd/{table._file.fileno()}").startswith(str(other))
    table.append(np.ones((2, 3), np.float32))
    assert table.table(2).tolist() == [[1, 1, 1], [1, 1, 1]]
