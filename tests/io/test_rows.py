from __future__ import annotations

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
                found = read_table(handle, tmp_path, large)
            np.testing.assert_array_equal(found, wanted)
            assert isinstance(found, np.memmap) == (large == 1)


def test_a_table_that_is_cut_off_is_told(tmp_path: Path) -> None:
    with open(tmp_path / "a.npy", "wb") as handle:
        write_table(handle, np.ones((rows.CHUNK + 7, 5), np.float32))
    whole = (tmp_path / "a.npy").read_bytes()
    for wrong in (whole[:-30], whole + b"0000", whole[:100]):
        (tmp_path / "a.npy").write_bytes(wrong)
        with open(tmp_path / "a.npy", "rb") as handle, pytest.raises(ValueError):
            read_table(handle, tmp_path, 1)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="gone"):
        RowFile(np.float32, 3, tmp_path / "gone")
