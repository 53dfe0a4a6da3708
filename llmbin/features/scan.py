"""A stream of contigs that goes by once, looked at by several searches meanwhile, on threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

from ..io.contigs import Contig
from ..model.queue import bounded_queue

# Bases that a thread looks at in one go: Python's threads take turns, and handing one over takes as
# long as looking at some thousand bases.
GROUP = 1 << 18
AHEAD = 4  # such groups that may wait for each thread


class Watcher(Protocol):
    """Looks at groups of contigs in any thread and order, and keeps what it found in theirs."""

    def look(self, contigs: list[Contig]) -> Any:
        """What there is to find; changes nothing."""

    def keep(self, contigs: list[Contig], found: Any) -> None:
        """Remember what was found."""


def watched(
    contigs: Iterable[Contig],
    watchers: Sequence[Watcher],
    threads: int,
    pool: Executor | None = None,
) -> Iterator[Contig]:
    """Pass contigs on while watchers look at them, on a pool (of ``threads``, if none is given).

    What was found is kept by the thread that reads, and all of it when the last contig has gone by.
    """

    def look(group: list[Contig]) -> list[Any]:
        return [watcher.look(group) for watcher in watchers]

    def keep(group: list[Contig], findings: list[Any]) -> None:
        for watcher, found in zip(watchers, findings, strict=True):
            watcher.keep(group, found)

    with bounded_queue(look, keep, AHEAD * threads, threads, pool) as put:
        for group in grouped(contigs):
            put(group)
            yield from group


def grouped(contigs: Iterable[Contig]) -> Iterator[list[Contig]]:
    """Contigs in groups of `GROUP` bases or more."""
    group: list[Contig] = []
    bases = 0
    for contig in contigs:
        group.append(contig)
        bases += len(contig.codes)
        if bases >= GROUP:
            yield group
            group, bases = [], 0
    if group:
        yield group
