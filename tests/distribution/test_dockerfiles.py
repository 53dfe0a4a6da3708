"""The Dockerfiles copy what is there, install extras that exist, and do not run as root."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "docs" / "docker").glob("Dockerfile.*"))


def steps(file: Path) -> list[tuple[str, str]]:
    """Instructions and what is behind them, continued lines joined."""
    lines = [n for n in file.read_text().splitlines() if not n.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(kind, rest) for kind, _, rest in (n.partition(" ") for n in joined.splitlines() if n)]


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.name)
def test_what_is_built_runs_as_a_user_of_its_own(file: Path) -> None:
    found = steps(file)
    assert {kind for kind, _ in found} <= {
        *("FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "CMD"),
    }
    last = max(i for i, (kind, _) in enumerate(found) if kind == "FROM")
    final = found[last:]
    users = [rest for kind, rest in final if kind == "USER"]
    assert users == ["llmbin"]
    assert any("useradd" in rest and "llmbin" in rest for kind, rest in final if kind == "RUN")
    # No compiler in what runs, and pipelines start a shell in it.
    assert not any("g++" in rest for _, rest in final)
    assert found[-1] == ("CMD", '["llmbin-fast", "--help"]')


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.name)
def test_stages_sources_and_extras_exist(file: Path) -> None:
    found = steps(file)
    stages = {rest.split(" AS ")[1] for kind, rest in found if kind == "FROM" and " AS " in rest}
    for rest in (rest for kind, rest in found if kind == "COPY"):
        source, *others = rest.split()
        if source.startswith("--from="):
            assert source.removeprefix("--from=") in stages
        else:
            assert (ROOT / source).exists()
            assert len(others) == 1
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"\.whl\)\[(\w+)\]", file.read_text())
    assert named
    assert set(named) <= set(extras)


def test_there_are_two() -> None:
    assert [p.suffix for p in FILES] == [".cpu", ".gpu"]


def test_the_context_is_without_what_is_built_here() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", "build", "bench/results"} <= set(ignored)
    assert not {"llmbin", "kernels", "export", "docs", "README.md", "LICENSE"} & set(ignored)
