from __future__ import annotations

import pytest

from llmbin.io.names import packed_names, unpacked_names


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b c", "\udcff"]])
def test_names_are_kept_as_they_are(names: list[str]) -> None:
    assert unpacked_names(packed_names(names)) == names
