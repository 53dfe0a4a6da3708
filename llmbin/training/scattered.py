"""Families that lie scattered over genomes, learnt beside the markers (see `genes.scattered`).

1. pyrodigal predicts the genes of complete genomes, one a clade. Genes of a few of them that are of
   no marker family seed families, as those of markers are.
2. Profiles are looked for in more genomes, with the same kernels as in a run. A family is taken if
   it is there once in most genomes and far from all that are known: one after the other, that which
   adds most. Of those, nearly universal ones are kept: that a lineage never seen lacks the others
   cannot be known, and costs more than they say.
3. Best hits in all genomes make the final profile, and the cut-off is that of markers.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyhmmer

from .._kernels import MarkerScanner, ProfileAligner
from ..genes import markers as known
from ..genes.scattered import Scattered, arrays_of
from .markers import Census, best_cutoff, build_profile, digitise, name_of, seed_families
from .quality import sizes_by, stored_bases
from .settings import MarkerSettings, ScatteredSettings
from .shards import Genome, Shards

log = logging.getLogger("llmbin.training")

Doubles = npt.NDArray[np.float64]

TAIL = 25  # last residues of a protein, by which a stretch between stops is known to be its gene
COMPLETE = 0.99  # share of a genome that is stored
MORE = 60  # residues that a member may have beyond its share of the first profile's length
APART = 1_000_000  # bp between two contigs of a genome, for all that is known


@dataclass(frozen=True)
class Gene:
    """A protein, GENOME|..., and the middle of its gene: bp along the genome's contigs."""

    name: str
    residues: str
    place: int


@dataclass(frozen=True)
class Match:
    """The best alignment of a stretch between stops: bits, share of the profile, gene if known."""

    bits: float
    cover: float
    gene: Gene | None


Hits = dict[str, list[Match]]  # by genome, best first
Genes = Mapping[str, Sequence[Gene]]  # by genome


def predict_genes(genome: Genome) -> list[Gene]:
    """The genes that pyrodigal finds in a genome, trained on it."""
    import pyrodigal

    text = [np.frombuffer(b"ACGTN", np.uint8)[codes].tobytes() for codes in genome.sequences]
    finder = pyrodigal.GeneFinder(meta=False, mask=True)
    finder.train(b"TTAATTAATTAA".join(text))
    begins = np.cumsum([0, *(len(t) + APART for t in text)]).tolist()
    return [
        Gene(
            f"{genome.name}|{i}|{k}",
            gene.translate().rstrip("*"),
            begins[i] + (gene.begin + gene.end) // 2,
        )
        for i, sequence in enumerate(text)
        for k, gene in enumerate(finder.find_genes(sequence))
    ]


class Search:
    """Looks for profiles in genomes, of which the genes are known."""

    def __init__(self, shards: Shards, genes: Genes) -> None:
        self._shards = shards
        self._number = {name: k for k, name in enumerate(shards.names)}
        self._ends = {
            name: {gene.residues[-TAIL:]: gene for gene in found} for name, found in genes.items()
        }

    def __call__(self, profiles: Sequence[Any], genomes: Sequence[str]) -> list[Hits]:
        """What each profile finds, by genome."""
        columns, first = known.profile_columns(list(profiles))
        number = len(profiles)
        words, bits = [known.WORDS] * number, [known.LEAST_BITS] * number
        scanner = MarkerScanner(columns, first, words, bits, known.MIN_RESIDUES, number)
        aligners = [ProfileAligner(*known.logarithms(profile)) for profile in profiles]
        hits: list[Hits] = [defaultdict(list) for _ in profiles]
        for name in genomes:
            ends = self._ends[name]
            sequences = self._shards.genome(self._number[name]).sequences
            for _, family, protein, diagonal, *_ in scanner.scan(list(sequences)):
                found, begin, last = aligners[family].align(protein, diagonal)
                cover = (last - begin + 1) / profiles[family].M
                match = Match(found, cover, ends.get(protein[-TAIL:]))
                hits[family][name].append(match)
        for of_family in hits:
            for matches in of_family.values():
                matches.sort(key=lambda match: -match.bits)
        return hits


@dataclass(frozen=True)
class Usual:
    """How usual families are, of so many genomes: each float64 [families].

    ``has`` the share of genomes that have it, ``twice`` the share of these that have it twice.
    """

    cutoff: Doubles
    has: Doubles
    twice: Doubles


