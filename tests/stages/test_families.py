"""The second look at contigs in doubt: they are read once more, and found by their names."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from llmbin.api.quality import quality
from llmbin.assessment import assess
from llmbin.assessment.bins import BinReader, bins_of_table, find_bins
from llmbin.errors import InputError
from llmbin.genes.hallmarks import load_hallmarks
from llmbin.kinds import contigs as kinds_module
from llmbin.kinds.hallmarks import DOUBT
from llmbin.options import RunOptions
from llmbin.stages import families
from llmbin.tools.synthetic import GenomeModel

SHIPPED = load_hallmarks()
AMINO = "ACDEFGHIKLMNPQRSTVWY"
HAS = {"b": 0, "d": 1, "e": 2}  # the family of each contig that has one


@pytest.fixture(scope="module")
def fasta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model, texts = GenomeModel(np.random.default_rng(5)), []
    for name in "abcde":
        text = model.spacer(1_200)
        if name in HAS:
            columns = SHIPPED.profiles[HAS[name]][0]
            text += model.gene("".join(AMINO[k] for k in columns.argmax(1)))
        texts.append(f">{name}\n{text}\n>short_{name}\nACGT\n")
    path = tmp_path_factory.mktemp("families") / "contigs.fasta"
    path.write_text("".join(texts))
    return path


def expected(names: str) -> np.ndarray:
    there = np.zeros((len(names), len(SHIPPED.profiles)), bool)
    for row, name in enumerate(names):
        if name in HAS:
            there[row, HAS[name]] = True
    return there


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_finds_them_by_rows_of_its_contigs(fasta: Path, threads: int) -> None:
    options = RunOptions(fasta, fasta.parent / "out", threads=threads, recruit_length=1_000)
    setting: Any = SimpleNamespace(options=options, inputs=SimpleNamespace(contigs=fasta))
    features: Any = SimpleNamespace(names=list("abcde"))
    for names in ("bde", "acd", "e", ""):
        rows = np.array(["abcde".index(name) for name in names], np.int64)
        there = families._look(setting, features, rows)
        assert (there == expected(names)).all()


def test_bins_that_are_assessed_are_read_again(fasta: Path, tmp_path: Path) -> None:
    table = tmp_path / "bins.tsv"
    table.write_text("".join(f"{name}\tx{name in 'ab'}\n" for name in "abde"))
    given = bins_of_table([fasta], table)
    reader = BinReader(given, given.files)
    there = assess._families(reader, 1, np.array([1, 2, 3]))
    assert (there == expected("bde")).all()
    assert assess._families(reader, 1, np.empty(0, np.int64)).shape == expected("").shape
    folder = tmp_path / "bins"
    folder.mkdir()
    (folder / "one.fa").write_bytes(fasta.read_bytes())
    rows = np.array([2, 8])  # short ones count there
    given = find_bins([folder])
    there = assess._families(BinReader(given, given.files), 2, rows)
    assert (there == expected("be")).all()


@pytest.fixture
def in_doubt(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What was found when bins were assessed, of which all contigs were in doubt."""
    found: list[np.ndarray] = []
    look = assess._families

    def kept(reader: BinReader, threads: int, rows: np.ndarray) -> np.ndarray:
        found.append(look(reader, threads, rows))
        return found[-1]

    monkeypatch.setattr(kinds_module, "DOUBT", 0.0)
    monkeypatch.setattr(assess, "_families", kept)
    return found


def test_bins_may_come_through_pipes(
    fasta: Path, tmp_path: Path, in_doubt: list[np.ndarray]
) -> None:
    pytest.importorskip("pyhmmer")
    pipe, table = tmp_path / fasta.name, tmp_path / "bins.tsv"
    os.mkfifo(pipe)
    table.write_text("".join(f"{name}\tx{name in 'ab'}\n" for name in "abde"))
    for bins in (None, table):
        told = quality(fasta, bins=bins, threads=1)
        with ThreadPoolExecutor(1) as beside:
            writing = beside.submit(pipe.write_bytes, fasta.read_bytes())
            through = quality(pipe, bins=bins, threads=1)
            writing.result()
        assert through.files.tolist() == told.files.tolist()
        assert (through.bp_of_kinds == told.bp_of_kinds).all()
    assert [there.any(1).sum() for there in in_doubt] == [len(HAS)] * 4


def test_bins_that_change_between_the_reads_are_told(
    fasta: Path, tmp_path: Path, in_doubt: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyhmmer")
    given, look = tmp_path / "bin.fa", assess._families
    given.write_bytes(fasta.read_bytes())

    def after_a_change(*args: Any) -> np.ndarray:
        given.write_text(">other\nACGT\n")
        return look(*args)

    monkeypatch.setattr(assess, "_families", after_a_change)
    with pytest.raises(InputError, match=r"bin\.fa: has changed while it was read"):
        quality(given, threads=1)
    assert not in_doubt[0].any()


def test_kinds_of_a_run_are_told_with_what_is_found(
    fasta: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def kinds(features: object, threads: int, look: Any) -> str:
        asked[threads] = look(np.array([1, 3]))
        return "kinds"

    monkeypatch.setattr(families, "kinds_of_contigs", kinds)
    options = RunOptions(fasta, fasta.parent / "out", threads=2, recruit_length=1_000)
    setting: Any = SimpleNamespace(options=options, inputs=SimpleNamespace(contigs=fasta))
    features: Any = SimpleNamespace(names=list("abcde"))
    assert families.kinds_with_families(setting, features) == "kinds"
    assert (asked[2] == expected("bd")).all()
    assert 0 < DOUBT < kinds_module.SURE
