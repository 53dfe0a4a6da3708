"""Kills at random moments, and then the command that goes on."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import judge
from .jobs import Ending, Job, run
from .shim import Shim
from .trials import Trial

POLITE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SIGNALS = (*[signal.SIGKILL] * len(POLITE), *POLITE)  # half of them leave no time to tidy up


def trials(
    jobs: list[Job],
    shim: Shim | None,
    chance: random.Random,
    scratch: Path,
    signals: Sequence[signal.Signals] = SIGNALS,
) -> Iterator[Trial]:
    """Kills without end, of one job after the other: half of them at a moment, half at a write."""
    whole = {job.name: measure(job, shim, scratch) for job in jobs}
    while True:
        for job in jobs:
            results, seconds, writes = whole[job.name]
            number = chance.choice(signals)
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                out = Path(folder) / "out"
                job.begin(out)
                if writes and shim and chance.random() < 0.5:
                    at = chance.randint(1, writes)
                    told, moment = _at_a_write(job, out, shim, number, at)
                    where = f"at write {at} of {writes}"
                else:
                    moment = chance.uniform(0, seconds)
                    told = _at_a_moment(job, out, number, moment)
                    where = f"after {moment:.3f} s"
                wrong = judge.after_a_kill(job, out, results)
                if number != signal.SIGKILL:
                    wrong = judge.after_a_signal(job, out, results, told, number)
                # Without an option to go on by, a command does not write over what is whole.
                if not wrong and (job.again or job.results(out) != results):
                    again = run(job.command(out, again=True))
                    wrong = judge.after_going_on(job, out, results, again)
            yield Trial("kill", f"{job.name}, {number.name}", where, wrong)


def measure(job: Job, shim: Shim | None, scratch: Path) -> tuple[dict[str, str], float, int]:
    """Results of a job that nobody disturbs, its seconds, and how often it writes."""
    out = scratch / f"whole-{job.name}"
    shutil.rmtree(out, ignore_errors=True)
    job.begin(out)
    ending = run(job.command(out), shim.counting(out) if shim else None)
    if ending.status:
        raise RuntimeError(f"{job.name} fails undisturbed: {ending.said}")
    return job.results(out), ending.seconds, shim.counted() if shim else 0


def _at_a_moment(job: Job, out: Path, number: signal.Signals, moment: float) -> Ending:
    process = subprocess.Popen(
        job.command(out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(moment)
    sent = time.perf_counter()
    process.send_signal(number)
    _, said = process.communicate()
    return Ending(process.returncode, said, time.perf_counter() - sent)


def _at_a_write(
    job: Job, out: Path, shim: Shim, number: signal.Signals, at: int
) -> tuple[Ending, float]:
    ending = run(job.command(out), shim.killing(out, at, number))
    return Ending(ending.status, ending.said, 0.0), 0.0
