"""Families of viruses for a second look at contigs in doubt, and how they are weighed.

Networks that tell kinds apart are learnt with whole groups left out, as in `training.kinds`, and
profiles of families without the same groups. What both say of fragments that neither saw is what
the weights are learnt from, by a logistic regression. The profiles that ship are of all groups.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..errors import InputError
from ..features.peptides import packed_table
from ..features.scan import grouped
from ..genes.hallmarks import Hallmarks, HallmarkSearch, arrays_of, as_stored, tools_of
from ..genes.stored_profiles import Profile
from ..io.contigs import Contig
from ..kinds.contigs import without_viruses
from ..kinds.hallmarks import DOUBT, regressors, said_by_families, with_families
from .hallmark_families import (
    VIRUS,
    Cluster,
    Proteins,
    choose_families,
    predict_proteins,
    profiles_of,
    read_clusters,
    write_proteins,
)
from .kind_fragments import (
    HOST,
    SOURCES,
    Fragments,
    Ints,
    Mask,
    Rows,
    Values,
    draw_fragments,
    drawn_contigs,
    groups_of,
    rows_of,
    words_of_groups,
)
from .kind_judgement import PRIOR, best_temperature, probabilities_of, rates
from .kinds import Arrays, cross_validate, folds_of
from .peptides import GroupWords
from .settings import HallmarkTraining

log = logging.getLogger("llmbin.training")

Families = Mapping[int, Profile]  # by number

PLASMIDS = 0.03  # of a metagenome's bases, which are of hosts in `PRIOR`
VIRUSES = (0.015, 0.05)  # shares of a metagenome's bases, for which families are judged
STEPS = 50  # of Newton's method
ARCHAEA = 0.1  # of cells, for how often a family is on one


@dataclass(frozen=True)
class Learnt:
    """Evidence of families float64 [families], and weights [5] (see `genes.hallmarks`)."""

    evidence: Values
    weights: Values


@dataclass(frozen=True)
class Found:
    """Which families fragments have, bool [n, families], and the fold of each fragment [n].

    Those of a fold are looked through for families that are chosen without it: ``looked`` bool
    [folds, families].
    """

    there: Mask
    looked: Mask
    fold: Ints


@dataclass(frozen=True)
class Folds:
    """What is known of each fold: networks and the groups they learnt from; profiles."""

    networks: list[tuple[Arrays, Mask]]
    families: Sequence[Families]


def train_hallmarks(
    sequences: Path,
    table: Path,
    clusters: Path | None,
    out: Path,
    settings: HallmarkTraining,
    folds: Path | None = None,
) -> None:
    """Write ``hallmarks.npz`` and ``hallmarks.json`` to ``out``; without clusters, the proteins.

    ``table`` is that of `training.kinds.train_kinds`. In ``folds`` is written what
    `bench.kinds_in_run` needs.

    Raises:
        InputError: the tables do not go with the sequences, or tell no families of viruses.
    """
    torch.set_num_threads(settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    rows = rows_of(sequences, table)
    proteins = predict_proteins(sequences, rows, settings)
    if clusters is None:
        write_proteins(proteins, out / "proteins.faa")
        log.warning(
            "wrote %s; cluster them, as with `mmseqs easy-cluster proteins.faa clusters tmp -c 0.6 "
            "-e 0.001`, and give --clusters clusters_cluster.tsv",
            out / "proteins.faa",
        )
        return
    candidates = read_clusters(clusters, proteins, rows, settings)
    fragments = draw_fragments(sequences, rows, settings)
    known = words_of_groups(sequences, rows, settings)
    fold_of = folds_of_groups(fragments, rows, settings)
    by_fold = [
        _families(candidates, proteins, fold_of != k, settings) for k in range(settings.folds)
    ]
    networks: list[tuple[Arrays, Mask]] = []
    odds = cross_validate(fragments, known, settings, networks.append)
    temperature = best_temperature(odds, fragments, settings)
    fold = fold_of[fragments.group]
    drawn = drawn_contigs(sequences, rows, settings)
    found = search_folds(drawn, by_fold, fold, len(candidates))
    likely = without_viruses(probabilities_of(odds / temperature), _cells(fragments))
    by_rest = [learn(fragments, likely, found, fold != k, settings) for k in range(settings.folds)]
    judged = judge_families(fragments, likely, found, by_rest)
    every = learn(fragments, likely, found, fold >= 0, settings)
    whole = _families(candidates, proteins, fold_of >= 0, settings)
    shipped = hallmarks_of(whole, every)
    np.savez_compressed(out / "hallmarks.npz", **arrays_of(shipped))
    evaluation = {
        "settings": asdict(settings),
        "temperature": temperature,
        "families": len(shipped.profiles),
        "evidence": np.quantile(shipped.evidence, [0, 0.25, 0.5, 0.75, 1]).round(2).tolist(),
        "weights": shipped.weights.round(4).tolist(),
        **judged,
    }
    (out / "hallmarks.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    log.info("on groups left out: %s", judged)
    if folds is not None:
        kept = Folds(networks, by_fold)
        write_folds(folds, kept, by_rest, known, (fragments, temperature, settings))
        write_fold_table(folds / "folds.tsv", rows, fragments, fold_of)


def folds_of_groups(fragments: Fragments, rows: Rows, settings: HallmarkTraining) -> Ints:
    """The fold of each group: that of its fragments, or any of a group without."""
    fold = np.arange(len(groups_of(rows))) % settings.folds
    fold[fragments.group] = folds_of(fragments, settings)
    return fold


def _families(
    clusters: Sequence[Cluster], proteins: Proteins, learnt: Mask, settings: HallmarkTraining
) -> Families:
    """Profiles of families that are chosen by groups bool [groups], of these groups' proteins.

    Raises:
        InputError: these groups have none.
    """

    def is_learnt(group: int) -> bool:
        return bool(learnt[group])

    chosen = choose_families(clusters, proteins, is_learnt, settings)
    if not chosen:
        raise InputError(
            f"none of {len(clusters):,} families is one of {settings.least_groups} groups of "
            "viruses that are learnt from, and of few plasmids; give more sequences or wider "
            "clusters, or lower --least-groups"
        )
    log.info("%d of %d families are chosen", len(chosen), len(clusters))
    return profiles_of(chosen, proteins, is_learnt, settings)


def search_folds(
    fragments: Iterable[Contig],
    by_fold: Sequence[Families],
    fold: Ints,
    families: int,
) -> Found:
    """Look fragments through for families that did not see their group."""
    looked = np.zeros((len(by_fold), families), np.bool_)
    searches = []
    for k, found in enumerate(by_fold):
        looked[k, list(found)] = True
        searches.append(
            HallmarkSearch(tools_of([as_stored(profile) for profile in found.values()]))
        )
    by_number = [np.array(list(found)) for found in by_fold]
    there = np.zeros((len(fold), families), np.bool_)
    for group in grouped(fragments):
        for k, search in enumerate(searches):
            mine = [contig for contig in group if fold[contig.index] == k]
            for place, family in search.look(mine):
                there[mine[place].index, by_number[k][family]] = True
    return Found(there, looked, fold)


def _cells(fragments: Fragments) -> Mask:
    """Fragments with a marker gene or one of ribosomal RNA, which are of no virus."""
    return np.asarray((fragments.genes[:, :-1] > 0).any(1), np.bool_)


def shares(viruses: float = PRIOR[VIRUS]) -> Values:
    """Of a metagenome's bases, by `SOURCES`, with so many of viruses."""
    found = np.append(PRIOR, PLASMIDS)
    found[HOST] -= PLASMIDS
    found[VIRUS] = viruses
    return np.asarray(found / found.sum(), np.float64)


