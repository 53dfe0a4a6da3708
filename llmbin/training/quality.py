"""The network behind completeness and contamination, trained on bins drawn of known genomes.

1. Genomes are broken to contigs in many ways, and marker genes are looked for (`pieces`).
2. Bins are drawn of the genomes that are complete by their markers, with what binners do to them
   (`drawn_bins`).
3. Small networks learn three quantiles of completeness and of contamination from the traits of the
   bins. A few hundred species are soon known by heart: families are taken away and doubled at
   random, as lineages lose and double them, weights decay, and most of what the networks see is
   dropped.
4. The same with whole clades left out says how good the estimates are on lineages never seen.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..estimator.network import QUANTILES, Network, domain_shares, network_of
from ..estimator.traits import Ruler
from ..genes.markers import MarkerSet, load_marker_set
from .binned import BinnedCommunity
from .drawn_bins import Drawing, Sources, fit_ruler, join_bins
from .lessons import Examples, Lessons, lessons_of, of_other_lineages, tensor_inputs
from .pieces import Pieces, break_genomes, load_pieces
from .settings import PieceSettings, QualityTraining
from .shards import Shards

log = logging.getLogger("llmbin.training")

COMPLETE = 0.87  # share of a domain's families, of what is stored, in a genome that is complete
FEW_SEQUENCES = 15  # a genome in so many that has half of the families is complete, too
LEAST_SHARE = 0.04  # of a genome that is stored
CONTAMINATION_WEIGHT = 1.5
# What is learnt as the bounds of contamination, so that they are those of `QUANTILES` on genera
# that were not trained on: doubled families make the networks less sure than they have to be.
CONTAMINATION_POINTS = (0.15, 0.5, 0.85)
CONTAMINATIONS = np.array([0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
N50_COLUMN = 3  # of `BinTraits.sizes`


def train_quality(
    shards: Shards,
    table: Path,
    out: Path,
    settings: QualityTraining,
    binned: Sequence[tuple[Path, Path]] = (),
    breaking: PieceSettings | None = None,
) -> None:
    """Write ``quality.npz`` and ``evaluation.json`` to ``out``; broken genomes are kept there.

    ``binned`` are folders of communities and of runs (see `binned.BinnedCommunity`).

    Raises:
        InputError: the table lacks a genome, or no genome is complete.
    """
    breaking = breaking or PieceSettings()
    torch.set_num_threads(settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    pieces = _pieces(shards, out / "pieces.npz", breaking, settings.threads)
    markers = load_marker_set()
    levels = range(len(breaking.medians))
    sources = read_sources(shards, table, pieces, markers)
    ruler = fit_ruler(pieces, settings.dims, levels)
    drawn = Drawing(pieces, sources, ruler, markers, settings.seed).bins(settings.bins)
    log.info("drew %d bins of %d genomes", len(drawn.truth), int((sources.weight > 0).sum()))
    made = [
        BinnedCommunity(community, run, markers, settings.threads).bins(shards, sources, ruler)
        for community, run in binned
    ]
    bins = Examples(join_bins([drawn, *made]), settings.bins)
    log.info("read %d bins of %d runs", len(bins.of_runs), len(made))
    evaluation = cross_validate(bins, sources, ruler, markers, settings)
    (out / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    log.info("on clades left out: %s", evaluation["all"])
    arrays = fit(bins, sources, ruler, markers, settings)
    np.savez_compressed(out / "quality.npz", **arrays)


def _pieces(shards: Shards, path: Path, settings: PieceSettings, threads: int) -> Pieces:
    if path.is_file():
        log.info("broken genomes were found in %s", path)
        return load_pieces(path)
    pieces = break_genomes(shards, settings, threads)
    np.savez(path, **pieces.arrays())
    return pieces


def read_sources(shards: Shards, table: Path, pieces: Pieces, markers: MarkerSet) -> Sources:
    """Sizes and completeness of the genomes, by a TSV with ``genome`` and ``genome_bp``.

    A genome of which a part is stored counts by that; clades count by the root of their number.

    Raises:
        InputError: the table lacks a genome, or no genome is complete.
    """
    sequences = np.diff(shards.first)
    stored = stored_bases(shards)
    bp = np.maximum(sizes_by(table, shards.names), stored)
    share = stored / bp
    found = _families_found(pieces, len(shards), markers)
    part = (found @ domain_shares(markers.used)).max(1) / share
    few = (sequences <= FEW_SEQUENCES) & (part >= 0.5)
    complete = ((part >= COMPLETE) | few) & (share >= LEAST_SHARE)
    if not complete.any():
        raise InputError(f"{table}: no genome is complete by its markers; bins need some that are")
    members = np.bincount(shards.clade[complete], minlength=shards.clade.max() + 1)
    usual = np.minimum(2 * share, 1) * np.where(share > 0.99, 1, 0.5)
    weight = np.where(complete, usual / np.sqrt(np.maximum(members[shards.clade], 1)), 0)
    return Sources(shards.clade, bp, share, weight)


def sizes_by(table: Path, names: Sequence[str]) -> list[int]:
    """Bases of whole genomes, by a TSV with the columns genome and genome_bp.

    Raises:
        InputError: it lacks a genome.
    """
    with open(table, newline="") as handle:
        rows = {row["genome"]: row for row in csv.DictReader(handle, delimiter="\t")}
    missing = [name for name in names if name not in rows]
    if missing:
        raise InputError(f"{table}: no row for genome {missing[0]!r}")
    return [int(rows[name]["genome_bp"]) for name in names]


def stored_bases(shards: Shards) -> npt.NDArray[np.int64]:
    """Bases of each genome in shards: int64 [genomes]."""
    return np.add.reduceat(shards.length, shards.first[:-1]).astype(np.int64)


def _families_found(pieces: Pieces, genomes: int, markers: MarkerSet) -> npt.NDArray[np.float64]:
    """How much of each marker the genomes have, before they were broken: [genomes, markers]."""
    whole = pieces.level == len(PieceSettings.medians) - 1
    bin_of = np.where(whole, pieces.genome, -1)
    once, _ = pieces.genes.cover(bin_of, genomes, markers.families)
    return once[:, : len(markers.names)].astype(np.float64)


class Estimator(nn.Module):
    """As `estimator.network.Member`, with what keeps it from learning species by heart."""

    def __init__(self, inputs: int, settings: QualityTraining) -> None:
        super().__init__()
        width, drop = settings.width, settings.dropout
        self.first, self.second = nn.Linear(inputs, width), nn.Linear(width, width)
        self.last = nn.Linear(width, 6)
        self.drop = nn.Dropout(drop)
        with torch.no_grad():
            self.last.weight.mul_(0.1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Three quantiles of what completeness differs by, and of contamination: [n, 6]."""
        x = inputs
        for layer in (self.first, self.second):
            x = self.drop(nn.functional.gelu(layer(x), approximate="tanh"))
        out: Tensor = self.last(x)
        return out

    @property
    def layers(self) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
        """All of them, in order."""
        return self.first, self.second, self.last


