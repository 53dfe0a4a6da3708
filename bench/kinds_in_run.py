"""What a run says of kinds of contigs that nothing in it ever saw, with and without families.

python -m bench.kinds_in_run three=/data/three --folds hallmarks/folds --sequences labelled.fasta
                             --table labelled.tsv [--viruses 0.015 0.05] [--circles 0.5]
                             [--seed 1]

Folds are those that `llmbin-fast train hallmarks --folds-to` writes: networks, words, weights of
hexamers and families that saw no group of the fold. To a community are added, for each fold,
eukaryotes of its groups (7 % of the bases, cut into contigs, depths of its own for each group),
viruses and plasmids (3 kb or more, whole, depths of their own). Of all that is drawn by chance.
What contigs are called when all is binned is compared with what they are. With `--circles` names of
plasmids and of such a share of viruses say that they are circles, as assemblers of long reads do.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from llmbin.features import hexamers, peptides
from llmbin.genes import hallmarks
from llmbin.io.fasta import read_fasta
from llmbin.io.workspace import Workspace
from llmbin.kinds import network
from llmbin.kinds.contigs import EUKARYOTE, PLASMID, VIRUS, ContigKinds, kinds_of_contigs
from llmbin.options import RunOptions
from llmbin.progress import Clock
from llmbin.stages.clustering import bin_contigs, place_contigs
from llmbin.stages.families import kinds_with_families
from llmbin.stages.kinds import Known
from llmbin.stages.looking import look_at_contigs
from llmbin.stages.setting import set_out
from llmbin.stages.survey import survey_contigs
from llmbin.tools.scoring import near_complete_genomes, read_gold

from . import record
from .foreign import DEPTH, NOISE, SHORTEST, SPREAD, Foreign, fits, write_community
from .peers import SMALLEST_BIN, samples_of

EUKARYOTES, PLASMIDS = 0.07, 0.015  # shares of the community's bases
CONTIG, CONTIG_SPREAD, LONGEST = 7_000, 1.2, 1_500_000  # bp in the median, of a eukaryote
MODULES: tuple[Any, ...] = (network, hallmarks, peptides, hexamers)  # whose files are of a fold
# And bp from which on.
JUDGED = {"eukaryote": (EUKARYOTE, 3_000), "virus": (VIRUS, 5_000), "plasmid": (PLASMID, 5_000)}


@dataclass
class Calls:
    """Contigs of a kind, those called so, and those rightly; names of what is called wrongly."""

    there: int = 0
    called: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Calls) -> Calls:
        numbers = (self.there + other.there, self.called + other.called, self.right + other.right)
        return Calls(*numbers, self.wrong + other.wrong)

    def told(self) -> dict[str, Any]:
        """With recall and precision."""
        return {
            "contigs": self.there,
            "called": self.called,
            "recall": round(self.right / max(self.there, 1), 4),
            "precision": round(self.right / max(self.called, 1), 4),
            "wrong": self.wrong,
        }


def use_fold(folder: Path) -> None:
    """Let the program work with a fold's files instead of those that ship."""
    for module in MODULES:
        module.DATA = folder / module.DATA.name
    loads = (network.load_kind_network, hallmarks.load_hallmarks)
    for load in (*loads, peptides.load_peptide_table, hexamers.load_hexamer_weights):
        load.cache_clear()


def drawn(
    sequences: Mapping[str, list[tuple[str, str, bytes]]],
    wanted: Mapping[str, float],
    samples: int,
    rng: np.random.Generator,
) -> Iterator[Foreign]:
    """What is added: ``sequences`` by kind are group, name and bases; ``wanted`` bases by kind."""

    def depths() -> np.ndarray:
        return np.asarray(np.exp(rng.normal(np.log(DEPTH), SPREAD, samples)))

    for kind, bases_of_kind in wanted.items():
        left = bases_of_kind
        of_group: dict[str, np.ndarray] = {}
        known = sequences[kind]
        for number in rng.permutation(len(known)).tolist():
            group, name, bases = known[number]
            whole = kind != "eukaryote"
            shared = depths() if whole else of_group.setdefault(group, depths())
            for k, part in enumerate([bases] if whole else _cut(bases, rng)):
                if left > 0:
                    left -= len(part)
                    noise = np.exp(rng.normal(0, NOISE, samples))
                    yield Foreign(f"{kind}_{name}_{k}", kind, part, shared * noise)


def _cut(bases: bytes, rng: np.random.Generator) -> Iterator[bytes]:
    """A eukaryote's sequence as contigs."""
    place = 0
    while len(bases) - place >= SHORTEST:
        size = min(int(np.exp(rng.normal(np.log(CONTIG), CONTIG_SPREAD))) + SHORTEST, LONGEST)
        yield bases[place : place + size]
        place += size


def with_circles(added: list[Foreign], share: float, rng: np.random.Generator) -> list[Foreign]:
    """Named as myloasm does: of plasmids and a ``share`` of the viruses as circles."""
    chance = {"plasmid": 1.0, "virus": share}
    said = [rng.random() < chance.get(f.kind, 0) for f in added]
    return [
        replace(f, name=f"{f.name}_circular-{'yes' if circle else 'no'}")
        for f, circle in zip(added, said, strict=True)
    ]


