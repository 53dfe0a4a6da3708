"""The Galaxy tool: planemo's lint, and its own tests without a Galaxy around them.

The command is rendered and run as Galaxy does it, with the values of each test and the defaults
elsewhere, and Galaxy's assertions judge what comes out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("galaxy.tool_util", reason="planemo is not installed")
FOLDER = Path(__file__).parents[2] / "docs" / "pipelines" / "galaxy"
TOOL = FOLDER / "llmbin_fast.xml"
TESTS = range(len(ET.parse(TOOL).findall("tests/test")))


class Dataset(SimpleNamespace):
    """A dataset in a template: its path, what the user calls it, and its datatype."""

    def __str__(self) -> str:
        return str(self.path)


def defaults(element: ET.Element, path: str = "") -> dict[str, Any]:
    """Values of all parameters by their path; those of selects by what is selected."""
    found: dict[str, Any] = {}
    for child in element:
        name = child.get("name") or child.get("argument", "").lstrip("-").replace("-", "_")
        if child.tag == "param" and child.get("type") == "select":
            chosen = [o.get("value") for o in child.iter("option") if o.get("selected") == "true"]
            found[path + name] = ",".join(map(str, chosen))
        elif child.tag == "param":
            found[path + name] = child.get("value", "")
        elif child.tag == "when":
            found |= defaults(child, path)
        else:
            found |= defaults(child, f"{path}{name}|")
    return found


def namespace(values: dict[str, Any]) -> dict[str, Any]:
    """Values by path as the objects of a template."""
    out: dict[str, Any] = {}
    for path, value in values.items():
        *groups, name = path.split("|")
        place = out
        for group in groups:
            place = vars(place.setdefault(group, SimpleNamespace()))
        place[name] = value
    return out


@pytest.fixture(params=TESTS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """A test of the tool, and the folder that its command was run in."""
    from galaxy.tool_util.parser import get_tool_source
    from galaxy.util.template import fill_template

    source = get_tool_source(str(TOOL))
    test = source.parse_tests_to_dict()["tests"][request.param]
    values = defaults(ET.parse(TOOL).find("inputs"))  # type: ignore[arg-type]
    for given in test["inputs"]:
        value, kind = given["value"], given["attributes"].get("ftype")
        if kind:
            path = tmp_path / f"dataset_{value}.dat"
            shutil.copy(FOLDER / "test-data" / value, path)
            dataset = Dataset(path=path, element_identifier=value, ext=kind)
            value = dataset if given["name"] == "contigs" else [dataset]
        values[given["name"]] = value
    command = fill_template(source.parse_command(), context=namespace(values))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", " ".join(command.split())],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "GALAXY_MEMORY_MB": "2000"},
    )
    assert done.returncode == 0, done.stderr
    return {**test, "values": values}, tmp_path


def check(asserts: list[dict[str, Any]], path: Path) -> None:
    from galaxy.tool_util.verify.asserts import verify_assertions

    verify_assertions(path.read_bytes(), asserts)


def test_the_command_makes_what_the_tool_promises(case: tuple[dict[str, Any], Path]) -> None:
    test, folder = case
    more = test["values"]["more"]
    outputs = {}
    for output in ET.parse(TOOL).findall("outputs/data"):
        wanted = re.search(r"'(\w+)' in more", output.findtext("filter", ""))
        if not wanted or wanted[1] in more:
            outputs[output.get("name")] = folder / str(output.get("from_work_dir"))
    assert all(path.is_file() for path in outputs.values())
    assert len(outputs) + 1 == int(test["expect_num_outputs"])
    for output in test["outputs"]:
        check(output["attributes"]["assert_list"] or [], outputs[output["name"]])
    (bins,) = test["output_collections"]
    found = {path.stem: path for path in (folder / "out" / "bins").iterdir()}
    assert len(found) == bins["element_count"]
    assert all(path.suffix == ".fasta" for path in found.values())
    for name, (_, attributes) in bins["element_tests"].items():
        check(attributes["assert_list"], found[name])


def test_planemo_finds_nothing() -> None:
    planemo = shutil.which("planemo", path=str(Path(sys.executable).parent))
    if planemo is None:
        pytest.skip("planemo is not installed")
    done = subprocess.run(
        [planemo, "lint", str(FOLDER)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert ".. WARNING" not in done.stdout and ".. ERROR" not in done.stdout
