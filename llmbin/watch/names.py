"""Names of genomes that stay from round to round, while contigs and their names change.

A genome is known by its sketch (`genes/sketches.py`): a few of its spaced words, by hash. Contigs
that did not change share all of theirs, and what an assembler joined or cut anew nearly all. A bin
takes the name of the genome with which it shares most words, if that genome shares most with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import OutputError, first_line
from ..io.arrays import npz_arrays
from ..io.names import packed_names, unpacked_names
from ..io.outputs import whole_file
from ..options import bin_name
from ..resources import check_room

LEAST_SHARE = 0.2  # of the words of the smaller: those of other species share next to none
ROUNDS_KEPT = 50  # that a genome may be missing for and still be known

Words: TypeAlias = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Genome:
    """A name, the words it was last seen with (ascending), and the round in which that was."""

    name: str
    words: Words
    seen: int


@dataclass(frozen=True)
class Known:
    """The genomes of all rounds so far, and how many names were given."""

    genomes: Sequence[Genome] = ()
    given: int = 0

    def named(self, sketches: Sequence[Words], number: int, prefix: str) -> Known:
        """With the bins of round ``number``; theirs are the first of its genomes, in order."""
        taken = matched([genome.words for genome in self.genomes], sketches)
        names, given = [], self.given
        for row in taken:
            if row >= 0:
                names.append(self.genomes[row].name)
            else:
                names.append(bin_name(prefix, given))
                given += 1
        seen = [Genome(n, words, number) for n, words in zip(names, sketches, strict=True)]
        gone = [
            genome
            for row, genome in enumerate(self.genomes)
            if row not in taken and number - genome.seen <= ROUNDS_KEPT
        ]
        return Known([*seen, *gone], given)


def matched(earlier: Sequence[Words], now: Sequence[Words]) -> list[int]:
    """Of each sketch, the row of the earlier one that is the same genome, or -1.

    The two share more words than either with any other, and enough of the smaller one's.
    """
    if not earlier or not now:
        return [-1] * len(now)
    words = np.concatenate(earlier)
    of = np.repeat(np.arange(len(earlier)), [len(sketch) for sketch in earlier])
    order = np.argsort(words, kind="stable")
    words, of = words[order], of[order]
    shared = np.zeros((len(now), len(earlier)), np.int64)
    for row, sketch in enumerate(now):
        first, last = (np.searchsorted(words, sketch, side) for side in ("left", "right"))
        count = last - first
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        shared[row] = np.bincount(of[np.repeat(first, count) + within], minlength=len(earlier))
    best, back = shared.argmax(1), shared.argmax(0)
    return [
        int(other)
        if back[other] == row
        and shared[row, other] >= LEAST_SHARE * min(len(earlier[other]), len(now[row]))
        and shared[row, other]
        else -1
        for row, other in enumerate(best.tolist())
    ]


def write_known(path: Path, known: Known) -> None:
    """Keep it.

    Raises:
        StorageError: it cannot be written.
    """
    sizes = [len(genome.words) for genome in known.genomes]
    arrays: dict[str, Any] = {
        "names": packed_names(genome.name for genome in known.genomes),
        "seen": np.array([genome.seen for genome in known.genomes], np.int64),
        "ends": np.cumsum(sizes, dtype=np.int64),
        "words": np.concatenate([genome.words for genome in known.genomes] or [_NONE]),
        "given": np.array(known.given),
    }
    with whole_file(path) as handle:
        np.savez(handle, **arrays)


def read_known(path: Path) -> Known:
    """What `write_known` kept; nothing if there is no such file.

    Raises:
        OutputError: it is damaged, which no change of the folder mends.
    """
    if not path.exists():
        return Known()
    try:
        arrays = npz_arrays(path)
        names = unpacked_names(arrays["names"])
        words = np.split(arrays["words"], arrays["ends"][:-1]) if names else []
        rows = zip(names, words, arrays["seen"].tolist(), strict=True)
        return Known([Genome(*row) for row in rows], int(arrays["given"]))
    except Exception as error:  # damaged zip files make zipfile and numpy raise all sorts
        check_room(error)
        raise OutputError(
            f"{path}: damaged ({first_line(error)}); delete it, and genomes get new names"
        ) from None


_NONE = np.empty(0, np.uint32)