def _weights(fragments: Fragments, rows: Mask, of: Values) -> Values:
    """How often fragments count: groups by the root of their number, sources as shares ``of``."""
    weight = rows / np.sqrt(np.bincount(fragments.group)[fragments.group])
    total = np.maximum(np.bincount(fragments.source, weight, len(SOURCES)), 1e-300)
    return np.asarray(weight * (of / total)[fragments.source], np.float64)


def learn(
    fragments: Fragments, likely: Values, found: Found, rows: Mask, settings: HallmarkTraining
) -> Learnt:
    """Evidence and weights from some fragments bool [n], those that are held left out.

    ``likely`` [n, 4] and ``found`` are by what saw nothing of a fragment's group.
    """
    rows = rows & ~fragments.held
    evidence = _evidence(fragments, found, rows, settings)
    virus, lengths = likely[:, VIRUS], fragments.lengths
    x = regressors(virus, said_by_families(found.there, lengths, evidence), lengths)
    doubt = rows & (virus >= DOUBT)
    weight = _weights(fragments, rows, shares())[doubt] * rows.sum()
    y = (fragments.source == VIRUS)[doubt].astype(np.float64)
    return Learnt(evidence, logistic(x[doubt], y, weight, settings.ridge))


def _evidence(
    fragments: Fragments, found: Found, rows: Mask, settings: HallmarkTraining
) -> npt.NDArray[np.float64]:
    """By how many nats families say virus, and not cell: of how many fragments have them.

    Of a family fragments count that were looked through for it; it needs some.
    """
    weight = rows / np.sqrt(np.bincount(fragments.group)[fragments.group])
    log_rate = np.empty((len(SOURCES), found.there.shape[1]))
    for source in range(len(SOURCES)):
        mine = np.where(fragments.source == source, weight, 0)
        there = mine @ found.there
        looked = np.bincount(found.fold, mine, len(found.looked)) @ found.looked
        number = np.bincount(found.fold, mine > 0, len(found.looked)) @ found.looked
        share = there / np.maximum(looked, 1e-300)
        log_rate[source] = np.log((number * share + 0.5) / (number + 1))
    cells = log_rate[0] * (1 - ARCHAEA) + log_rate[1] * ARCHAEA
    evidence = np.minimum(log_rate[VIRUS] - cells, settings.most_evidence)
    known = found.looked[np.unique(found.fold[rows])].any(0)
    return np.where(known & (evidence >= settings.least_evidence), evidence, 0)


