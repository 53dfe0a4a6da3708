from __future__ import annotations

from pathlib import Path

import pytest

from llmbin.results.record import title_of


def test_a_run_in_the_folder_itself_is_called_like_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gut"
    (folder / "below").mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert title_of(Path(".")) == "gut"
    assert title_of(Path("below/..")) == "gut"
    assert title_of(Path("out/")) == "out"
