"""Strange surroundings: folders, limits, streams and users that are not as a program expects."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import judge
from .jobs import Ending, Job, run
from .kills import measure
from .trials import Trial

UNKNOWN = 54_321  # a user without an entry
Place = Callable[[Job, Path, float], Ending]


def trials(jobs: list[Job], chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Every place in turn, for every job."""
    whole = {job.name: measure(job, None, scratch) for job in jobs}
    while True:
        for job in jobs:
            results, seconds, _ = whole[job.name]
            for name, place in possible().items():
                moment = chance.uniform(0, seconds)
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    out = Path(folder) / "out"
                    out.mkdir()
                    ending = place(job, out, moment)
                    heard = name not in UNHEARD
                    wrong = judge.after_an_error(job, out, results, ending, heard)
                    if not wrong and ending.status == 0 and name in MUST_FAIL:
                        wrong = "no error"
                yield Trial("place", f"{job.name}, {name}", f"at {moment:.2f} s", wrong)


def limited(kind: int, size: int) -> Callable[[], None]:
    """What sets a limit in a new process."""
    return lambda: resource.setrlimit(kind, (size, size))


def read_only(job: Job, out: Path, _: float) -> Ending:
    """A folder that may not be written to; root is held to that too."""
    out.chmod(0o500)
    caps = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]
    return run([*(caps if not os.geteuid() else []), *job.command(out)])


def unknown_user(job: Job, out: Path, _: float) -> Ending:
    """A user number that no list of users has, as in many containers."""
    become = ["unshare", "--user", f"--map-user={UNKNOWN}", f"--map-group={UNKNOWN}"]
    return run(["env", "-u", "HOME", "-u", "USER", *become, *job.command(out)])


def deleted_meanwhile(job: Job, out: Path, moment: float) -> Ending:
    """The output folder disappears at a moment; it must not come back half."""
    process = subprocess.Popen(
        job.command(out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(moment)
    finished = job.results(out)
    shutil.rmtree(out, ignore_errors=True)
    _, said = process.communicate()
    if process.returncode == 0 and finished and not job.results(out):
        return run(job.command(out))  # whole before it was deleted
    return Ending(process.returncode, said, 0.0)


def without(*names: str) -> Place:
    """Without some variables of the environment."""

    def place(job: Job, out: Path, _: float) -> Ending:
        kept = " ".join(f"-u {name}" for name in names).split()
        return run(["env", *kept, *job.command(out)])

    return place


def closed(*files: int) -> Place:
    """With some of standard input, output and error closed."""

    def place(job: Job, out: Path, _: float) -> Ending:
        shut = " ".join(f"{file}>&-" if file else "<&-" for file in files)
        return run(["sh", "-c", f'"$@" {shut}', "sh", *job.command(out)])

    return place


def with_mask(job: Job, out: Path, _: float) -> Ending:
    """Files that only their owner may read."""
    ending = run(job.command(out), umask=0o077)
    open_files = [p.name for p in out.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    return Ending(-1, f"others can read {open_files}", 0.0) if open_files else ending


PLACES: dict[str, Place] = {
    "folder read-only": read_only,
    "user without entry": unknown_user,
    "folder deleted meanwhile": deleted_meanwhile,
    "file size of 8 kB": lambda job, out, _: run(
        job.command(out), preexec_fn=limited(resource.RLIMIT_FSIZE, 8192)
    ),
    "TMPDIR is missing": lambda job, out, _: run(job.command(out), {"TMPDIR": "/nowhere"}),
    "no HOME": without("HOME", "XDG_CACHE_HOME"),
    "HOME is missing": lambda job, out, _: run(job.command(out), {"HOME": "/nowhere"}),
    "umask 077": with_mask,
    "output closed": closed(1),
    "error closed": closed(2),
    "all closed": closed(0, 1, 2),
    "error is full": lambda job, out, _: run(
        ["sh", "-c", '"$@" 2>/dev/full', "sh", *job.command(out)]
    ),
    "no environment": lambda job, out, _: run(["env", "-i", *job.command(out)]),
    "32 open files": lambda job, out, _: run(
        job.command(out), preexec_fn=limited(resource.RLIMIT_NOFILE, 32)
    ),
}
MUST_FAIL = {"folder read-only"}
UNHEARD = {"error closed", "all closed", "error is full"}


def possible() -> dict[str, Place]:
    """The places that this machine can make."""
    unshare = ["unshare", "--user", f"--map-user={UNKNOWN}", "true"]
    impossible = {
        "folder read-only": not os.geteuid() and not shutil.which("setpriv"),
        "user without entry": not shutil.which("unshare") or run(unshare).status != 0,
    }
    return {name: place for name, place in PLACES.items() if not impossible.get(name)}
