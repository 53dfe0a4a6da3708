"""Single-copy marker genes learnt from genomes: families, profiles, cut-offs and seeds.

1. pyrodigal predicts the proteins of every genome.
2. Proteins of a few small, complete genomes seed families (phmmer against a panel of complete genomes, one a clade);
   families found once in most of the panel are kept.
3. The best hit of every genome joins the family; pyfamsa aligns, pyhmmer builds a profile, and the profile searches all proteins.
4. The cut-off is the score that best separates each genome's first hit from its second; families that are
   single-copy and nearly universal in bacteria or in archaea are markers.
"""

from __future__ import annotations

import gzip
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyfamsa
import pyhmmer
from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

from .shards import Genome

log = logging.getLogger("llmbin.training")
AMINO = Alphabet.amino()


@dataclass(frozen=True)
class MarkerSettings:
    """How markers are chosen. ``prevalence`` is the share of complete genomes (weighted by clade) that must have a family."""

    panel: int = 24
    prevalence: float = 0.9
    single_copy: float = 0.97
    cpus: int = 1


def predict_proteins(genome: Genome) -> list[tuple[str, str]]:
    """(name, protein) for every gene that pyrodigal finds, trained on the genome itself where it is long enough."""
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


def digitise(proteins: Iterable[tuple[str, str]]) -> Any:
    """A block of pyhmmer sequences, named GENOME|..."""
    return DigitalSequenceBlock(
        AMINO, [TextSequence(name=n.encode(), sequence=s).digitize(AMINO) for n, s in proteins]
    )


def hits_by_genome(top_hits: Any) -> dict[str, list[tuple[float, str, float]]]:
    """Genome -> [(score, protein, share of the profile covered)], best first."""
    out: dict[str, list[tuple[float, str, float]]] = defaultdict(list)
    for hit in top_hits:
        name = hit.name if isinstance(hit.name, str) else hit.name.decode()
        a = hit.best_domain.alignment
        low = min(d.alignment.hmm_from for d in hit.domains)
        high = max(d.alignment.hmm_to for d in hit.domains)
        out[name.split("|")[0]].append((hit.score, name, (high - low + 1) / a.hmm_length))
    for found in out.values():
        found.sort(key=lambda t: (-t[0], t[1]))
    return out


def best_cutoff(
    found: dict[str, list[tuple[float, str, float]]], weight: dict[str, float]
) -> float:
    """Score that keeps most first hits while letting in fewest second hits (weighted over genomes)."""
    first = [(hits[0][0], weight[g]) for g, hits in found.items()]
    second = [(hits[1][0], weight[g]) for g, hits in found.items() if len(hits) > 1]
    candidates = sorted({s for s, _ in first})
    value = [
        sum(w for s, w in first if s >= c) - 2 * sum(w for s, w in second if s >= c)
        for c in candidates
    ]
    best = max(value)
    # The lowest score that is as good as the best, and a little below it: unseen genera score lower than these.
    at = candidates[int(np.argmax(np.array(value) >= best - 1e-9))]
    ceiling = max((s for s, _ in second if s < at), default=0.0)
    return max(0.75 * at, 0.5 * (at + ceiling))


def build_profile(name: str, members: list[tuple[str, str]], threads: int) -> Any:
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
    proteins: list[tuple[str, str]],
    clade: dict[str, str],
    share: dict[str, float],
    panel: list[str],
    archaea: set[str],
    seeds_from: list[str],
    out: Path,
    settings: MarkerSettings,
) -> None:
    """Write ``markers.h3m.gz`` and ``markers.json`` to ``out``.

    ``share`` is how much of each genome is at hand; ``panel`` the genomes that seed families are looked for in.
    """
    out.mkdir(parents=True, exist_ok=True)
    by_name = dict(proteins)
    by_genome: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, protein in proteins:
        by_genome[name.split("|")[0]].append((name, protein))
    members = Counter(clade[g] for g in by_genome)
    weight = {g: 1.0 / members[clade[g]] for g in by_genome}
    families = seed_families(by_genome, panel, archaea, seeds_from, settings)
    log.info("%d seed families", len(families))
    # Families are chosen on the panel, which has one genome a clade; the chosen few then search everything.
    small = digitise([p for g in panel for p in by_genome[g]])
    first = [
        build_profile(f"f{i}", [(n, by_name[n]) for n in family], settings.cpus)
        for i, family in enumerate(families)
    ]
    found = [
        search(first_hits, weight)
        for first_hits in pyhmmer.hmmer.hmmsearch(first, small, cpus=settings.cpus, E=1e-5)
    ]
    log.info("searched the panel")
    chosen = choose(found, {g: weight[g] for g in panel}, share, archaea, settings)
    log.info("%d families of %d are nearly universal and single-copy", len(chosen), len(found))
    everything = digitise(proteins)
    profiles = []
    for rank, f in enumerate(chosen):
        core = [(hits[0][1], by_name[hits[0][1]]) for hits in found[f].kept.values()]
        profiles.append(build_profile(f"LSCG{rank + 1:03d}", core, settings.cpus))
    # Members and cut-offs again, with the final profiles.
    found = [
        search(hits, weight)
        for hits in pyhmmer.hmmer.hmmsearch(profiles, everything, cpus=settings.cpus, E=1e-5)
    ]
    kept = choose(found, weight, share, archaea, settings)
    markers = []
    prevalence = {
        d: prevalences(found, weight, share, side)
        for d, side in domains(by_genome, archaea).items()
    }
    for f in sorted(kept):
        name = profiles[f].name if isinstance(profiles[f].name, str) else profiles[f].name.decode()
        row = {
            d: [round(float(p[f]), 4), round(float(t[f]), 4)] for d, (p, t) in prevalence.items()
        }
        markers.append(
            {"name": name, "cutoff": round(found[f].cutoff, 1), "length": profiles[f].M, **row}
        )
        log.info("%s: %s", name, markers[-1])
    profiles = [profiles[f] for f in sorted(kept)]
    with (
        open(out / "markers.h3m.gz", "wb") as packed,
        gzip.GzipFile("", "wb", mtime=0, fileobj=packed) as handle,
    ):
        for hmm in profiles:
            hmm.write(handle, binary=True)  # a hundred times faster to read than HMMER's text
    (out / "markers.json").write_text(json.dumps(markers, indent=1))


