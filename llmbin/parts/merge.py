"""The features of all contigs, put together of parts to the bytes of those found in one go.

The FASTA file of all contigs says their order, and whether each is what a part looked at. Parts may
be cut anywhere and come in any order, but each has its contigs in that order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..coverage.coverage import Coverage
from ..errors import InputError, short
from ..features.composition import FRAMES
from ..features.profile import Features
from ..genes.counts import MarkerCounts
from ..genes.homology import HomologySearch, Words
from ..genes.matches import Genes, no_matches
from ..genes.rna import AMINO_ACIDS, KINDS, RnaGenes
from ..genes.thresholds import HOMOLOGY
from ..io.contigs import Assembly, read_contigs
from ..io.inputs import InputFile
from ..model.pack import COMPOSITION
from ..model.windows import drawn_by_chance
from .about import About, differing
from .columns import GENE_FIELDS, Lists
from .read import PartFile, Rows
from .search import checksums_of

Places = npt.NDArray[np.int64]

SAME = {  # what parts must have in common, in words
    "version": "another version of the program",
    "model": "another --model",
    "precision": "another --precision",
    "seed": "another --seed",
    "windows": "other --windows",
    "recruit_length": "another --recruit-length",
    "families": "other --markers",
    "profiles": "other profiles of genes",
}


@dataclass(frozen=True)
class Whole:
    """The contigs of a FASTA file, and checksums uint32 [n] of those that are long enough."""

    path: InputFile
    assembly: Assembly
    checksums: npt.NDArray[np.uint32]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Where each contig is."""
        return {name: row for row, name in enumerate(self.assembly.names)}


def read_whole(path: InputFile, shortest: int) -> Whole:
    """Read all contigs once.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs with one name.
    """
    assembly = Assembly()
    checksums = checksums_of(read_contigs(path, shortest, assembly))
    return Whole(path, assembly, np.array(checksums, np.uint32))


def check_alike(parts: Sequence[PartFile]) -> None:
    """All parts must have been made in one way.

    Raises:
        InputError: says which was not, and in what it differs.
    """
    if found := differing([part.about.origin for part in parts]):
        number, name = found
        raise InputError(
            f"{parts[number].path}: was made with {SAME.get(name, f'another {name}')} than "
            f"{parts[0].path}; make all parts in one way"
        )
    for part in parts:
        if repr(part.about.samples) != repr(parts[0].about.samples):  # NaN is not NaN
            raise InputError(
                f"{part.path}: holds depths of other samples or reads than {parts[0].path}; give "
                "`features` the same --bam or --depth for all parts, or give them to `run` alone"
            )


@dataclass(frozen=True)
class Merged:
    """Features of all contigs but homology, their coverage if parts hold depths, and their parts.

    ``part`` int32 [n] is the number of the part that each contig is in.
    """

    features: Features
    coverage: Coverage | None
    part: npt.NDArray[np.int32]


def merge(parts: Sequence[PartFile], whole: Whole) -> Merged:
    """What parts hold, as of one pass over all contigs.

    Raises:
        InputError: a part is damaged, of other contigs or out of order; two hold the same contig,
            or none has one.
    """
    gathered = _Gathered(whole, parts[0].about)
    for part in parts:
        gathered.add(part)
    gathered.check_all()
    features, coverage = gathered.features(parts), gathered.coverage(parts[0].about)
    return Merged(features, coverage, gathered.part)


def add_words(parts: Sequence[PartFile], merged: Merged, search: HomologySearch) -> None:
    """Give all words to a search that begins with the least of the parts' rates (`begin_rate`).

    Raises:
        InputError: the parts hold too few words.
    """
    names, lengths = merged.features.names, merged.features.ungapped.tolist()
    for row, words in _words_in_order(parts, merged.part):
        search.add(row, names[row], lengths[row], words)
    rate = search.word_rate
    assumed = [p.about.first_rate == p.about.word_rate for p in parts if p.about.word_rate == rate]
    if assumed and all(assumed) and rate > HOMOLOGY.word_rate:
        raise InputError(
            f"{parts[0].path}: holds one word of homology in {rate}, and of these contigs more are "
            "needed; make the parts again of files of their own (`features PART.fasta --first N`)"
        )


