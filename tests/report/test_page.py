from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from finished_runs import HOSTILE, USUAL, Made, write_run

from llmbin.errors import StorageError
from llmbin.report.finished import ContigTable, FinishedRun, files_in, read_run
from llmbin.report.page import LIBRARY, SCRIPTS, asset, page_of, write_page

VENDOR = Path(__file__).parents[2] / "llmbin" / "report" / "assets" / "vendor"


def run_of(folder: Path, made: Made = USUAL) -> FinishedRun:
    return read_run(files_in(write_run(folder, made)))


class Markup(HTMLParser):
    """Elements with their attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, dict[str, str | None], str]] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs)) if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def handle_data(self, text: str) -> None:
        if self._open:
            self.inline.append((*self._open, text))


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    made = Made(names=HOSTILE)
    assert page_of(run_of(tmp_path / "a", made)) == page_of(run_of(tmp_path / "a", made))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="/dev/full: "):
        write_page(Path("/dev/full"), run_of(tmp_path))


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(run_of(tmp_path))
    for tag, attributes in Markup(page).elements:
        assert tag not in ("iframe", "object", "embed", "base", "img", "form"), tag
        for name in ("src", "href", "srcset", "data"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:,")), (tag, target)
        assert not [name for name in attributes if name.startswith(("on", "style"))]
    ours = [asset(name) for name in (*SCRIPTS, "style.css")]
    for text in ours:
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)


def test_the_policy_lets_these_scripts_run_and_no_others(tmp_path: Path) -> None:
    markup = Markup(page_of(run_of(tmp_path, Made(names=HOSTILE))))
    meta = next(a for t, a in markup.elements if a.get("http-equiv"))
    assert meta["http-equiv"] == "Content-Security-Policy"
    policy = dict(part.strip().split(" ", 1) for part in str(meta["content"]).split(";"))
    assert policy["default-src"] == "'none'"
    found: dict[str, set[str]] = {"script-src": set(), "style-src": set()}
    for tag, attributes, text in markup.inline:
        if attributes.get("type") != "application/json":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            found[f"{tag}-src"].add(f"'sha256-{digest}'")
    assert {len(found["script-src"]), len(found["style-src"])} == {1, 2}
    for kind, hashes in found.items():
        assert set(policy[kind].split()) == hashes
    assert "unsafe" not in str(policy)


def test_names_are_data_and_never_markup(tmp_path: Path) -> None:
    made = Made(names=HOSTILE)
    folder = tmp_path / "<script>alert(1)</script>"
    run = run_of(folder, made)
    hostile_bin = '"><img src=x onerror=alert(1)>'
    columns = {**run.bins.columns, "bin": [hostile_bin, *run.bins.names[1:]]}
    run = replace(run, bins=replace(run.bins, columns=columns))
    page = page_of(run)
    plain = page_of(run_of(tmp_path / "plain"))
    shape = [tag for tag, _ in Markup(page).elements]
    assert shape == [tag for tag, _ in Markup(plain).elements]
    for name in (*HOSTILE, hostile_bin, "<script>alert"):
        assert name not in page
    block = next(text for _, a, text in Markup(page).inline if a.get("id") == "data")
    data = json.loads(block)
    assert data["points"]["names"].split("\n")[:2] == list(HOSTILE[:2])
    assert data["points"]["names"].split("\n")[2] == "k\\xff\\xfe_1"
    assert data["bins"]["columns"]["bin"][0] == hostile_bin
    page.encode("utf-8")  # no lone surrogates


@pytest.mark.parametrize(
    ("count", "samples", "most"), [(20_000, 10, 3e6), (20_000, 100, 3e6), (1_000_000, 12, 10e6)]
)
def test_pages_of_large_runs_are_small(
    tmp_path: Path, count: int, samples: int, most: float
) -> None:
    run = run_of(tmp_path, Made(bins=300, contigs_each=1, samples=samples))
    page = page_of(replace(run, contigs=many(run.contigs, count)))
    assert len(page.encode()) < most


def many(contigs: ContigTable, count: int) -> ContigTable:
    """As many contigs as that, with names as assemblers make them."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, len(contigs), count)
    assert contigs.places is not None
    return replace(
        contigs,
        names=[f"NODE_{i}_length_{i % 7919}_cov_{i % 97}.{i}" for i in range(count)],
        length=contigs.length[rows],
        gc=contigs.gc[rows],
        bin=contigs.bin[rows],
        probability=contigs.probability[rows],
        reason=contigs.reason[rows],
        depth=contigs.depth[rows],
        total_depth=contigs.total_depth[rows],
        places=contigs.places[rows],
    )


def test_the_library_is_the_one_that_is_written_down() -> None:
    library = Path(LIBRARY).name
    row = next(r for r in (VENDOR / "README.md").read_text().splitlines() if library in r)
    digest = hashlib.sha256((VENDOR / library).read_bytes()).hexdigest()
    assert f"`{digest}`" in row
    version = re.search(r'\bt\.version="(\d+\.\d+\.\d+)"', asset(LIBRARY))
    assert version
    assert f"| {version[1]} |" in row
    assert f"ECharts {version[1]}" in asset("page.html")
    for name in re.findall(r"echarts\.\w+\.txt", row):
        assert (VENDOR / name).stat().st_size > 100
