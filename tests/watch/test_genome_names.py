from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from forged import with_huge_array

from llmbin.errors import OutputError
from llmbin.watch.names import ROUNDS_KEPT, Known, matched, read_known, write_known


def genome(seed: int, n: int = 2000) -> np.ndarray:
    return np.unique(np.random.default_rng(seed).integers(0, 1 << 23, n).astype(np.uint32))


def part(words: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    return words[np.random.default_rng(seed).random(len(words)) < share]


def together(*parts: np.ndarray) -> np.ndarray:
    return np.unique(np.concatenate(parts))


def names(known: Known, n: int) -> list[str]:
    return [g.name for g in known.genomes[:n]]


def test_genomes_keep_their_names_whatever_their_order_and_growth() -> None:
    whole = [genome(g) for g in range(6)]
    first = Known().named([part(w, 0.4, g) for g, w in enumerate(whole)], 1, "bin")
    assert names(first, 6) == [f"bin.000{g + 1}" for g in range(6)]
    order = [4, 2, 0, 5, 1, 3]
    second = first.named([part(whole[g], 0.8, 9 + g) for g in order], 2, "bin")
    assert names(second, 6) == [f"bin.000{g + 1}" for g in order]


def test_a_new_genome_gets_a_name_that_was_never_given() -> None:
    first = Known().named([genome(1), genome(2)], 1, "mag_{}")
    second = first.named([genome(2)], 2, "mag_{}")
    third = second.named([genome(3), genome(2)], 3, "mag_{}")
    assert names(third, 2) == ["mag_0003", "mag_0002"]


def test_a_genome_that_was_missing_for_a_while_is_known_again() -> None:
    known = Known().named([genome(1), genome(2)], 1, "bin")
    known = known.named([genome(2)], 2, "bin")
    assert names(known.named([genome(1)], 3, "bin"), 1) == ["bin.0001"]
    for number in range(3, 4 + ROUNDS_KEPT):
        known = known.named([genome(2)], number, "bin")
    assert len(known.genomes) == 1
    assert names(known.named([genome(1)], 99, "bin"), 1) == ["bin.0003"]


def test_the_larger_part_of_a_genome_keeps_its_name_and_so_does_the_larger_of_two() -> None:
    whole = genome(1)
    earlier = [whole, genome(2)]
    third = len(whole) // 3
    assert matched(earlier, [whole[:third], whole[third:]]) == [-1, 0]
    both = together(genome(2), genome(1)[:900])
    assert matched(earlier, [both]) == [1]


def test_relatives_are_told_apart() -> None:
    """Two that share two fifths of their words, in part of which they are now."""
    shared = genome(1, 800)
    a, b = (together(shared, genome(g, 1200)) for g in (2, 3))
    assert matched([a, b], [part(b, 0.6), part(a, 0.5)]) == [1, 0]


def test_strangers_share_too_little() -> None:
    assert matched([genome(1)], [genome(2), together(genome(1)[:100], genome(3))]) == [-1, -1]
    assert matched([], [genome(1)]) == [-1]
    assert matched([genome(1)], []) == []
    none = np.empty(0, np.uint32)
    assert matched([none], [none, genome(1)]) == [-1, -1]


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    for known in (Known(), Known().named([genome(1), genome(2, 5)], 7, "bin")):
        write_known(tmp_path / "names.npz", known)
        found = read_known(tmp_path / "names.npz")
        assert found.given == known.given
        assert [(g.name, g.seen, g.words.tolist()) for g in found.genomes] == [
            (g.name, g.seen, g.words.tolist()) for g in known.genomes
        ]
    assert read_known(tmp_path / "none.npz") == Known()


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "names.npz"
    write_known(path, Known().named([genome(1)], 1, "bin"))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(OutputError, match="names\\.npz: damaged"):
        read_known(path)
    write_known(path, Known().named([genome(1)], 1, "bin"))
    path.write_bytes(with_huge_array(path.read_bytes(), "words"))
    with pytest.raises(OutputError, match="names\\.npz: damaged"):
        read_known(path)
