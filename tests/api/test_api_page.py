"""The examples of docs/api.md, in a folder with the files that they name."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import make_community

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"


def examples(text: str) -> str:
    """What is to be typed and seen; a fence ends an example as an empty line does."""
    return "\n\n".join(re.findall(r"^```pycon\n(.*?)^```$", text, flags=re.M | re.S))


def failures(text: str) -> str:
    """What doctest says of examples that do not come out so."""
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    return "".join(said)


def test_examples_come_out_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_bam: Callable[..., Path]
) -> None:
    pytest.importorskip("pandas")
    community = make_community(tmp_path, genomes=3, size=300_000, seed=5)
    lengths = {r.name: len(r.sequence) for r in read_fasta(community.contigs)}
    rng = np.random.default_rng(0)
    reads = [
        (name, int(place), "150M", 0, 0)
        for name, length in lengths.items()
        if length > 200
        for place in sorted(rng.integers(0, length - 150, length // 50))
    ]
    write_bam(tmp_path / "s1.bam", lengths, reads)
    monkeypatch.chdir(tmp_path)
    assert failures(examples(PAGE.read_text())) == ""


def test_an_example_that_does_not_come_out_so_fails() -> None:
    page = "Words\n```pycon\n>>> 1 + 1\n3\n```\n```pycon\n>>> 2 + 2\n4\n```\n"
    said = failures(examples(page))
    assert "Expected:\n    3\nGot:\n    2" in said
    assert "2 + 2" not in said
