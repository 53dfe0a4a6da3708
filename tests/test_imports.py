"""One direction of imports: a package imports what stands below it, and nothing in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "llmbin"

# From the ground up. A module or package may import those in front of it, and itself.
ORDER = (
    "_kernels",
    "errors",
    "options",
    "cgroups",
    "resources",
    "signals",
    "progress",
    "io",
    "coverage",
    "model",
    "genes",
    "features",
    "parts",
    "estimator",
    "kinds",
    "cluster",
    "results",
    "report",
    "stages",
    "pipeline",
    "tools",
    "assessment",
    "api",
    "export",
    "proof",
    "watch",
    "training",
    "commands",
    "cli",
    "__main__",
)


def modules() -> dict[str, Path]:
    """Dotted name below llmbin -> file."""
    out = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return out


def imported(name: str, path: Path) -> set[str]:
    """Dotted names below llmbin that a module imports anywhere, also inside of functions."""
    known = modules()
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1]
        base = [part for part in [*base, *(node.module or "").split(".")] if part]
        for alias in node.names:
            whole = ".".join([*base, alias.name])
            found.add(whole if whole in known else ".".join(base))
    return {target for target in found if target and target != name}


def test_packages_import_what_stands_below_them() -> None:
    for name, path in modules().items():
        if not name:
            continue
        mine = ORDER.index(name.split(".")[0])
        for target in imported(name, path):
            assert ORDER.index(target.split(".")[0]) <= mine, f"{name} imports {target}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: imported(name, path) for name, path in modules().items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("package", sorted(p.parent.name for p in ROOT.glob("*/__init__.py")))
def test_each_package_says_what_it_may_import(package: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    assert "ay import" in text


def test_modules_are_short() -> None:
    for name, path in modules().items():
        assert len(path.read_text().splitlines()) <= 400, name
    assert len((ROOT / "pipeline.py").read_text().splitlines()) <= 120
