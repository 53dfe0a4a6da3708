"""The report's charts as pictures, beside those that are committed.

Fonts differ between machines, so text is left out and has a width of its own making. What is left
is drawn a little differently by other versions of a browser, and by a GPU, but the mean of 8 x 8
pixels hardly changes. `pytest tests/report/test_pictures.py --refresh` writes the pictures anew:
look at them before they are committed.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import Opened, chromium
from finished_runs import Made

Image = pytest.importorskip("PIL.Image", reason="pip install pillow")

PICTURES = Path(__file__).parent / "pictures"
BLOCK = 8
# Of a mean of red, green or blue, 0 to 255. Chromium 150 came to 0.5 beside the 156 that drew the
# pictures, a screen with twice the pixels and a software GPU to 17, the least of the faults to 33.
TOLERANCE = 24
RUN = Made(
    bins=12,
    samples=6,
    more={
        "completeness_low": "70",
        "completeness_high": "99",
        "contamination_low": "0",
        "contamination_high": "9",
    },
)
WINDOW = {"width": 1280, "height": 900}
CHARTS = ("map", "gc", "quality", "depth", "bin")
NO_TEXT = """
const pen = CanvasRenderingContext2D.prototype;
pen.fillText = pen.strokeText = () => {};
pen.measureText = function (text) {
    const size = parseFloat(/[0-9.]+px/.exec(this.font)[0]);
    return {
        width: 0.55 * size * text.length,
        actualBoundingBoxLeft: 0,
        actualBoundingBoxRight: 0.55 * size * text.length,
        actualBoundingBoxAscent: 0.8 * size,
        actualBoundingBoxDescent: 0.2 * size,
    };
};
"""
DRAWN = """box => {
    const picture = document.createElement("canvas");
    picture.width = box.clientWidth * devicePixelRatio;
    picture.height = box.clientHeight * devicePixelRatio;
    const pen = picture.getContext("2d");
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--card");
    pen.fillRect(0, 0, picture.width, picture.height);
    for (const layer of box.querySelectorAll("canvas")) pen.drawImage(layer, 0, 0);
    return picture.toDataURL("image/png").split(",")[1];
}"""
Pictures = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def pictures(
    browser: Any,
    folder: Path,
    scheme: str = "light",
    pixels: int = 1,
    change: Callable[[str], str] = str,
) -> Pictures:
    """Means of blocks of each chart, float [rows, columns, 3]."""
    opened = Opened(
        browser,
        folder / "gut",
        RUN,
        script=NO_TEXT,
        change=change,
        viewport=WINDOW,
        color_scheme=scheme,
        device_scale_factor=pixels,
    )
    found = {}
    for name in sorted(CHARTS, key=lambda name: name == "gc"):
        if name == "gc":  # the other view of the first chart
            opened.page.locator('#map-views input[value="gc"]').check(force=True)
        box = opened.page.locator(f"#{'map' if name == 'gc' else name}-chart")
        png = base64.b64decode(box.evaluate(DRAWN))
        drawn = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)
        found[name] = means(drawn, BLOCK * pixels)
    assert opened.wrong == []
    return found


def means(picture: np.ndarray, side: int) -> np.ndarray:
    """Of squares; what is left over at the right and below is left out."""
    rows, columns = (n // side for n in picture.shape[:2])
    whole = picture[: rows * side, : columns * side]
    return whole.reshape(rows, side, columns, side, 3).mean((1, 3))


def unlike(found: Pictures, scheme: str = "light") -> set[str]:
    """Charts that do not look like those that are committed."""
    return {
        name
        for name, picture in found.items()
        if (held := held_picture(name, scheme)).shape != picture.shape
        or np.abs(picture - held).max() > TOLERANCE
    }


def held_picture(name: str, scheme: str) -> np.ndarray:
    return np.asarray(Image.open(PICTURES / f"{name}-{scheme}.png").convert("RGB"), np.float64)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_look_as_they_did(browser: Any, tmp_path: Path, scheme: str, refresh: bool) -> None:
    found = pictures(browser, tmp_path, scheme)
    if refresh:
        PICTURES.mkdir(exist_ok=True)
        for name, picture in found.items():
            small = Image.fromarray(picture.round().astype(np.uint8))
            small.save(PICTURES / f"{name}-{scheme}.png", optimize=True)
    assert unlike(found, scheme) == set()


def test_fonts_and_pixels_do_not_matter(browser: Any, tmp_path: Path) -> None:
    style = "<style>* { font-family: monospace !important }</style></head>"
    found = pictures(browser, tmp_path, pixels=2, change=replaced("</head>", style))
    assert unlike(found) == set()


def replaced(old: str, new: str) -> Callable[[str], str]:
    """A change of the page, which it does not forbid."""

    def change(page: str) -> str:
        assert old in page
        return re.sub("<meta[^>]*Content-Security-Policy[^>]*>", "", page).replace(old, new)

    return change


BUILT = "...build(box.clientWidth, box.clientHeight)"
X, Y = (f"const {name}Axis = (name, more) => axis(name, {{" for name in "xy")
BARS = "...BARS.map((bar) => intervals(judged, ...bar)).filter(Boolean),"
FAULTS = {
    "empty": (BUILT, f"{BUILT}, series: []", set(CHARTS)),
    "colours of bins": ('"#0072b2", "#d55e00"', '"#d55e00", "#0072b2"', {"map", "gc", "bin"}),
    "colour of a class": ("--good:", "--good: #888; --before:", {"quality"}),
    "x axis flipped": (X, f"{X} inverse: true,", {"gc", "quality", "bin"}),
    "y axis flipped": (Y, f"{Y} inverse: true,", {"gc", "quality", "bin"}),
    "shades reversed": ("Math.floor((9 * Math", "8 - Math.floor((9 * Math", {"depth"}),
    "no intervals": (BARS, "", {"quality"}),
    "no doubtful contigs": ("rows.filter((i) => !sure(i)),", "[],", {"bin"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen(browser: Any, tmp_path: Path, fault: str) -> None:
    old, new, charts = FAULTS[fault]
    assert unlike(pictures(browser, tmp_path, change=replaced(old, new))) == charts
