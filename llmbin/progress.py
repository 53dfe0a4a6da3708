"""What a person sees of a run: bars on a terminal, log lines elsewhere, times of its stages."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from .errors import StorageError, cannot_write
from .resources import MIB, peak_memory
from .signals import when_stopped

log = logging.getLogger("llmbin")

Advance: TypeAlias = Callable[[int], object]  # so many bases more
Tell: TypeAlias = Callable[[int, int | None], object]  # bases so far, and in all if that is known


def set_up_logging(level: int) -> None:
    """Messages to standard error: coloured and timed on a terminal, plain elsewhere.

    Libraries draw no bars of their own, which would stand before the next message.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    log.setLevel(logging.DEBUG)
    log.handlers.clear()
    handler: logging.Handler
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        handler = RichHandler(
            console=Console(stderr=True),
            show_path=False,
            omit_repeated_times=False,
            highlighter=None,
        )
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    handler.setLevel(level)
    log.addHandler(handler)
    log.propagate = False


@contextlib.contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write every message to a file as well.

    Raises:
        StorageError: it cannot be written; so does every message then.
    """
    try:
        handler = _LogFile(path)
    except OSError as error:
        raise StorageError(cannot_write(path, error)) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        with contextlib.suppress(OSError):  # each message was flushed before
            handler.close()


class _LogFile(logging.FileHandler):
    """A log that is missing lines is an error, as any other file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, mode="w", encoding="utf-8", errors="backslashreplace")
        self._path = path

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            raise StorageError(cannot_write(self._path, error)) from None
        super().handleError(record)


@dataclass
class Clock:
    """Seconds, CPU seconds and peak memory of each stage.

    ``leading_cpu_seconds`` are of the thread that leads: however many others there are, a stage
    takes no less.
    """

    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; peak memory is the process's up to its end."""
        wall, cpu, leading = time.perf_counter(), time.process_time(), time.thread_time()
        yield
        self.stages[name] = {
            "seconds": round(time.perf_counter() - wall, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
            "leading_cpu_seconds": round(time.thread_time() - leading, 3),
            "peak_mib": round(peak_memory() / MIB, 1),
        }
        log.debug("%s: %s", name, self.stages[name])


@contextlib.contextmanager
def bar(title: str, total: int | None, show: bool) -> Iterator[Advance]:
    """A bar in bases on a terminal, a log line every half minute elsewhere.

    Gives the function that advances it by so many bases.
    """
    if show and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns: list[Any] = [
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} bp"),
            TimeElapsedColumn(),
        ]
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        with when_stopped(progress.stop), progress:
            task = progress.add_task(title, total=total)
            yield lambda n: progress.advance(task, n)
        return
    done, last = 0, time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, last
        done += n
        if show and time.monotonic() - last > 30:
            last = time.monotonic()
            log.info("%s: %.1f Mbp so far", title, done / 1e6)

    yield advance


def unheard(bases: int) -> None:
    """Where nobody wants to know."""


def counted(tell: Tell | None, total: int | None = None) -> Advance:
    """Adds up the bases that go by, and tells the sum and the total to who wants to know."""
    done = 0

    def advance(bases: int) -> None:
        nonlocal done
        done += bases
        if tell is not None:
            tell(done, total)

    return advance


@dataclass
class Monitor:
    """Who is told how far the reading is, in bases, and what each stage took."""

    advance: Advance = unheard
    clock: Clock = field(default_factory=Clock)

    def stage(self, name: str) -> contextlib.AbstractContextManager[None]:
        """See `Clock.stage`."""
        return self.clock.stage(name)
