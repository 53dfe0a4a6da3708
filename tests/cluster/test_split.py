from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import MARKERS, contigs_of, plain

from llmbin.cluster.points import Points
from llmbin.cluster.split import best_split, gaussian_parts, split_contaminated
from llmbin.genes.quality import MarkerCopies


def two_genomes(gap: float, seed: int = 0) -> tuple[Points, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1], 40)
    x = rng.normal(0, 0.7, (80, 6))
    x[truth == 1, 0] += gap
    counts = np.zeros((80, 4), np.int16)
    counts[[0, 5, 10, 40, 45, 50], [0, 1, 2, 0, 1, 2]] = 1
    return plain(x), np.full(80, 10_000), truth, counts


def test_a_bin_of_two_genomes_is_taken_apart() -> None:
    points, lengths, truth, counts = two_genomes(5)
    contigs = contigs_of(points, lengths, counts)
    label = split_contaminated(contigs, np.zeros(80, np.int32), 200_000)
    assert set(label.tolist()) == {0, 1}
    agree = (label == truth).mean()
    assert max(agree, 1 - agree) > 0.97


def test_a_bin_of_one_genome_stays_whole() -> None:
    points, lengths, _, counts = two_genomes(5)
    counts[40:] = 0
    contigs = contigs_of(points, lengths, counts)
    label = split_contaminated(contigs, np.zeros(80, np.int32), 200_000)
    assert not label.any()


def test_parts_that_are_too_small_are_no_gain() -> None:
    points, lengths, _, counts = two_genomes(5)
    assert best_split(points, lengths, MarkerCopies(counts, MARKERS), 900_000) is None


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_mixture_weighs_contigs_by_their_noise(seed: int) -> None:
    points, lengths, truth, _ = two_genomes(4, seed)
    noisy = points.vectors.copy()
    noise = np.full(80, 0.5, np.float32)
    noise[20:30] = 50.0
    noisy[20:30] += np.random.default_rng(seed).normal(0, 7, (10, 6)).astype(np.float32)
    points = replace(points, vectors=noisy, noise=noise)
    part = gaussian_parts(points, lengths, [0, 40])
    clean = np.r_[0:20, 30:80]
    assert (part[clean] == truth[clean]).mean() > 0.95
