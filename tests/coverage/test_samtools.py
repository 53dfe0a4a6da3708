"""What samtools cannot write is told as such, and not as a fault of the reads."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest

from llmbin.coverage.samtools import sorted_bam
from llmbin.errors import CoverageError, StorageError

WHY = os.strerror(errno.ENOSPC)


def sort_once(path: Path) -> None:
    with sorted_bam(path, "BAM", 1, None, None):
        pass


@pytest.mark.parametrize("whose", ["pysam's", "samtools'"])
def test_a_full_disk_is_no_fault_of_the_reads(
    whose: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_bam: Callable[..., Path]
) -> None:
    path = write_bam(tmp_path / "a.bam", {"k": 100}, [("k", 5, "50M", 0, 0)])

    def full(*words: str) -> None:
        if whose == "pysam's":
            raise OSError(errno.ENOSPC, WHY, "/nobody/knows/it")
        said = f'samtools sort: failed to create "{words[words.index("-o") + 1]}": {WHY}'
        raise pysam.SamtoolsError(repr(f"samtools returned with error 1: stderr={said}\n"))

    monkeypatch.setattr(pysam, "sort", full)
    with pytest.raises(StorageError, match=rf"cannot be written \({WHY}\); free some") as caught:
        sort_once(path)
    assert "nobody" not in str(caught.value)


def test_reads_that_cannot_be_sorted_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.bam").write_bytes(b"BAM\1 and no more")
    with pytest.raises(CoverageError, match=r"a\.bam: cannot be read"):
        sort_once(tmp_path / "a.bam")
