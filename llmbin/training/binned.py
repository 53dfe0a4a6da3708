"""Bins that the program made of communities with known truth, to learn from beside drawn ones.

A binner keeps contigs with marker genes more often than others, and what it mixes up is not what
chance would.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..estimator.traits import ContigTraits, Ruler, bin_traits
from ..features.profile import Features, Searches, profile_without_lm
from ..genes.markers import MarkerSearch, MarkerSet
from ..io.contigs import Assembly, read_contigs
from ..tools.scoring import read_bins, read_gold
from .drawn_bins import DrawnBins, Sources
from .pieces import Ints
from .shards import Shards


class BinnedCommunity:
    """A community (contigs.fasta, gold.tsv) and the folder of a run (contig2bin.tsv)."""

    def __init__(self, community: Path, run: Path, markers: MarkerSet, threads: int) -> None:
        self.folder, self._markers = community, markers
        self._gold = read_gold(community / "gold.tsv")
        self._bins = read_bins(run / "contig2bin.tsv")
        self._features = self._survey(community / "contigs.fasta", threads)

    def _survey(self, contigs: Path, threads: int) -> Features:
        """What is known of the contigs in bins."""
        assembly = Assembly()
        binned = read_contigs(contigs, 1, assembly, self._bins)
        search = Searches(MarkerSearch(self._markers, threads))
        return profile_without_lm(binned, assembly, threads, search)

    def bins(self, shards: Shards, sources: Sources, ruler: Ruler) -> DrawnBins:
        """Traits and truth of the bins; each is of the genome that most of its bases are of.

        Genomes are called as in the shards, and mutants of them ``NAME.strain...``.

        Raises:
            InputError: a genome is not among the shards.
        """
        features = self._features
        if features.genes is None:
            raise ValueError("marker genes were not looked for")
        names = sorted(set(self._bins.values()))
        place = {name: k for k, name in enumerate(names)}
        bin_of = np.array([place[self._bins[contig]] for contig in features.names], np.int64)
        places = ruler.places(features.composition)
        contigs = ContigTraits(features.lengths, places, features.genes)
        traits = bin_traits(contigs, ruler, bin_of, len(names), self._markers)
        truth, genome = self._truth(bin_of, len(names), shards, sources)
        return DrawnBins(traits, truth, genome)

    def _truth(
        self, bin_of: Ints, count: int, shards: Shards, sources: Sources
    ) -> tuple[npt.NDArray[np.float32], Ints]:
        number = {name: k for k, name in enumerate(shards.names)}
        held: list[Counter[str]] = [Counter() for _ in range(count)]
        features = self._features
        for contig, length, b in zip(features.names, features.lengths, bin_of, strict=True):
            held[b][self._gold[contig][0]] += int(length)
        truth, genome = np.zeros((count, 2), np.float32), np.zeros(count, np.int64)
        for b, bases in enumerate(held):
            name, own = bases.most_common(1)[0]
            known = number.get(name.split(".strain")[0])
            if known is None:
                raise InputError(f"{self.folder / 'gold.tsv'}: no genome {name!r} in the shards")
            genome[b] = known
            truth[b] = min(own / sources.bp[known], 1), 1 - own / bases.total()
        return truth, genome