def judged(
    kinds: ContigKinds, names: list[str], lengths: np.ndarray, kind_of: Mapping[str, str]
) -> dict[str, Calls]:
    """What is called rightly, by kind; contigs that are not in ``kind_of`` are the community's."""
    found = {}
    truth = [kind_of.get(name, "") for name in names]
    for kind, (number, shortest) in JUDGED.items():
        long = lengths >= shortest
        there, called = long & (np.array(truth) == kind), long & (kinds.kind == number)
        wrong = [names[row] for row in np.flatnonzero(called & ~there)]
        right = int((there & called).sum())
        found[kind] = Calls(int(there.sum()), int(called.sum()), right, wrong)
    return found


def run(
    folder: Path, community: Path, foreign: list[Foreign], ways: Mapping[str, bool]
) -> dict[str, dict[str, Any]]:
    """Calls, and near-complete genomes of the community, with what is foreign and without viruses
    and plasmids that are called so, by way.
    """
    options = RunOptions(
        contigs=folder / "contigs.fasta",
        outdir=folder / "out",
        depth=[folder / "depth.txt"],
        threads=1,
        report=False,
    )
    gold = read_gold(community / "gold.tsv")
    every = gold | {f.name: (f.genome, len(f.bases)) for f in foreign}
    kind_of = {f.name: f.kind for f in foreign}
    found: dict[str, dict[str, Any]] = {}
    with Workspace(options.outdir, hint="") as work:
        setting = set_out(options, work, Clock(), lambda: None)
        survey = survey_contigs(setting)
        looked = look_at_contigs(setting, survey, lambda bases: None)
        features = looked.features
        points = place_contigs(features, looked.coverage, looked.embedder, 1)
        for way, families in ways.items():
            alone = (
                kinds_with_families(setting, features) if families else kinds_of_contigs(features)
            )
            known = Known(features, alone, looked.markers)
            device = looked.embedder.device
            binning, kinds = bin_contigs(points, known, survey.assemblies, options, device)
            calls = judged(kinds, features.names, features.lengths, kind_of)
            mobile = np.isin(kinds.kind, (VIRUS, PLASMID))
            bins = {
                name: str(label)
                for name, label, out in zip(
                    features.names, binning.label.tolist(), mobile.tolist(), strict=True
                )
                if label >= 0 and not (out and name in kind_of)
            }
            genomes = {genome for genome, _ in gold.values()}
            near = near_complete_genomes(bins, every, SMALLEST_BIN) & genomes
            found[way] = {**calls, "near-complete": len(near)}
    return found


def labelled(
    sequences: Path, table: Path, fold_of: Mapping[str, int]
) -> list[dict[str, list[tuple[str, str, bytes]]]]:
    """By fold and kind: group, name and bases of what may be added."""
    with open(table, newline="") as handle:
        rows = {row["sequence"]: row for row in csv.DictReader(handle, delimiter="\t")}
    folds = max(fold_of.values()) + 1
    kinds = ("eukaryote", "virus", "plasmid")
    found: list[dict[str, list[tuple[str, str, bytes]]]] = [
        {kind: [] for kind in kinds} for _ in range(folds)
    ]
    for read in read_fasta(sequences):
        row = rows[read.name]
        bases = len(read.sequence)
        fine = fits(bases) if row["kind"] != "eukaryote" else bases >= SHORTEST
        if row["kind"] in kinds and read.name in fold_of and fine:
            kept = (row["group"], read.name, bytes(read.sequence))
            found[fold_of[read.name]][row["kind"]].append(kept)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--sequences", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--viruses", type=float, nargs="+", default=[0.015, 0.05])
    parser.add_argument("--circles", type=float, metavar="SHARE", help="of the viruses")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with open(options.folds / "folds.tsv", newline="") as handle:
        rows = csv.DictReader(handle, delimiter="\t")
        fold_of = {row["sequence"]: int(row["fold"]) for row in rows}
    known = labelled(options.sequences, options.table, fold_of)
    ways: dict[str, bool] = {"network": False, "network and families": True}
    out = []
    for item in options.communities:
        name, _, path = item.partition("=")
        folder = Path(path)
        bases = sum(len(r.sequence) for r in read_fasta(folder / "contigs.fasta"))
        for share in options.viruses:
            shares = {"eukaryote": EUKARYOTES, "virus": share, "plasmid": PLASMIDS}
            wanted = {kind: part * bases for kind, part in shares.items()}
            rng, rows_of = np.random.default_rng(options.seed), []
            for fold, sequences in enumerate(known):
                use_fold(options.folds / f"fold{fold}")
                added = list(drawn(sequences, wanted, len(samples_of(folder)), rng))
                if options.circles is not None:
                    added = with_circles(added, options.circles, np.random.default_rng(fold))
                with tempfile.TemporaryDirectory() as work:
                    write_community(folder, added, Path(work))
                    rows_of.append(run(Path(work), folder, added, ways))
                print(name, share, fold, _told(rows_of[-1]), flush=True)
            out.append({"community": name, "viruses": share, **_sums(rows_of, ways)})
            print(out[-1], flush=True)
    result = "kinds-in-run" if options.circles is None else "circles-in-run"
    print(record.write(result, {"seed": options.seed, "rows": out}))


def _told(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {way: {k: _plain(v) for k, v in each.items()} for way, each in found.items()}


def _plain(value: Any) -> Any:
    return value.told() if isinstance(value, Calls) else value


def _sums(
    rows: list[dict[str, dict[str, Any]]], ways: Mapping[str, bool]
) -> dict[str, dict[str, Any]]:
    """Calls of all folds together, and near-complete genomes of each."""
    out = {}
    for way in ways:
        calls = {kind: sum((r[way][kind] for r in rows), Calls()).told() for kind in JUDGED}
        out[way] = {**calls, "near-complete": [r[way]["near-complete"] for r in rows]}
    return out


if __name__ == "__main__":
    main()