def usual(hits: Sequence[Hits], genomes: Sequence[str], settings: MarkerSettings) -> Usual:
    """Cut-offs, and how many of the genomes have each family by them."""
    weight = dict.fromkeys(genomes, 1.0)
    rows = []
    for of_family in hits:
        covering = {
            name: [(m.bits, "", m.cover) for m in matches if m.cover > settings.coverage]
            for name, matches in of_family.items()
        }
        found = {name: matches for name, matches in covering.items() if matches}
        cutoff = best_cutoff(found, weight, settings.headroom) if found else np.inf
        once = sum(matches[0][0] >= cutoff for matches in found.values())
        twice = sum(len(m) > 1 and m[1][0] >= cutoff for m in found.values())
        rows.append((cutoff, once / len(genomes), twice / max(once, 1)))
    return Usual(*np.array(rows).T)


def best_match(matches: Sequence[Match], cutoff: float, coverage: float) -> Match | None:
    """The first, and so the best, that is good enough and covers enough of the profile."""
    return next((m for m in matches if m.bits >= cutoff and m.cover > coverage), None)


def places(
    hits: Sequence[Hits], cutoffs: Sequence[float], genomes: Sequence[str], coverage: float
) -> Doubles:
    """Where the best hit of each family lies, bp, NaN where none does: [families, genomes]."""
    out = np.full((len(hits), len(genomes)), np.nan)
    for row, (of_family, cutoff) in enumerate(zip(hits, cutoffs, strict=True)):
        for column, name in enumerate(genomes):
            match = best_match(of_family.get(name, ()), cutoff, coverage)
            if match is not None and match.gene is not None:
                out[row, column] = match.gene.place
    return out


def choose_scattered(
    there: Doubles, others: Doubles, twice: Doubles, settings: ScatteredSettings
) -> list[int]:
    """Families one after the other, each the one that adds most to what is known.

    A family adds the share of genomes that have it, each the less the nearer it is to a known one.

    Args:
        there: where candidates lie, see `places`.
        others: where markers lie.
        twice: share of genomes that have each candidate twice.
        settings: how many are taken, and how far "near" is.
    """

    def nearness(one: Doubles) -> Doubles:
        distance = np.nan_to_num(np.abs(there - one), nan=np.inf)
        return np.asarray(np.exp(-distance / settings.near), np.float64)

    near = np.zeros_like(there)
    for one in others:
        near = np.maximum(near, nearness(one))
    left, chosen = np.ones(len(there), bool), list[int]()
    while left.any() and len(chosen) < settings.families:
        adds = (np.isfinite(there) * (1 - near)).mean(1) * (1 - 2 * twice)
        best = int(np.where(left, adds, -1).argmax())
        chosen.append(best)
        left[best] = False
        near = np.maximum(near, nearness(there[best]))
    return chosen


def learn_scattered(
    shards: Shards,
    table: Path,
    archaea: Path,
    seeds_from: Sequence[str],
    out: Path,
    settings: ScatteredSettings,
) -> None:
    """Write ``scattered.npz`` to ``out``, by a TSV with the columns genome and genome_bp.

    ``archaea`` is a file with the names of those. Genomes that seed families are complete.

    Raises:
        InputError: the table lacks a genome.
    """
    out.mkdir(parents=True, exist_ok=True)
    bases = stored_bases(shards)
    complete = complete_genomes(shards, bases, sizes_by(table, shards.names), settings)
    genes = {shards.names[g]: predict_genes(shards.genome(g)) for g in complete}
    log.info("predicted the genes of %d genomes", len(genes))
    # Archaea and reduced genomes lack most; they only add members in the end.
    others = frozenset(archaea.read_text().split())
    large = [shards.names[g] for g in complete if bases[g] >= settings.least_genome]
    ordinary = [name for name in large if name not in others][: settings.genomes]
    seeds = seeds_beside(genes, ordinary, seeds_from, settings)
    log.info("%d seed families", len(seeds))
    search = Search(shards, genes)
    first = chosen_profiles(search, seeds, ordinary, settings)
    families = final_families(search, first, list(genes), settings)
    np.savez_compressed(out / "scattered.npz", **arrays_of(families))


