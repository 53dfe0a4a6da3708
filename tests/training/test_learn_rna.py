from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmbin.errors import InputError
from llmbin.genes.rna import DATA, KINDS
from llmbin.training.rna import learn_cloverleaf, learn_rna, read_cloverleaves

pytest.importorskip("pyhmmer")

GENE = "gcccggatagctcagtcggtagagcaggggattgaaaatccccgtgtccttggttcgattccgagtccgggcacca"
SHAPE = "(((((((  ((((dddddddd)))) (((((  AAA  )))))     (((((ttttttt))))))))))))    "


def printed(genes: list[tuple[str, str, str]]) -> str:
    """As ``aragorn -br`` prints them."""
    return "\n".join(
        f" \n    tRNA-{name}\n\nPrimary sequence for tRNA-{name}\n{sequence}\n{shape}\n\n"
        for name, sequence, shape in genes
    )


def test_cloverleaves_are_read_but_for_odd_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    odd = [
        ("?(Asn|Stop)(gtta)", GENE, SHAPE),
        ("Phe(gaa)", GENE.replace("c", "n", 1), SHAPE),
        ("Phe(gaa)", GENE, SHAPE.replace("ttttttt", "tttttt ")),
        ("Phe(gaa)", GENE, SHAPE.replace("A", " ")),
        ("Phe(gaa)", GENE[:60], SHAPE[:60]),
    ]
    path.write_text("ARAGORN\n" + printed([("Phe(gaa)", GENE, SHAPE), *odd]))
    (gene,) = read_cloverleaves(path)
    assert (gene.d_arm, gene.variable) == (16, 5)
    text = "".join("acgt"[base] for base in gene.bases)
    assert text[gene.anticodon : gene.anticodon + 3] == "gaa"
    watson_crick = {"at", "ta", "gc", "cg", "gt", "tg"}
    assert sum(text[i] + text[j] in watson_crick for i, j in gene.pairs) == 21
    model = learn_cloverleaf([gene] * 20)
    assert model.best_turns(gene) == (2, 1)
    assert text[14 + 2 + 1 : 14 + 2 + 3] == "gg"  # 18 and 19
    np.testing.assert_allclose((2.0**model.pairs).sum(1), 16)
    np.testing.assert_allclose((2.0**model.singles).sum(1), 4)


def test_profiles_are_those_of_the_genes(tmp_path: Path) -> None:
    with np.load(DATA, allow_pickle=False) as held:
        best = held["profiles"][: held["first"][1]].argmax(1)
    rng = np.random.default_rng(0)
    genes = np.where(rng.random((30, len(best))) < 0.1, rng.integers(0, 4, (30, 1)), best)
    texts = ("".join("ACGT"[base] for base in gene) for gene in genes)
    (tmp_path / "5S.fa").write_text("".join(f">g{i}\n{text}\n" for i, text in enumerate(texts)))
    (tmp_path / "t.txt").write_text(printed([("Phe(gaa)", GENE, SHAPE)]))
    files = {kind: [tmp_path / "5S.fa"] for kind in KINDS}
    learn_rna(files, [tmp_path / "t.txt"], tmp_path / "rna.npz")
    with np.load(tmp_path / "rna.npz", allow_pickle=False) as held:
        assert held["kinds"].tolist() == [0, 1, 2]
        first = held["first"].tolist()
        assert abs(first[1] - len(best)) <= 3
        learnt = held["profiles"][: first[1]]
        np.testing.assert_allclose((2.0 ** learnt.astype(np.float64)).sum(1), 4, atol=0.1)
        if first[1] == len(best):
            assert (learnt.argmax(1) == best).mean() > 0.97
    with pytest.raises(InputError, match="no transfer RNAs"):
        learn_rna(files, [tmp_path / "5S.fa"], tmp_path / "no.npz")
    assert not (tmp_path / "no.npz").exists()
