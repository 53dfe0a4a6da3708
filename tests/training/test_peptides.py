from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from llmbin._kernels import PeptideTable, codons, peptide_words
from llmbin.features.composition import SHORTEST_FRAME
from llmbin.features.peptides import COLUMNS, SHARED, WORD_KINDS
from llmbin.io.contigs import Contig
from llmbin.training.peptides import FragmentWords, columns_of, kinds_of, survey

EUKARYOTE, VIRUS = 2, 3
SOURCE = np.repeat(np.arange(WORD_KINDS), 50)  # of groups: 100 to 149 are of eukaryotes
EVERYONE = np.ones(len(SOURCE), bool)


def genes(rng: np.random.Generator, bases: int) -> np.ndarray:
    """A long open frame on the forward strand."""
    sense = np.array([c for c in range(64) if c not in (48, 50, 56)])
    codons_ = rng.choice(sense, bases // 3)
    return np.stack([codons_ >> 4, codons_ >> 2 & 3, codons_ & 3], 1).ravel().astype(np.uint8)


@pytest.fixture(scope="module")
def shared() -> list[np.ndarray]:
    """A gene of each kind."""
    rng = np.random.default_rng(1)
    return [genes(rng, 6_000) for _ in range(2)]


def contig(rng: np.random.Generator, *parts: np.ndarray) -> Contig:
    """Those parts, and some bases of its own."""
    return Contig(0, "c", np.concatenate([*parts, genes(rng, 3_000)]))


def test_words_tell_of_the_kind_whose_groups_share_them(shared: list[np.ndarray]) -> None:
    rng = np.random.default_rng(2)
    sequences = [(k, contig(rng, shared[0])) for k in range(100, 103)]
    sequences += [(k, contig(rng, shared[1])) for k in range(150, 154)]
    known = survey(sequences, SOURCE)
    words, column = known.table(EVERYONE, 1_000)
    want = [set(peptide_words(gene, SHORTEST_FRAME).tolist()) for gene in shared]
    for kind, gene in zip((EUKARYOTE, VIRUS), want, strict=True):
        found = set(words[column // len(SHARED) == kind].tolist())
        assert len(found & gene) > 0.9 * len(gene) and len(found - gene) <= 5
    # At most so many of a column: those that most groups share, and none if they are alike.
    assert len(known.table(EVERYONE, 3)[0]) == 0
    # Two groups are enough, and one is not.
    learn = EVERYONE.copy()
    learn[101:103] = False
    words, column = known.table(learn, 1_000)
    kinds = column // len(SHARED)
    assert not (kinds == EUKARYOTE).any() and (kinds == VIRUS).any()


def test_a_fragment_does_not_meet_the_words_of_its_own_group(shared: list[np.ndarray]) -> None:
    rng = np.random.default_rng(3)
    sequences = [(k, contig(rng, shared[0])) for k in range(100, 102)]
    sequences += [(k, contig(rng, shared[1])) for k in range(150, 153)]
    known = survey(sequences, SOURCE)
    drawn = FragmentWords()
    fragments = [Contig(0, "f", gene) for gene in (shared[0], shared[0], shared[1])]
    drawn.keep(fragments, drawn.look(fragments))
    words, owner = drawn.result()
    # The first is of a group that has the gene, which one other group has; the second of one that
    # has it not; the third of one that has it, as two others have.
    group = np.array([100, 105, 150])
    seen = known.seen(words, owner, group, EVERYONE, 1_000)
    assert seen[0, :COLUMNS].sum() <= 2
    few = len(SHARED) * np.array([EUKARYOTE, VIRUS])  # two groups share them
    assert seen[1, few[0]] > 0.9 * seen[1, COLUMNS]
    assert seen[2, few[1]] > 0.9 * seen[2, COLUMNS]
    # What is seen of a stranger is what the program counts with the table.
    table = PeptideTable(*known.table(EVERYONE, 1_000), COLUMNS)
    counted = codons([shared[0]], SHORTEST_FRAME, table, np.zeros((0, 2_080), np.int16))[4]
    assert counted[0].tolist() == seen[1].tolist()


def test_groups_that_share_nothing_know_nothing() -> None:
    rng = np.random.default_rng(6)
    known = survey([(100, contig(rng))], SOURCE)
    assert len(known.table(EVERYONE, 10)[0]) == 0
    words = peptide_words(genes(rng, 900), SHORTEST_FRAME)
    owner = np.zeros(len(words), np.int64)
    seen = known.seen(words, owner, np.array([101]), EVERYONE, 10)
    assert seen.tolist() == [[0] * COLUMNS + [len(words)]] and len(words) > 10


def test_a_word_that_two_kinds_share_tells_of_none() -> None:
    groups = np.array([400, 50, 50, 1300, 130])
    found = np.array(
        [[0, 0, 2, 0, 0], [0, 0, 1, 0, 0], [40, 0, 6, 0, 0], [40, 40, 40, 40, 40], [0, 0, 0, 9, 0]]
    )
    assert kinds_of(found, groups).tolist() == [EUKARYOTE, -1, -1, -1, VIRUS]


def test_what_many_groups_share_counts_apart_from_what_few_do() -> None:
    found = np.zeros((5, WORD_KINDS), np.int64)
    found[:, VIRUS] = [2, 3, 5, 6, 40]
    columns = columns_of(found, np.array([VIRUS, VIRUS, VIRUS, VIRUS, -1]))
    assert columns.tolist() == [9, 10, 10, 11, -1]
