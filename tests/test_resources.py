from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys

import pytest

from llmbin import resources
from llmbin.cgroups import GroupLimits
from llmbin.cli import main
from llmbin.errors import MemoryLimitError


@pytest.mark.parametrize(
    ("affinity", "quota", "wanted"),
    [(8, None, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.1, 1), (2, 6.0, 2)],
)
def test_cores_are_those_of_the_quota(
    affinity: int, quota: float | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)
    monkeypatch.setattr(resources, "group_limits", lambda: GroupLimits(quota))
    assert resources.usable_cores() == wanted


@pytest.mark.parametrize("command", [["models"], ["run", "--help"], ["depth", "--help"]])
def test_systems_that_tell_no_affinity(command: list[str]) -> None:
    code = (
        "import os, sys; vars(os).pop('sched_getaffinity', None)\n"
        "from llmbin.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code, *command], check=False).returncode == 0


def test_the_least_limit_of_memory_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "group_limits", lambda: GroupLimits(None, 1000))
    found = resources.memory_limit()
    assert found is not None and found.size == 1000 and "container" in found.source
    monkeypatch.setattr(resources, "group_limits", lambda: GroupLimits(None, 1 << 59))
    found = resources.memory_limit()
    assert found is not None and found.source == "this machine"


@pytest.mark.parametrize(("given", "taken"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "2"}, 2)])
def test_commands_keep_blas_to_one_thread(given: dict[str, str], taken: int) -> None:
    code = (
        "import os; from llmbin.cli import main; main(['models']);"
        "print(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    others = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    told = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=others | given,
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(told.stdout.splitlines()[-1]) == taken


THREADS_THAT_ALLOCATE = """
import ctypes, resource, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from llmbin import resources
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
if sys.argv[1] == "limited":
    resources.check_address_space()
library, together = ctypes.CDLL(None), Barrier(8)
library.malloc.restype = ctypes.c_void_p
def allocate(_):
    together.wait()
    return library.malloc(100_000)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(allocate, range(8)))
    print(next(int(line.split()[1]) for line in open("/proc/self/status") if "VmPeak" in line))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not the C library of GNU")
def test_threads_share_a_heap_where_address_space_is_limited() -> None:
    def peak(how: str) -> int:
        """In kB."""
        command = [sys.executable, "-P", "-c", THREADS_THAT_ALLOCATE, how]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert peak("limited") < peak("not") - 4 * 64 * 1024


def test_too_little_address_space_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unlimited = resource.RLIM_INFINITY

    def limit(size: int) -> None:
        monkeypatch.setattr(
            resource, "getrlimit", lambda kind: (size if kind == resource.RLIMIT_AS else -1, -1)
        )

    limit(unlimited)
    resources.check_address_space()
    limit(1 << 40)
    resources.check_address_space()
    limit(100_000_000)
    with pytest.raises(MemoryLimitError, match=r"ulimit -v.* allows 100 MB"):
        resources.check_address_space()
    limit(1_000_000_000)
    resources.check_address_space()
    assert MemoryLimitError.exit_code == 137
    for command in ("train lm shards -o out", "export llmbin-edge -o out --calibrate x.fasta"):
        assert main(command.split()) == 137
        assert "the libraries need 1,342 MB; raise it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("size", "text"), [(2_000_000, "2 MB"), (1_500_000_000, "1,500 MB"), (12 * 10**9, "12.0 GB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert resources.shown(size) == text
