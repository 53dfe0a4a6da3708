"""A target: good inputs of a reader, and a check of what it makes of any input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmbin.errors import LlmbinError

Check = Callable[[bytes, Path], None]


class Fault(AssertionError):
    """The program did with an input what it must not."""


@dataclass(frozen=True)
class Target:
    """Some good inputs, and ``check(data, folder)``, which may write to the folder.

    It raises `Fault` for a result that is wrong, and whatever else the program raises; its own
    exceptions of one line are right.
    """

    seeds: Callable[[], list[bytes]]
    check: Check


def try_input(target: Target, data: bytes, folder: Path) -> bool:
    """Whether an input was read; False where it was refused as it should be.

    Raises:
        Fault: what was read is wrong, or the message is.
        Exception: the program does not refuse it in its own words.
    """
    try:
        target.check(data, folder)
    except LlmbinError as error:
        text = str(error)
        if "\n" in text or not text.strip() or len(text) > 2000:
            raise Fault(f"a message of {len(text)} characters: {text[:100]!r}") from None
        return False
    return True


def agree(ours: Any, others: Any, what: str) -> None:
    """Two ways to read one input must give the same."""
    if ours != others:
        raise Fault(f"{what}: {str(ours)[:80]!r} where {str(others)[:80]!r} was expected")


def held(folder: Path, data: bytes, name: str = "input") -> Path:
    """A file of the data."""
    path = folder / name
    path.write_bytes(data)
    return path