def logistic(x: Values, y: Values, weight: Values, ridge: float) -> Values:
    """Weights [k] of a logistic regression of y [n] on x [n, k], whose last column is 1.

    ``ridge`` is against large weights of columns divided by their deviation. By Newton's method.
    """
    mean, scale = x.mean(0), x.std(0)
    mean[-1], scale[-1] = 0, 1
    x = (x - mean) / np.maximum(scale, 1e-9)
    against = np.diag(np.append(np.full(x.shape[1] - 1, ridge), 1e-9))
    found = np.zeros(x.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-x @ found))
        slope = x.T @ (weight * (likely - y)) + against @ found
        curve = (x * (weight * likely * (1 - likely))[:, None]).T @ x + against
        found -= np.linalg.solve(curve, slope)
    found[:-1] /= np.maximum(scale[:-1], 1e-9)
    found[-1] -= (found[:-1] * mean[:-1]).sum()
    return found


def hallmarks_of(families: Families, learnt: Learnt) -> Hallmarks:
    """Families that say something, as they ship.

    Raises:
        InputError: none does.
    """
    told = [number for number in families if learnt.evidence[number] > 0]
    if not told:
        raise InputError(
            f"none of {len(families):,} families tells viruses from cells; give more sequences, "
            "or lower --least-evidence"
        )
    profiles = tuple(families[number] for number in told)
    return Hallmarks(profiles, learnt.evidence[told], learnt.weights)


def judge_families(
    fragments: Fragments, likely: Values, found: Found, learnt: Sequence[Learnt]
) -> dict[str, Any]:
    """Recall of viruses from 5 kb on where precision is high, with and without families.

    Each fold by what the others say; those that are held are not judged.
    """
    by_families, there = likely[:, VIRUS].copy(), found.there
    for k, of_rest in enumerate(learnt):
        rows = (found.fold == k) & (likely[:, VIRUS] >= DOUBT)
        hallmarks = Hallmarks((), of_rest.evidence, of_rest.weights)
        now, _ = with_families(likely[rows], there[rows], fragments.lengths[rows], hallmarks)
        by_families[rows] = now[:, VIRUS]
    long = (fragments.lengths >= 5_000) & ~fragments.held
    any_of = {
        name: [
            round(float((there[long & (fragments.source == k)].sum(1) >= n).mean()), 4)
            for n in (1, 2)
        ]
        for k, name in enumerate(SOURCES)
    }
    told: list[dict[str, Any]] = []
    for viruses in VIRUSES:
        weight = _weights(fragments, long, shares(viruses))
        of = np.bincount(fragments.kind, weight, len(PRIOR))
        for name, score in (("network", likely[:, VIRUS]), ("and families", by_families)):
            called = rates(score, fragments.kind, weight, VIRUS, of.tolist())
            told.append({"viruses": viruses, "by": name, **called})
    return {"fragments with a family, with two": any_of, "from 5 kb": told}


def write_folds(
    folder: Path,
    folds: Folds,
    learnt: Sequence[Learnt],
    known: GroupWords,
    of: tuple[Fragments, float, HallmarkTraining],
) -> None:
    """A folder for each fold, with the data files of what saw none of its groups."""
    fragments, temperature, settings = of
    for k, (arrays, groups) in enumerate(folds.networks):
        place = folder / f"fold{k}"
        place.mkdir(parents=True, exist_ok=True)
        for name in ("weight2", "bias2"):
            arrays[name] = (arrays[name] / temperature).astype(np.float32)
        np.savez_compressed(place / "kinds.npz", **arrays)
        words, column = known.table(groups, settings.peptides)
        np.savez_compressed(place / "peptides.npz", **packed_table(words, column))
        weights = fragments.hexamer_weights(groups, settings)
        np.savez_compressed(place / "hexamers.npz", weights=weights)
        hallmarks = hallmarks_of(folds.families[k], learnt[k])
        np.savez_compressed(place / "hallmarks.npz", **arrays_of(hallmarks))


def write_fold_table(path: Path, rows: Rows, fragments: Fragments, fold_of: Ints) -> None:
    """The fold of each sequence of which there are fragments and which is not held."""
    groups, drawn = groups_of(rows), set(fragments.group.tolist())
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["sequence", "fold"])
        for name, row in rows.items():
            group = groups[row.source, row.group]
            if group in drawn and not row.held:
                writer.writerow([name, fold_of[group]])
