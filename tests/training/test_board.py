"""Figures of steps for TensorBoard: what its own reader finds, and a full disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer.record_writer import RecordWriter

from llmbin.errors import StorageError
from llmbin.training.board import Board


def test_a_run_that_goes_on_replaces_the_steps_that_it_does_again(tmp_path: Path) -> None:
    before = Board(tmp_path, 0)
    for step in range(4):
        before.write(step, [("loss", 1.0), ("accuracy", 0.5)])
    after = Board(tmp_path, 2)
    for step in (2, 3):
        after.write(step, [("loss", 0.25)])
    found = EventAccumulator(str(tmp_path)).Reload().Scalars("loss")
    assert [(s.step, s.value) for s in found] == [(0, 1.0), (1, 1.0), (2, 0.25), (3, 0.25)]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
def test_a_full_disk_is_told_at_the_step_that_meets_it(tmp_path: Path) -> None:
    board = Board(tmp_path, 0)
    with open("/dev/full", "wb", buffering=0) as full:
        board._records = RecordWriter(full)
        with pytest.raises(StorageError, match=r"tfevents.*No space left on device"):
            board.write(0, [("loss", 1.0)])
