"""Single-copy marker genes learnt from genomes: families, profiles, cut-offs and seeds.

1. pyrodigal predicts the proteins of every genome.
2. Proteins of a few small, complete genomes seed families (phmmer against a panel of complete
   genomes, one a clade); families found once in most of the panel are kept.
3. The best hit of every genome joins the family; pyfamsa aligns, pyhmmer builds a profile, and
   the profile searches all proteins.
4. The cut-off is the score that best separates each genome's first hit from its second; families
   that are single-copy and nearly universal in bacteria or in archaea are markers.
"""

from __future__ import annotations

import csv
import gzip
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyfamsa
import pyhmmer
from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

from ..errors import InputError
from .settings import MarkerSettings
from .shards import Genome, Shards

log = logging.getLogger("llmbin.training")
AMINO = Alphabet.amino()

Protein = tuple[str, str]  # name, GENOME|..., and residues
Hit = tuple[float, str, float]  # score, protein, share of the profile covered


@dataclass(frozen=True)
class Census:
    """What is known of the genomes: clade, share that is stored, and which are archaea.

    ``panel`` are those that seed families are looked for in: complete, one a clade.
    """

    clade: Mapping[str, str]
    share: Mapping[str, float]
    archaea: frozenset[str]
    panel: Sequence[str]


def read_census(shards: Shards, table: Path, archaea: Path, settings: MarkerSettings) -> Census:
    """The census of a shard folder, by a TSV of sizes and a file of archaeal genomes.

    Raises:
        InputError: a genome has no row.
    """
    with open(table, newline="") as handle:
        rows = {row["genome"]: row for row in csv.DictReader(handle, delimiter="\t")}
    missing = [name for name in shards.names if name not in rows]
    if missing:
        raise InputError(f"{table}: no row for genome {missing[0]!r}")
    clade = dict(zip(shards.names, (str(c) for c in shards.clade), strict=True))
    share = {n: int(rows[n]["stored_bp"]) / int(rows[n]["genome_bp"]) for n in shards.names}
    sequences = {n: int(rows[n]["sequences"]) for n in shards.names}
    complete = [
        n for n in shards.names if share[n] == 1 and sequences[n] <= settings.most_sequences
    ]
    panel = one_per_clade(sorted(complete, key=lambda n: sequences[n]), clade)
    return Census(clade, share, frozenset(archaea.read_text().split()), panel)


def markers_of_shards(
    shards: Shards, census: Census, seeds_from: Sequence[str], out: Path, settings: MarkerSettings
) -> None:
    """Predict the proteins of all genomes, and learn markers from them."""
    proteins = [p for g in range(len(shards)) for p in predict_proteins(shards.genome(g))]
    learn_markers(proteins, census, seeds_from, out, settings)


def predict_proteins(genome: Genome) -> list[Protein]:
    """Every gene that pyrodigal finds, trained on the genome itself where it is long enough."""
    import pyrodigal

    text = [np.frombuffer(b"ACGTN", np.uint8)[codes].tobytes() for codes in genome.sequences]
    finder = pyrodigal.GeneFinder(meta=sum(map(len, text)) < 100_000, mask=True)
    if not finder.meta:
        finder.train(b"TTAATTAATTAA".join(text))
    return [
        (f"{genome.name}|{i}|{k}", gene.translate().rstrip("*"))
        for i, sequence in enumerate(text)
        for k, gene in enumerate(finder.find_genes(sequence))
    ]


def digitise(proteins: Iterable[Protein]) -> Any:
    """A block of pyhmmer sequences, named GENOME|..."""
    return DigitalSequenceBlock(
        AMINO, [TextSequence(name=n.encode(), sequence=s).digitize(AMINO) for n, s in proteins]
    )


def hits_by_genome(top_hits: Any) -> dict[str, list[Hit]]:
    """Genome -> its hits, best first."""
    out: dict[str, list[Hit]] = defaultdict(list)
    for hit in top_hits:
        length = hit.best_domain.alignment.hmm_length
        low = min(d.alignment.hmm_from for d in hit.domains)
        high = max(d.alignment.hmm_to for d in hit.domains)
        name = name_of(hit)
        out[name.split("|")[0]].append((hit.score, name, (high - low + 1) / length))
    for found in out.values():
        found.sort(key=lambda t: (-t[0], t[1]))
    return out


