"""Limits of control groups: what a container, a batch system or systemd lets a process use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SYSTEM = Path("/")


@dataclass(frozen=True)
class GroupLimits:
    """CPU ``cores`` (may be a fraction) and ``memory`` in bytes; None for no limit."""

    cores: float | None = None
    memory: int | None = None


def group_limits(system: Path = SYSTEM) -> GroupLimits:
    """The least that the groups of this process allow, of either version and on any level.

    ``system`` is the folder that holds ``proc`` and what is mounted. No limits where there are no
    control groups.
    """
    cores: list[float] = []
    memory: list[int] = []
    for folder in _folders(system):
        cores += [c for c in (_quota_of_2(folder), _quota_of_1(folder)) if c]
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _text(folder / name)
            if text.isdigit() and int(text) < 1 << 60:  # version 1 writes no limit as 2^63 or so
                memory.append(int(text))
    return GroupLimits(min(cores, default=None), min(memory, default=None))


def _quota_of_2(folder: Path) -> float | None:
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _quota_of_1(folder: Path) -> float | None:
    quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _text(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text().strip()
    return ""


def _folders(system: Path) -> Iterator[Path]:
    """Folders of the groups that this process is in, and of those around them."""
    groups: dict[str, str] = {}  # path of the group by controller, "" for version 2
    for line in _text(system / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        groups |= dict.fromkeys(controllers.split(","), path)
    for line in _text(system / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        place, kind = before.split(), after.split()
        if len(place) < 5 or not kind or kind[0] not in ("cgroup", "cgroup2"):
            continue
        wanted = kind[-1].split(",") if kind[0] == "cgroup" else [""]
        group = next((groups[name] for name in wanted if name in groups), None)
        if group is not None:
            top = system / place[4].lstrip("/")
            # In a container the group's own folder may be all that is mounted.
            whole, mounted = PurePosixPath(group), PurePosixPath(place[3])
            folder = top / (whole.relative_to(mounted) if whole.is_relative_to(mounted) else "")
            yield from (p for p in (folder, *folder.parents) if p == top or top in p.parents)