def begin_rate(parts: Sequence[PartFile]) -> int:
    """One word in so many is in every part."""
    return max(part.about.word_rate for part in parts)


def _words_in_order(
    parts: Sequence[PartFile], part_of: npt.NDArray[np.int32]
) -> Iterator[tuple[int, Words]]:
    """Rows of contigs, ascending, and their words.

    A part is open from its first contig to its last: one at a time if they do not overlap.
    """
    order = np.argsort(part_of, kind="stable")
    bounds = np.searchsorted(part_of[order], np.arange(len(parts) + 1)).tolist()
    rows = [order[a:b] for a, b in pairwise(bounds)]
    later = sorted((k for k in range(len(parts)) if len(rows[k])), key=lambda k: -rows[k][0])
    opened: list[tuple[int, int]] = []  # a heap of next rows, and the part of each
    following: dict[int, Iterator[int]] = {}  # rows behind these
    streams: dict[int, Iterator[Words]] = {}
    while later or opened:
        if later and (not opened or rows[later[-1]][0] < opened[0][0]):
            k = later.pop()
            following[k], streams[k] = iter(rows[k].tolist()), parts[k].words()
            heapq.heappush(opened, (next(following[k]), k))
        row, k = opened[0]
        yield row, next(streams[k])
        if (after := next(following[k], None)) is None:
            heapq.heappop(opened)
            del streams[k]  # which closes the file
        else:
            heapq.heapreplace(opened, (after, k))


