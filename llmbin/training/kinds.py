"""The network that tells bacteria, archaea, eukaryotes and viruses apart, from labelled sequences.

Fragments of many lengths are drawn of every sequence. Groups (a genus, or what is like each other)
count by the root of their number, kinds count alike, and a prior is put on top of what the network
says. Plasmids are bacteria to it: what it knows of them is their host. The same with whole groups
left out says how good it is on what was never seen, and how sure it may be (its temperature).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..features.peptides import COLUMNS, packed_table
from ..kinds.inputs import MARKER_INPUTS, RNA_INPUTS
from ..kinds.network import TOLD_APART, kind_network_of, scaled
from .kind_fragments import (
    SOURCES,
    Fragments,
    Ints,
    Mask,
    Values,
    draw_fragments,
    rows_of,
    words_of_groups,
)
from .kind_judgement import PRIOR, best_temperature, judge
from .peptides import GroupWords
from .settings import KindTraining

log = logging.getLogger("llmbin.training")

Arrays = dict[str, Any]


def train_kinds(sequences: Path, table: Path, out: Path, settings: KindTraining) -> None:
    """Write ``kinds.npz``, ``peptides.npz``, ``hexamers.npz`` and ``evaluation.json`` to ``out``.

    ``table`` is a TSV with the columns sequence, kind (one of `SOURCES`), group, bases and perhaps
    set (``held``: judged, never trained on).

    Raises:
        InputError: the table has no row for a sequence or one of none, lacks a kind or has another.
    """
    torch.set_num_threads(settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    rows = rows_of(sequences, table)
    fragments = draw_fragments(sequences, rows, settings)
    log.info("drew %d fragments", len(fragments.lengths))
    known = words_of_groups(sequences, rows, settings)
    log.info("groups share %d words of residues", len(known.words))
    learn_kinds(fragments, known, out, settings)


def learn_kinds(fragments: Fragments, known: GroupWords, out: Path, settings: KindTraining) -> None:
    """The same from fragments and the words that groups share."""
    odds = cross_validate(fragments, known, settings)
    temperature = best_temperature(odds, fragments, settings)
    groups = np.ones(len(known.source), np.bool_)
    words, column = known.table(groups, settings.peptides)
    evaluation = {
        "settings": asdict(settings),
        "temperature": temperature,
        "groups": {
            name: len(np.unique(fragments.group[fragments.source == k]))
            for k, name in enumerate(SOURCES)
        },
        "peptides": _by_source(column),
        **judge(odds / temperature, fragments, settings),
    }
    (out / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    log.info("on groups left out: %s", evaluation["called"])
    inputs = fragments.inputs(known, groups, settings)
    arrays = fit(inputs, fragments, ~fragments.held, settings, settings.seed)
    for name in ("weight2", "bias2"):
        arrays[name] = (arrays[name] / temperature).astype(np.float32)
    np.savez_compressed(out / "kinds.npz", **arrays)
    np.savez_compressed(out / "peptides.npz", **packed_table(words, column))
    np.savez_compressed(out / "hexamers.npz", weights=fragments.hexamer_weights(groups, settings))


def _by_source(column: npt.NDArray[np.uint8]) -> dict[str, list[int]]:
    """How many words each source has, by how many groups share them."""
    shared = np.bincount(column, minlength=COLUMNS).reshape(len(SOURCES), -1)
    return dict(zip(SOURCES, shared.tolist(), strict=True))


class KindClassifier(nn.Module):
    """As `kinds.network.KindNetwork`'s member, with dropout."""

    def __init__(self, inputs: int, settings: KindTraining) -> None:
        super().__init__()
        width = settings.width
        self.first, self.second = nn.Linear(inputs, width), nn.Linear(width, width)
        self.last = nn.Linear(width, len(TOLD_APART))
        self.drop = nn.Dropout(settings.dropout)

    @property
    def layers(self) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
        """In the order of their work."""
        return self.first, self.second, self.last

    def forward(self, x: Tensor) -> Tensor:
        """Log odds of the kinds, [n, 4]."""
        for layer in (self.first, self.second):
            x = self.drop(nn.functional.gelu(layer(x), approximate="tanh"))
        out: Tensor = self.last(x)
        return out


def fit(
    inputs: Values, fragments: Fragments, learn: Mask, settings: KindTraining, seed: int
) -> Arrays:
    """Arrays of networks (see `kinds.network.kind_network_of`) from some fragments' inputs."""
    inputs = inputs[learn]
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
    x = torch.from_numpy(scaled(inputs, mean, scale).astype(np.float32))
    kind = torch.from_numpy(fragments.kind[learn])
    up_to = torch.from_numpy(np.cumsum(fragments.weights(settings.plasmids, learn)))
    arrays: Arrays = {"mean": mean, "scale": scale, "prior": np.array(PRIOR)}
    seeds = range(seed, seed + settings.members * settings.folds, settings.folds)
    networks = [_fit_member(x, kind, up_to, settings, member) for member in seeds]
    for k in range(len(networks[0].layers)):
        layers = [network.layers[k] for network in networks]
        arrays[f"weight{k}"] = np.stack([layer.weight.detach().numpy().T for layer in layers])
        arrays[f"bias{k}"] = np.stack([layer.bias.detach().numpy() for layer in layers])
    return arrays


def _fit_member(
    x: Tensor, kind: Tensor, up_to: Tensor, settings: KindTraining, seed: int
) -> KindClassifier:
    """One network; ``up_to`` [rows] are the sums of the rows' weights so far."""
    torch.manual_seed(seed)
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
        seen = _without_some_genes(x[rows], settings.unseen)
        loss = nn.functional.cross_entropy(network(seen), kind[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network


def _without_some_genes(x: Tensor, share: float) -> Tensor:
    """Inputs [n, inputs]; that ``share`` of the rows as if nobody had looked for marker genes, and
    as many as if nobody had looked for genes of RNAs.
    """
    for columns in (MARKER_INPUTS, RNA_INPUTS):
        x[torch.rand(len(x)) < share, columns] = 0  # what NaN is to the program
    return x


def cross_validate(
    fragments: Fragments,
    known: GroupWords,
    settings: KindTraining,
    keep: Callable[[tuple[Arrays, Mask]], None] | None = None,
) -> Values:
    """Log odds [n, 4] of networks that saw nothing of a fragment's group; no prior is in them.

    Held fragments have the mean over all folds' networks. ``keep`` is given the arrays of each
    fold's networks, and which groups they learnt from.
    """
    fold, held = folds_of(fragments, settings), fragments.held
    odds = np.zeros((len(fold), len(TOLD_APART)))
    for k in range(settings.folds):
        groups = np.ones(len(known.source), np.bool_)
        groups[fragments.group[fold == k]] = False
        inputs = fragments.inputs(known, groups, settings)
        learn, left_out = (fold != k) & ~held, (fold == k) & ~held
        arrays = fit(inputs, fragments, learn, settings, settings.seed + k)
        network = kind_network_of(arrays)
        if keep is not None:
            keep((arrays, groups))
        odds[left_out] = network.odds(inputs[left_out])
        if held.any():
            odds[held] += network.odds(inputs[held]) / settings.folds
        log.info("fold %d of %d", k + 1, settings.folds)
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
