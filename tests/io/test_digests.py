from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from llmbin.io import digests
from llmbin.io.digests import TICKS, content_of, known_digest
from llmbin.io.inputs import StoredPipe
from llmbin.io.store import Store
from llmbin.io.workspace import file_digest


def test_of_large_files_the_time_of_their_change_counts_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.bam"
    path.write_bytes(bytes(3 << 20))
    whole, ends = file_digest(path), file_digest(path, 1 << 20)
    before = [content_of(path, digest) for digest in (whole, ends)]
    os.utime(path, ns=(1, 1))
    after = [content_of(path, digest) for digest in (whole, ends)]
    assert before[0] == after[0] == whole["sha256"]
    assert before[1] != after[1]
    piped = StoredPipe(path, "standard input", "pipe")
    assert content_of(piped, ends) == whole["sha256"]


def test_a_file_is_read_again_when_it_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def digest(path: Path) -> dict[str, object]:
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr(digests, "file_digest", digest)
    now = time.time()
    monkeypatch.setattr(digests.time, "time", lambda: now)
    path, moved = tmp_path / "a.bam", tmp_path / "b.bam"
    path.write_text("reads")
    with Store(tmp_path / "cache", 1 << 20) as store:
        assert known_digest(path, store) == known_digest(path, store) == file_digest(path)
        assert len(read) == 2  # it was written just now
        now += TICKS + 1
        assert known_digest(path, store) == known_digest(path, store) == file_digest(path)
        assert len(read) == 3
        about = path.stat()
        path.write_text("READS")  # as large, and as old by its own account
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        now = time.time() + TICKS + 100
        assert known_digest(path, store) == file_digest(path)
        assert len(read) == 4
        path.rename(moved)
        assert known_digest(moved, store) == file_digest(moved)
        assert known_digest(moved, store)["path"] == str(moved)
    assert known_digest(moved, None) == file_digest(moved)
