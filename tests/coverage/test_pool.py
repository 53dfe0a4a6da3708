from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.coverage.bam import read_depth
from llmbin.coverage.coverage import Measuring, coverage_from_bams
from llmbin.coverage.recall import DepthRecall
from llmbin.errors import UsageError
from llmbin.io.store import Store

LENGTHS = {"a": 4000, "b": 3000}


@pytest.fixture
def batches(write_bam: Callable[..., Path], tmp_path: Path) -> list[Path]:
    """Two batches of one sample, and another sample."""
    rng = np.random.default_rng(0)
    paths = []
    for name, n in (("s_0", 40), ("s_1", 70), ("t", 30)):
        reads = sorted(
            ("ab"[rng.integers(2)], int(rng.integers(0, 2800)), "100M", 0, 0) for _ in range(n)
        )
        paths.append(write_bam(tmp_path / f"{name}.bam", LENGTHS, reads))
    return paths


def test_batches_of_a_sample_are_added_up(
    batches: list[Path], write_bam: Callable[..., Path], tmp_path: Path
) -> None:
    lengths = np.array(list(LENGTHS.values()))
    how = Measuring(pool=True)
    found = coverage_from_bams(batches, list(LENGTHS), lengths, ["s", "s", "t"], how)
    each = coverage_from_bams(batches, list(LENGTHS), lengths)
    assert found.samples == ["s", "t"]
    np.testing.assert_array_equal(found.mean[:, 0], each.mean[:, 0] + each.mean[:, 1])
    np.testing.assert_array_equal(found.mean[:, 1], each.mean[:, 2])
    assert [reads.records for reads in found.reads] == [110, 30]
    assert len(found.files) == len(found.read_length) == 2


def test_samples_of_one_name_are_an_error_without_pool(batches: list[Path]) -> None:
    lengths = np.array(list(LENGTHS.values()))
    with pytest.raises(UsageError, match="two samples are called"):
        coverage_from_bams(batches, list(LENGTHS), lengths, ["s", "s", "t"])


def test_a_file_that_did_not_change_is_not_read_again(
    batches: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = np.array(list(LENGTHS.values()))
    read: list[Path] = []

    def counted(path: Path, *rest: object) -> object:
        read.append(path)
        return read_depth(path, *rest)

    monkeypatch.setattr("llmbin.coverage.coverage.read_depth", counted)

    def measured(paths: list[Path]) -> object:
        with Store(tmp_path / "cache", 1 << 20) as store:
            recall = DepthRecall(
                store, lambda path: str(hash(Path(path).read_bytes())), lambda: None
            )
            return coverage_from_bams(paths, list(LENGTHS), lengths, None, Measuring(recall=recall))

    first = measured(batches[:2])
    second = measured(batches)
    assert read == batches
    np.testing.assert_array_equal(second.mean[:, :2], first.mean)
    np.testing.assert_array_equal(second.variance[:, :2], first.variance)
    assert list(second.reads[:2]) == list(first.reads)
