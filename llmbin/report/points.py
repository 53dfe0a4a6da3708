"""The contigs that are drawn: a sample where there are many, coloured so that bins stand apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .encode import integers, logarithmic, names_in_one, quantised, readable
from .finished import ContigTable, Rows

MOST_POINTS = 40_000
COLOURS = 8  # of the page's palette


@dataclass(frozen=True)
class Sample:
    """Rows of the contigs that are drawn, ascending, and in words which those are."""

    rows: Rows
    words: str


def sample_contigs(contigs: ContigTable, most: int = MOST_POINTS) -> Sample:
    """All contigs, or the longest and, evenly from file order, as many of the others."""
    n = len(contigs)
    if n <= most:
        return Sample(np.arange(n), f"all {n:,} contigs")
    order = np.argsort(-contigs.length, kind="stable")
    longest, rest = order[: most // 2], np.sort(order[most // 2 :])
    some = rest[np.linspace(0, len(rest) - 1, most - len(longest)).astype(np.int64)]
    words = (
        f"{most:,} of {n:,} contigs, a sample: the {len(longest):,} longest, and one in "
        f"{len(rest) / len(some):.1f} of the others"
    )
    return Sample(np.sort(np.concatenate([longest, some])), words)


def point_data(contigs: ContigTable, sample: Sample) -> dict[str, Any]:
    """What the page knows of each contig that it draws."""
    rows = sample.rows
    places = contigs.places
    return {
        "count": len(rows),
        "words": sample.words,
        "names": names_in_one([contigs.names[i] for i in rows.tolist()]),
        "length": integers(contigs.length[rows]),
        "bin": integers(contigs.bin[rows]),
        "reason": integers(contigs.reason[rows]),
        "gc": quantised(contigs.gc[rows], 0, 1),
        "probability": _probability(contigs, sample),
        "samples": list(map(readable, contigs.samples)),
        "depth": [logarithmic(contigs.depth[rows, s]) for s in range(len(contigs.samples))],
        "x": None if places is None else quantised(places[rows, 0], 0, 1),
        "y": None if places is None else quantised(places[rows, 1], 0, 1),
    }


def _probability(contigs: ContigTable, sample: Sample) -> dict[str, Any] | None:
    """None where nobody knows: bins of other programs."""
    held = contigs.probability[sample.rows]
    return None if np.isnan(held).all() else quantised(held, 0, 1)


def colours_of_bins(contigs: ContigTable, bins: int) -> list[int]:
    """A colour for each bin, so that bins next to each other have others.

    In order of number, each takes the colour whose bins are furthest from it on the map (without
    a map: the next).
    """
    if contigs.places is None:
        return [b % COLOURS for b in range(bins)]
    inside = contigs.bin >= 0
    of, weight = contigs.bin[inside], contigs.length[inside].astype(np.float64)
    total = np.maximum(np.bincount(of, weight, bins), 1)
    middle = np.stack(
        [np.bincount(of, weight * contigs.places[inside, a], bins) / total for a in (0, 1)], axis=1
    )
    nearest = np.full((bins, COLOURS), np.inf)  # squared distance to the next bin of a colour
    chosen = []
    for b in range(bins):
        colour = int(nearest[b].argmax())
        chosen.append(colour)
        square = ((middle - middle[b]) ** 2).sum(1)
        nearest[:, colour] = np.minimum(nearest[:, colour], square)
    return chosen
