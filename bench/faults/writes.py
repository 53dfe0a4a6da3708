"""Calls that write and fail: full disk, quota, broken disk, short writes; then going on."""

from __future__ import annotations

import errno
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import judge
from .jobs import Job, run
from .kills import measure
from .shim import Shim
from .trials import Trial

FAULTS = (
    ("on", errno.ENOSPC),
    ("once", errno.EIO),
    ("on", errno.EIO),
    ("on", errno.EDQUOT),
    ("short", errno.EIO),
)


def trials(jobs: list[Job], shim: Shim, chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Every write of every job in a random order, each fault in turn, and again from the start."""
    calls = []
    whole = {}
    for job in jobs:
        results, _, writes = measure(job, shim, scratch)
        whole[job.name] = results
        calls += [(job, at, writes) for at in range(1, writes + 1)]
    turn = 0
    while True:
        for job, at, writes in chance.sample(calls, len(calls)):
            kind, error = FAULTS[turn % len(FAULTS)]
            turn += 1
            wrong = one(job, whole[job.name], shim, (at, kind, error), scratch)
            name = "short writes" if kind == "short" else f"{errno.errorcode[error]} {kind}"
            yield Trial("write", f"{job.name}, {name}", f"call {at} of {writes}", wrong)


def one(
    job: Job, whole: dict[str, str], shim: Shim, fault: tuple[int, str, int], scratch: Path
) -> str:
    """One fault of a job; what was wrong."""
    at, kind, error = fault
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        out = Path(folder) / "out"
        out.mkdir()
        ending = run(job.command(out), shim.failing(out, at, kind, error))
        wrong = judge.after_an_error(job, out, whole, ending)
        if not wrong and ending.status and os.strerror(error) not in ending.said:
            wrong = f"another cause than {os.strerror(error)}: {ending.said[-300:]!r}"
        if not wrong and kind == "short" and ending.status:
            wrong = f"short writes are no error: {ending.said[-300:]!r}"
        if not wrong and ending.status:
            again = run(job.command(out, again=True))
            wrong = judge.after_going_on(job, out, whole, again)
    return wrong
