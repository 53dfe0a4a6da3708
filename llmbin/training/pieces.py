"""Genomes broken to contigs of many lengths, and what is known of each: the stuff of drawn bins."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..features.composition import composition_vectors
from ..features.scan import watched
from ..genes.markers import MarkerSearch, load_marker_set
from ..genes.matches import Genes
from ..io.contigs import Contig
from .settings import PieceSettings
from .shards import Codes, Shards

log = logging.getLogger("llmbin.training")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pieces:
    """Contigs of genomes, by genome.

    ``genome`` int64 [n] and ``level`` int64 [n], the way in which it was broken (levels from
    ``len(medians)`` on are of mutated genomes); bases int64 [n]; ``composition`` float16 [n, 197];
    marker genes by contig.
    """

    genome: Ints
    level: Ints
    lengths: Ints
    composition: npt.NDArray[np.float16]
    genes: Genes

    def arrays(self) -> dict[str, Any]:
        """All of it by name, for a file."""
        genes = {f"genes_{name}": column for name, column in vars(self.genes).items()}
        return {**{k: v for k, v in vars(self).items() if k != "genes"}, **genes}


def load_pieces(path: Path) -> Pieces:
    """Those of a file written from `Pieces.arrays`."""
    with np.load(path, allow_pickle=False) as arrays:
        names = ("contig", "family", "begin", "end", "prints")
        genes = Genes(*(arrays[f"genes_{name}"] for name in names))
        genome, level, lengths = (arrays[name] for name in ("genome", "level", "lengths"))
        return Pieces(genome, level, lengths, arrays["composition"], genes)


def break_genomes(shards: Shards, settings: PieceSettings, threads: int) -> Pieces:
    """Break every genome in every way, and look for marker genes in the contigs."""
    search = MarkerSearch(load_marker_set(), threads)
    found: list[tuple[Ints, Ints, Ints, npt.NDArray[np.float16]]] = []
    seen = 0
    for number in range(len(shards)):
        rng = np.random.default_rng([settings.seed, number])
        broken_up = list(_contigs(shards.genome(number).sequences, settings, rng))
        contigs = [Contig(seen + i, "", codes) for i, (_, codes) in enumerate(broken_up)]
        seen += len(contigs)
        for _ in watched(contigs, [search], threads):
            pass
        level = np.array([level for level, _ in broken_up], np.int64)
        lengths = np.array([len(codes) for _, codes in broken_up], np.int64)
        vectors = composition_vectors([codes for _, codes in broken_up])
        found.append((np.full_like(level, number), level, lengths, vectors.astype(np.float16)))
        if number % 50 == 0:
            log.info("broke %d of %d genomes", number + 1, len(shards))
    genome, level, lengths, composition = map(np.concatenate, zip(*found, strict=True))
    return Pieces(genome, level, lengths, composition, search.matches().genes())


def _contigs(
    sequences: list[Codes], settings: PieceSettings, rng: np.random.Generator
) -> Iterator[tuple[int, Codes]]:
    """Level and codes of each contig."""
    for level, median in enumerate(settings.medians):
        for codes in sequences:
            for piece in broken(codes, median, settings, rng):
                yield level, piece
    change = _mutation(settings, rng)
    changed = [change(codes) for codes in sequences]
    for level, median in enumerate(settings.mutated, len(settings.medians)):
        for codes in changed:
            for piece in broken(codes, median, settings, rng):
                yield level, piece


def broken(
    codes: Codes, median: int, settings: PieceSettings, rng: np.random.Generator
) -> Iterator[Codes]:
    """Contigs of a sequence, those that are long enough; the sequence itself by a median of 0."""
    ends = np.array([], np.int64)
    if median:
        count = 3 * len(codes) // median + 8
        ends = np.cumsum(rng.lognormal(np.log(median), settings.spread, count).clip(300))
    for piece in np.split(codes, ends[ends < len(codes)].astype(np.int64)):
        if len(piece) >= settings.shortest:
            yield np.ascontiguousarray(piece)


def _mutation(settings: PieceSettings, rng: np.random.Generator) -> Any:
    """A law by which a genome's sequences change: substitutions, or insertions and deletions."""
    if rng.random() < 0.6:
        rate = rng.uniform(0.2, 1) * settings.substitutions
        return lambda codes: substituted(codes, rate, rng)
    rate = settings.indels * 10 ** rng.uniform(-1.5, 0)
    return lambda codes: shifted(codes, rate, rng)


def substituted(codes: Codes, rate: float, rng: np.random.Generator) -> Codes:
    """A copy with so many of the known bases replaced by others."""
    out = codes.copy()
    hit = np.flatnonzero((rng.random(len(codes)) < rate) & (codes < 4))
    out[hit] = (out[hit] + rng.integers(1, 4, len(hit), np.uint8)) % 4
    return out


def shifted(codes: Codes, rate: float, rng: np.random.Generator) -> Codes:
    """A copy with bases inserted and lost, each at half the rate."""
    hit = np.flatnonzero(rng.random(len(codes)) < rate)
    lost = rng.random(len(hit)) < 0.5
    bases = rng.integers(0, 4, int((~lost).sum()), np.uint8)
    keep = np.ones(len(codes), bool)
    keep[hit[lost]] = False
    places = np.cumsum(keep)[hit[~lost]]
    return np.insert(codes[keep], places, bases)