def best_cutoff(found: dict[str, list[Hit]], weight: Mapping[str, float], headroom: float) -> float:
    """Score that keeps most first hits and lets in fewest second hits, weighted over genomes."""
    first = [(hits[0][0], weight[g]) for g, hits in found.items()]
    second = [(hits[1][0], weight[g]) for g, hits in found.items() if len(hits) > 1]
    candidates = sorted({s for s, _ in first})
    value = [
        sum(w for s, w in first if s >= c) - 2 * sum(w for s, w in second if s >= c)
        for c in candidates
    ]
    best = max(value)
    # A little below the lowest score that is as good as the best: unseen genera score lower.
    at = candidates[int(np.argmax(np.array(value) >= best - 1e-9))]
    ceiling = max((s for s, _ in second if s < at), default=0.0)
    return max(headroom * at, 0.5 * (at + ceiling))


def build_profile(name: str, members: list[Protein], threads: int) -> Any:
    """Profile HMM of aligned member proteins."""
    aligner = pyfamsa.Aligner(threads=threads)
    aligned = aligner.align([pyfamsa.Sequence(n.encode(), s.encode()) for n, s in members])
    msa = pyhmmer.easel.TextMSA(
        name=name.encode(),
        sequences=[TextSequence(name=a.id, sequence=a.sequence.decode()) for a in aligned],
    ).digitize(AMINO)
    hmm, _, _ = pyhmmer.plan7.Builder(AMINO).build_msa(msa, pyhmmer.plan7.Background(AMINO))
    return hmm


