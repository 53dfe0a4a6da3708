from __future__ import annotations

from pathlib import Path

import pytest

from llmbin.cgroups import GroupLimits, group_limits

UNLIMITED = "9223372036854771712"


def system(folder: Path, groups: str, mounts: str, files: dict[str, str]) -> Path:
    """A system's files of control groups."""
    for name, text in {
        "proc/self/cgroup": groups,
        "proc/self/mountinfo": mounts,
        **{f"sys/fs/cgroup/{name}": text for name, text in files.items()},
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return folder


def mount(place: str, kind: str, inside: str = "/", options: str = "rw") -> str:
    return f"30 23 0:26 {inside} /sys/fs/cgroup{place} rw,nosuid - {kind} cgroup {options}\n"


@pytest.mark.parametrize(
    ("groups", "mounts", "files", "wanted"),
    [
        ("0::/", "", {}, GroupLimits()),
        (
            "0::/job",
            mount("", "cgroup2"),
            {"job/cpu.max": "150000 100000", "job/memory.max": "4000000000"},
            GroupLimits(1.5, 4_000_000_000),
        ),
        (  # the group around it allows less
            "0::/a/b",
            mount("", "cgroup2"),
            {
                "a/cpu.max": "200000 100000",
                "a/b/cpu.max": "max 100000",
                "a/memory.max": "1000",
                "a/b/memory.max": "max",
            },
            GroupLimits(2.0, 1000),
        ),
        (  # in a container all that is mounted is the group itself
            "0::/docker/x",
            mount("", "cgroup2", "/docker/x"),
            {"cpu.max": "50000 100000", "memory.max": "77"},
            GroupLimits(0.5, 77),
        ),
        (
            "4:memory:/slurm/job_1\n3:cpu,cpuacct:/slurm\n0::/",
            mount("/memory", "cgroup", options="rw,memory")
            + mount("/cpu", "cgroup", options="rw,cpu,cpuacct"),
            {
                "memory/slurm/job_1/memory.limit_in_bytes": UNLIMITED,
                "memory/slurm/memory.limit_in_bytes": "123456",
                "cpu/slurm/cpu.cfs_quota_us": "400000",
                "cpu/slurm/cpu.cfs_period_us": "100000",
            },
            GroupLimits(4.0, 123_456),
        ),
        (
            "4:memory:/elsewhere\n3:cpu:/",
            mount("/memory", "cgroup", "/docker/x", "rw,memory")
            + mount("/cpu", "cgroup", options="rw,cpu"),
            {
                "memory/memory.limit_in_bytes": "55",
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
            },
            GroupLimits(None, 55),
        ),
        ("garbage", "more - garbage\n - \n", {}, GroupLimits()),
    ],
)
def test_limits_of_either_version(
    groups: str, mounts: str, files: dict[str, str], wanted: GroupLimits, tmp_path: Path
) -> None:
    assert group_limits(system(tmp_path, groups, mounts, files)) == wanted


def test_a_system_without_groups(tmp_path: Path) -> None:
    assert group_limits(tmp_path) == GroupLimits()
