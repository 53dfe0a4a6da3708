"""Fragments of training genomes as features: what the projector is trained on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..features.composition import Compositions
from ..features.scan import watched
from ..io.contigs import Contig
from ..model.encoder import Encoder, encode_batches
from ..model.windows import CPU_BUDGET, WindowPlan, batches
from .settings import FragmentSampling
from .shards import Shards, other_strand


@dataclass(frozen=True)
class FragmentFeatures:
    """Features [n, 197 + width] (composition, then LM), genome [n] and length [n]."""

    values: npt.NDArray[np.float32]
    genome: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]


def random_fragment(
    shards: Shards, genome: int, shortest: int, longest: int, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Codes of a random place of a genome, on either strand.

    Lengths are log-uniform, up to what the sequence has.
    """
    size = int(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
    sequence, start = shards.sample(genome, size, rng)
    codes = shards.window(sequence, start, min(size, int(shards.length[sequence]) - start))
    return other_strand(codes) if rng.random() < 0.5 else codes


def fragment_features(
    shards: Shards,
    encoder: Encoder | None,
    plan: WindowPlan,
    sampling: FragmentSampling,
    threads: int,
) -> FragmentFeatures:
    """Random fragments of every genome, embedded as ``run`` embeds contigs."""
    rng = np.random.default_rng(sampling.seed)
    genome, length = [], []
    compositions = Compositions()

    def fragments() -> Iterator[Contig]:
        for g in range(len(shards)):
            for _ in range(sampling.per_genome):
                codes = random_fragment(shards, g, sampling.shortest, sampling.longest, rng)
                genome.append(g)
                length.append(len(codes))
                yield Contig(len(genome) - 1, shards.names[g], codes)

    stream = watched(fragments(), [compositions], threads)
    if encoder is None:
        deque(stream, maxlen=0)
        values = compositions.result().vectors
    else:
        vectors = encode_batches(encoder, batches(stream, plan, CPU_BUDGET), threads)
        composition = compositions.result().vectors
        values = np.concatenate([composition, vectors.result(len(genome))], axis=1)
    return FragmentFeatures(values, np.array(genome, np.int64), np.array(length, np.int64))
