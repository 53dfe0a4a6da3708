"""Prints of proteins, by which two genes of a family are told to be much alike.

A lineage that has a family twice got the second gene long ago: the two differ. Those of two
relatives whose contigs are in one bin are much alike. Which proteins share words of four residues
is told by the least hash of these in each of some classes (Li, Owen & Zhang 2012: one permutation
hashing).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

WIDTH = 64  # classes of words
WORD = 4  # residues
NONE = 255  # no word of the class is in the protein
LETTERS = b"ACDEFGHIKLMNPQRSTVWY"
UNKNOWN = len(LETTERS)
# Of a hash (Steele, Lea & Flood 2014), which spreads words over classes and values.
SPREAD, MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)

Prints = npt.NDArray[np.uint8]
"""Of n proteins: uint8 [n, WIDTH], of each class of words the least value, from 0 to `NONE`."""

RESIDUES = np.full(256, UNKNOWN, np.uint64)
RESIDUES[np.frombuffer(LETTERS, np.uint8)] = np.arange(UNKNOWN)


def no_prints(proteins: int) -> Prints:
    """Of so many proteins that were not looked at; they cannot be written to."""
    return np.broadcast_to(np.uint8(NONE), (proteins, WIDTH))


def prints_of(proteins: Sequence[str]) -> Prints:
    """Those of proteins; words with an unknown residue do not count."""
    out = np.full((len(proteins), WIDTH), NONE, np.uint8)
    residues = RESIDUES[np.frombuffer("".join(proteins).encode("ascii"), np.uint8)]
    words = len(residues) - WORD + 1
    if words < 1:
        return out
    own = np.repeat(np.arange(len(proteins)), [len(protein) for protein in proteins])
    code, known = np.zeros(words, np.uint64), own[:words] == own[WORD - 1 :]
    for k in range(WORD):
        residue = residues[k : k + words]
        code = code * np.uint64(UNKNOWN) + residue
        known &= residue < UNKNOWN
    hashes = _hashed(code[known])
    of_class = (hashes % np.uint64(WIDTH)).astype(np.int64)
    value = ((hashes >> np.uint64(20)) % np.uint64(NONE)).astype(np.uint8)
    np.minimum.at(out, (own[:words][known], of_class), value)
    return out


def _hashed(codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    mixed = (codes + np.uint64(1)) * SPREAD
    mixed ^= mixed >> np.uint64(29)
    mixed *= MIX
    return mixed ^ (mixed >> np.uint64(32))


def words_shared(first: Prints, second: Prints) -> npt.NDArray[np.float32]:
    """The share of words that two proteins have in common, of those of either: float32 [n]."""
    there = (first != NONE) | (second != NONE)
    same = (first == second) & there
    return np.asarray(same.sum(1) / np.maximum(there.sum(1), 1), np.float32)
