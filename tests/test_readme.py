from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "bench" / "results" / "README.md"
with_results = pytest.mark.skipif(not RESULTS.exists(), reason="the source archive has no results")
DEPLOY = ROOT / "docs" / "deploy.md"
WATCH = ROOT / "docs" / "watch.md"
SCALE = ROOT / "docs" / "scale.md"


@with_results
def test_figures_are_those_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.report import PARTS, filled

    pages = [page.read_text() for page in (README, RESULTS, DEPLOY, WATCH, SCALE)]
    assert [filled(text) for text in pages] == pages
    assert set(re.findall("<!-- begin (.*) -->", "".join(pages))) == set(PARTS)


@with_results
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
    from importlib.metadata import version

    from llmbin import __version__

    assert version("llmbin-fast") == __version__  # made of it when it is built
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {__version__} - " in (ROOT / "CHANGELOG.md").read_text()


def test_addresses_are_those_of_the_project() -> None:
    import tomllib

    text = (ROOT / "pyproject.toml").read_text()
    home = tomllib.loads(text)["project"]["urls"]["Homepage"].removeprefix("https://")
    owner = home.removeprefix("github.com/")
    assert set(re.findall(r"github(?:usercontent)?\.com/([\w-]+/[\w-]+)", text)) == {owner}
    assert f'\nrepository-code: "https://{home}"\n' in (ROOT / "CITATION.cff").read_text()
