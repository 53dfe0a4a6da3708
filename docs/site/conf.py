"""The documentation as a site: `nox -s site`. Its pages are those of the repository, as they lie.

So links are relative, and lead to the same page here and where the repository is looked at.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # for the parser of the options, which needs no other package

project = "llmbin-fast"
author = copyright = "The llmbin-fast developers"
release = re.findall('__version__ = "(.*)"', (ROOT / "llmbin" / "__init__.py").read_text())[0]

extensions = ["myst_parser", "sphinxarg.ext"]
root_doc = "docs/site/index"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/**/*.md",
    "bench/*.md",
    "bench/results/*.md",
    "llmbin/**/*.md",
]
myst_heading_anchors = 4  # what a link may have behind its #
smartquotes = False  # two hyphens are an option

html_theme = "furo"
html_title = f"llmbin-fast {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["extra"]  # index.html, which leads to the root document
html_copy_source = html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}

NOTES = "\n\n```{toctree}\n:hidden:\n:glob:\n:reversed:\n\n2*\n```\n"


def setup(app: Any) -> None:
    """The notes stand below their list, which is a table where the repository is looked at."""
    app.connect("source-read", _list_notes)


def _list_notes(app: Any, name: str, source: list[str]) -> None:
    if name == "docs/notes/README":
        source[0] += NOTES