def learn_markers(
    proteins: list[Protein],
    census: Census,
    seeds_from: Sequence[str],
    out: Path,
    settings: MarkerSettings,
) -> None:
    """Write ``markers.h3m.gz`` and ``markers.json`` to ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    by_name = dict(proteins)
    by_genome: dict[str, list[Protein]] = defaultdict(list)
    for name, protein in proteins:
        by_genome[name.split("|")[0]].append((name, protein))
    members = Counter(census.clade[g] for g in by_genome)
    weight = {g: 1.0 / members[census.clade[g]] for g in by_genome}
    families = seed_families(by_genome, census, seeds_from, settings)
    log.info("%d seed families", len(families))
    # Families are chosen on the panel; the chosen few then search everything.
    small = digitise([p for g in census.panel for p in by_genome[g]])
    first = [
        build_profile(f"f{i}", [(n, by_name[n]) for n in family], settings.cpus)
        for i, family in enumerate(families)
    ]
    found = search(first, small, weight, settings)
    log.info("searched the panel")
    chosen = choose(found, {g: weight[g] for g in census.panel}, census, settings)
    log.info("%d families of %d are nearly universal and single-copy", len(chosen), len(found))
    profiles = []
    for rank, f in enumerate(chosen):
        core = [(hits[0][1], by_name[hits[0][1]]) for hits in found[f].kept.values()]
        profiles.append(build_profile(f"LSCG{rank + 1:03d}", core, settings.cpus))
    # Members and cut-offs again, with the final profiles.
    found = search(profiles, digitise(proteins), weight, settings)
    kept = sorted(choose(found, weight, census, settings))
    prevalence = {
        d: prevalences(found, weight, census.share, side)
        for d, side in domains(by_genome, census.archaea).items()
    }
    markers = []
    for f in kept:
        row = {
            d: [round(float(p[f]), 4), round(float(t[f]), 4)] for d, (p, t) in prevalence.items()
        }
        cutoff = round(found[f].cutoff, 1)
        name = name_of(profiles[f])
        markers.append({"name": name, "cutoff": cutoff, "length": profiles[f].M, **row})
        log.info("%s: %s", name, markers[-1])
    with (
        open(out / "markers.h3m.gz", "wb") as packed,
        gzip.GzipFile("", "wb", mtime=0, fileobj=packed) as handle,
    ):
        for f in kept:
            # Binary is a hundred times faster to read than HMMER's text.
            profiles[f].write(handle, binary=True)
    (out / "markers.json").write_text(json.dumps(markers, indent=1))


@dataclass(frozen=True)
class Found:
    """What one profile found: hits above its cut-off by genome, best first."""

    cutoff: float
    kept: dict[str, list[Hit]]


def search(
    profiles: list[Any], proteins: Any, weight: Mapping[str, float], settings: MarkerSettings
) -> list[Found]:
    """What each profile finds among the proteins."""
    return [
        above_cutoff(hits, weight, settings)
        for hits in pyhmmer.hmmer.hmmsearch(profiles, proteins, cpus=settings.cpus, E=1e-5)
    ]


def above_cutoff(top_hits: Any, weight: Mapping[str, float], settings: MarkerSettings) -> Found:
    """Hits that cover enough of the profile, and the cut-off that they suggest."""
    found = {
        g: [h for h in hits if h[2] > settings.coverage]
        for g, hits in hits_by_genome(top_hits).items()
    }
    found = {g: hits for g, hits in found.items() if hits}
    if not found:
        return Found(0.0, {})
    cutoff = best_cutoff(found, weight, settings.headroom)
    kept = {g: [h for h in hits if h[0] >= cutoff] for g, hits in found.items()}
    return Found(cutoff, {g: hits for g, hits in kept.items() if hits})


def domains(genomes: Iterable[str], archaea: frozenset[str]) -> dict[str, list[str]]:
    """Genomes of bacteria and of archaea."""
    ordered = sorted(genomes)
    return {
        "bacteria": [g for g in ordered if g not in archaea],
        "archaea": [g for g in ordered if g in archaea],
    }


def prevalences(
    found: list[Found], weight: Mapping[str, float], share: Mapping[str, float], genomes: list[str]
) -> tuple[Any, Any]:
    """How many genomes have each family, and how many of these have it twice.

    The first is a share of the genomes whose stored part should have it. Genomes are stored in
    part, and published bins are incomplete, so what a genome should have is estimated from the
    families themselves: first from the stored share, then from the share of near-universal
    families that it has.
    """
    w = np.array([weight[g] for g in genomes])
    has = np.array([[len(f.kept.get(g, ())) for f in found] for g in genomes])
    expected = np.array([share[g] for g in genomes])
    for _ in range(4):
        prevalence = (w @ (has > 0)) / (w @ expected)
        core = prevalence >= np.quantile(prevalence, 0.6)
        expected = (has[:, core] > 0).mean(1)
    usable = expected > 0.2
    w = w * usable
    return (w @ (has > 0)) / (w @ expected), (w @ (has > 1)) / np.maximum(w @ (has > 0), 1e-9)


def choose(
    found: list[Found], weight: Mapping[str, float], census: Census, settings: MarkerSettings
) -> list[int]:
    """Families that are nearly universal and single-copy in a domain, none of them twice."""
    good = np.zeros(len(found), bool)
    for genomes in domains(weight, census.archaea).values():
        prevalence, twice = prevalences(found, weight, census.share, genomes)
        good |= (prevalence >= settings.prevalence) & (twice <= 1 - settings.single_copy)
    chosen: list[int] = []
    taken: set[str] = set()
    for f in sorted(np.flatnonzero(good).tolist(), key=lambda f: -len(found[f].kept)):
        core = {hits[0][1] for hits in found[f].kept.values()}
        if len(core & taken) <= settings.overlap * len(core):
            chosen.append(f)
            taken |= core
    return chosen


def one_per_clade(genomes: list[str], clade: dict[str, str]) -> list[str]:
    """The first genome of every clade."""
    return list({clade[g]: g for g in reversed(genomes)}.values())[::-1]


def seed_families(
    by_genome: dict[str, list[Protein]],
    census: Census,
    seeds_from: Sequence[str],
    settings: MarkerSettings,
    taken: Iterable[str] = (),
) -> list[list[str]]:
    """Families of protein names: each seed with its best hit in every panel genome.

    Most of the panel has just one close hit. Proteins that are ``taken`` are in other families.
    """
    families: list[list[str]] = []
    taken = set(taken)
    for seed_genome in seeds_from:
        same = seed_genome in census.archaea
        side = [g for g in census.panel if (g in census.archaea) == same][: settings.panel]
        block = digitise([p for g in side for p in by_genome[g]])
        queries = [
            s
            for s in digitise(by_genome[seed_genome])
            if settings.shortest_seed <= len(s) <= settings.longest_seed and name_of(s) not in taken
        ]
        searches = pyhmmer.hmmer.phmmer(queries, block, cpus=settings.cpus, E=1e-4)
        for query, hits in zip(queries, searches, strict=True):
            found = hits_by_genome(hits)
            best = {g: hs[0] for g, hs in found.items()}
            second = sum(
                len(hs) > 1 and hs[1][0] > settings.close * hs[0][0] for hs in found.values()
            )
            if (
                len(best) / len(side) >= settings.seed_share
                and second / max(len(best), 1) <= settings.seed_twice
            ):
                names = [name_of(query), *(h[1] for h in best.values())]
                if sum(n in taken for n in names) <= settings.overlap * len(names):
                    families.append(list(dict.fromkeys(names)))
                    taken |= set(names)
        log.info("%s: %d families so far (panel of %d)", seed_genome, len(families), len(side))
    return families


def name_of(made: Any) -> str:
    """The name of a sequence, hit or profile, which older versions of pyhmmer give as bytes."""
    return made.name if isinstance(made.name, str) else made.name.decode()
