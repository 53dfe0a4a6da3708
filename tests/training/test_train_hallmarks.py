from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pyhmmer")
pytest.importorskip("pyrodigal")
pytest.importorskip("pyfamsa")

from llmbin.errors import InputError
from llmbin.genes.hallmarks import SHAPES, hallmarks_of
from llmbin.io.shipped import shipped_arrays
from llmbin.kinds.network import SHAPES as NETWORK
from llmbin.tools.synthetic import GenomeModel, mutate
from llmbin.training import hallmarks
from llmbin.training.cli import main
from llmbin.training.hallmark_families import (
    Cluster,
    Learnt,
    choose_families,
    predict_proteins,
    profiles_of,
    read_clusters,
)
from llmbin.training.hallmarks import logistic, shares, train_hallmarks
from llmbin.training.kind_fragments import Rows, read_table
from llmbin.training.settings import HallmarkTraining

SMALL = HallmarkTraining(
    fragments=80,
    longest=8_000,
    width=8,
    steps=150,
    batch=64,
    members=1,
    folds=2,
    columns=1_000,
    least_groups=3,
)
GROUPS = 6
SOURCES = ("bacterium", "archaeon", "eukaryote", "virus", "plasmid")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Six groups of each source; viruses share two genes, and with plasmids a third."""
    rng, folder = np.random.default_rng(4), tmp_path_factory.mktemp("hallmarks")
    shared = [GenomeModel(rng).protein(300) for _ in range(3)]
    fasta, rows = [], ["sequence\tkind\tgroup\tbases\tset"]
    for source in SOURCES:
        for k in range(GROUPS):
            model = GenomeModel(rng)
            genes = [model.protein(250) for _ in range(12)]
            if source in ("virus", "plasmid"):
                mine = shared if source == "virus" else shared[2:]
                genes += [mutate(protein, 0.15, rng) for protein in mine * 2]
            text = "".join(
                model.spacer(60) + model.gene(genes[g]) for g in rng.permutation(len(genes))
            )
            fasta.append(f">{source}{k}\n{text}\n")
            rows.append(f"{source}{k}\t{source}\tg{k}\t{len(text)}\t")
    (folder / "all.fasta").write_text("".join(fasta))
    (folder / "all.tsv").write_text("\n".join(rows) + "\n")
    return folder / "all.fasta", folder / "all.tsv"


@pytest.fixture(scope="module")
def clusters(labelled: tuple[Path, Path]) -> Path:
    """Of the proteins that are written without clusters: by their likeness to the longest."""
    fasta, table = labelled
    out = fasta.parent / "proteins"
    train_hallmarks(fasta, table, None, out, SMALL)
    assert [p.name for p in out.iterdir()] == ["proteins.faa"]
    lines = (out / "proteins.faa").read_text().split("\n")
    proteins = {name[1:]: text for name, text in zip(lines[::2], lines[1::2], strict=False)}
    of: dict[str, set[str]] = {}
    rows = []
    for name, text in proteins.items():
        words = {text[k : k + 4] for k in range(len(text) - 3)}
        best = max(of, key=lambda other: len(of[other] & words), default="")
        if not best or len(of[best] & words) < 30:
            best = name
            of[name] = words
        rows.append(f"{best}\t{name}\n")
    path = out / "clusters.tsv"
    path.write_text("".join(rows))
    return path


def every(group: int) -> bool:
    return True


@pytest.fixture(scope="module")
def proteins(labelled: tuple[Path, Path]) -> dict[str, str]:
    return predict_proteins(labelled[0], read_table(labelled[1]), SMALL)


def test_families_are_what_groups_of_viruses_share_and_plasmids_do_not(
    labelled: tuple[Path, Path], clusters: Path, proteins: dict[str, str]
) -> None:
    rows: Rows = read_table(labelled[1])
    known = read_clusters(clusters, proteins, rows, SMALL)

    def chosen(learnt: Learnt, **settings: float) -> list[Cluster]:
        return choose_families(known, proteins, learnt, replace(SMALL, **settings))

    families = chosen(every)
    assert len(known) == 3
    assert len(families) == 2
    assert all(len(family.viruses) == GROUPS for family in families)
    names = [name for family in families for group in family.viruses.values() for name in group]
    assert all(name.startswith("virus") for name in names)
    assert len(chosen(every, ratio=1)) == 3
    assert len(chosen(every, columns=400)) == 1
    assert not chosen(every, longest_family=100)
    first, *others_of_it = sorted(families[0].viruses)
    assert not chosen(lambda group: group in others_of_it[:2])
    assert len(chosen(lambda group: group != first)) == 2
    whole = profiles_of(families, proteins, every, SMALL)
    assert all(280 <= len(columns) <= 330 for columns, _ in whole.values())
    others = profiles_of(families, proteins, lambda group: group != first, SMALL)
    assert all((others[number][0] != whole[number][0]).any() for number in whole)


def test_the_family_that_tells_most_viruses_that_have_none_is_next() -> None:
    groups = [(0, 1, 2, 3), (0, 1, 2), (4, 5), (3, 6, 7)]
    known = [
        Cluster(number, {group: [f"p{number}"] for group in some}, frozenset())
        for number, some in enumerate(groups)
    ]
    proteins = {"p0": "A" * 100, "p1": "A" * 100, "p2": "A" * 100, "p3": "A" * 400}
    settings = replace(SMALL, least_groups=2, columns=1_000, again=0.5)
    chosen = choose_families(known, proteins, every, settings)
    assert [cluster.number for cluster in chosen] == [0, 2, 1, 3]
    short = choose_families(known, proteins, every, replace(settings, columns=350))
    assert [cluster.number for cluster in short] == [0, 2, 1]


def test_clusters_of_other_proteins_are_refused(
    labelled: tuple[Path, Path], proteins: dict[str, str], tmp_path: Path
) -> None:
    rows, other = read_table(labelled[1]), tmp_path / "other.tsv"
    other.write_text("virus0_0\tfish_1\n")
    with pytest.raises(InputError, match=r"'fish_1' is none of the proteins; give .*proteins\.faa"):
        read_clusters(other, proteins, rows, SMALL)
    other.write_text("virus0_0\n")
    with pytest.raises(InputError, match="line 1: a cluster's representative and a member"):
        read_clusters(other, proteins, rows, SMALL)
    other.write_bytes(b"\xff\tfish\n")
    with pytest.raises(InputError, match="'fish' is none of the proteins"):
        read_clusters(other, proteins, rows, SMALL)
    other.write_text("virus0_0\tvirus0_0\nvirus0_0\tvirus1_0\n")
    with pytest.raises(InputError, match="no cluster has proteins of 3 groups of viruses"):
        read_clusters(other, proteins, rows, SMALL)


def test_too_few_families_are_told_before_networks_are_learnt(
    labelled: tuple[Path, Path], clusters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(**settings: float) -> None:
        train_hallmarks(*labelled, clusters, tmp_path / "out", replace(SMALL, **settings))

    def none(*_: object) -> None:
        raise AssertionError("too late")

    with monkeypatch.context() as patch:
        patch.setattr(hallmarks, "cross_validate", none)
        with pytest.raises(InputError, match="none of 3 families is one of 3 groups of viruses"):
            train(longest_family=100)
    with pytest.raises(InputError, match="none of 2 families tells viruses from cells"):
        train(least_evidence=100, most_evidence=100, steps=5)
    assert not list((tmp_path / "out").iterdir())


def test_a_logistic_regression_is_that_of_others() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(3, 4, (500, 2)), np.ones(500)])
    y = (rng.random(500) < 1 / (1 + np.exp(-(x @ [0.7, -0.3, -1])))).astype(float)
    weight = rng.uniform(0.1, 2, 500)
    other = linear.LogisticRegression(C=1e9, tol=1e-9, max_iter=10_000)
    other.fit(x[:, :2], y, sample_weight=weight)
    found = logistic(x, y, weight, 1e-9)
    assert found == pytest.approx([*other.coef_[0], other.intercept_[0]], rel=1e-3)
    assert abs(logistic(x, y, weight, 1e6)[:2]).max() < 1e-3
    assert shares(0.01)[3] < 0.011


def test_what_is_learnt_is_read_by_the_program_and_better_than_the_network_alone(
    labelled: tuple[Path, Path], clusters: Path, tmp_path: Path
) -> None:
    arguments = [str(labelled[0]), "--table", str(labelled[1]), "--clusters", str(clusters)]
    few = {
        name: getattr(SMALL, name)
        for name in ("fragments", "longest", "width", "steps", "batch", "members", "folds")
    }
    few |= {"columns": 1_000, "least-groups": 3, "ridge": 1e-3}
    options = [word for name, value in few.items() for word in (f"--{name}", str(value))]
    for out in ("a", "b"):
        where = ["-o", str(tmp_path / out), "--folds-to", str(tmp_path / out / "folds")]
        assert main(["hallmarks", *arguments, *where, *options]) == 0
    held = shipped_arrays(tmp_path / "a" / "hallmarks.npz", SHAPES)
    shipped = hallmarks_of(held)
    assert len(shipped.profiles) == 2
    assert (shipped.evidence > 1).all()
    again = shipped_arrays(tmp_path / "b" / "hallmarks.npz", SHAPES)
    assert all((held[name] == again[name]).all() for name in held)
    told = json.loads((tmp_path / "a" / "hallmarks.json").read_text())
    assert told["families"] == 2
    assert told["fragments with a family, with two"]["virus"][0] > 0.5
    assert told["fragments with a family, with two"]["bacterium"] == [0, 0]
    for alone, together in zip(told["from 5 kb"][::2], told["from 5 kb"][1::2], strict=True):
        assert (alone["by"], together["by"]) == ("network", "and families")
        assert together["recall at precision 0.9"] >= alone["recall at precision 0.9"]
    folds = tmp_path / "a" / "folds"
    with open(folds / "folds.tsv", newline="") as handle:
        fold_of = {row["sequence"]: row["fold"] for row in csv.DictReader(handle, delimiter="\t")}
    assert set(fold_of.values()) == {"0", "1"}
    for fold in ("fold0", "fold1"):
        shipped_arrays(folds / fold / "kinds.npz", NETWORK)
        shipped_arrays(folds / fold / "hallmarks.npz", SHAPES)
        assert (folds / fold / "peptides.npz").exists()
        assert (folds / fold / "hexamers.npz").exists()
