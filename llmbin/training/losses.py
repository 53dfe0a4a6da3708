"""Losses of vectors: what belongs together is near, and what a teacher finds alike is alike."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def same_genome_loss(z: Tensor, genome: Tensor, temperature: float) -> Tensor:
    """Supervised InfoNCE (Khosla et al. 2020): each row against all others.

    Rows of the same ``genome`` are positives.
    """
    logits = z @ z.T / temperature
    logits = logits.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -1e9)
    positive = (genome[:, None] == genome[None]) & ~torch.eye(
        len(z), dtype=torch.bool, device=z.device
    )
    log_p = logits - logits.logsumexp(1, keepdim=True)
    return -(log_p * positive).sum(1).div(positive.sum(1).clamp(min=1)).mean()


def distillation(z: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """How far what is near what in ``z`` is from what the teacher says.

    The mean Kullback-Leibler divergence of a row's softmax of cosines (relational distillation,
    as in Fang et al. 2021, SEED).
    """
    same = torch.eye(len(z), dtype=torch.bool, device=z.device)
    ours, theirs = (
        (v @ v.T / temperature).masked_fill(same, -1e9).log_softmax(1)
        for v in (F.normalize(z, dim=1), F.normalize(taught, dim=1))
    )
    return F.kl_div(ours, theirs, log_target=True, reduction="batchmean")
