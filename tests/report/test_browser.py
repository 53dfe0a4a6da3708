"""The page in a real browser: it draws, answers, stays quiet, and runs no foreign script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import Opened, chromium
from finished_runs import HOSTILE, Made

from llmbin.report.content import content_of
from llmbin.report.finished import files_in, read_run

INTERVALS = {
    "completeness_low": "80",
    "completeness_high": "99",
    "contamination_low": "0",
    "contamination_high": "9",
    "rrna_16s": "1",
    "trna_amino_acids": "19",
    "mimag": "high-quality draft",
    "later": "7",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_all_parts_are_drawn_without_a_word_on_the_console(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path / "gut", Made(bins=12, names=HOSTILE, more=INTERVALS))
    page = opened.page
    assert opened.text("h1") == "gut"
    assert "12 bins, 3 near-complete" in opened.text("#lead")
    assert page.locator("nav a").all_inner_texts() == [
        "Contigs",
        "Quality",
        "Depth",
        "Bins",
        "One bin",
        "In no bin",
        "The run",
    ]
    for chart in ("#map-chart", "#quality-chart", "#depth-chart", "#bin-chart"):
        assert opened.ink(chart) > 10, chart
    assert "llmbin-fast run 'my contigs.fasta'" in opened.text("#run-command")
    assert opened.wrong == []


@pytest.mark.parametrize(
    ("size", "scheme"),
    [((390, 844), "light"), ((390, 844), "dark"), ((1440, 900), "dark"), ((3840, 2160), "light")],
)
def test_the_page_fits_the_window_and_nothing_overlaps(
    browser: Any, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    made = Made(bins=12, samples=10, prefix="a-long_prefix.of-a-sample")
    window = {"width": size[0], "height": size[1]}
    opened = Opened(browser, tmp_path / "gut", made, viewport=window, color_scheme=scheme)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    boxes = [b.bounding_box() for b in page.locator("main > section:visible").all()]
    assert len(boxes) == 8
    for i, a in enumerate(boxes):
        assert a["width"] > 0.44 * min(size[0], 2000)
        for b in boxes[i + 1 :]:
            side = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
            assert side or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, back[4:-1].split(", "))) > 384) == (scheme == "light")
    for chart in ("#map-chart", "#quality-chart", "#depth-chart", "#bin-chart"):
        assert opened.ink(chart) > 10, chart
    assert opened.wrong == []


def test_the_table_sorts_and_filters(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path / "gut", Made(bins=120, contigs_each=3, more=INTERVALS))
    page = opened.page
    assert len(opened.column(1)) == 100
    page.get_by_role("button", name="Show all 120").click()
    assert opened.column(1) == [f"bin.{b + 1:04d}" for b in range(120)]
    assert "99.5 % 80–99" in opened.column(3)[0].replace("\n", " ")
    heads = page.locator("#bins-table thead th").all_inner_texts()
    assert heads[2:5] == ["completeness", "contamination", "MIMAG"]
    assert heads[-3:] == ["16S rRNA", "amino acids with tRNA", "later"]
    assert "16S rRNA" in opened.text("#bin-facts")
    size = heads.index("size") + 1
    sort = page.locator(f"#bins-table thead th:nth-child({size})")
    sort.get_by_role("button").click()
    kbp = [float(text.split()[0]) for text in opened.column(size)]
    assert kbp == sorted(kbp, reverse=True)
    assert sort.get_attribute("aria-sort") == "descending"
    sort.get_by_role("button").press("Enter")  # by keyboard
    assert [float(text.split()[0]) for text in opened.column(size)] == sorted(kbp)
    assert sort.get_attribute("aria-sort") == "ascending"
    page.select_option("#bins-class", "medium")
    assert set(opened.column(2)) == {"medium"}
    assert opened.text("#bins-count") == "30 of 120 bins"
    page.fill("#bins-filter", "bin.0007")
    assert opened.column(1) == ["bin.0007"]
    page.fill("#bins-filter", "no such bin")
    assert opened.column(1) == []
    assert opened.wrong == []


def test_a_bin_is_looked_at_from_the_table(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path / "gut", Made(bins=6, contigs_each=60, names=HOSTILE))
    page = opened.page
    listed = content_of(read_run(files_in(tmp_path / "gut")))["doubtful"][0]
    assert listed
    assert opened.text("#bin-title") == "bin.0001"
    assert len(page.locator("#bin-doubtful tbody tr").all()) == len(listed)
    page.locator("#bins-table tbody tr").nth(3).get_by_role("button").press("Enter")
    assert opened.text("#bin-title") == "bin.0004"
    assert page.evaluate("document.activeElement.id") == "bin-title"
    assert page.locator('#bins-table tr[aria-current="true"] th').inner_text() == "bin.0004"
    assert page.locator("#map-bin").input_value() == "3"
    page.locator("#bin-after").click()
    assert opened.text("#bin-title") == "bin.0005"
    assert "size" in opened.text("#bin-facts")
    page.select_option("#bin-choice", "5")
    assert opened.text("#bin-title") == "bin.0006"
    assert page.locator("#bin-after").is_disabled()
    assert page.evaluate("location.hash") == "#bin=bin.0006"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert opened.text("#bin-title") == "bin.0006"
    assert opened.wrong == []


def test_hostile_names_are_shown_and_not_run(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path / "<b>gut", Made(names=HOSTILE))
    page = opened.page
    assert opened.text("h1") == "<b>gut"
    for name in (*HOSTILE[:2], "k\\xff\\xfe_1", HOSTILE[3]):
        page.fill("#map-find", name)
        assert opened.text("#map-found").startswith(f"{name}: ")
    assert page.title() == "<b>gut - llmbin-fast"
    assert page.locator("img").count() == 0
    assert opened.wrong == []


def test_a_contig_is_told_on_hover_in_both_views(browser: Any, tmp_path: Path) -> None:
    made = Made(bins=1, contigs_each=3, unbinned=0, names=HOSTILE[:3], samples=2)
    opened = Opened(browser, tmp_path / "gut", made)
    page = opened.page
    for view in ("map", "gc"):
        page.locator(f'#map-views input[value="{view}"]').check(force=True)
        assert hover(opened, "#map-chart") in {*HOSTILE[:2], "k\\xff\\xfe_1"}
        said = opened.text("#map-chart .tip")
        for part in ("length", "GC", "depth S1", "bin.0001", "probability"):
            assert part in said
    assert opened.wrong == []


def hover(opened: Opened, selector: str) -> str:
    """The first line of what a chart says about the first mark that is met."""
    chart = opened.page.locator(selector)
    chart.scroll_into_view_if_needed()
    spots = chart.locator("canvas").first.evaluate(
        """canvas => {
            const {width, height} = canvas, spots = [];
            const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            for (let i = 0; i < pixels.length; i += 4) {
                const [r, g, b, a] = pixels.slice(i, i + 4);
                if (a > 150 && Math.max(r, g, b) - Math.min(r, g, b) > 80)
                    spots.push([(i / 4) % width, Math.floor(i / 4 / width)]);
            }
            return spots.map(([x, y]) => [x / width, y / height]);
        }"""
    )
    assert spots
    box = chart.bounding_box()
    x, y = spots[len(spots) // 2]
    place = (box["x"] + x * box["width"], box["y"] + y * box["height"])
    opened.page.mouse.move(place[0] - 3, place[1])
    opened.page.mouse.move(*place)
    told = chart.locator(".tip b")
    told.wait_for(state="visible", timeout=5000)
    return str(told.inner_text())


@pytest.mark.parametrize(
    ("made", "sections", "hidden"),
    [
        (Made(bins=0, unbinned=40), ["map", "unbinned"], ["quality", "depth", "bins", "bin"]),
        (Made(bins=0, unbinned=1, samples=0), ["unbinned"], ["map", "quality", "depth", "bin"]),
        (
            Made(bins=1, contigs_each=1, unbinned=0, samples=1),
            ["quality", "bins"],
            ["map", "depth"],
        ),
        (Made(samples=0, markers=False), ["map", "bins"], ["quality", "depth"]),
        (Made(places=False), ["map", "depth"], []),
        (Made(bins=400, contigs_each=10, samples=30), ["map", "depth", "bins"], []),
    ],
    ids=["no bins", "one contig", "one bin", "no samples", "no map", "many bins"],
)
def test_parts_without_anything_to_say_are_not_there(
    browser: Any, tmp_path: Path, made: Made, sections: list[str], hidden: list[str]
) -> None:
    opened = Opened(browser, tmp_path / "gut", made)
    for name in (*sections, "summary", "run"):
        assert opened.page.locator(f"#{name}").is_visible(), name
    for name in hidden:
        assert not opened.page.locator(f"#{name}").is_visible(), name
        assert opened.page.locator(f'nav a[href="#{name}"]').count() == 0
    for chart in opened.page.locator(".chart:visible").all():
        assert opened.ink(f"#{chart.get_attribute('id')}") > 5
    assert opened.wrong == []


def test_rounds_of_a_watch_are_a_curve(browser: Any, tmp_path: Path) -> None:
    rounds = tuple(
        {"round": n, "gbp": 0.4 * n, "bins": 9 + n, "near_complete": round(8 - 8 / n)}
        for n in range(1, 8)
    )
    opened = Opened(browser, tmp_path / "watched", Made(rounds=rounds))
    assert "7 near-complete bins of 16 after 7 rounds and 2.8 Gbp" in opened.text("#rounds-note")
    assert opened.page.locator("nav a").all_inner_texts()[0] == "Rounds"
    assert opened.ink("#rounds-chart") > 10
    assert opened.wrong == []
    opened = Opened(browser, tmp_path / "first", Made(rounds=rounds[:1]))
    assert not opened.page.locator("#rounds").is_visible()
