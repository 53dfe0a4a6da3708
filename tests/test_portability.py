"""The program on a system without what Linux alone has: as macOS, as far as that can be shown here.

Types say the rest: `mypy --platform darwin`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llmbin import resources
from llmbin.tools.synthetic import Community

# In front of a program: Python's modules without names that only Linux has, and a system whose
# files in /proc and /sys are not there.
ELSEWHERE = """
import os, resource, select, signal, socket, sys

GONE = {
    os: ["sched_getaffinity", "sched_setaffinity", "posix_fadvise", "posix_fallocate",
         "copy_file_range", "memfd_create", "pidfd_open", "splice", "eventfd", "getrandom",
         "setns", "unshare", "O_TMPFILE", "O_DIRECT", "O_PATH", "O_NOATIME"],
    resource: ["prlimit", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RUSAGE_THREAD"],
    select: ["epoll"],
    signal: ["sigtimedwait", "sigwaitinfo", "SIGPWR", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX"],
    socket: ["AF_NETLINK", "SO_PEERCRED"],
}
for module, names in GONE.items():
    for name in names:
        vars(module).pop(name, None)
sys.platform = "darwin"

def refuse(event, arguments):
    if event == "open" and str(arguments[0]).startswith(("/proc/", "/sys/")):
        raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))

sys.addaudithook(refuse)
"""
RUN = "from llmbin.cli import main; sys.exit(main(sys.argv[1:]))"


def elsewhere(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-P", "-c", ELSEWHERE + code, *map(str, arguments)]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def test_a_run_gives_the_same_bins(community: Community, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    options = ["--depth", community.depth, "--markers", "off", "--no-report", "-t", "2"]
    done = elsewhere(RUN, "run", community.contigs, *options, "-o", tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    here = [sys.executable, "-P", "-m", "llmbin", "run", community.contigs, *options, "-o"]
    subprocess.run([*here, tmp_path / "here"], check=True, capture_output=True)
    bins = [tmp_path / name / "contig2bin.tsv" for name in ("here", "elsewhere")]
    assert bins[0].read_bytes() == bins[1].read_bytes() != b""


def test_doctor_says_what_there_is() -> None:
    pytest.importorskip("onnxruntime")
    done = elsewhere(RUN, "doctor")
    assert done.returncode == 0, done.stderr
    assert "processor" in done.stdout


def test_what_is_faked_is_gone() -> None:
    check = "print(hasattr(os, 'sched_getaffinity'), sys.platform, os.path.exists('/proc'))\n"
    check += "open('/proc/meminfo')"
    done = elsewhere(check)
    assert done.stdout.split()[:2] == ["False", "darwin"]
    assert "FileNotFoundError" in done.stderr


def test_peak_memory_is_in_bytes_whatever_the_system_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Usage:
        ru_maxrss = 123_456

    monkeypatch.setattr(resources, "STATUS", "/nowhere")
    monkeypatch.setattr(resources.resource, "getrusage", lambda _: Usage)
    monkeypatch.setattr(sys, "platform", "linux")
    assert resources.peak_memory() == 123_456 * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert resources.peak_memory() == 123_456


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says it in /proc too")
def test_peak_memory_is_the_systems() -> None:
    with open("/proc/self/status", encoding="ascii") as handle:
        told = next(int(n.split()[1]) * 1024 for n in handle if n.startswith("VmHWM:"))
    assert resources.peak_memory() == pytest.approx(told, rel=0.05)


def test_peak_memory_is_not_that_of_the_parent() -> None:
    ballast = b"x" * 300_000_000
    told = "from llmbin.resources import peak_memory; print(peak_memory())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", told], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < len(ballast) / 2
