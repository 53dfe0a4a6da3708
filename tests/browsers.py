"""Reports in a real browser, for tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from finished_runs import Made, write_run

from llmbin.report.finished import files_in, read_run
from llmbin.report.page import page_of

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def chromium(*options: str) -> Iterator[Any]:
    """A Chromium; skips the test where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
    )
    with playwright.sync_playwright() as started:
        own = started.chromium.executable_path
        found = next(filter(None, map(shutil.which, (*PROGRAMS, own))), None)
        if found is None:
            pytest.skip("no Chromium: apt install chromium, or playwright install chromium")
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox", *options])
        yield opened
        opened.close()


class Opened:
    """A page of a run, and all that went wrong in it."""

    def __init__(
        self,
        browser: Any,
        folder: Path,
        made: Made,
        script: str = "",
        change: Callable[[str], str] = str,
        **context: Any,
    ) -> None:
        """Write a run and its page, which may be changed; the script runs before those of it."""
        write_run(folder, made)
        path = folder / "report.html"
        path.write_text(change(page_of(read_run(files_in(folder)))), encoding="utf-8")
        self.wrong: list[str] = []
        self.page = browser.new_context(**context).new_page()
        self.page.add_init_script(script)
        self.page.on("console", lambda message: self._hear(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(dialog.message))
        self.page.on("request", self._ask)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", timeout=30_000)

    def _hear(self, text: str) -> None:
        if "willReadFrequently" not in text:  # said of what `ink` does
            self.wrong.append(text)

    def _ask(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(request.url)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def column(self, number: int) -> list[str]:
        """Cells of the table of bins; the first column is that of the names."""
        return self.page.locator(f"#bins-table tbody tr > :nth-child({number})").all_inner_texts()

    def ink(self, selector: str) -> int:
        """How many different colours a chart has; 1 is an empty one."""
        script = """canvas => {
            const {width, height} = canvas;
            const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            return new Set(new Uint32Array(pixels.buffer)).size;
        }"""
        return int(self.page.locator(f"{selector} canvas").first.evaluate(script))
