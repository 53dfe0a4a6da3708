"""Calls that write and fail: full disk, quota, broken disk, short writes; then going on."""

from __future__ import annotations

import errno
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import judge
from .jobs import Ending, Job
from .shim import Shim
from .trials import Trial
from .warm import Warm

FAULTS = (
    ("on", errno.ENOSPC),
    ("once", errno.EIO),
    ("on", errno.EIO),
    ("on", errno.EDQUOT),
    ("short", errno.EIO),
)
WRITES = "w"  # the letter of calls that may write less than they are given

Start = Callable[[Sequence[str], Mapping[str, str]], Ending]


@dataclass(frozen=True)
class Fault:
    """``kind`` and ``error`` as of `FAULTS`, at a call of a job; ``at`` 0 is all of its writes."""

    job: Job
    at: int
    kind: str
    error: int

    @property
    def what(self) -> str:
        """For people."""
        name = f"{errno.errorcode[self.error]} {self.kind}"
        return f"{self.job.name}, {'short writes' if self.kind == 'short' else name}"


@dataclass(frozen=True)
class Undisturbed:
    """What a job gives, and a letter for each of its calls that write (failing.c)."""

    results: dict[str, str]
    calls: str

    def faults(self, job: Job) -> list[Fault]:
        """Each call with each fault that it can have."""
        return [
            Fault(job, at, kind, error)
            for at, letter in enumerate(self.calls, start=1)
            for kind, error in FAULTS
            if kind != "short" or letter in WRITES
        ]


def undisturbed(job: Job, shim: Shim, scratch: Path, begin: Start) -> Undisturbed:
    """A job that nothing fails, in a folder such as trials have."""
    with _place(job, scratch) as out:
        ending = begin(job.words(out), {**_temporary(out), **shim.counting(out.parent)})
        if ending.status:
            raise RuntimeError(f"{job.name} fails undisturbed: {ending.said}")
        return Undisturbed(job.results(out), shim.calls())


def trials(jobs: list[Job], shim: Shim, chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Every fault of every job in a random order, and again from the start."""
    while True:
        yield from Exhaustive(jobs, shim, scratch).trials(chance)


class Exhaustive:
    """Every fault of every job once, by a program that is warm.

    ``kept`` is a file of trials that were done before, which are not done again; it grows.
    """

    def __init__(self, jobs: list[Job], shim: Shim, scratch: Path, kept: Path | None = None):
        self._shim, self._scratch, self._kept = shim, scratch, kept
        self._warm = Warm(scratch, shim)
        self._whole = {job.name: undisturbed(job, shim, scratch, self._warm.start) for job in jobs}
        self.faults = [f for job in jobs for f in self._whole[job.name].faults(job)]

    def close(self) -> None:
        """End the program that is warm."""
        self._warm.close()

    def done(self) -> list[Trial]:
        """Those of earlier campaigns."""
        if self._kept is None or not self._kept.exists():
            return []
        return [Trial(**json.loads(line)) for line in self._kept.read_text().splitlines()]

    def trials(self, chance: random.Random) -> Iterator[Trial]:
        """What is left, in a random order."""
        before = {(trial.what, trial.where) for trial in self.done()}
        for fault in chance.sample(self.faults, len(self.faults)):
            if (fault.what, f"call {fault.at}") in before:
                continue
            job = fault.job
            results = self._whole[job.name].results
            wrong = one(fault, results, self._shim, self._scratch, self._warm.start)
            trial = trial_of(fault, wrong)
            if self._kept is not None:
                with open(self._kept, "a") as out:
                    out.write(json.dumps(asdict(trial)) + "\n")
            yield trial


def trial_of(fault: Fault, wrong: str) -> Trial:
    """What is told of it."""
    return Trial("write", fault.what, f"call {fault.at}", wrong)


def one(fault: Fault, whole: dict[str, str], shim: Shim, scratch: Path, begin: Start) -> str:
    """One fault of a job, and going on; what was wrong."""
    job, error = fault.job, os.strerror(fault.error)
    with _place(job, scratch) as out:
        usual = _temporary(out)
        env = {**usual, **shim.failing(out.parent, fault.at, fault.kind, fault.error)}
        ending = begin(job.words(out), env)
        wrong = judge.after_an_error(job, out, whole, ending)
        if not wrong and ending.status and not judge.names_cause(ending.said, fault.error):
            wrong = f"another cause than {error}: {ending.said[-300:]!r}"
        if not wrong and fault.kind == "short" and ending.status:
            wrong = f"short writes are no error: {ending.said[-300:]!r}"
        if not wrong and ending.status:
            again = begin(job.words(out, again=True), usual)
            wrong = judge.after_going_on(job, out, whole, again)
    return wrong


@contextmanager
def _place(job: Job, scratch: Path) -> Iterator[Path]:
    """A folder for results, and beside it one for temporary files."""
    with tempfile.TemporaryDirectory(dir=scratch) as top:
        Path(top, "tmp").mkdir()
        job.begin(Path(top, "out"))
        yield Path(top, "out")


def _temporary(out: Path) -> dict[str, str]:
    return {"TMPDIR": str(out.parent / "tmp")}
