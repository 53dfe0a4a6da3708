"""What all tables of the pages are made with."""

from __future__ import annotations


def table(titles: list[str], rows: list[list[str]]) -> str:
    return "\n".join(
        "| " + " | ".join(row) + " |" for row in [titles, ["---"] * len(titles), *rows]
    )


def in_samples(count: int) -> str:
    """``1 sample``, ``3 samples``."""
    return f"{count} sample{'s' * (count > 1)}"
