"""Whether the GPU's encoder has the barriers that it needs, and no others, by ThreadSanitizer."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "native" / "encoder_races.cpp"
FLAGS = ("-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-fsanitize=thread")
RACE = 66


def run(program: Path, *left_out: int) -> subprocess.CompletedProcess[str]:
    options = f"halt_on_error=1 exitcode={RACE} report_signal_unsafe=0"
    command = [str(program), *map(str, left_out)]
    environment = os.environ | {"TSAN_OPTIONS": options}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None or os.uname().sysname != "Linux":
        pytest.skip("no C++ compiler here, or none whose barriers the sanitizer knows")
    out = tmp_path_factory.mktemp("races") / "races"
    done = subprocess.run(
        [compiler, *FLAGS, str(SOURCE), "-o", str(out), "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "cannot find" in done.stderr and "tsan" in done.stderr:
        pytest.skip("no ThreadSanitizer here")
    assert done.returncode == 0, done.stderr
    return out


def test_no_thread_reads_what_another_one_may_be_writing(program: Path) -> None:
    done = run(program)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("the sanitizer does not know this system's memory")
    assert done.returncode == 0, done.stderr
    # Barriers of the block, and of a warp: as many as there are in `without`.
    assert done.stdout.split() == ["16", "4", "32", "8"]


# Of the block: the stem's weights, hidden states, neighbours that were read, the MLP's first and
# last weights, sums of the strands. Of a warp: the residual that was read, the norm that is there.
WITHOUT = [(0, -1), (2, -1), (3, -1), (4, -1), (7, -1), (15, -1), (-1, 0), (-1, 1)]


@pytest.mark.parametrize("without", WITHOUT)
def test_each_barrier_is_needed(program: Path, without: tuple[int, int]) -> None:
    done = run(program, *without)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("the sanitizer does not know this system's memory")
    assert done.returncode == RACE
    assert "data race" in done.stderr
