"""The conda recipe asks for what the package asks for, under the names that conda has for it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

jinja2 = pytest.importorskip("jinja2")
yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "docs" / "packages" / "bioconda" / "meta.yaml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONDA = {"isal": "python-isal"}  # all others are called as on PyPI


@pytest.fixture
def recipe() -> Any:
    lines = [re.sub(r"\s+#.*", "", line) for line in RECIPE.read_text().splitlines()]
    text = jinja2.Template("\n".join(lines), undefined=jinja2.StrictUndefined).render(
        PYTHON="python",
        pin_subpackage=lambda name, max_pin: name,
        compiler=lambda language: f"{language}-compiler",
        stdlib=lambda language: f"{language}-stdlib",
    )
    return yaml.safe_load(text)


def as_conda(requirements: list[str]) -> set[str]:
    found = [re.fullmatch(r"([\w-]+)(>=[\d.]+)", n) for n in requirements if "llmbin" not in n]
    return {f"{CONDA.get(n[1], n[1])} {n[2]}" for n in found if n}


def test_run_requirements(recipe: Any) -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    wanted = as_conda([*project["dependencies"], *extras["cpu"], *extras["markers"]])
    assert len(wanted) == len(project["dependencies"]) + 2
    assert set(recipe["requirements"]["run"]) == {"python", *wanted}


def test_host_requirements(recipe: Any) -> None:
    wanted = as_conda(PROJECT["build-system"]["requires"])
    assert wanted
    assert set(recipe["requirements"]["host"]) == {"python", "pip", *wanted}


def test_version_licence_and_addresses(recipe: Any) -> None:
    version = re.findall('__version__ = "(.*)"', (ROOT / "llmbin" / "__init__.py").read_text())[0]
    assert recipe["package"] == {"name": "llmbin-fast", "version": version}
    assert f"llmbin_fast-{version}.tar.gz" in recipe["source"]["url"]
    assert [n for n in recipe["about"]["license_file"] if not (ROOT / n).is_file()] == []
    urls = PROJECT["project"]["urls"]
    assert recipe["about"]["home"] == urls["Homepage"]
    assert recipe["about"]["doc_url"] == urls["Documentation"]


def test_commands_that_are_tried_are_those_there_are(recipe: Any) -> None:
    from llmbin.cli import build_parser

    tried = [n.split() for n in recipe["test"]["commands"] if n.startswith("llmbin-fast ")]
    assert len(tried) > 2
    for _, *words in tried:
        if words[0] != "--version":
            build_parser().parse_args(words[: words.index(">") if ">" in words else None])
