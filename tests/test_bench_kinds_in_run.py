"""Contigs of groups left out in a run: what is added, and what is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench import kinds_in_run
from bench.foreign import SHORTEST
from llmbin.features import composition
from llmbin.genes import hallmarks
from llmbin.kinds.contigs import BACTERIUM, EUKARYOTE, VIRUS, ContigKinds
from llmbin.kinds.network import load_kind_network

RNG = np.random.default_rng(3)


def test_eukaryotes_are_cut_and_others_are_whole() -> None:
    bases = bytes(RNG.choice(list(b"ACGT"), 400_000).astype(np.uint8))
    sequences = {
        "eukaryote": [("yeast", "y1", bases), ("yeast", "y2", bases), ("fly", "f1", bases)],
        "virus": [(f"v{k}", f"v{k}", bases[: 20_000 + k]) for k in range(5)],
    }
    wanted = {"eukaryote": 1_000_000.0, "virus": 50_000.0}
    added = list(kinds_in_run.drawn(sequences, wanted, 2, np.random.default_rng(1)))
    viruses = [f for f in added if f.kind == "virus"]
    assert [len(f.bases) // 10_000 for f in viruses] == [2, 2, 2]
    assert len({f.name for f in added}) == len(added)
    cut = [f for f in added if f.kind == "eukaryote"]
    assert 1_000_000 <= sum(len(f.bases) for f in cut) <= 1_000_000 + len(cut[-1].bases)
    assert all(len(f.bases) >= SHORTEST for f in cut[:-1] if f.bases in bases)
    yeast = np.array([f.depths for f in cut if "_y" in f.name])
    assert (yeast.std(0) < 0.1 * yeast.mean(0)).all()


def test_calls_are_counted_by_kind_and_length() -> None:
    kind = np.array([VIRUS, VIRUS, BACTERIUM, VIRUS, EUKARYOTE], np.int8)
    kinds = ContigKinds(kind, np.ones(5), np.ones((5, 4)), np.ones(5))
    lengths = np.array([9_000, 9_000, 9_000, 4_000, 4_000])
    truth = {"a": "virus", "c": "virus", "d": "virus", "e": "eukaryote"}
    found = kinds_in_run.judged(kinds, list("abcde"), lengths, truth)
    virus, eukaryote = found["virus"].told(), found["eukaryote"].told()
    assert virus == {"contigs": 2, "called": 2, "recall": 0.5, "precision": 0.5, "wrong": ["b"]}
    assert eukaryote["recall"] == eukaryote["precision"] == 1
    both = found["virus"] + found["virus"]
    assert both.told() == {**virus, "contigs": 4, "called": 4, "wrong": ["b", "b"]}


def test_a_folds_files_take_the_place_of_those_that_ship(tmp_path: Path) -> None:
    data = Path(hallmarks.DATA).parent
    places = [(module, module.DATA) for module in kinds_in_run.MODULES]
    for _, path in places:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before, table = load_kind_network(), composition.load_peptide_table()
    try:
        kinds_in_run.use_fold(tmp_path)
        assert all(module.DATA.parent == tmp_path for module in kinds_in_run.MODULES)
        assert load_kind_network() is not before
        assert composition.load_peptide_table() is not table
    finally:
        kinds_in_run.use_fold(data)
    assert load_kind_network() is not before
