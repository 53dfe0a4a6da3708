"""The network that estimates quality: its arrays, and what it makes of a bin's traits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..genes.markers import MarkerSet, load_marker_set
from ..io.shipped import shipped, shipped_arrays
from .copies import KINDS
from .traits import BinTraits, Ruler

DATA = Path(__file__).parent.parent / "data" / "quality.npz"
SHAPES = {
    "centre": "composition",
    "directions": "composition directions",
    "noise": "2",
    "mean": "7",
    "scale": "7",
    "weight0": "members inputs first",
    "bias0": "members first",
    "weight1": "members first second",
    "bias1": "members second",
    "weight2": "members second 6",
    "bias2": "members 6",
}
QUANTILES = (0.1, 0.5, 0.9)
# Smaller bins and shorter contigs were not trained on, and count as if they were as large: columns
# of `BinTraits.sizes`, and bases.
LEAST = {1: 20_000, 3: 1_000}
FEWEST = 5.0  # families, of which second copies are at least a share
ROWS = 256  # bins at a time: sums are then the same however many there are

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One of several networks: weights [in, out] and biases of three layers."""

    weights: tuple[Doubles, Doubles, Doubles]
    biases: tuple[Doubles, Doubles, Doubles]

    def __call__(self, x: Doubles) -> Doubles:
        """What comes out, [rows, 6]."""
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = gelu(x @ weight + bias)
        return np.asarray(x @ self.weights[-1] + self.biases[-1], np.float64)


@dataclass(frozen=True)
class Network:
    """An ensemble, the mean of whose answers counts, and how its inputs are made.

    ``mean`` and ``scale`` [7] are those of `BinTraits.sizes`.
    """

    ruler: Ruler
    mean: Doubles
    scale: Doubles
    members: tuple[Member, ...]

    def quantiles(self, traits: BinTraits, markers: MarkerSet) -> Doubles:
        """The 10, 50 and 90 % points of completeness, then of contamination: float64 [bins, 6].

        Fractions from 0 to 1, to six digits, so that they do not depend on the processor.
        """
        parts = [
            self._answer(traits, slice(begin, begin + ROWS), markers)
            for begin in range(0, len(traits.once), ROWS)
        ]
        found = np.concatenate(parts) if parts else np.empty((0, 6))
        # Quantiles of one bin may cross where they lie close together.
        halves = [np.sort(half, axis=1) for half in np.split(found, 2, axis=1)]
        return np.clip(np.concatenate(halves, axis=1), 0, 1).round(6)

    def _answer(self, traits: BinTraits, rows: slice, markers: MarkerSet) -> Doubles:
        once, more = (a[rows].astype(np.float64) for a in (traits.once, traits.more))
        sizes = traits.sizes[rows].astype(np.float64)
        for column, bases in LEAST.items():
            sizes[:, column] = np.maximum(sizes[:, column], np.log10(bases))
        sizes = (sizes - self.mean) / self.scale
        alike = traits.alike[rows].astype(np.float64)
        inputs, share = network_inputs(once, more, alike, sizes, markers.used)
        answer = np.mean([member(inputs) for member in self.members], axis=0)
        answer[:, :3] += share
        return np.asarray(answer, np.float64)


def network_inputs(
    once: Doubles, more: Doubles, alike: Doubles, sizes: Doubles, used: npt.NDArray[np.bool_]
) -> tuple[Doubles, Doubles]:
    """What the network sees of bins [bins, families + markers + 4 + 6 + 7], and share [bins, 1].

    The share is that of a domain's markers that is covered, of the domain that has more: the
    network says how much completeness differs from it. Of scattered families, which come behind the
    markers, second copies are not looked at: too many lineages have them.
    """
    markers = domain_shares(used)
    number = len(markers)
    more = more[:, :number]
    share, extra = once[:, :number] @ markers, more @ markers
    there = np.maximum(once[:, :number].sum(1, keepdims=True), FEWEST)
    copies = 4 * np.sqrt(alike / there)
    columns = [2 * once, 2 * np.sqrt(more), 2 * share, 4 * np.sqrt(extra), copies, sizes]
    return np.concatenate(columns, 1), share.max(1, keepdims=True)


def domain_shares(used: npt.NDArray[np.bool_]) -> Doubles:
    """What each marker is of a domain's set: float64 [markers, domains], columns add up to 1."""
    return np.asarray(used.T / used.sum(1), np.float64)


def gelu(x: Doubles) -> Doubles:
    """The Gaussian error linear unit, by the tangent (Hendrycks & Gimpel 2016)."""
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * (x * x * x))  # a power takes five times as long
    return np.asarray(0.5 * x * (1 + np.tanh(inner)), np.float64)


@cache
def load_network() -> Network:
    """The one that ships with the package.

    Raises:
        InstallationError: it is missing or damaged.
    """
    with shipped(DATA):
        network = network_of(shipped_arrays(DATA, SHAPES))
        check_network(network, load_marker_set())
        return network


def check_network(network: Network, markers: MarkerSet) -> None:
    """Whether it is one of bins with so many families.

    Raises:
        ValueError: it is of others, or divides by what is not above 0.
    """
    families, alike, sizes = (
        np.zeros((1, width)) for width in (markers.families, KINDS, len(network.mean))
    )
    inputs = network_inputs(families, families, alike, sizes, markers.used)[0].shape[1]
    held = len(network.members[0].weights[0])
    if held != inputs:
        raise ValueError(f"a network of {held} inputs, not {inputs}")
    if min(network.scale.min(), network.ruler.spread, network.ruler.noise) <= 0:
        raise ValueError("a scale that is not above 0")


def network_of(arrays: dict[str, Any]) -> Network:
    """A network from its arrays, by the names that `training.quality.fit` gives them."""
    spread, noise = arrays["noise"].tolist()
    ruler = Ruler(arrays["centre"], arrays["directions"], spread, noise)
    weights = [arrays[f"weight{k}"].astype(np.float64) for k in range(3)]
    biases = [arrays[f"bias{k}"].astype(np.float64) for k in range(3)]
    members = tuple(
        Member(
            (weights[0][m], weights[1][m], weights[2][m]),
            (biases[0][m], biases[1][m], biases[2][m]),
        )
        for m in range(len(weights[0]))
    )
    return Network(ruler, arrays["mean"], arrays["scale"], members)
