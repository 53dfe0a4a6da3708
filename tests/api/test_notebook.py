"""The notebook runs, and what it shows is what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="pip install 'llmbin-fast[api-test]'")
nbformat = pytest.importorskip("nbformat")
for needed in ("ipykernel", "matplotlib", "pandas"):
    pytest.importorskip(needed)

NOTEBOOK = Path(__file__).parent.parent.parent / "docs" / "notebooks" / "api.ipynb"
LARGEST = 100_000  # bytes


def executed(folder: Path, path: Path = NOTEBOOK) -> Any:
    """The notebook with its outputs, run in a folder."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, record_timing=False, resources={"metadata": {"path": str(folder)}}
    ).execute()
    notebook.metadata.language_info = {"name": "python"}  # whatever its version is
    return notebook


def shown(notebook: Any) -> list[str]:
    """What it shows as text; pictures differ between versions of what draws them."""
    return [
        "a picture"
        if "image/png" in output.get("data", {})
        else output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]


def test_the_notebook_shows_what_comes_out(tmp_path: Path, refresh: bool) -> None:
    made = executed(tmp_path)
    if refresh:
        nbformat.write(made, NOTEBOOK)
    committed = nbformat.read(NOTEBOOK, as_version=4)
    assert shown(made) == shown(committed)
    assert "a picture" in shown(made)
    assert NOTEBOOK.stat().st_size < LARGEST
    assert list(tmp_path.iterdir()) == []


def test_a_cell_that_fails_is_an_error(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [nbformat.v4.new_code_cell("import llmbin; llmbin.run('gone.fasta')")]
    nbformat.write(notebook, tmp_path / "wrong.ipynb")
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="no such file"):
        executed(tmp_path, tmp_path / "wrong.ipynb")
