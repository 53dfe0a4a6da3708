"""Little memory: of address space, by option; and what a run needs beside what was predicted."""

from __future__ import annotations

import random
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import judge
from .jobs import Job, run
from .kills import measure
from .places import limited
from .trials import Trial

LEAST, MOST = 100_000_000, 900_000_000  # bytes of address space
OUT_OF_MEMORY = 137


def trials(jobs: list[Job], chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Limits of address space at random."""
    whole = {job.name: measure(job, None, scratch)[0] for job in jobs}
    while True:
        for job in jobs:
            size = chance.randint(LEAST, MOST)
            wrong = one(job, whole[job.name], size, scratch)
            yield Trial("memory", f"{job.name}, address space", f"{size / 1e6:.0f} MB", wrong)


def one(job: Job, whole: dict[str, str], size: int, scratch: Path) -> str:
    """A job in so many bytes of address space; what was wrong."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        out = Path(folder) / "out"
        out.mkdir()
        ending = run(job.command(out), preexec_fn=limited(resource.RLIMIT_AS, size))
        wrong = judge.after_an_error(job, out, whole, ending)
        if not wrong and ending.status not in (0, OUT_OF_MEMORY):
            wrong = f"status {ending.status}: {ending.said[-300:]!r}"
    return wrong
