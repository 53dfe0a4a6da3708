"""Families of proteins that viruses share, from clusters of their proteins, and their profiles.

Clusters are those of MMseqs2, or of whatever writes a table of a cluster's representative and a
member. A family is a cluster that groups of viruses have and hardly a plasmid has.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..genes.markers import logarithms
from ..genes.stored_profiles import Profile
from ..io.contigs import Assembly, read_contigs
from .kind_fragments import SOURCES, Rows, groups_of
from .markers import build_profile
from .settings import HallmarkTraining

VIRUS, PLASMID = SOURCES.index("virus"), SOURCES.index("plasmid")
TRAINED = 40_000  # bp from which on genes are predicted by the sequence itself
SHORTEST, UNKNOWN = 60, 5  # residues of a protein, and how many must not be unknown

Proteins = Mapping[str, str]  # residues by name, SEQUENCE_NUMBER


Learnt = Callable[[int], bool]  # whether a group is learnt from


@dataclass(frozen=True)
class Cluster:
    """Its number, its proteins of viruses by their group, and groups of plasmids that have it."""

    number: int
    viruses: Mapping[int, Sequence[str]]
    plasmids: frozenset[int]


def predict_proteins(sequences: Path, rows: Rows, settings: HallmarkTraining) -> dict[str, str]:
    """Proteins that pyrodigal finds in viruses and plasmids to learn from."""
    import pyrodigal

    of_all, found = pyrodigal.GeneFinder(meta=True), {}
    learnt = {n for n, r in rows.items() if r.source in (VIRUS, PLASMID) and not r.held}
    for contig in read_contigs(sequences, settings.shortest, Assembly(), learnt):
        text, finder = np.frombuffer(b"ACGTN", np.uint8)[contig.codes].tobytes(), of_all
        if len(text) >= TRAINED:
            finder = pyrodigal.GeneFinder()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that a longer one would do better
                finder.train(text)
        for number, gene in enumerate(finder.find_genes(text)):
            protein = gene.translate().rstrip("*")
            if len(protein) >= SHORTEST and protein.count("X") < UNKNOWN:
                found[f"{contig.name}_{number}"] = protein
    return found


def write_proteins(proteins: Proteins, path: Path) -> None:
    """As FASTA, for what makes clusters."""
    with open(path, "w") as handle:
        handle.writelines(f">{name}\n{protein}\n" for name, protein in proteins.items())


def read_clusters(
    path: Path, proteins: Proteins, rows: Rows, settings: HallmarkTraining
) -> list[Cluster]:
    """Those that enough viruses have, of a table of representatives and members without a head.

    Raises:
        InputError: a row is no such pair, a member is none of the proteins, or no cluster is one.
    """
    groups = groups_of(rows)
    of_cluster: dict[str, list[str]] = defaultdict(list)
    for representative, member in _pairs(path):
        if member not in proteins:
            raise InputError(
                f"{path}: {member!r} is none of the proteins; give the clusters of the "
                "proteins.faa that this command writes without --clusters"
            )
        of_cluster[representative].append(member)
    found: list[Cluster] = []
    for representative in sorted(of_cluster):
        by_source: dict[int, dict[int, list[str]]] = {VIRUS: {}, PLASMID: {}}
        for member in sorted(of_cluster[representative]):
            row = rows[member.rpartition("_")[0]]
            group = groups[row.source, row.group]
            by_source[row.source].setdefault(group, []).append(member)
        if len(by_source[VIRUS]) >= settings.least_groups:
            cluster = Cluster(len(found), by_source[VIRUS], frozenset(by_source[PLASMID]))
            found.append(cluster)
    if not found:
        raise InputError(
            f"{path}: no cluster has proteins of {settings.least_groups} groups of viruses; "
            "make wider clusters, or lower --least-groups"
        )
    return found


def choose_families(
    clusters: Sequence[Cluster], proteins: Proteins, learnt: Learnt, settings: HallmarkTraining
) -> list[Cluster]:
    """Those that together tell most viruses, one after the other.

    A family adds the groups of viruses that have it, each the less the more families it has
    already, for the root of its length.
    """
    candidates, sizes, has = [], [], []
    for cluster in clusters:
        groups = [group for group in cluster.viruses if learnt(group)]
        plasmids = sum(map(learnt, cluster.plasmids))
        if len(groups) >= max(settings.least_groups, settings.ratio * plasmids):
            names = [name for group in groups for name in cluster.viruses[group]]
            size = float(np.median([len(proteins[name]) for name in names]))
            if size < settings.longest_family:
                candidates.append(cluster)
                sizes.append(size)
                has.append(groups)
    worth = np.ones(1 + max((max(groups) for groups in has), default=0))
    left, room, chosen = set(range(len(candidates))), float(settings.columns), list[Cluster]()
    while left:
        gains = [(float(worth[has[k]].sum()) / sizes[k] ** 0.5, -k) for k in left]
        best = -max(gains)[1]
        left.remove(best)
        room -= sizes[best]
        if room < 0:
            break
        chosen.append(candidates[best])
        worth[has[best]] *= settings.again
    return chosen


def _pairs(clusters: Path) -> Iterator[tuple[str, str]]:
    with open(clusters, errors="surrogateescape") as handle:
        for number, line in enumerate(handle, 1):
            words = line.split()
            if len(words) != 2:
                raise InputError(
                    f"{clusters}, line {number}: a cluster's representative and a member were "
                    "expected"
                )
            yield words[0], words[1]


def profiles_of(
    families: Sequence[Cluster],
    proteins: Proteins,
    learnt: Learnt,
    settings: HallmarkTraining,
) -> dict[int, Profile]:
    """Profiles by number of family, of proteins of groups that are ``learnt`` from."""
    found = {}
    for family in families:
        members = [(name, proteins[name]) for name in _drawn(family, learnt, settings)]
        found[family.number] = logarithms(build_profile(f"V{family.number}", members, 1))
    return found


def _drawn(family: Cluster, learnt: Learnt, settings: HallmarkTraining) -> Sequence[str]:
    """Members that the profile is of, a few of each group."""
    groups = [group for group in sorted(family.viruses) if learnt(group)]
    names = [name for group in groups for name in family.viruses[group][: settings.of_group]]
    if len(names) > settings.aligned:
        rng = np.random.default_rng([settings.seed, family.number])
        names = [names[k] for k in sorted(rng.permutation(len(names))[: settings.aligned])]
    return names
