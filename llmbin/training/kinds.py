"""The network that tells bacteria, archaea, eukaryotes and viruses apart, from labelled sequences.

Fragments of many lengths are drawn of every sequence. Groups (a genus, or what is like each other)
count by the root of their number, kinds count alike, and a prior is put on top of what the network
says. Plasmids are bacteria to it: what it knows of them is their host. The same with whole groups
left out says how good it is on what was never seen, and how sure it may be (its temperature).
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..features.composition import Composed, Compositions
from ..features.scan import watched
from ..io.contigs import Assembly, Contig, read_contigs
from ..kinds.contigs import SURE
from ..kinds.network import TOLD_APART, KindNetwork, kind_inputs, kind_network_of, shares_of
from .settings import KindTraining
from .shards import other_strand

log = logging.getLogger("llmbin.training")

SOURCES = (*TOLD_APART, "plasmid")
ALIKE = (0.45, 0.05, 0.25, 0.25)  # shares of a test set, as other tools are judged on
PRIOR = (0.8, 0.05, 0.1, 0.05)  # of a metagenome's bases, by `TOLD_APART`
HOST = 0  # the kind that a plasmid counts as
LENGTHS = np.array([1_000, 2_000, 3_000, 5_000, 10_000, 1 << 40])  # at which it is judged
TEMPERATURES = np.arange(0.7, 2.51, 0.05)
MOST_UNKNOWN = 0.1  # of a fragment's bases
HELD = "held"  # in the column `set`: never trained on

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Labelled:
    """A sequence's row of the table."""

    source: int
    group: str
    bases: int
    held: bool


@dataclass(frozen=True)
class Fragments:
    """n fragments: ``source`` is the row of `SOURCES`, ``group`` numbers source and group.

    ``held`` are those that are never trained on.
    """

    composed: Composed
    lengths: Ints
    source: Ints
    group: Ints
    held: Mask

    @property
    def kind(self) -> Ints:
        """The row of `TOLD_APART`."""
        return np.where(self.source < len(TOLD_APART), self.source, HOST)

    def inputs(self) -> Values:
        """What the network sees."""
        return kind_inputs(self.composed.vectors, self.composed.frames, self.lengths)

    def weights(self, plasmids: float) -> Values:
        """How often each counts: kinds alike, groups by the root of their number; sums to 1."""
        weight = 1 / np.sqrt(np.bincount(self.group)[self.group])
        shares = np.ones(len(SOURCES))
        shares[HOST], shares[-1] = 1 - plasmids, plasmids
        total = np.bincount(self.source, weight, len(SOURCES))
        weight *= (shares / np.maximum(total, 1e-300))[self.source]
        return np.asarray(weight / weight.sum(), np.float64)

    def take(self, rows: Mask) -> Fragments:
        """Some of them."""
        part = self.composed.take(rows)
        lengths, source, group = (a[rows] for a in (self.lengths, self.source, self.group))
        return Fragments(part, lengths, source, group, self.held[rows])


