"""The network that tells kinds of DNA apart: its arrays, and what it makes of contigs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..estimator.network import Doubles, Member
from ..io.rows import in_chunks
from ..io.shipped import shipped, shipped_arrays
from .inputs import kind_inputs

DATA = Path(__file__).parent.parent / "data" / "kinds.npz"
SHAPES = {
    "mean": "inputs",
    "scale": "inputs",
    "prior": "4",
    "weight0": "members inputs first",
    "bias0": "members first",
    "weight1": "members first second",
    "bias1": "members second",
    "weight2": "members second 4",
    "bias2": "members 4",
}
TOLD_APART = ("bacterium", "archaeon", "eukaryote", "virus")
# Contigs of a product. Sums are then the same however many there are, and products so small are not
# shared out to BLAS's threads, whose waiting would cost more than the work.
ROWS = 16
TOGETHER = 16  # such products that a thread makes in one go
FARTHEST = 6.0  # deviations from the mean: what is stranger than all that was learnt is no stranger

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class KindNetwork:
    """An ensemble, the mean of whose log odds counts, how its inputs are made, and its prior.

    ``mean`` and ``scale`` [inputs] are those of `inputs.kind_inputs`. Weights of ``members`` are
    [members, in, out], biases [members, 1, out]. ``prior`` [4] is how much of the bases of a
    metagenome is of each of `TOLD_APART`.
    """

    mean: Doubles
    scale: Doubles
    members: Member
    prior: Doubles

    def probabilities(
        self,
        composition: npt.NDArray[np.float32],
        frames: npt.NDArray[np.uint32],
        genes: Doubles,
        lengths: Ints,
        threads: int = 1,
    ) -> Doubles:
        """How likely contigs are of each of `TOLD_APART`: float64 [n, 4], rows add up to 1.

        ``composition`` [n, 197] and ``frames`` [n, 52] are those of `features.composition`, and
        ``genes`` [n, 5] those of `inputs.gene_counts`. To six digits, so that they do not depend on
        the processor.
        """
        parts = [np.empty((0, len(TOLD_APART)))]
        for rows in in_chunks(len(lengths), composition, frames):
            inputs = kind_inputs(composition[rows], frames[rows], genes[rows], lengths[rows])
            parts.append(self.odds(inputs, threads) + np.log(self.prior))
        return shares_of(np.concatenate(parts)).round(6)

    def odds(self, inputs: Doubles, threads: int = 1) -> Doubles:
        """Log odds of the kinds, without the prior: float64 [n, 4]; NaN of an input is its mean."""
        whole = len(inputs) // ROWS * ROWS
        begins = range(0, whole, ROWS * TOGETHER)
        groups = [inputs[begin : min(begin + ROWS * TOGETHER, whole)] for begin in begins]
        products = [group.reshape(-1, ROWS, group.shape[1]) for group in groups]
        products.append(inputs[None, whole:])
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(self._odds, products)))

    def _odds(self, inputs: Doubles) -> Doubles:
        """The same, float64 [products x rows, 4], of inputs [products, rows, inputs]."""
        odds = self.members(scaled(inputs[:, None], self.mean, self.scale)).mean(1)
        return np.asarray(odds.reshape(-1, odds.shape[-1]), np.float64)


def scaled(inputs: Doubles, mean: Doubles, scale: Doubles) -> Doubles:
    """Inputs as deviations from their mean, `FARTHEST` at most; 0 where they are NaN."""
    far = np.clip((inputs - mean) / scale, -FARTHEST, FARTHEST)
    return np.nan_to_num(far, copy=False, nan=0.0)


def shares_of(odds: Doubles) -> Doubles:
    """Log odds [n, kinds] as probabilities, whose rows add up to 1."""
    likely = np.exp(odds - odds.max(1, keepdims=True))
    return np.asarray(likely / likely.sum(1, keepdims=True), np.float64)


@cache
def load_kind_network() -> KindNetwork:
    """The one that ships with the package.

    Raises:
        InstallationError: it is missing or damaged.
    """
    with shipped(DATA):
        return kind_network_of(shipped_arrays(DATA, SHAPES))


def kind_network_of(arrays: dict[str, Any]) -> KindNetwork:
    """Networks from their arrays, by the names that `training.kinds` gives them.

    Those of weights and biases have a row for each member.
    """
    held = {name: array.astype(np.float64) for name, array in arrays.items()}
    members = Member(
        (held["weight0"], held["weight1"], held["weight2"]),
        (held["bias0"][:, None], held["bias1"][:, None], held["bias2"][:, None]),
    )
    return KindNetwork(held["mean"], held["scale"], members, held["prior"])
