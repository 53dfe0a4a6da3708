"""The program ``llmbin-fast``, also as ``python -m llmbin``.

Signals are looked after first: all other imports take a while, in which one may come.
"""

from __future__ import annotations

import gc
import os
import sys

from .signals import watch_signals


def entry() -> None:
    """Console entry point."""
    watch_signals()
    open_standard_files()
    from .cli import main

    status = main()
    if not status:  # behind an error, what holds kernels' objects has still to be looked through
        gc.freeze()  # what is held at the end need not be: a tenth of a second
    sys.exit(status)


def open_standard_files() -> None:
    """Put something where who started this closed standard input, output or error.

    Else the next file that is opened stands in its place, and what a library prints goes there.
    What is written to a closed output must fail as if it were still closed, so it is only read.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)


if __name__ == "__main__":
    entry()
