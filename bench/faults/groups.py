"""Control groups: little memory and part of a core, as a container or a batch system allows them.

Needs Linux and a user who may make groups, of version 1 or 2. A run whose prediction does not fit
is refused with a sentence. One that fits is over without the kernel ending it, and its prediction
is near the peak. Threads default to the quota.
"""

from __future__ import annotations

import json
import math
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..memory import told_need
from . import judge
from .jobs import Job, run
from .kills import measure
from .memory import OUT_OF_MEMORY
from .trials import Trial

GROUPS = Path("/sys/fs/cgroup")
MOUNTS = Path("/proc/self/mounts")
PERIOD = 100_000  # microseconds
NEAR = 0.3  # how far a prediction may be from the peak
QUOTAS = (0.5, 1.0, 1.5, 2.5)  # cores
REFUSED = "this container or job (its control group) allows"


@dataclass(frozen=True)
class Limit:
    """A controller, and what is written to its files in groups of version 1 and of version 2."""

    controller: str
    first: dict[str, str]
    second: dict[str, str]

    def place(self) -> tuple[Path, dict[str, str]]:
        """Where groups of it are made, and the files of one."""
        own = GROUPS / self.controller
        if (own / "cgroup.procs").exists():
            return own, self.first
        mounts = [line.split() for line in MOUNTS.read_text().splitlines()]
        unified = next((Path(place) for _, place, kind, *_ in mounts if kind == "cgroup2"), GROUPS)
        (unified / "cgroup.subtree_control").write_text(f"+{self.controller}")
        return unified, self.second


def memory_of(size: int) -> Limit:
    """So many bytes, swap counted."""
    second = {"memory.max": str(size), "memory.swap.max": "0"}
    return Limit("memory", {"memory.limit_in_bytes": str(size)}, second)


def cores_of(quota: float) -> Limit:
    """So many cores' time."""
    used = str(int(quota * PERIOD))
    first = {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": used}
    return Limit("cpu", first, {"cpu.max": f"{used} {PERIOD}"})


def one_core() -> Limit:
    """The first core that there is."""
    cpus, mems = str(min(os.sched_getaffinity(0))), GROUPS / "cpuset" / "cpuset.mems"
    nodes = mems.read_text().strip() if mems.exists() else ""
    return Limit("cpuset", {"cpuset.mems": nodes, "cpuset.cpus": cpus}, {"cpuset.cpus": cpus})


@contextmanager
def group(limit: Limit) -> Iterator[Path]:
    """A group of that limit, which is taken away again."""
    top, files = limit.place()
    folder = Path(tempfile.mkdtemp(prefix="llmbin-faults-", dir=top))
    try:
        for name, value in files.items():
            (folder / name).write_text(value)
        yield folder
    finally:
        with suppress(OSError):  # a process of it is just ending
            folder.rmdir()


def joins(folder: Path) -> Callable[[], None]:
    """What puts a new process into a group."""
    return lambda: (folder / "cgroup.procs").write_text(str(os.getpid())) and None


def possible() -> list[str]:
    """Controllers in which groups can be made."""
    found = []
    for controller, limit in (("memory", memory_of(1 << 30)), ("cpu", cores_of(1.0))):
        with suppress(OSError), group(limit):
            found.append(controller)
    with suppress(OSError), group(one_core()):
        found.append("cpuset")
    return found


def trials(jobs: list[Job], chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Runs in a third to three times of the memory that is predicted, and in parts of cores."""
    runs = [job for job in jobs if job.name.startswith("run")]
    whole = {job.name: measure(job, None, scratch)[0] for job in runs}
    controllers = possible()
    while controllers and runs:
        for job in runs:
            results = whole[job.name]
            if "memory" in controllers:
                share = _share(chance)
                wrong = in_memory(job, results, share, scratch)
                where = f"{share:.2f} of the prediction"
                yield Trial("group", f"{job.name}, memory", where, wrong)
            for name, limit, cores in _parts(controllers, chance):
                wrong = in_cores(job, results, limit, cores, scratch)
                yield Trial("group", f"{job.name}, {name}", "", wrong)


def _share(chance: random.Random) -> float:
    """A third to three times, but not so near to 1 that the MB in which it is told decide."""
    above = math.exp(chance.uniform(math.log(1.03), math.log(3)))
    return chance.choice((above, 1 / above))


def _parts(controllers: list[str], chance: random.Random) -> Iterator[tuple[str, Limit, int]]:
    there = len(os.sched_getaffinity(0))
    if "cpu" in controllers:
        quota = chance.choice(QUOTAS)
        yield f"quota of {quota} cores", cores_of(quota), min(there, math.ceil(quota))
    if "cpuset" in controllers:
        yield "set of one core", one_core(), 1


def in_memory(job: Job, whole: dict[str, str], share: float, scratch: Path) -> str:
    """A run in so much of what it is predicted to need; what was wrong."""
    need, peak = predicted_and_peak(job, scratch)
    if abs(need - peak) > NEAR * peak:
        return f"predicted {need / 1e6:.0f} MB, and took {peak / 1e6:.0f} MB"
    with (
        tempfile.TemporaryDirectory(dir=scratch) as place,
        group(memory_of(int(share * need))) as folder,
    ):
        out = Path(place, "out")
        out.mkdir()
        ending = run(job.command(out), preexec_fn=joins(folder))
        wrong = judge.after_an_error(job, out, whole, ending)
        fits = share > 1
        if wrong:
            return wrong
        if fits:
            return f"it would have fitted: {ending.said[-300:]!r}" if ending.status else ""
        refused = ending.status == OUT_OF_MEMORY and REFUSED in ending.said
        return "" if refused else f"status {ending.status} where it does not fit: {ending.said!r}"


def predicted_and_peak(job: Job, scratch: Path) -> tuple[int, int]:
    """Bytes: what a run says that it needs, and the most that it has."""
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        out = Path(place)
        if (ending := run(job.command(out))).status:
            raise RuntimeError(ending.said)
        need = told_need(out / "llmbin.log")
        stages = json.loads((out / "run.json").read_text())["stages"]
        return need, int(max(stage["peak_mib"] for stage in stages.values()) * (1 << 20))


def in_cores(job: Job, whole: dict[str, str], limit: Limit, cores: int, scratch: Path) -> str:
    """A run that is not told its threads, in a part of the cores; what was wrong."""
    with tempfile.TemporaryDirectory(dir=scratch) as place, group(limit) as folder:
        out = Path(place, "out")
        out.mkdir()
        words = job.command(out)
        at = words.index("-t")
        ending = run([*words[:at], *words[at + 2 :]], preexec_fn=joins(folder))
        wrong = judge.after_an_error(job, out, whole, ending)
        if wrong or ending.status:
            return wrong or ending.said[-300:]
        threads = json.loads((out / "run.json").read_text())["parameters"]["threads"]
    return "" if threads == cores else f"{threads} threads where {cores} were promised"
