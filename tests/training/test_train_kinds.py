from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from llmbin.errors import InputError
from llmbin.features import hexamers, peptides
from llmbin.kinds.network import TOLD_APART, kind_network_of
from llmbin.training.cli import main
from llmbin.training.hallmarks import train_hallmarks
from llmbin.training.kind_fragments import SOURCES, draw_fragments, read_table
from llmbin.training.kind_judgement import best_temperature, probabilities_of
from llmbin.training.kinds import folds_of, train_kinds
from llmbin.training.settings import HallmarkTraining, KindTraining

SMALL = KindTraining(fragments=60, longest=6_000, width=8, steps=150, batch=64, folds=2)
# Shares of A, C, G and T, by which these sources are easy to tell apart.
SHARES = {
    "bacterium": (0.25, 0.25, 0.25, 0.25),
    "archaeon": (0.1, 0.4, 0.4, 0.1),
    "eukaryote": (0.4, 0.1, 0.1, 0.4),
    "virus": (0.5, 0.2, 0.2, 0.1),
    "plasmid": (0.25, 0.25, 0.25, 0.25),
}
GENE = "".join(np.random.default_rng(9).choice([a + b + "C" for a in "ACG" for b in "ACGT"], 600))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Three groups of each source, a sequence each; the last of the bacteria is held.

    Those of eukaryotes have a gene in common.
    """
    rng, folder = np.random.default_rng(1), tmp_path_factory.mktemp("kinds")
    fasta, rows = [], ["sequence\tkind\tgroup\tbases\tset"]
    for source, shares in SHARES.items():
        for k in range(3):
            bases = "".join(rng.choice(list("ACGT"), 40_000, p=shares))
            bases = bases[:20_000] + GENE * (source == "eukaryote") + bases[20_000:]
            name = f"{source}{k}"
            fasta.append(f">{name}\n{bases}\n")
            held = "held" if name == "bacterium2" else ""
            rows.append(f"{name}\t{source}\tg{k}\t{len(bases)}\t{held}")
    (folder / "all.fasta").write_text("".join(fasta))
    (folder / "all.tsv").write_text("\n".join(rows) + "\n")
    return folder / "all.fasta", folder / "all.tsv"


def test_a_network_learns_kinds_and_is_judged_on_groups_left_out(
    labelled: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmbin.training.peptides.LEAST_RATIO", 1)  # three groups leave much doubt
    train_kinds(*labelled, tmp_path, SMALL)
    with np.load(tmp_path / "kinds.npz", allow_pickle=False) as arrays:
        network = kind_network_of({name: arrays[name] for name in arrays.files})
    # What is in the two files fits together, read as the program reads them.
    monkeypatch.setattr(peptides, "DATA", tmp_path / "peptides.npz")
    table = peptides.load_peptide_table.__wrapped__()
    monkeypatch.setattr("llmbin.features.composition.load_peptide_table", lambda: table)
    monkeypatch.setattr(hexamers, "DATA", tmp_path / "hexamers.npz")
    weights = hexamers.load_hexamer_weights.__wrapped__()
    monkeypatch.setattr("llmbin.features.composition.load_hexamer_weights", lambda: weights)
    fragments = draw_fragments(labelled[0], read_table(labelled[1]), SMALL)
    made = fragments.composed
    for genes in (fragments.genes, np.full_like(fragments.genes, np.nan)):
        likely = network.probabilities(made.vectors, made.frames, genes, fragments.lengths)
        assert (likely.argmax(1) == fragments.kind).mean() > 0.95
    evaluation = json.loads((tmp_path / "evaluation.json").read_text())
    assert evaluation["groups"] == dict.fromkeys(SOURCES, 3)
    assert evaluation["called"]["plasmid"]["bacterium"] > 0.5
    assert set(evaluation["called"]) == {*SOURCES, "bacterium (held)"}
    longer = evaluation["by_length"][2]["eukaryote"]
    assert longer["recall at precision 0.9"] > 0.9
    assert longer["alike"]["precision"] >= longer["precision"]
    virus = evaluation["by_length"][2]["virus"]  # of which a metagenome has fewest
    assert virus["equal"]["precision"] >= virus["precision"]
    assert [(row["from"], row.get("below")) for row in evaluation["by_length"][-3:]] == [
        (10_000, None),
        (3_000, None),
        (5_000, None),
    ]


def test_fragments_are_of_their_sequences_and_folds_of_whole_groups(
    labelled: tuple[Path, Path],
) -> None:
    fragments = draw_fragments(labelled[0], read_table(labelled[1]), SMALL)
    again = draw_fragments(labelled[0], read_table(labelled[1]), SMALL)
    assert (fragments.composed.vectors == again.composed.vectors).all()
    assert (fragments.lengths >= SMALL.shortest).all()
    assert (fragments.lengths <= SMALL.longest).all()
    assert np.bincount(fragments.source).tolist() == pytest.approx([60] * 5, abs=3)
    fold = folds_of(fragments, SMALL)
    for group in np.unique(fragments.group):
        assert len(np.unique(fold[fragments.group == group])) == 1
    weight = fragments.weights(0.3)
    kinds = np.bincount(fragments.kind, weight)
    assert kinds.tolist() == pytest.approx([0.25] * len(TOLD_APART))
    assert weight[fragments.source == len(TOLD_APART)].sum() == pytest.approx(0.3 * 0.25)


def test_odds_that_are_too_sure_are_cooled(labelled: tuple[Path, Path]) -> None:
    fragments = draw_fragments(labelled[0], read_table(labelled[1]), SMALL)
    rng = np.random.default_rng(1)
    likely = rng.dirichlet(np.ones(4), len(fragments.kind))
    drawn = np.array([rng.choice(4, p=row) for row in likely])
    drawn_of = type(fragments)(**{**vars(fragments), "source": drawn, "held": fragments.held})
    assert best_temperature(2 * np.log(likely), drawn_of, SMALL) == pytest.approx(2, abs=0.4)
    assert probabilities_of(np.zeros((1, 4)))[0].tolist() == pytest.approx([0.8, 0.05, 0.1, 0.05])


def test_wrong_tables_are_refused(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    fasta, table = labelled
    rows = table.read_text().splitlines()
    other = tmp_path / "other.tsv"
    other.write_text("\n".join([rows[0], rows[1].replace("bacterium\t", "fish\t"), *rows[2:]]))
    with pytest.raises(InputError, match="'fish' is none of bacterium"):
        read_table(other)
    for text, message in (
        ("x", r"line 2: 'x' is no number of bases"),
        ("-5", r"line 2: '-5' is no number of bases"),
        ("", r"line 2: '' is no number of bases"),
    ):
        first = rows[1].split("\t")
        first[3] = text
        other.write_text("\n".join([rows[0], "\t".join(first), *rows[2:]]))
        with pytest.raises(InputError, match=message):
            read_table(other)
    other.write_text("sequence\tkind\tgroup\na\tvirus\tg\n")
    with pytest.raises(
        InputError, match="no column 'bases'; it needs sequence, kind, group, bases"
    ):
        read_table(other)
    other.write_text("\n".join(row for row in rows if "virus" not in row))
    with pytest.raises(InputError, match="is a virus"):
        read_table(other)
    other.write_text("\n".join(row for row in rows if "virus1" not in row))
    with pytest.raises(InputError, match="'virus1' has no row"):
        train_kinds(fasta, other, tmp_path / "out", SMALL)


def test_rows_without_a_sequence_are_refused(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    fasta, table = labelled
    other = tmp_path / "other.tsv"
    other.write_text(table.read_text() + "virus9\tvirus\tg9\t40000\t\n")
    said = r"other\.tsv: 1 of its 16 sequences are not in .*all\.fasta, as 'virus9'; give them"
    with pytest.raises(InputError, match=said):
        train_kinds(fasta, other, tmp_path / "out", SMALL)
    with pytest.raises(InputError, match=said):
        train_hallmarks(fasta, other, None, tmp_path / "out", HallmarkTraining())
    assert not list((tmp_path / "out").iterdir())


def test_the_command_passes_its_settings_on(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    fasta, table = map(str, labelled)
    few = ["--fragments", "40", "--steps", "20", "--folds", "2", "--width", "4"]
    assert main(["kinds", fasta, "--table", table, "-o", str(tmp_path / "out"), *few]) == 0
    evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert evaluation["settings"]["width"] == 4
