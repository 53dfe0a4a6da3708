from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def test_figures_are_those_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.report import filled

    text = README.read_text()
    assert filled(text) == text


def test_links_lead_somewhere() -> None:
    for page in (README, *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_two_commands_are_those_that_ci_runs() -> None:
    text, ci = README.read_text(), (ROOT / ".ci" / "run").read_text()
    for line in re.findall(r"^pip install .*$", text, flags=re.M):
        for part in re.split(r" && ", line.split("#")[0].strip()):
            words = part.split()
            assert words[-1] in ci
            assert words[0] in ci