def train_kinds(sequences: Path, table: Path, out: Path, settings: KindTraining) -> None:
    """Write ``kinds.npz`` and ``evaluation.json`` to ``out``.

    ``table`` is a TSV with the columns sequence, kind (one of `SOURCES`), group, bases and perhaps
    set (``held``: judged, never trained on).

    Raises:
        InputError: the table has no row for a sequence, or lacks a kind, or has another one.
    """
    torch.set_num_threads(settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    fragments = draw_fragments(sequences, read_table(table), settings)
    log.info("drew %d fragments", len(fragments.lengths))
    odds = cross_validate(fragments, settings)
    temperature = best_temperature(odds, fragments, settings)
    evaluation = {
        "settings": asdict(settings),
        "temperature": temperature,
        "groups": {
            name: len(np.unique(fragments.group[fragments.source == k]))
            for k, name in enumerate(SOURCES)
        },
        **judge(odds / temperature, fragments, settings),
    }
    (out / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    log.info("on groups left out: %s", evaluation["called"])
    arrays = fit(fragments.take(~fragments.held), settings, settings.seed)
    for name in ("weight2", "bias2"):
        arrays[name] = (arrays[name] / temperature).astype(np.float32)
    np.savez_compressed(out / "kinds.npz", **arrays)


def read_table(table: Path) -> dict[str, Labelled]:
    """Rows by sequence.

    Raises:
        InputError: a kind is not one of `SOURCES`, or one of `TOLD_APART` is missing.
    """
    rows: dict[str, Labelled] = {}
    with open(table, newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            if row["kind"] not in SOURCES:
                known = ", ".join(SOURCES)
                raise InputError(f"{table}: kind {row['kind']!r} is none of {known}")
            source = SOURCES.index(row["kind"])
            held = row.get("set") == HELD
            rows[row["sequence"]] = Labelled(source, row["group"], int(row["bases"]), held)
    missing = set(range(len(TOLD_APART))) - {row.source for row in rows.values() if not row.held}
    if missing:
        raise InputError(f"{table}: no sequence to learn from is a {SOURCES[min(missing)]}")
    return rows


def draw_fragments(sequences: Path, rows: dict[str, Labelled], settings: KindTraining) -> Fragments:
    """Fragments of all sequences, composed.

    Raises:
        InputError: a sequence has no row.
    """
    drawn, compositions = _Drawn(rows, settings), Compositions()
    for _ in watched(drawn.fragments(sequences), [compositions], settings.threads):
        pass
    groups = {key: i for i, key in enumerate(sorted({(r.source, r.group) for r in drawn.rows}))}
    return Fragments(
        compositions.result(),
        np.array(drawn.lengths, np.int64),
        np.array([row.source for row in drawn.rows], np.int64),
        np.array([groups[row.source, row.group] for row in drawn.rows], np.int64),
        np.array([row.held for row in drawn.rows], np.bool_),
    )


class _Drawn:
    """Draws fragments, and remembers of which sequence each is."""

    def __init__(self, rows: dict[str, Labelled], settings: KindTraining) -> None:
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


class KindClassifier(nn.Module):
    """As `kinds.network.KindNetwork`'s member, with dropout."""

    def __init__(self, inputs: int, settings: KindTraining) -> None:
        super().__init__()
        width = settings.width
        self.first, self.second = nn.Linear(inputs, width), nn.Linear(width, width)
        self.last = nn.Linear(width, len(TOLD_APART))
        self.drop = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Log odds of the kinds, [n, 4]."""
        for layer in (self.first, self.second):
            x = self.drop(nn.functional.gelu(layer(x), approximate="tanh"))
        out: Tensor = self.last(x)
        return out


def fit(fragments: Fragments, settings: KindTraining, seed: int) -> Arrays:
    """Arrays of a network (see `kinds.network.kind_network_of`)."""
    torch.manual_seed(seed)
    inputs = fragments.inputs()
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
    x = torch.from_numpy(((inputs - mean) / scale).astype(np.float32))
    kind = torch.from_numpy(fragments.kind)
    up_to = torch.from_numpy(np.cumsum(fragments.weights(settings.plasmids)))
    network = KindClassifier(x.shape[1], settings)
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps
    )
    for _ in range(settings.steps):
        chance = torch.rand(settings.batch, dtype=torch.float64)
        rows = torch.searchsorted(up_to, chance).clamp(max=len(kind) - 1)
        loss = nn.functional.cross_entropy(network(x[rows]), kind[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    arrays: Arrays = {"mean": mean, "scale": scale, "prior": np.array(PRIOR)}
    for k, layer in enumerate((network.first, network.second, network.last)):
        arrays[f"weight{k}"] = layer.weight.detach().numpy().T.copy()
        arrays[f"bias{k}"] = layer.bias.detach().numpy()
    return arrays


def cross_validate(fragments: Fragments, settings: KindTraining) -> Values:
    """Log odds [n, 4] of networks that saw nothing of a fragment's group; no prior is in them.

    Held fragments have the mean over all folds' networks.
    """
    fold = folds_of(fragments, settings)
    odds = np.zeros((len(fold), len(TOLD_APART)))
    for k in range(settings.folds):
        learn = (fold != k) & ~fragments.held
        network = kind_network_of(fit(fragments.take(learn), settings, settings.seed + k))
        left_out = (fold == k) & ~fragments.held
        odds[left_out] = odds_of(network, fragments.take(left_out))
        if fragments.held.any():
            odds[fragments.held] += odds_of(network, fragments.take(fragments.held))
        log.info("fold %d of %d", k + 1, settings.folds)
    odds[fragments.held] /= settings.folds
    return odds


def folds_of(fragments: Fragments, settings: KindTraining) -> Ints:
    """The fold of each fragment: whole groups, of each source as evenly as they go."""
    members = np.bincount(fragments.group)
    source = np.zeros(len(members), np.int64)
    source[fragments.group] = fragments.source
    fold = np.zeros(len(members), np.int64)
    for k in range(len(SOURCES)):
        load = np.zeros(settings.folds, np.int64)
        mine = np.flatnonzero(source == k)
        for group in mine[np.argsort(-members[mine], kind="stable")]:
            fold[group] = load.argmin()
            load[fold[group]] += members[group]
    return fold[fragments.group]


def odds_of(network: KindNetwork, fragments: Fragments) -> Values:
    """What a network says of them, [n, 4]."""
    return network.odds(fragments.inputs())


def probabilities_of(odds: Values, prior: Sequence[float] = PRIOR) -> Values:
    """Log odds [n, 4] with a prior, as probabilities."""
    return shares_of(odds + np.log(prior))


def best_temperature(odds: Values, fragments: Fragments, settings: KindTraining) -> float:
    """What to divide log odds by so that they are as likely as can be (Guo et al. 2017)."""
    alike = np.full(len(TOLD_APART), 1 / len(TOLD_APART))
    kind, weight = fragments.kind, fragments.weights(settings.plasmids) * ~fragments.held
    rows = np.arange(len(kind))
    losses = [
        -float(weight @ np.log(probabilities_of(odds / t, alike.tolist())[rows, kind] + 1e-300))
        for t in TEMPERATURES
    ]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 2)


def judge(odds: Values, fragments: Fragments, settings: KindTraining) -> dict[str, Any]:
    """What is called what, and recall, precision and false calls of each kind, by length.

    Precision is that of a metagenome with the prior's shares of kinds, and that of a test set with
    a quarter of eukaryotes and of viruses each.
    """
    likely = probabilities_of(odds)
    answer = np.where(likely.max(1) >= SURE, likely.argmax(1), len(TOLD_APART))
    sources = {
        name + (" (held)" if held else ""): (fragments.source == k) & (fragments.held == held)
        for k, name in enumerate(SOURCES)
        for held in (False, True)
    }
    names = (*TOLD_APART, "unclear")
    called = {
        name: dict(zip(names, _shares(answer[rows & (fragments.lengths >= 3_000)]), strict=True))
        for name, rows in sources.items()
        if rows.any()
    }
    by_length = []
    for low, high in pairwise(LENGTHS.tolist()):
        inside = (fragments.lengths >= low) & (fragments.lengths < high)
        row: dict[str, Any] = {"from": low, "fragments": int(inside.sum())}
        for k, name in enumerate(TOLD_APART):
            weight = fragments.weights(settings.plasmids) * inside
            row[name] = {
                **_rates(likely[:, k], fragments.kind, weight, k, PRIOR),
                "alike": _rates(likely[:, k], fragments.kind, weight, k, ALIKE),
            }
        by_length.append(row)
    return {"called": called, "by_length": by_length}


def _shares(answers: Ints) -> list[float]:
    counts = np.bincount(answers, minlength=len(TOLD_APART) + 1)
    return [round(float(c), 4) for c in counts / max(len(answers), 1)]


def _rates(
    likely: Values, kinds: Ints, weight: Values, kind: int, shares: Sequence[float]
) -> dict[str, float]:
    """How a kind is called, and its recall where precision is high, with these shares of kinds.

    ``likely`` is the kind's probability; ``weight`` 0 leaves a fragment out.
    """
    total = np.maximum(np.bincount(kinds, weight, len(shares)), 1e-300)
    weight = weight * (np.array(shares) / total)[kinds]
    order = np.argsort(-likely, kind="stable")
    right = (kinds == kind)[order] * weight[order]
    recall = np.cumsum(right) / max(right.sum(), 1e-300)
    precision = np.cumsum(right) / np.maximum(np.cumsum(weight[order]), 1e-300)
    called = max(int((likely >= SURE).sum()) - 1, 0)
    found = {
        "recall": round(float(recall[called]), 3),
        "precision": round(float(precision[called]), 3),
    }
    for least in (0.9, 0.95, 0.99):
        enough = recall[precision >= least]
        found[f"recall at precision {least}"] = round(float(enough.max(initial=0)), 3)
    return found
