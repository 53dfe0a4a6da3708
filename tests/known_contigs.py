"""Contigs that tests of kinds are made of."""

from __future__ import annotations

import numpy as np

from llmbin.features.composition import compose
from llmbin.features.profile import Features
from llmbin.genes.counts import MarkerCounts
from llmbin.genes.markers import load_marker_set


def random_contigs(rng: np.random.Generator, lengths: list[int]) -> list[np.ndarray]:
    """Bases at random."""
    return [rng.integers(0, 4, n).astype(np.uint8) for n in lengths]


def features_of(contigs: list[np.ndarray], markers: list[int] | None = None) -> Features:
    """What is known of contigs; ``markers`` is how many families each has, the first ones."""
    made, n = compose(contigs), len(contigs)
    counts = np.zeros((n, len(load_marker_set().names)), np.int16)
    for row, families in enumerate(markers or []):
        counts[row, :families] = 1
    return Features(
        names=[f"c{i}" for i in range(n)],
        lengths=np.array([len(contig) for contig in contigs], np.int64),
        ungapped=np.array([len(contig) for contig in contigs], np.int64),
        gc=np.full(n, 0.5, np.float32),
        composition=made.vectors,
        frames=made.frames,
        circular=made.circular,
        lm=np.empty((n, 0), np.float32),
        markers=MarkerCounts.of(counts),
        too_short=0,
        short_bases=0,
        encoded_bases=0,
        computed_positions=0,
    )
