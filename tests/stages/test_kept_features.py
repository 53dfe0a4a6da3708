from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmbin.features import hexamers
from llmbin.model.windows import WindowPlan
from llmbin.stages import embedding


def test_features_of_a_build_with_other_numbers_or_profiles_are_not_those_of_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = SimpleNamespace(recruit_length=1000, separator=None)
    inputs = SimpleNamespace(contigs_content="x")
    setting: Any = SimpleNamespace(inputs=inputs, options=options)
    device = SimpleNamespace(precision="int8", kind="cpu")
    plan = WindowPlan(500, 4, 7)
    embedder: Any = SimpleNamespace(pack=SimpleNamespace(digest="d"), device=device, plan=plan)
    key = embedding._key(setting, embedder, True)
    monkeypatch.setattr(embedding, "FRAMES", embedding.FRAMES - 6)
    assert embedding._key(setting, embedder, True) != key
    monkeypatch.undo()
    assert embedding._key(setting, embedder, True) == key
    (tmp_path / "hexamers.npz").write_bytes(b"others")
    monkeypatch.setattr(hexamers, "DATA", tmp_path / "hexamers.npz")
    assert embedding._key(setting, embedder, True) != key
