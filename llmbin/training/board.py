"""Figures of steps as TensorBoard reads them.

TensorBoard's own writer writes in a thread, which prints a traceback when a disk is full and may
lose what it has not written; here a step is written when it is noted, or an error says why not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from ..io.outputs import writing

VERSION = "brain.Event:2"  # of the file, as TensorFlow calls it


class Board:
    """A file of events in ``folder``; what earlier ones hold from step ``done`` on is void.

    Raises:
        StorageError: it cannot be written, here or in `write`.
    """

    def __init__(self, folder: Path, done: int) -> None:
        self.path = folder / f"events.out.tfevents.{time.time():.6f}.{os.getpid()}"
        with writing(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = self.path.open("wb")
        self._records = RecordWriter(self._handle)
        start = SessionLog(status=SessionLog.START)
        self._add([Event(file_version=VERSION), Event(step=done, session_log=start)])

    def write(self, step: int, values: Iterable[tuple[str, float]]) -> None:
        """Note the values of a step by their names."""
        found = [Summary.Value(tag=name, simple_value=value) for name, value in values]
        self._add([Event(step=step, summary=Summary(value=found))])

    def _add(self, events: Iterable[Event]) -> None:
        with writing(self.path):
            for event in events:
                event.wall_time = time.time()
                self._records.write(event.SerializeToString())
            self._records.flush()
