"""Answers of earlier searches: what is known is not asked, and nothing comes out otherwise."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from llmbin.features.scan import watched
from llmbin.genes import markers, verdicts
from llmbin.genes.candidates import Candidate
from llmbin.genes.markers import MarkerSearch, load_marker_set
from llmbin.genes.matches import Matches
from llmbin.genes.verdicts import ANSWER, EarlierAnswers, KnownAnswers, keys_of
from llmbin.io.contigs import Codes, Contig
from llmbin.tools.synthetic import marker_proteins, synthetic_genome

pytest.importorskip("pyhmmer")


def searched(contigs: list[Codes], known: KnownAnswers | None) -> tuple[Matches, KnownAnswers]:
    earlier = None if known is None else EarlierAnswers(lambda: known)
    search = MarkerSearch(load_marker_set(), 2, earlier)
    for _ in watched([Contig(i, f"c{i}", codes) for i, codes in enumerate(contigs)], [search], 2):
        pass
    found = search.matches()
    return found, KnownAnswers() if earlier is None else earlier.found or KnownAnswers()


@pytest.fixture(scope="module")
def genome() -> Codes:
    from llmbin._kernels import encode_bases

    rng = np.random.default_rng(5)
    return encode_bases(synthetic_genome(rng, 400_000, marker_proteins()).encode())


def test_joined_contigs_have_the_matches_of_a_search_that_knows_nothing(
    genome: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [np.ascontiguousarray(piece) for piece in np.array_split(genome, 8)]
    first, known = searched(pieces, KnownAnswers())
    assert len(first.contig) and len(known.keys) >= len(first.contig)
    asked = 0
    align = markers.align

    def counted(profile: object, candidates: list[Candidate], cutoff: float) -> object:
        nonlocal asked
        asked += len(candidates)
        return align(profile, candidates, cutoff)

    monkeypatch.setattr(markers, "align", counted)
    plain, _ = searched([genome], None)
    of_all, asked = asked, 0
    joined, more = searched([genome], known)
    assert asked < 0.2 * of_all
    for field in fields(Matches):
        np.testing.assert_array_equal(getattr(joined, field.name), getattr(plain, field.name))
    assert set(map(bytes, known.keys)) <= set(map(bytes, more.keys))
    asked = 0
    searched([genome], more)
    assert asked == 0


def test_a_key_is_of_family_protein_and_diagonal() -> None:
    one = Candidate(3, "MKLV", 7)
    same = Candidate(8, "MKLV", 7, begin_cut=True)
    others = [
        (1, Candidate(3, "MKLV", 7)),
        (0, Candidate(3, "MKLA", 7)),
        (0, Candidate(3, "MKLV", -7)),
    ]
    keys = [keys_of(family, [c]).tobytes() for family, c in [(0, one), *others]]
    assert len(set(keys)) == 4
    assert keys_of(0, [same]).tobytes() == keys[0]


def test_what_was_asked_last_stays_when_there_is_no_room_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 1 << 63, (50, 2)).astype(np.uint64)
    answers = np.zeros(50, ANSWER)
    answers["bits"] = np.arange(50)
    known = KnownAnswers().after(keys[:30], answers[:30])
    monkeypatch.setattr(verdicts, "MOST", 35)
    known = known.after(keys[20:], answers[20:])
    assert len(known.keys) == len(known.answers) == 35
    there, place = known.look_up(keys)
    assert there[20:].all()
    assert there[:20].sum() == 5
    np.testing.assert_array_equal(known.answers["bits"][place[there]], np.flatnonzero(there))
