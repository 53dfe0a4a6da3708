"""What happened in each round, one JSON object a line: ``events.jsonl``."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from ..io.outputs import writing

Event: TypeAlias = dict[str, Any]


def append(path: Path, event: Event) -> None:
    """Add a line, in one write; a line that was cut off before is ended first.

    Raises:
        StorageError: it cannot be written.
    """
    with writing(path), open(path, "ab+") as handle:
        torn = False
        if handle.tell():
            handle.seek(-1, os.SEEK_END)
            torn = handle.read(1) != b"\n"
        handle.write(b"\n" * torn + json.dumps(event).encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())


def read_events(path: Path) -> list[Event]:
    """All lines that are whole."""
    if not path.exists():
        return []
    events = []
    with open(path, "rb") as handle:
        for line in handle:
            with suppress(ValueError, RecursionError):
                event = json.loads(line)
                if isinstance(event, dict):
                    events.append(event)
    return events
