"""Completion in real shells, where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from llmbin.commands.completion import SHELLS

Cli = Callable[..., tuple[int, str, str]]
COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_llmbin_fast
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def complete(cli: Cli, tmp_path: Path) -> Callable[..., list[str]]:
    """What bash offers for the last word of a command line; runs in ``tmp_path``."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    status, script, _ = cli("completion", "bash")
    assert status == 0
    (tmp_path / "script").write_text(script)

    def offered(*words: str) -> list[str]:
        line = [bash, "-c", COMPLETE, "bash", "./script", "llmbin-fast", *words]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split()

    return offered


def test_commands_options_and_choices(complete: Callable[..., list[str]]) -> None:
    assert complete("build") == ["build-engine"]
    assert set(complete("run", "--m")) == {
        *("--min-identity", "--min-length", "--min-bin-size", "--markers", "--model"),
        *("--max-memory", "--max-cache"),
    }
    assert set(complete("run", "--markers", "o")) == {"on", "off"}


def test_files_and_folders(complete: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "reads.bam").touch()
    (tmp_path / "results").mkdir()
    assert set(complete("run", "re")) == {"reads.bam", "results"}
    assert set(complete("run", "--bam", "re")) == {"reads.bam", "results"}
    assert set(complete("run", "-o", "re")) == {"results"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_it(shell: str, cli: Cli, tmp_path: Path) -> None:
    status, script, _ = cli("completion", shell)
    assert status == 0
    assert "max-memory" in script
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script)
    subprocess.run([program, "-n", path], check=True)


def test_a_shell_that_is_not_known(cli: Cli) -> None:
    status, _, error = cli("completion", "cmd.exe")
    assert status == 2
    assert "invalid choice" in error