class _Gathered:
    """Arrays of all contigs, which parts fill."""

    def __init__(self, whole: Whole, about: About) -> None:
        n, samples = len(whole.assembly.names), len(about.samples.names)
        self._whole = whole
        self._lengths = np.array(whole.assembly.lengths, np.int64)
        self.part = np.full(n, -1, np.int32)  # that a contig was in
        self._parts: list[PartFile] = []
        self._dense: dict[str, Any] = {
            "composition": np.empty((n, COMPOSITION), np.float32),
            "frames": np.empty((n, FRAMES), np.uint32),
            "circular": np.empty(n, np.bool_),
            "lm": np.empty((n, about.origin.width), np.float32),
            "rrna": np.empty((n, len(KINDS)), np.int16),
            "rrna_whole": np.empty((n, len(KINDS)), np.int16),
            "trna": np.empty((n, len(AMINO_ACIDS)), np.int16),
            "depth": np.empty((n, samples), np.float64),
            "depth_variance": np.empty((n, samples), np.float64),
        }
        families = about.origin.families
        self._markers = None if families is None else np.zeros((n, len(families)), np.int16)
        self._genes: list[Genes] = []

    def add(self, part: PartFile) -> None:
        """Take all contigs of a part."""
        self._parts.append(part)
        last, place = -1, part.about.first
        for rows in part.rows():
            at = self._rows(part, rows)
            if np.any(np.diff(at, prepend=last) <= 0):
                raise InputError(
                    f"{part.path}: its contigs stand in another order than in "
                    f"{self._whole.path}, or "
                    "one twice; make parts of contigs in the order of the whole"
                )
            self._check(part, rows, at, place)
            last, place = int(at[-1]) if len(at) else last, place + len(at)
            for name, values in self._dense.items():
                if name in rows.dense:
                    values[at] = rows.dense[name]
            self._add_genes(rows, at)

    def _rows(self, part: PartFile, rows: Rows) -> Places:
        """Where contigs are in the whole."""
        at = np.array([self._whole.row_of.get(name, -1) for name in rows.names], np.int64)
        if (at < 0).any():
            name = rows.names[int(np.argmax(at < 0))]
            raise InputError(
                f"{part.path}: contig {short(name)} is not in {self._whole.path} "
                f"(or too short there); give the parts of this very file"
            )
        return at

    def _check(self, part: PartFile, rows: Rows, at: Places, place: int) -> None:
        """Each contig is the same as in the whole, and comes once."""
        whole, names = self._whole, rows.names
        taken = np.flatnonzero(self.part[at] >= 0)
        if len(taken):
            k = int(taken[0])
            other = self._parts[self.part[at[k]]].path
            raise InputError(
                f"{part.path}: contig {short(names[k])} is in {other} too; give each part once"
            )
        self.part[at] = len(self._parts) - 1
        other_bases = (rows.dense["length"] != self._lengths[at]) | (
            rows.dense["checksum"] != whole.checksums[at]
        )
        if other_bases.any():
            name = names[int(np.argmax(other_bases))]
            raise InputError(
                f"{part.path}: contig {short(name)} has other bases than in {whole.path}; "
                "make the part again"
            )
        origin = part.about.origin
        plan = origin.plan()
        for k in np.flatnonzero(at != place + np.arange(len(at))).tolist():
            lengths = int(self._lengths[at[k]]), whole.assembly.ungapped[at[k]]
            if origin.width and any(drawn_by_chance(length, plan) for length in lengths):
                raise InputError(
                    f"{part.path}: was made as if contig {short(names[k])} were number "
                    f"{place + k:,} of those that are long enough (from 0), and in {whole.path} it "
                    f"is number {at[k]:,}; make the part with --part of the whole or its --first, "
                    "or all parts with --seed middle"
                )

    def _add_genes(self, rows: Rows, at: Places) -> None:
        if self._markers is None:
            return
        markers, genes = rows.lists["markers"], rows.lists["genes"]
        self._markers[_rows_of_lists(markers, at), markers.fields["family"]] = markers.fields[
            "copies"
        ]
        held = genes.fields
        contig = _rows_of_lists(genes, at)
        self._genes.append(Genes(contig, *(held[name] for name in GENE_FIELDS)))

    def check_all(self) -> None:
        """Every contig must be in a part.

        Raises:
            InputError: one is in none.
        """
        missing = np.flatnonzero(self.part < 0)
        if len(missing):
            names, first = self._whole.assembly.names, int(missing[0])
            raise InputError(
                f"{self._whole.path}: {len(missing):,} of {len(names):,} contigs are in no part, "
                f"the first is {short(names[first])}; give --features all parts"
            )

    def features(self, parts: Sequence[PartFile]) -> Features:
        """Those of all contigs."""
        dense, assembly = self._dense, self._whole.assembly
        return Features(
            assembly.names,
            self._lengths,
            np.array(assembly.ungapped, np.int64),
            np.array(assembly.gc, np.float32),
            dense["composition"],
            dense["frames"],
            # Headers of a part's file may say less.
            dense["circular"] | np.array(assembly.circular, np.bool_),
            dense["lm"],
            None if self._markers is None else MarkerCounts.of(self._markers),
            assembly.too_short,
            assembly.short_bases,
            encoded_bases=sum(part.about.bases for part in parts),
            computed_positions=sum(part.about.positions for part in parts),
            genes=None if self._markers is None else _joined(self._genes),
            rna=RnaGenes(dense["rrna"], dense["rrna_whole"], dense["trna"]),
        )

    def coverage(self, about: About) -> Coverage | None:
        """That of all contigs, if parts hold depths."""
        held, dense = about.samples, self._dense
        if not held.names:
            return None
        depths = dense["depth"], dense["depth_variance"]
        return Coverage(list(held.names), *depths, list(held.reads), list(held.files))


def _rows_of_lists(lists: Lists, at: Places) -> Places:
    """The contig of each record."""
    return np.repeat(at, lists.counts)


def _joined(parts: Sequence[Genes]) -> Genes:
    """Genes in the order of contigs; those of one stay as they were."""
    names = ("contig", *GENE_FIELDS)
    every = (no_matches().genes(), *parts)
    columns = [np.concatenate([getattr(part, name) for part in every]) for name in names]
    order = np.argsort(columns[0], kind="stable")
    return Genes(*(column[order] for column in columns))
