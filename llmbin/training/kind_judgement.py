"""How good a network that tells kinds apart is on fragments of groups that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..kinds.contigs import SURE
from ..kinds.network import TOLD_APART, shares_of
from .kind_fragments import SOURCES, Fragments, Ints, Values
from .settings import KindTraining

ALIKE = (0.45, 0.05, 0.25, 0.25)  # shares of a test set, as other tools are judged on
EQUAL = (0.25, 0.25, 0.25, 0.25)
PRIOR = (0.8, 0.05, 0.1, 0.05)  # of a metagenome's bases, by `TOLD_APART`
LENGTHS = np.array([1_000, 2_000, 3_000, 5_000, 10_000, 1 << 40])  # at which it is judged
LEAST_LENGTHS = (3_000, 5_000)  # above which it is judged, too
TEMPERATURES = np.arange(0.7, 2.51, 0.05)


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

    Precision depends on how much there is of each kind: it is that of a metagenome with the prior's
    shares, that of a test set with a quarter of eukaryotes and of viruses each, and that of one
    with a quarter of each kind.
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
    ranges = [*pairwise(LENGTHS.tolist()), *((low, int(LENGTHS[-1])) for low in LEAST_LENGTHS)]
    for low, high in ranges:
        inside = (fragments.lengths >= low) & (fragments.lengths < high)
        row: dict[str, Any] = {"from": low, "fragments": int(inside.sum())}
        if high < LENGTHS[-1]:
            row["below"] = high
        for k, name in enumerate(TOLD_APART):
            weight = fragments.weights(settings.plasmids) * inside
            row[name] = {
                **rates(likely[:, k], fragments.kind, weight, k, PRIOR),
                "alike": rates(likely[:, k], fragments.kind, weight, k, ALIKE),
                "equal": rates(likely[:, k], fragments.kind, weight, k, EQUAL),
            }
        by_length.append(row)
    return {"called": called, "by_length": by_length}


def _shares(answers: Ints) -> list[float]:
    counts = np.bincount(answers, minlength=len(TOLD_APART) + 1)
    return [round(float(c), 4) for c in counts / max(len(answers), 1)]


def rates(
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
