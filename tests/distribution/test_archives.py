"""What is in the source archive and in the wheel; LLMBIN_DIST names the folder that has both."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("bench/results/",)
VERSION = re.findall('__version__ = "(.*)"', (ROOT / "llmbin" / "__init__.py").read_text())[0]
PAGE = f"llmbin_fast-{VERSION}.data/data/share/man/man1/llmbin-fast.1"


def archive(pattern: str) -> Path:
    folder = os.environ.get("LLMBIN_DIST")
    if not folder:
        pytest.skip("LLMBIN_DIST names no folder of archives; .ci/package makes one")
    (found,) = Path(folder).glob(pattern)
    return found


def git_files(*options: str) -> set[str]:
    line = ["git", "ls-files", *options]
    done = subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines())


@pytest.fixture
def source() -> set[str]:
    """Files of the source archive, as they lie in the repository."""
    with tarfile.open(archive("*.tar.gz")) as held:
        names = [m.name.partition("/") for m in held if m.isfile()]
    assert {top for top, _, _ in names} == {f"llmbin_fast-{VERSION}"}
    return {name for _, _, name in names}


@pytest.fixture
def wheel() -> set[str]:
    with zipfile.ZipFile(archive("*.whl")) as held:
        return {name for name in held.namelist() if not name.endswith("/")}


@pytest.fixture
def metadata() -> Message:
    with zipfile.ZipFile(archive("*.whl")) as held:
        return message_from_bytes(held.read(f"llmbin_fast-{VERSION}.dist-info/METADATA"))


def test_the_source_archive_is_the_repository_without_results(source: set[str]) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a repository")
    tracked = {name for name in git_files() if not name.startswith(LEFT_OUT)}
    assert tracked - source == set()
    new = git_files("--others", "--exclude-standard")
    assert source - tracked - new == {"PKG-INFO"}


def test_the_wheel_holds_all_that_the_program_needs(source: set[str], wheel: set[str]) -> None:
    package = {n for n in source if n.startswith("llmbin/")}
    package |= {f"llmbin/{n}" for n in source if n.startswith("export/")}
    kernels = {n for n in wheel if re.fullmatch(r"llmbin/_kernels\.(abi3|cp.*)\.so", n)}
    assert len(kernels) == 1
    about = {n for n in wheel if n.startswith(f"llmbin_fast-{VERSION}.dist-info/")}
    assert wheel == package | kernels | about | {PAGE}
    for part in ("models/llmbin-edge/encoder.int8.onnx", "data/markers.h3m.gz", "py.typed"):
        assert f"llmbin/{part}" in wheel


def test_the_manual_page_has_every_option() -> None:
    from llmbin.cli import build_parser

    def options(parser: argparse.ArgumentParser) -> set[str]:
        found = {name for action in parser._actions for name in action.option_strings}
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= set(action.choices)
                found |= {n for one in action.choices.values() for n in options(one)}
        return found

    with zipfile.ZipFile(archive("*.whl")) as held:
        text = held.read(PAGE).decode().replace("\\-", "-")
    wanted = options(build_parser()) - {"--help"}  # which such pages leave out
    assert {"run", "--max-memory", "completion"} <= wanted
    assert {name for name in wanted if name not in text} == set()


def test_licences_are_in_both(source: set[str], wheel: set[str]) -> None:
    vendor = "llmbin/report/assets/vendor/echarts"
    for name in ("LICENSE", f"{vendor}.LICENSE.txt", f"{vendor}.NOTICE.txt"):
        assert name in source
        assert f"llmbin_fast-{VERSION}.dist-info/licenses/{name}" in wheel


def test_metadata(metadata: Message) -> None:
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Author"]
    needed = [n for n in metadata.get_all("Requires-Dist", []) if "extra ==" not in n]
    assert not [n for n in needed if n.startswith(("torch", "safetensors", "onnx"))]
    urls = [u.partition(", ")[0] for u in metadata.get_all("Project-URL", [])]
    assert {"Homepage", "Documentation", "Changelog", "Source", "Issues"} <= set(urls)


def test_links_of_the_readme_work_away_from_the_repository(metadata: Message) -> None:
    links = re.findall(r"\]\(([^)\s]+)", metadata.get_payload())
    assert links
    assert [n for n in links if not n.startswith("https://")] == []
    here = [n.partition(f"/v{VERSION}/")[2].partition("#")[0] for n in links if VERSION in n]
    assert here
    assert [n for n in here if not (ROOT / n).exists()] == []
