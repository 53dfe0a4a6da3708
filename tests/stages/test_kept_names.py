from __future__ import annotations

import pytest

from llmbin.stages.embedding import _packed, _unpacked


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b c", "\udcff"]])
def test_names_are_kept_as_they_are(names: list[str]) -> None:
    assert _unpacked(_packed(names)) == names
