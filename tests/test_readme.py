from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "bench" / "results" / "README.md"
DEPLOY = ROOT / "docs" / "deploy.md"


def test_figures_are_those_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.report import PARTS, filled

    pages = [page.read_text() for page in (README, RESULTS, DEPLOY)]
    assert [filled(text) for text in pages] == pages
    assert set(re.findall("<!-- begin (.*) -->", "".join(pages))) == set(PARTS)


def test_a_part_must_be_known_and_ended() -> None:
    from bench.report import filled

    for text in ("<!-- begin nothing -->\n<!-- end nothing -->", "<!-- begin markers -->\n"):
        with pytest.raises(ValueError, match=r"nothing makes|not ended"):
            filled(text)


def test_the_two_commands_are_those_that_ci_runs() -> None:
    text, ci = README.read_text(), (ROOT / ".ci" / "run").read_text()
    for line in re.findall(r"^pip install .*$", text, flags=re.M):
        for part in re.split(r" && ", line.split("#")[0].strip()):
            words = part.split()
            assert words[-1] in ci
            assert words[0] in ci


def test_the_version_is_the_same_everywhere() -> None:
    import tomllib

    from llmbin import __version__

    root = Path(__file__).parent.parent
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"] == __version__
    assert f"\nversion: {__version__}\n" in (root / "CITATION.cff").read_text()
    assert f"\n## {__version__} - " in (root / "CHANGELOG.md").read_text()
