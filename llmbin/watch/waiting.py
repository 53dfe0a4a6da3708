"""Waiting for the next look: until the system tells of a change, or for a while.

Changes are told by `watchfiles` (inotify on Linux), where it is installed. On network file systems
the system tells only of what this machine wrote, so these are looked at every now and then.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

log = logging.getLogger("llmbin")

MOUNTS = Path("/proc/self/mountinfo")
# Whose files others may write without our kernel's knowing.
NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ceph|lustre|gpfs|beegfs\w*|glusterfs|virtiofs|vboxsf|fuse\..+"
)
LONGEST = 60.0  # seconds without a look, in case that a change was not told


class Waiting:
    """How to wait for changes of a folder, ``poll`` seconds between looks if nobody tells."""

    def __init__(self, folder: Path, poll: float) -> None:
        self._folder, self._poll = folder, poll
        self._changes: Iterator[Any] | None = None
        self._why_not = _why_not(folder)
        self._say()

    def _say(self) -> None:
        how = f"by looking every {self._poll:g} s ({self._why_not})"
        log.info("%s: changes are seen %s", self._folder, how if self._why_not else "by watchfiles")

    def wait(self, quiet: bool) -> None:
        """Wait; what is not ``quiet`` is looked at again soon, whatever happens."""
        if not quiet or self._why_not or not self._told():
            time.sleep(self._poll)

    def _told(self) -> bool:
        """Wait until a change is told, or for `LONGEST`; False where that cannot be."""
        try:
            if self._changes is None:
                self._changes = _changes(self._folder)
                next(self._changes)  # from now on; what was before has to be looked for
                return True
            end = time.monotonic() + LONGEST
            while time.monotonic() < end and not next(self._changes):
                pass
        except (OSError, RuntimeError) as error:  # too many are watched, or the folder went away
            self._changes, self._why_not = None, str(error) or type(error).__name__
            self._say()
            return False
        if not self._folder.is_dir():
            self._changes = None  # it is another one when it comes back
        return True


def _changes(folder: Path) -> Iterator[Any]:
    """Changes as they come, or since it was asked last; none when a second went by without any."""
    from watchfiles import watch

    changes: Iterator[Any] = watch(
        folder,
        watch_filter=None,
        step=250,
        rust_timeout=1000,
        yield_on_timeout=True,
        force_polling=False,
        ignore_permission_denied=True,
    )
    return changes


def _why_not(folder: Path) -> str:
    """Why the system cannot tell of changes; nothing if it can."""
    if find_spec("watchfiles") is None:
        return "`pip install 'llmbin-fast[watch]'` makes it wait for the system to tell"
    kind = file_system(folder)
    return f"{kind} does not tell of what others write" if NETWORK.fullmatch(kind) else ""


def file_system(folder: Path) -> str:
    """The type of the file system that a folder is on; empty where the system does not tell."""
    place, found, longest = folder.resolve(), "", -1
    with suppress(OSError):
        for line in MOUNTS.read_text(errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            fields = before.split(" ")
            if len(fields) < 5 or not after:
                continue
            mount = Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields[4]))
            depth = len(mount.parts)
            if depth >= longest and (mount == place or mount in place.parents):
                found, longest = after.split(" ")[0], depth
    return found
