"""Markdown pages: links lead somewhere, lines can be read in a terminal, notes are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTES, SITE = ROOT / "docs" / "notes", ROOT / "docs" / "site"
FOLDERS = ("bench", "docs", "export", "kernels", "llmbin", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *(p for f in FOLDERS for p in (ROOT / f).rglob("*.md"))])
RESULTS = ROOT / "bench" / "results"  # not in the source archive
WIDTH = 100
# The model card is part of its pack, which lists its sha256. The pages of bench are its own.
AS_THEY_ARE = "llmbin/models/"


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Lines and their numbers, without code, tables, pictures and what a program has written."""
    fence = made = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fence = not fence
        elif line.startswith("<!-- "):
            made = line.startswith("<!-- begin ")
        elif not (fence or made or line.startswith(("|", "!["))):
            yield number, line


def headings(page: Path) -> set[str]:
    """What a link may have behind its #."""
    titles = (line.lstrip("# ") for _, line in prose(page.read_text()) if line.startswith("#"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path) -> list[str]:
    """Targets of a page that are not there; addresses on the web are not looked at."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if ":" in target:
            continue
        path, _, anchor = target.partition("#")
        aim = page.parent / path if path else page
        if RESULTS in (aim := aim.resolve()).parents and not RESULTS.exists():
            continue
        if not aim.exists() or (anchor and anchor not in headings(aim)):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize(
    "page", [p for p in PAGES if not name(p).startswith(AS_THEY_ARE)], ids=name
)
def test_lines_are_not_too_long(page: Path) -> None:
    assert [f"{n}: {line}" for n, line in prose(page.read_text()) if len(line) > WIDTH] == []


@pytest.mark.parametrize("note", sorted(NOTES.glob("2*.md")), ids=lambda p: p.stem)
def test_a_note_has_a_date_a_question_and_a_row(note: Path) -> None:
    title = note.read_text().splitlines()[0]
    assert re.fullmatch(r"# .*\?", title)
    date = re.match(r"\d{4}-\d\d-\d\d(?=-[a-z0-9-]+\.md$)", note.name)
    assert date
    row = f"| [{title.removeprefix('# ')}]({note.name}) |"
    rows = [line for line in (NOTES / "README.md").read_text().splitlines() if row in line]
    assert len(rows) == 1
    assert rows[0].endswith(f"| {date[0]} |")


def test_code_names_notes_that_are_there() -> None:
    endings = {".py", ".pyi", ".cpp", ".hpp", ".cu"}
    files = (p for f in FOLDERS for p in (ROOT / f).rglob("*") if p.suffix in endings)
    named = {n for p in files for n in re.findall(r"docs/notes/([\w.-]+\.md)", p.read_text())}
    assert named
    assert {n for n in named if not (NOTES / n).exists()} == set()


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One, two\n[a](#one-two) [b](page.md#three) [c](gone.md) [d](https://e.org)\n"
    )
    assert broken_links(page) == ["page.md#three", "gone.md"]
    text = "a\n```\ncode\n```\n| table |\n<!-- begin x -->\nmade\n<!-- end x -->\n![p](p.svg)\nb\n"
    assert list(prose(text)) == [(1, "a"), (10, "b")]


def toctrees(page: Path) -> set[str]:
    """Pages in the trees of the site's contents."""
    lines = re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), flags=re.M | re.S)
    names = [n for tree in lines for n in tree.splitlines() if n and not n.startswith(":")]
    found = (re.sub(r".*<(.*)>", r"\1", n) for n in names)
    return {n.lstrip("/") if n.startswith("/") else f"docs/site/{n}" for n in found}


def test_the_site_has_every_page_that_is_there() -> None:
    index = SITE / "index.md"
    listed = toctrees(index)
    missing = {n for n in listed if not (ROOT / f"{n}.md").is_file()}
    assert missing == (set() if RESULTS.exists() else {"bench/results/README"})
    folders = ("*.md", "docs/*.md", "docs/**/README.md", "docs/site/*.md", "llmbin/**/*.md")
    there = {name(p).removesuffix(".md") for f in folders for p in ROOT.glob(f)}
    assert there - listed == {"docs/site/index"}
