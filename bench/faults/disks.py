"""Real file systems that fail: full, without inodes, out of quota, only for reading, broken.

Each is small and mounted for one trial, which needs Linux and its administrator. A run fills it, or
it breaks at a moment; then it is mended, and the command that goes on must give the same bytes.
"""

from __future__ import annotations

import errno
import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from . import judge
from .jobs import Ending, Job, run
from .trials import Trial

SIZE = 64 << 20  # bytes of a file system
INODES = 400  # of one that is to run out of them
KEPT = "lost+found"  # what is there from the start


@dataclass(frozen=True)
class Disk:
    """A mounted file system, and the device or the image behind it."""

    folder: Path
    source: str = ""

    def fill(self, left: int) -> None:
        """Leave so many bytes."""
        about = os.statvfs(self.folder)
        with open(self.folder / "filler", "wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, max(1, about.f_bavail * about.f_frsize - left))

    def use_inodes(self, left: int) -> None:
        """Leave so many files."""
        (self.folder / "filler").mkdir()
        for i in range(os.statvfs(self.folder).f_favail - left):
            (self.folder / "filler" / str(i)).touch()

    def mend(self) -> None:
        """Take away what fills it."""
        subprocess.run(["rm", "-rf", str(self.folder / "filler")], check=True)


@contextmanager
def tmpfs(folder: Path, options: str = f"size={SIZE}") -> Iterator[Disk]:
    """One in memory."""
    _sh("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield Disk(folder)
    finally:
        _sh("umount", str(folder))


@contextmanager
def ext4(folder: Path, inodes: int = 4096) -> Iterator[Disk]:
    """One in a file, whose errors make it read-only."""
    image = folder.with_suffix(".img")
    with open(image, "wb") as handle:
        handle.truncate(SIZE)
    _sh("mkfs.ext4", "-q", "-m", "0", "-N", str(inodes), "-e", "remount-ro", str(image))
    device = subprocess.run(
        ["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        _sh("mount", device, str(folder))
        try:
            yield Disk(folder, device)
        finally:
            _sh("umount", str(folder))
    finally:
        _sh("losetup", "-d", device)
        image.unlink()


Break = Callable[[Job, Disk, random.Random, float], tuple[Ending, int]]


def full(job: Job, disk: Disk, chance: random.Random, seconds: float) -> tuple[Ending, int]:
    """No space after some bytes; half of the time hardly any."""
    disk.fill(chance.choice((1 << 12, chance.randrange(1 << 12, 6 << 20))))
    return run(job.command(_out(disk))), errno.ENOSPC


def without_inodes(
    job: Job, disk: Disk, chance: random.Random, seconds: float
) -> tuple[Ending, int]:
    """No file after some."""
    disk.use_inodes(chance.randrange(1, 30))
    return run(job.command(_out(disk))), errno.ENOSPC


def out_of_quota(job: Job, disk: Disk, chance: random.Random, seconds: float) -> tuple[Ending, int]:
    """A quota of the user, which binds the administrator without a capability."""
    held = ["setpriv", "--bounding-set", "-sys_resource", "--"]
    return run([*held, *job.command(_out(disk))]), errno.EDQUOT


def read_only(job: Job, disk: Disk, chance: random.Random, seconds: float) -> tuple[Ending, int]:
    """An error of the file system at a moment, which is only for reading from then on."""
    return _broken(job, disk, chance.uniform(0, seconds), _break_ext4), errno.EROFS


def remounted(job: Job, disk: Disk, chance: random.Random, seconds: float) -> tuple[Ending, int]:
    """Mounted anew for reading alone, at the first moment when no file is open for writing."""
    return _broken(job, disk, chance.uniform(0, seconds), _remount), errno.EROFS


def _broken(job: Job, disk: Disk, moment: float, act: Callable[[Disk], None]) -> Ending:
    process = subprocess.Popen(
        job.command(_out(disk)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    breaker = threading.Timer(moment, act, [disk])
    breaker.start()
    _, said = process.communicate()
    breaker.cancel()
    breaker.join()
    return Ending(process.returncode, said, 0.0)


def _break_ext4(disk: Disk) -> None:
    name = Path(disk.source).name
    if not name.startswith("loop"):
        raise ValueError(f"{disk.source}: not one of ours")
    Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("a fault on purpose")


def _remount(disk: Disk) -> None:
    for _ in range(2000):
        command = ["mount", "-o", "remount,ro", str(disk.folder)]
        if not subprocess.run(command, capture_output=True, check=False).returncode:
            return
        time.sleep(0.002)


def _out(disk: Disk) -> Path:
    out = disk.folder / "out"
    with suppress(OSError):  # no inode is left for it
        out.mkdir(exist_ok=True)
    return out


@dataclass(frozen=True)
class Way:
    """A kind of file system, what is done to it, and how it is mended."""

    make: Callable[[Path], AbstractContextManager[Disk]]
    act: Break
    mend: Callable[[Disk], None] = Disk.mend


def _check_and_mount(disk: Disk) -> None:
    _sh("umount", str(disk.folder))
    subprocess.run(["e2fsck", "-fy", disk.source], capture_output=True, check=False)
    _sh("mount", disk.source, str(disk.folder))


def _quota(folder: Path) -> AbstractContextManager[Disk]:
    limit = random.Random(str(folder)).randrange(1 << 12, 6 << 20)
    return tmpfs(folder, f"size={SIZE},usrquota,usrquota_block_hardlimit={limit}")


WAYS = {
    "tmpfs is full": Way(tmpfs, full),
    "ext4 is full": Way(ext4, full),
    "tmpfs without inodes": Way(
        lambda f: tmpfs(f, f"size={SIZE},nr_inodes={INODES}"), without_inodes
    ),
    "ext4 without inodes": Way(lambda f: ext4(f, INODES), without_inodes),
    "quota of tmpfs": Way(_quota, out_of_quota, lambda disk: None),
    "ext4 has an error": Way(ext4, read_only, _check_and_mount),
    "tmpfs is made read-only": Way(
        tmpfs, remounted, lambda disk: _sh("mount", "-o", "remount,rw", str(disk.folder))
    ),
}


def trials(jobs: list[Job], chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Every way in turn, for every job, on file systems of their own."""
    from .kills import measure

    whole = {job.name: measure(job, None, scratch) for job in jobs}
    ways = possible(scratch)
    while ways:
        for job in jobs:
            results, seconds, _ = whole[job.name]
            for name in ways:
                wrong = one(job, results, name, (chance, seconds), scratch)
                yield Trial("disk", f"{job.name}, {name}", "", wrong)


def one(
    job: Job,
    whole: dict[str, str],
    name: str,
    how: tuple[random.Random, float],
    scratch: Path,
) -> str:
    """A job on a file system that fails; what was wrong."""
    way = WAYS[name]
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        folder = Path(place, "disk")
        folder.mkdir()
        with way.make(folder) as disk:
            ending, error = way.act(job, disk, *how)
            out = disk.folder / "out"
            wrong = judge.after_an_error(job, out, whole, ending)
            if not wrong and ending.status and not judge.names_cause(ending.said, error):
                wrong = f"another cause than {os.strerror(error)}: {ending.said[-300:]!r}"
            if not wrong and ending.status:
                way.mend(disk)
                words = job.command(out, again=True)
                out.mkdir(exist_ok=True)
                wrong = judge.after_going_on(job, out, whole, run(words))
    return wrong


def possible(scratch: Path, wanted: Sequence[str] = tuple(WAYS)) -> list[str]:
    """The ways that this machine has; none but for its administrator."""
    if os.geteuid():
        return []
    found = []
    for name in wanted:
        with (
            tempfile.TemporaryDirectory(dir=scratch) as place,
            suppress(OSError, subprocess.SubprocessError),
        ):
            folder = Path(place, "disk")
            folder.mkdir()
            with WAYS[name].make(folder):
                found.append(name)
    return found


def _sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