def complete_genomes(
    shards: Shards, bases: npt.NDArray[np.int64], sizes: Sequence[int], settings: ScatteredSettings
) -> list[int]:
    """Of each clade the complete genome in the fewest sequences; those in few come first."""
    sequences = np.diff(shards.first)
    few = sequences <= settings.seeding.most_sequences
    complete = np.flatnonzero(few & (bases > COMPLETE * np.maximum(sizes, bases)))
    of_clade: dict[int, int] = {}
    for genome in sorted(complete.tolist(), key=lambda g: int(sequences[g])):
        of_clade.setdefault(int(shards.clade[genome]), genome)
    return list(of_clade.values())


def seeds_beside(
    genes: Genes, genomes: Sequence[str], seeds_from: Sequence[str], settings: ScatteredSettings
) -> list[list[tuple[str, str]]]:
    """Proteins of seed families, with which no marker family has anything to do."""
    markers, profiles = known.load_marker_set(), known.read_profiles()
    side = list(genomes[: settings.seeding.panel])
    proteins = {name: [(g.name, g.residues) for g in genes[name]] for name in genes}
    block = digitise([p for name in {*side, *seeds_from} for p in proteins[name]])
    taken = set[str]()
    searches = pyhmmer.hmmer.hmmsearch(profiles, block, cpus=settings.seeding.cpus, E=1e-5)
    for hits, cutoff in zip(searches, markers.cutoffs, strict=True):
        taken |= {name_of(hit) for hit in hits if hit.score >= settings.alike * cutoff}
    census = Census(dict.fromkeys(side, ""), dict.fromkeys(side, 1.0), frozenset(), side)
    families = seed_families(proteins, census, seeds_from, settings.seeding, taken)
    residues = {g.name: g.residues for name in {*side, *seeds_from} for g in genes[name]}
    return [[(member, residues[member]) for member in family] for family in families]


def chosen_profiles(
    search: Search,
    seeds: Sequence[list[tuple[str, str]]],
    genomes: Sequence[str],
    settings: ScatteredSettings,
) -> list[tuple[Any, float]]:
    """Profiles of the families that are taken, and their first cut-offs."""
    coverage, markers = settings.seeding.coverage, known.load_marker_set()
    profiles = [build_profile(f"f{k}", seed, settings.seeding.cpus) for k, seed in enumerate(seeds)]
    hits = search(profiles, genomes)
    how = usual(hits, genomes, settings.seeding)
    fit = np.flatnonzero((how.has >= settings.prevalence) & (how.twice <= settings.twice))
    log.info("%d of %d families are usual", len(fit), len(seeds))
    others = places(search(known.read_profiles(), genomes), markers.cutoffs, genomes, coverage)
    there = places([hits[f] for f in fit], how.cutoff[fit].tolist(), genomes, coverage)
    chosen = fit[choose_scattered(there, others, how.twice[fit], settings)]
    chosen = chosen[how.has[chosen] >= settings.universal]
    return [(profiles[f], float(how.cutoff[f])) for f in chosen]


def final_families(
    search: Search,
    first: Sequence[tuple[Any, float]],
    genomes: Sequence[str],
    settings: ScatteredSettings,
) -> list[Scattered]:
    """Profiles of the best hits in all genomes, and their cut-offs."""
    profiles = []
    hits = search([profile for profile, _ in first], genomes)
    for k, ((profile, cutoff), of_family) in enumerate(zip(first, hits, strict=True)):
        members = _members(of_family, cutoff, profile.M, settings)
        profiles.append(build_profile(f"S{k + 1:03d}", members, settings.seeding.cpus))
    how = usual(search(profiles, genomes), genomes, settings.seeding)
    for profile, cutoff, has, twice in zip(profiles, *vars(how).values(), strict=True):
        log.info("%d columns, %.1f bits: %.2f have it, %.2f twice", profile.M, cutoff, has, twice)
    return [
        Scattered(*known.logarithms(profile), round(cutoff, 1))
        for profile, cutoff in zip(profiles, how.cutoff.tolist(), strict=True)
    ]


def _members(
    hits: Hits, cutoff: float, length: int, settings: ScatteredSettings
) -> list[tuple[str, str]]:
    """The best hit of each genome, if it is a gene of about the profile's length."""
    coverage = settings.seeding.coverage
    best = (best_match(of_genome, cutoff, coverage) for of_genome in hits.values())
    genes = [match.gene for match in best if match is not None and match.gene is not None]
    longest = settings.longest * length + MORE
    return [(gene.name, gene.residues) for gene in genes if len(gene.residues) < longest]
