"""Fragments of labelled sequences, which the network that tells kinds apart learns from."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError, short
from ..features.composition import LAYOUT, SIGNALS, Composed, Compositions
from ..features.hexamers import Weights
from ..features.scan import Watcher, watched
from ..genes.markers import MarkerSearch, load_marker_set
from ..genes.rna import RnaSearch
from ..io.contigs import Assembly, Contig, read_contigs, unique_records
from ..kinds.inputs import gene_counts, kind_inputs
from ..kinds.network import TOLD_APART
from .hexamers import FragmentHexamers, HexamerCounts, hexamer_weights, mean_weights
from .peptides import FragmentWords, GroupWords, survey
from .settings import KindTraining
from .shards import other_strand

SOURCES = (*TOLD_APART, "plasmid")
HOST = 0  # the kind that a plasmid counts as
MOST_UNKNOWN = 0.1  # of a fragment's bases
COLUMNS = ("sequence", "kind", "group", "bases")  # of a table, and perhaps `set`
HELD = "held"  # in the column `set`: never trained on

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """A sequence's row of the table."""

    source: int
    group: str
    bases: int
    held: bool


Rows = dict[str, Labelled]  # by sequence


@dataclass(frozen=True)
class Fragments:
    """n fragments: ``source`` is the row of `SOURCES`, ``group`` numbers source and group.

    ``genes`` float64 [n, 5] are those of `kinds.inputs.gene_counts`, ``hexamers`` uint16
    [n, 2080] those of `training.hexamers`. ``words`` uint32 [m] are words of residues, each of the
    fragment in ``owner``. ``held`` are those that are never trained on.
    """

    composed: Composed
    genes: Values
    hexamers: HexamerCounts
    words: npt.NDArray[np.uint32]
    owner: Ints
    lengths: Ints
    source: Ints
    group: Ints
    held: Mask

    @property
    def kind(self) -> Ints:
        """The row of `TOLD_APART`."""
        return np.where(self.source < len(TOLD_APART), self.source, HOST)

    def inputs(self, known: GroupWords, learn: Mask, settings: KindTraining) -> Values:
        """What the network sees, with words that other groups, of those to learn from, have, and
        with weights of hexamers from the groups to learn from.
        """
        seen = known.seen(self.words, self.owner, self.group, learn, settings.peptides)
        means = mean_weights(self.hexamers, self.hexamer_weights(learn, settings))
        parts = [self.composed.frames[:, : LAYOUT + SIGNALS], means.view(np.uint32), seen]
        frames = np.concatenate(parts, axis=1)
        return kind_inputs(self.composed.vectors, frames, self.genes, self.lengths)

    def hexamer_weights(self, learn: Mask, settings: KindTraining) -> Weights:
        """Learnt from fragments of those groups bool [groups]."""
        rows = learn[self.group] & ~self.held
        weight = self.weights(settings.plasmids, rows)
        return hexamer_weights(self.hexamers[rows], self.source[rows], weight)

    def weights(self, plasmids: float, rows: Mask | None = None) -> Values:
        """How often each counts: kinds alike, groups by the root of their number; sums to 1.

        Of some ``rows`` bool [n], or all.
        """
        every = np.ones(len(self.source), np.bool_)
        group, source = (a[every if rows is None else rows] for a in (self.group, self.source))
        weight = 1 / np.sqrt(np.bincount(group)[group])
        shares = np.ones(len(SOURCES))
        shares[HOST], shares[-1] = 1 - plasmids, plasmids
        total = np.bincount(source, weight, len(SOURCES))
        weight *= (shares / np.maximum(total, 1e-300))[source]
        return np.asarray(weight / weight.sum(), np.float64)


def read_table(table: Path) -> Rows:
    """Rows by sequence.

    Raises:
        InputError: a column is missing, a kind is not one of `SOURCES`, bases are no number, or
            one of `TOLD_APART` is missing.
    """
    rows: Rows = {}
    with open(table, newline="", errors="surrogateescape") as handle:
        reader = csv.DictReader(handle, delimiter="\t")
        absent = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if absent:
            raise InputError(f"{table}: no column {absent[0]!r}; it needs {', '.join(COLUMNS)}")
        for row in reader:
            if row["kind"] not in SOURCES:
                known = ", ".join(SOURCES)
                raise InputError(f"{table}: kind {row['kind']!r} is none of {known}")
            source = SOURCES.index(row["kind"])
            held = row.get("set") == HELD
            if not (row["bases"] or "").isdecimal():
                raise InputError(
                    f"{table}, line {reader.line_num}: {row['bases']!r} is no number of bases"
                )
            rows[row["sequence"]] = Labelled(source, row["group"], int(row["bases"]), held)
    missing = set(range(len(TOLD_APART))) - {row.source for row in rows.values() if not row.held}
    if missing:
        raise InputError(f"{table}: no sequence to learn from is a {SOURCES[min(missing)]}")
    return rows


