"""What the networks that estimate quality learn from: bins as tensors, and other lineages of them.

Families that a lineage lacks or has twice say nothing of its bins. There are few hundred species
to learn that from; so families are taken away from bins and doubled, as other lineages would have
it (docs/notes/2026-11-28-families-that-are-there-twice.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..estimator.network import FEWEST, domain_shares
from ..genes.markers import MarkerSet
from .drawn_bins import DrawnBins, Sources
from .pieces import Ints
from .settings import QualityTraining

Floats = npt.NDArray[np.floating[Any]]

LACKING = 0.2  # a family that is covered less is lacking
DOUBLED = 0.3  # a family of which so much is there beyond a copy is there twice
MOST_LACKING, MOST_DOUBLED = 0.3, 0.4  # shares of clades that a family's loss or double is
LEAST = 0.01  # drawn with, and the least of both
CHANGED = 0.6  # share of bins whose lineages lose families, and the same of doubles
LEAST_DOUBLE = 0.4  # of what a bin has of a family, in a second copy that is drawn


@dataclass(frozen=True)
class Examples:
    """Bins to learn from: first those that were drawn, then those of runs."""

    bins: DrawnBins
    drawn: int

    @property
    def of_runs(self) -> Ints:
        """Rows of the bins that the program made."""
        return np.arange(self.drawn, len(self.bins.truth))

    def take(self, chosen: npt.NDArray[np.bool_]) -> Examples:
        """Some of them."""
        return Examples(self.bins.take(chosen), int(chosen[: self.drawn].sum()))


@dataclass(frozen=True)
class Lessons:
    """Bins as tensors: traits as they are, ``truth`` [n, 2]; and what is known of the families.

    ``more`` [n, markers] is of the markers alone (see `estimator.network.network_inputs`). The
    first ``drawn`` bins are drawn, the others made by the program.
    """

    once: Tensor
    more: Tensor
    alike: Tensor
    sizes: Tensor
    truth: Tensor
    domains: Tensor  # [markers, domains], columns that add up to 1
    lacking: Tensor  # [families], the share of clades that lack each,
    doubled: Tensor  # and [markers] of those that have it twice
    usual: Tensor  # [`copies.KINDS`], how much alike the copies of lineages are: shares of them
    drawn: int

    def batch(self, size: int, binned: float) -> Tensor:
        """Rows by chance, a share of ``binned`` of the program's own bins where there are any."""
        total = len(self.truth)
        of_runs = round(binned * size) if total > self.drawn else 0
        some = torch.randint(self.drawn, (size - of_runs,))
        if not of_runs:
            return some
        return torch.cat([some, torch.randint(self.drawn, total, (of_runs,))])


def lessons_of(
    examples: Examples, sources: Sources, markers: MarkerSet, mean: Floats, scale: Floats
) -> Lessons:
    """Bins as tensors; ``mean`` and ``scale`` [7] are those of `BinTraits.sizes`."""
    bins, t = examples.bins, examples.bins.traits
    pure = (bins.truth[:, 0] > 0.995) & (bins.truth[:, 1] < 0.002)
    clade = sources.clade[bins.genome]
    members = [pure & (clade == c) for c in np.unique(clade[pure])]
    lacking = _share_of_clades(t.once < LACKING, members)
    more = t.more[:, : markers.used.shape[1]]
    doubled = _share_of_clades(more > DOUBLED, members)
    return Lessons(
        once=_tensor(t.once),
        more=_tensor(more),
        alike=_tensor(t.alike),
        sizes=_tensor((t.sizes - mean) / scale),
        truth=_tensor(bins.truth),
        domains=_tensor(domain_shares(markers.used)),
        lacking=_tensor(np.minimum(lacking, MOST_LACKING) + LEAST),
        doubled=_tensor(np.minimum(doubled, MOST_DOUBLED) + LEAST),
        usual=_tensor(t.alike[pure].sum(0) + LEAST),
        drawn=examples.drawn,
    )


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))


def _share_of_clades(
    found: npt.NDArray[np.bool_], members: Sequence[npt.NDArray[np.bool_]]
) -> npt.NDArray[np.float64]:
    """In what share of clades, given by their bins, each family was found: [families]."""
    of_clades = [found[rows].mean(0) for rows in members]
    return np.asarray(np.mean(of_clades or [np.zeros(found.shape[1])], axis=0), np.float64)


def of_other_lineages(
    lessons: Lessons, rows: Tensor, settings: QualityTraining
) -> tuple[Tensor, Tensor, Tensor]:
    """Some bins, had their lineages lost and doubled families by chance.

    Cover once and more, and how much alike the copies are.
    """
    markers = len(lessons.doubled)

    def changed(share: Tensor, most: float) -> Tensor:
        some = torch.rand(len(rows), 1) < CHANGED
        chance = most * torch.rand(len(rows), 1) * some * share
        return torch.rand(len(rows), len(share)) < chance

    lost = changed(lessons.lacking, settings.losses)
    once = lessons.once[rows].masked_fill(lost, 0)
    more = lessons.more[rows].masked_fill(lost[:, :markers], 0)
    doubled = changed(lessons.doubled, settings.doubles)
    copy = LEAST_DOUBLE + (1 - LEAST_DOUBLE) * torch.rand(len(rows), markers)
    second = doubled * copy * once[:, :markers]
    kind = torch.multinomial(lessons.usual, second.numel(), replacement=True)
    alike = lessons.alike[rows].scatter_add(1, kind.view_as(second), second)
    return once, more + second, alike


def tensor_inputs(
    once: Tensor, more: Tensor, alike: Tensor, sizes: Tensor, domains: Tensor
) -> tuple[Tensor, Tensor]:
    """As `estimator.network.network_inputs`, of tensors; ``domains`` as in `Lessons`."""
    markers = once[:, : len(domains)]
    share, extra = markers @ domains, more @ domains
    there = markers.sum(1, keepdim=True).clamp(min=FEWEST)
    columns = [
        2 * once,
        2 * torch.sqrt(more + 1e-8),
        2 * share,
        4 * torch.sqrt(extra + 1e-8),
        4 * torch.sqrt(alike / there + 1e-8),
        sizes,
    ]
    return torch.cat(columns, 1), share.amax(1, keepdim=True)
