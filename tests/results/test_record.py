from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from llmbin.kinds.bins import BinKind
from llmbin.results.record import tell_outcome, title_of
from llmbin.results.summary import Bin


def test_a_run_in_the_folder_itself_is_called_like_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gut"
    (folder / "below").mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert title_of(Path(".")) == "gut"
    assert title_of(Path("below/..")) == "gut"
    assert title_of(Path("out/")) == "out"


@pytest.mark.parametrize(("doubts", "said"), [((0.0, 0.09), None), ((0.1, 0.0), "1 bin may")])
def test_bins_that_may_be_mixed_are_told(
    doubts: tuple[float, ...], said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = SimpleNamespace(features=SimpleNamespace(bases=2_000_000))
    kind = BinKind(0, np.array([1_000_000, 0, 0, 0, 0, 0]))
    bins = [Bin("b", 9, 1_000_000, 200_000, 0.5, [9.0], 1.0, kind, d, None) for d in doubts]
    with caplog.at_level(logging.INFO, "llmbin"):
        tell_outcome(SimpleNamespace(outdir="out"), outcome, bins)
    told = [line for line in caplog.messages if "relative's" in line]
    assert len(told) == (said is not None)
    if said:
        assert said in told[0]