def fit(
    bins: Examples,
    sources: Sources,
    ruler: Ruler,
    markers: MarkerSet,
    settings: QualityTraining,
) -> dict[str, Any]:
    """Arrays of a network (see `estimator.network.network_of`) that is trained on bins."""
    sizes = bins.bins.traits.sizes
    mean, scale = sizes.mean(0), sizes.std(0) + 1e-3
    lessons = lessons_of(bins, sources, markers, mean, scale)
    members = [_member(lessons, settings, settings.seed + k) for k in range(settings.members)]
    arrays: dict[str, Any] = {
        "centre": ruler.centre,
        "directions": ruler.directions,
        "noise": np.array([ruler.spread, ruler.noise]),
        "mean": mean.astype(np.float64),
        "scale": scale.astype(np.float64),
    }
    for k in range(3):
        layers = [member.layers[k] for member in members]
        arrays[f"weight{k}"] = np.stack([layer.weight.detach().numpy().T for layer in layers])
        arrays[f"bias{k}"] = np.stack([layer.bias.detach().numpy() for layer in layers])
    return arrays


def _member(lessons: Lessons, settings: QualityTraining, seed: int) -> Estimator:
    """One network. Batches are drawn with replacement."""
    torch.manual_seed(seed)
    traits = (lessons.once, lessons.more, lessons.alike, lessons.sizes)
    inputs = sum(trait.shape[1] for trait in traits) + 2 * lessons.domains.shape[1]
    network = Estimator(inputs, settings)
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    for _ in range(settings.steps):
        rows = lessons.batch(settings.batch, settings.binned_share)
        loss = _loss(network, lessons, rows, settings)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network.eval()


