"""What came of one fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """A fault: its kind, what was done to what, where or when, and what was wrong, if anything."""

    kind: str
    what: str
    where: str
    wrong: str
