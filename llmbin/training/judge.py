"""Judging a model in training by genera that it never sees: fragments of the development set."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import InputError
from ..features.composition import composition_vectors
from ..io.contigs import Assembly, read_contigs
from ..model.windows import pack_windows

NEIGHBOURS = 5


@dataclass(frozen=True)
class Fragments:
    """Composition float32 [n, 197] and genome [n]; of the middle of each, codes and length.

    Codes are uint8 [n, window], lengths int32 [n].
    """

    composition: npt.NDArray[np.float32]
    codes: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int32]
    genome: npt.NDArray[np.str_]


def read_fragments(path: Path, truth: Path, window: int) -> Fragments:
    """Fragments of a FASTA file and, from a TSV as `read_truth` takes, the genome of each.

    Raises:
        InputError: a fragment has no genome, or a file is malformed.
    """
    contigs = list(read_contigs(path, 1, Assembly()))
    begins = [max(0, (len(contig.codes) - window) // 2) for contig in contigs]
    windows = pack_windows(
        window,
        [
            (c.index, c.codes[begin : begin + window])
            for c, begin in zip(contigs, begins, strict=True)
        ],
    )
    composition = composition_vectors([contig.codes for contig in contigs])
    return Fragments(
        composition,
        windows.codes,
        windows.lengths,
        read_truth(truth, [contig.name for contig in contigs]),
    )


def read_truth(path: Path, names: Sequence[str]) -> npt.NDArray[np.str_]:
    """The genome of each fragment named, from a TSV whose first columns are fragment and genome.

    Raises:
        InputError: a fragment has none.
    """
    with open(path, newline="") as handle:
        genomes = {row[0]: row[1] for row in csv.reader(handle, delimiter="\t") if len(row) > 1}
    missing = [name for name in names if name not in genomes]
    if missing:
        raise InputError(f"{path}: no genome for fragment {missing[0]!r}")
    return np.array([genomes[name] for name in names])


def pair_figures(
    vectors: Tensor, genome: npt.NDArray[np.str_]
) -> tuple[float, npt.NDArray[np.float64]]:
    """Average precision of same-genome pairs ranked by cosine, and what is near each vector.

    That is the share of its five nearest that share its genome: [n]. Both are computed in double
    precision on the device of ``vectors`` [n, dims].
    """
    v = F.normalize(vectors.double(), dim=1)
    label = torch.from_numpy(np.unique(genome, return_inverse=True)[1]).to(v.device)
    similarity, same = v @ v.T, label[:, None] == label[None]
    upper = torch.ones_like(same).triu(1)
    hit = same[upper][similarity[upper].argsort(descending=True)]
    precision = hit.cumsum(0)[hit].double() / (hit.nonzero()[:, 0] + 1)
    nearest = similarity.fill_diagonal_(-9).topk(NEIGHBOURS, dim=1).indices
    return float(precision.mean()), same.gather(1, nearest).double().mean(1).cpu().numpy()
