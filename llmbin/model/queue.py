"""Work on threads beside the one that leads: items that do not get far ahead, or one thing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def bounded_queue(
    work: Callable[[Item], Result],
    take: Callable[[Item, Result], object],
    most: int,
    threads: int,
    pool: Executor | None = None,
) -> Iterator[Callable[[Item], None]]:
    """A queue of items for a pool; gives the function that puts one in.

    ``work`` runs on the pool, or on one of so many ``threads`` if none is given. ``take`` gets each
    item with its result, in the order of the items and in the caller's thread. With more than
    ``most`` items under way, putting one in waits for the oldest and takes it. What is left is
    taken when the block ends without an error. What ``work`` raises comes out where its result is
    taken.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()

    def take_oldest() -> None:
        item, future = waiting.popleft()
        take(item, future.result())

    with ThreadPoolExecutor(threads) if pool is None else nullcontext(pool) as workers:

        def put(item: Item) -> None:
            waiting.append((item, workers.submit(work, item)))
            if len(waiting) > most:
                take_oldest()

        yield put
        while waiting:
            take_oldest()


@contextmanager
def beside(threads: int, work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin something on a thread of its own; gives the function that waits for what comes of it.

    What it raises comes out there. With one thread it is done when it is asked for, if ever; else
    the block ends no sooner than the work.
    """
    if threads == 1:
        yield work
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work).result
