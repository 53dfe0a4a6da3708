"""Two runs in one folder, and sixteen processes with one cache."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from . import judge
from .jobs import Ending, Job
from .kills import measure
from .trials import Trial

PROCESSES = 16
# What one of the processes does: take the engine or make it, again and again, as `run` does.
CACHE = """
import hashlib, sys
from pathlib import Path
from llmbin.model.engines import Target, cached_engine, open_cache, store_engine
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
target = Target("trt", "1", "gpu", (8, 6))
for i in range(rounds):
    key, data = hashlib.sha256(bytes([i])).hexdigest(), bytes([i]) * 300_000
    open_cache(folder)
    found = cached_engine(folder, key)
    if found is None:
        store_engine(folder, key, data, target)
        found = cached_engine(folder, key) or data
    assert found == data, f"engine {i} is damaged"
"""


def trials(jobs: list[Job], chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Pairs of runs, and crowds at a cache."""
    job = next(job for job in jobs if job.name == "run")
    results, seconds, _ = measure(job, None, scratch)
    while True:
        for option in ("", "--force", "--resume"):
            pause = chance.uniform(0, seconds)
            wrong = pair(job, results, option, pause, scratch)
            yield Trial("together", f"two runs {option}".strip(), f"{pause:.2f} s apart", wrong)
        yield Trial("together", f"{PROCESSES} at one cache", "", crowd(scratch))


def pair(job: Job, whole: dict[str, str], option: str, pause: float, scratch: Path) -> str:
    """One run after the other, in one folder; what was wrong.

    Each gives whole results or is refused, and one of them at least gives them.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        out = Path(folder) / "out"
        out.mkdir()
        command = [*job.command(out), *option.split()]
        processes = []
        for wait in (pause, 0.0):
            processes.append(
                subprocess.Popen(
                    command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
                )
            )
            time.sleep(wait)
        endings = [
            Ending(p.returncode, said, 0.0) for p in processes for _, said in [p.communicate()]
        ]
        wrong = [judge.after_an_error(job, out, whole, ending) for ending in endings]
        if any(wrong):
            return next(filter(None, wrong))
        if all(ending.status for ending in endings):
            return f"none of both gave results: {[ending.said[-100:] for ending in endings]}"
        found = job.results(out)
        return "" if found == whole else f"other results: {sorted(found)}"


def crowd(scratch: Path, rounds: int = 5) -> str:
    """Processes that read and write engines at once; what was wrong."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        command = [sys.executable, "-P", "-c", CACHE, f"{folder}/cache", str(rounds)]
        processes = [
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)
        ]
        said = [p.communicate()[1] for p in processes]
        wrong = [text[-300:] for text, p in zip(said, processes, strict=True) if p.returncode]
        left = [p.name for p in Path(folder, "cache").glob(".*")]
    return "; ".join(wrong[:1]) or (f"left behind: {left}" if left else "")