def _loss(network: Estimator, lessons: Lessons, rows: Tensor, settings: QualityTraining) -> Tensor:
    """Pinball loss of the quantiles (Koenker & Bassett 1978), of bins and lineages like theirs."""
    once, more, alike = of_other_lineages(lessons, rows, settings)
    inputs, share = tensor_inputs(once, more, alike, lessons.sizes[rows], lessons.domains)
    out = network(inputs)
    truth = lessons.truth[rows]
    completeness = _pinball(truth[:, :1] - out[:, :3] - share, QUANTILES)
    contamination = _pinball(truth[:, 1:] - out[:, 3:], CONTAMINATION_POINTS)
    return completeness + CONTAMINATION_WEIGHT * contamination


def _pinball(error: Tensor, quantiles: Sequence[float]) -> Tensor:
    points = torch.tensor(quantiles)
    return torch.maximum(points * error, (points - 1) * error).mean()


def cross_validate(
    examples: Examples,
    sources: Sources,
    ruler: Ruler,
    markers: MarkerSet,
    settings: QualityTraining,
) -> dict[str, Any]:
    """How far a single network's estimates are from the truth, of clades that it never saw."""
    alone, bins = replace(settings, members=1), examples.bins
    clade = sources.clade[bins.genome]
    known = np.unique(clade)
    order = np.random.default_rng(settings.seed).permutation(len(known))
    fold = order[np.searchsorted(known, clade)] % settings.folds
    answers = np.zeros((len(fold), 6))
    for held in range(settings.folds):
        arrays = fit(examples.take(fold != held), sources, ruler, markers, alone)
        network: Network = network_of(arrays)
        answers[fold == held] = network.quantiles(bins.take(fold == held).traits, markers)
    runs, drawn = examples.of_runs, slice(examples.drawn)
    answer, truth = answers[drawn], bins.truth[drawn]
    n50 = 10.0 ** bins.traits.sizes[drawn, N50_COLUMN]
    return {
        "settings": asdict(settings),
        "genomes": int((sources.weight > 0).sum()),
        "clades": len(known),
        "all": errors(answer, truth),
        "of_runs": errors(answers[runs], bins.truth[runs]) if len(runs) else None,
        "by_completeness": _by(answer, truth, truth[:, 0], np.linspace(0, 1, 11)),
        "by_contamination": _by(answer, truth, truth[:, 1], CONTAMINATIONS),
        "by_n50": _by(answer, truth, n50, 10.0 ** np.arange(3, 7.5, 0.5)),
    }


def _by(answers: Any, truth: Any, value: Any, bounds: Any) -> list[dict[str, Any]]:
    """`errors` of the bins whose value lies between two bounds."""
    place = np.clip(np.searchsorted(bounds, value, side="right") - 1, 0, len(bounds) - 2)
    return [
        {
            "from": float(bounds[k]),
            "to": float(bounds[k + 1]),
            **errors(answers[place == k], truth[place == k]),
        }
        for k in range(len(bounds) - 1)
        if (place == k).any()
    ]


def errors(answers: npt.NDArray[np.float64], truth: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Errors in points of a percent, and how many of the intervals hold the truth."""
    out: dict[str, Any] = {"bins": len(truth)}
    for k, name in enumerate(("completeness", "contamination")):
        low, middle, high = answers[:, 3 * k : 3 * k + 3].T
        error = 100 * (middle - truth[:, k])
        inside = (truth[:, k] >= low - 1e-3) & (truth[:, k] <= high + 1e-3)
        out[name] = {
            "mean_absolute_error": round(float(np.abs(error).mean()), 2),
            "bias": round(float(error.mean()), 2),
            "in_interval": round(float(inside.mean()), 3),
        }
    return out
