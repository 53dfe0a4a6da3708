"""The page: one file with its data, style and scripts, that asks no network for anything.

Contigs, samples and files are called as somebody else likes. Their names are data in a JSON block,
and become text nodes, never markup. A Content-Security-Policy lets only the scripts and the style
run that are in the page, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

from ..results.tables import text_file
from .content import content_of
from .encode import script_json
from .finished import FinishedRun

SCRIPTS = (
    "basics.js",
    "charts.js",
    "overview.js",
    "rounds.js",
    "quality.js",
    "map.js",
    "depth.js",
    "bins.js",
    "detail.js",
    "run.js",
    "main.js",
)
LIBRARY = "vendor/echarts.common.min.js"


def page_of(run: FinishedRun) -> str:
    """The whole page, for UTF-8; the same run gives the same text."""
    content = content_of(run)
    style, script, library = asset("style.css"), own_script(), asset(LIBRARY)
    return Template(asset("page.html")).substitute(
        policy=policy(style, (library, script)),
        title=html.escape(content["title"]),
        style=style,
        library=library,
        script=script,
        data=script_json(content),
    )


def write_page(path: Path, run: FinishedRun) -> None:
    """``report.html``.

    Raises:
        StorageError: it cannot be written.
    """
    with text_file(path) as handle:
        handle.write(page_of(run))


def policy(style: str, scripts: tuple[str, ...]) -> str:
    """Nothing from elsewhere, and nothing inline but these."""
    allowed = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def own_script() -> str:
    """Our scripts in one function, so that they share names with nobody."""
    parts = "\n".join(asset(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


@cache
def asset(name: str) -> str:
    """A file of the package, as it stands in the page."""
    text = files(__package__).joinpath("assets", *name.split("/")).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