def rows_of(sequences: Path, table: Path) -> Rows:
    """Rows by sequence, all of which are there: a group's bases are counted by its rows.

    Raises:
        InputError: as `read_table`, or a row is of none of the sequences.
    """
    rows = read_table(table)
    if absent := rows.keys() - {record.name for record in unique_records(sequences)}:
        raise InputError(
            f"{table}: {len(absent):,} of its {len(rows):,} sequences are not in {sequences}, as "
            f"{short(min(absent))}; give them there, or leave their rows out"
        )
    return rows


def groups_of(rows: Rows) -> dict[tuple[int, str], int]:
    """Numbers of groups, which are of a source each."""
    return {key: i for i, key in enumerate(sorted({(r.source, r.group) for r in rows.values()}))}


def draw_fragments(sequences: Path, rows: Rows, settings: KindTraining) -> Fragments:
    """Fragments of all sequences, composed, with their genes.

    Raises:
        InputError: a sequence has no row.
    """
    drawn, compositions = _Drawn(rows, settings), Compositions()
    words, hexamers = FragmentWords(), FragmentHexamers()
    markers, rna = MarkerSearch(load_marker_set(), settings.threads), RnaSearch()
    watchers: list[Watcher] = [compositions, words, hexamers, markers, rna]
    for _ in watched(drawn.fragments(sequences), watchers, settings.threads):
        pass
    groups, number = groups_of(rows), len(drawn.lengths)
    found = markers.matches().counts(number, len(markers.markers.names))
    return Fragments(
        compositions.result(),
        gene_counts(number, found, rna.result()),
        hexamers.result(),
        *words.result(),
        np.array(drawn.lengths, np.int64),
        np.array([row.source for row in drawn.rows], np.int64),
        np.array([groups[row.source, row.group] for row in drawn.rows], np.int64),
        np.array([row.held for row in drawn.rows], np.bool_),
    )


def drawn_contigs(sequences: Path, rows: Rows, settings: KindTraining) -> Iterator[Contig]:
    """The fragments of `draw_fragments` as contigs, the same ones whenever they are drawn.

    Raises:
        InputError: a sequence has no row.
    """
    return _Drawn(rows, settings).fragments(sequences)


def words_of_groups(sequences: Path, rows: Rows, settings: KindTraining) -> GroupWords:
    """Words that groups share, of whole sequences; of those that are not trained on, none."""
    groups = groups_of(rows)
    contigs = read_contigs(sequences, settings.shortest, Assembly())
    source = np.array([source for source, _ in groups], np.int64)
    labelled = ((rows[contig.name], contig) for contig in contigs)
    return survey(((groups[r.source, r.group], c) for r, c in labelled if not r.held), source)


class _Drawn:
    """Draws fragments, and remembers of which sequence each is."""

    def __init__(self, rows: Rows, settings: KindTraining) -> None:
        self._table, self._settings = rows, settings
        self._rng = np.random.default_rng(settings.seed)
        bases: dict[tuple[int, str], int] = {}
        for row in rows.values():
            key = (row.source, row.group)
            bases[key] = bases.get(key, 0) + row.bases
        parts = {key: min(size, settings.group_bases) ** 0.7 for key, size in bases.items()}
        total = np.zeros(len(SOURCES))
        for (source, _), part in parts.items():
            total[source] += part
        # Fragments for each base of a group.
        self._rate = {
            key: settings.fragments * part / total[key[0]] / bases[key]
            for key, part in parts.items()
        }
        self.rows: list[Labelled] = []
        self.lengths: list[int] = []

    def fragments(self, sequences: Path) -> Iterator[Contig]:
        """One at a time."""
        rng = self._rng
        for sequence in read_contigs(sequences, self._settings.shortest, Assembly()):
            row = self._table.get(sequence.name)
            if row is None:
                raise InputError(f"{sequences}: {sequence.name!r} has no row in the table")
            wanted = len(sequence.codes) * self._rate[row.source, row.group]
            for _ in range(int(wanted) + (rng.random() < wanted % 1)):
                codes = self._cut(sequence.codes)
                if (codes > 3).mean() < MOST_UNKNOWN:
                    self.rows.append(row)
                    self.lengths.append(len(codes))
                    yield Contig(len(self.rows) - 1, sequence.name, codes)

    def _cut(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        rng, settings = self._rng, self._settings
        size = int(np.exp(rng.uniform(np.log(settings.shortest), np.log(settings.longest))))
        size = min(size, len(codes))
        start = int(rng.integers(len(codes) - size + 1))
        part = codes[start : start + size]
        return other_strand(part) if rng.random() < 0.5 else part