@dataclass(frozen=True)
class Found:
    """What one profile found: hits above its cut-off by genome, best first."""

    cutoff: float
    kept: dict[str, list[tuple[float, str, float]]]


def search(top_hits: Any, weight: dict[str, float]) -> Found:
    """Hits that cover half of the profile, and the cut-off that they suggest."""
    found = {g: [h for h in hits if h[2] > 0.5] for g, hits in hits_by_genome(top_hits).items()}
    found = {g: hits for g, hits in found.items() if hits}
    if not found:
        return Found(0.0, {})
    cutoff = best_cutoff(found, weight)
    kept = {g: [h for h in hits if h[0] >= cutoff] for g, hits in found.items()}
    return Found(cutoff, {g: hits for g, hits in kept.items() if hits})


def domains(genomes: Iterable[str], archaea: set[str]) -> dict[str, list[str]]:
    """Genomes of bacteria and of archaea."""
    ordered = sorted(genomes)
    return {
        "bacteria": [g for g in ordered if g not in archaea],
        "archaea": [g for g in ordered if g in archaea],
    }


def prevalences(
    found: list[Found], weight: dict[str, float], share: dict[str, float], genomes: list[str]
) -> tuple[Any, Any]:
    """How many genomes have each family, as a share of those whose stored part should, and how many of these have it twice.

    Genomes are stored in part, and published bins are incomplete, so what a genome should have is estimated from
    the families themselves: first from the stored share, then from the share of near-universal families it has.
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
    found: list[Found],
    weight: dict[str, float],
    share: dict[str, float],
    archaea: set[str],
    settings: MarkerSettings,
) -> list[int]:
    """Families that are nearly universal and single-copy in bacteria or archaea, none of them twice."""
    sides = domains(weight, archaea)
    good = np.zeros(len(found), bool)
    for genomes in sides.values():
        prevalence, twice = prevalences(found, weight, share, genomes)
        good |= (prevalence >= settings.prevalence) & (twice <= 1 - settings.single_copy)
    chosen: list[int] = []
    taken: set[str] = set()
    for f in sorted(np.flatnonzero(good).tolist(), key=lambda f: -len(found[f].kept)):
        core = {hits[0][1] for hits in found[f].kept.values()}
        if len(core & taken) <= 0.2 * len(core):
            chosen.append(f)
            taken |= core
    return chosen


def one_per_clade(genomes: list[str], clade: dict[str, str]) -> list[str]:
    """The first genome of every clade."""
    return list({clade[g]: g for g in reversed(genomes)}.values())[::-1]


def seed_families(
    by_genome: dict[str, list[tuple[str, str]]],
    panel: list[str],
    archaea: set[str],
    seeds_from: list[str],
    settings: MarkerSettings,
) -> list[list[str]]:
    """Families of protein names: each seed with its best hit in every panel genome, where most have just one close hit."""
    families: list[list[str]] = []
    taken: set[str] = set()
    for seed_genome in seeds_from:
        same = seed_genome in archaea
        side = [g for g in panel if (g in archaea) == same][: settings.panel]
        block = digitise([p for g in side for p in by_genome[g]])
        queries = [
            s for s in digitise(by_genome[seed_genome]) if len(s) >= 60 and _name(s) not in taken
        ]
        for query, hits in zip(
            queries, pyhmmer.hmmer.phmmer(queries, block, cpus=settings.cpus, E=1e-4), strict=True
        ):
            found = hits_by_genome(hits)
            best = {g: hs[0] for g, hs in found.items()}
            share = len(best) / len(side)
            twice = sum(len(hs) > 1 and hs[1][0] > 0.7 * hs[0][0] for hs in found.values()) / max(
                len(best), 1
            )
            if share >= 0.7 and twice <= 0.1:
                names = [_name(query), *(h[1] for h in best.values())]
                if sum(n in taken for n in names) <= 0.2 * len(names):
                    families.append(list(dict.fromkeys(names)))
                    taken |= set(names)
        log.info("%s: %d families so far (panel of %d)", seed_genome, len(families), len(side))
    return families


def _name(sequence: Any) -> str:
    return sequence.name if isinstance(sequence.name, str) else sequence.name.decode()
