"""Signals that ask the program to end: one line, nothing half, and the status that shells expect.

Python's own way, an exception in the main thread, comes late where native code works for minutes,
and never where a native import swallows it. So all threads leave these signals to one, which waits
for them, takes away what is unfinished, says so, and lets the signal do what it does by default.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

SECONDS = 3.0  # that taking away may last
SHOW_CURSOR = "\r\x1b[K\x1b[?25h"  # a bar hides it

_unfinished: list[Callable[[], object]] = []  # what takes it away, the newest last
_hints: list[str] = []
_whole = threading.RLock()
_stopping = threading.Event()


def watch_signals() -> None:
    """Begin to wait for Ctrl-C, a polite kill and a closed terminal; what is ignored stays so.

    Call it from the main thread, before others are started: they inherit that they do not listen.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heard = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]  # as under nohup
    if not heard or not hasattr(signal, "pthread_sigmask"):
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    for number in heard:
        signal.signal(number, signal.SIG_DFL)
    # Processes that are forked from this one have no thread that waits.
    os.register_at_fork(after_in_child=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before))
    threading.Thread(target=_wait, args=(heard,), name="signals", daemon=True).start()


def _wait(numbers: list[signal.Signals]) -> None:
    number = signal.Signals(signal.sigwait(numbers))
    _stopping.set()
    clearing = threading.Thread(target=_take_away, daemon=True)
    try:
        clearing.start()
        clearing.join(SECONDS)
    except RuntimeError:  # no thread is to be had, or the program is just ending
        _take_away()
    hint = "".join(f"; {text}" for text in _hints[:1])
    _say(f"llmbin-fast: stopped by {number.name}{hint}\n")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # the first process of a container does not die of it


def _take_away() -> None:
    _whole.acquire()  # for good: a moment that would come after this one never comes
    for function in reversed(_unfinished):
        with suppress(OSError):
            function()


def _say(line: str) -> None:
    with suppress(OSError):
        os.write(2, ((SHOW_CURSOR if os.isatty(2) else "") + line).encode())


@contextmanager
def when_stopped(take_away: Callable[[], object], hint: str = "") -> Iterator[None]:
    """What to call if the program is asked to end inside of the block, and how to go on later.

    Of several blocks the outermost says how: it is what somebody started.
    """
    _unfinished.append(take_away)
    _hints.extend([hint] * bool(hint))
    try:
        yield
    finally:
        _unfinished.remove(take_away)
        if hint:
            _hints.remove(hint)


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """A block of a moment that a signal waits for."""
    with _whole:
        yield


def stay_if_stopping() -> None:
    """Wait for the end if it has begun: what fails now does so because its files were taken away.

    To be called before an error is told, or anything done about it.
    """
    if _stopping.is_set():
        time.sleep(2 * SECONDS)
