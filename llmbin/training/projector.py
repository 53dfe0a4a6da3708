"""The projector: within-genome whitening of [composition | LM], and a small network on top.

A shrunk linear discriminant analysis ranks directions by what tells genomes apart. A free network
overfits a few hundred species; one that starts as that analysis, is small, decays its weights and
stops early is better than it (docs/notes/2026-11-25-codons-and-language-model.md).
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError
from ..model.pack import Projector
from .checkpoint import save_tensors
from .fragments import FragmentFeatures
from .losses import same_genome_loss
from .settings import NOISE_BINS, ProjectorSettings

log = logging.getLogger("llmbin.training")

Values = npt.NDArray[np.float64]


class ResidualProjector(nn.Module):
    """z = scale * u[:dims] + f(u): u whitened features, f a network that begins as zero."""

    mean: Tensor
    whiten: Tensor
    scale: Tensor

    def __init__(
        self, mean: Values, whiten: Values, scale: Values, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        dims = len(scale)
        self.register_buffer("mean", torch.from_numpy(mean.astype(np.float32)))
        self.register_buffer("whiten", torch.from_numpy(whiten.astype(np.float32)))
        self.register_buffer("scale", torch.from_numpy(scale.astype(np.float32)))
        self.net = nn.Sequential(
            nn.Linear(whiten.shape[1], hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dims),
        )
        for parameter in self.net[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        """features [n, composition + width] -> z [n, dims]."""
        u = (features - self.mean) @ self.whiten
        out: Tensor = u[:, : len(self.scale)] * self.scale + self.net(u)
        return out


def fit_projector(
    data: FragmentFeatures, settings: ProjectorSettings
) -> tuple[ResidualProjector, Projector]:
    """Whiten within genomes, and train the network on top."""
    module = discriminant(data, settings)
    if settings.steps:
        train_network(module, data, settings)
    return module, calibrate(module, data, settings)


def calibrate(
    module: ResidualProjector, data: FragmentFeatures, settings: ProjectorSettings
) -> Projector:
    """Export a projector, and fit the noise of its vectors as a power of the length."""
    with torch.no_grad():
        z = module.eval()(torch.from_numpy(data.values)).numpy().astype(np.float64)
    at_1kb, exponent = noise_law(z, data, settings.noise_until_kb)
    log.info(
        "projector: %d fragments of %d genomes, noise %.3f x kb^%.3f",
        len(z),
        len(set(data.genome.tolist())),
        at_1kb,
        exponent,
    )
    onnx = projector_onnx(module, data.values.shape[1])
    effective = min(settings.effective_dims, z.shape[1])
    return Projector(onnx, z.shape[1], at_1kb, exponent, settings.noise_until_kb, effective)


def save_projector(module: ResidualProjector, path: Path) -> None:
    """Weights as safetensors."""
    save_tensors({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, path)


def load_projector(path: Path) -> ResidualProjector:
    """A projector that `save_projector` stored.

    Raises:
        InputError: the file holds something else.
    """
    try:
        held = load_file(path)
        mean, whiten, scale = (
            held[name].numpy().astype(np.float64) for name in ("mean", "whiten", "scale")
        )
        module = ResidualProjector(mean, whiten, scale, len(held["net.0.bias"]), 0.0)
        module.load_state_dict(held)
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{path}: not a projector that `train finetune` wrote ({error})") from None
    return module


def discriminant(data: FragmentFeatures, settings: ProjectorSettings) -> ResidualProjector:
    """The projector without a network: directions that tell genomes apart, best first.

    With S_w the within-genome and S_b the between-genome covariance of whitened features, a
    direction of eigenvalue s is scaled by sqrt(s / (s + 1)), the posterior of a random-effects
    model.
    """
    x = data.values.astype(np.float64)
    genomes, inverse, count = np.unique(data.genome, return_inverse=True, return_counts=True)
    centre = np.zeros((len(genomes), x.shape[1]))
    np.add.at(centre, inverse, x)
    centre /= count[:, None]
    mean = centre.mean(axis=0)
    inside = (x - centre[inverse])[data.length <= 1000 * settings.longest_kb]
    deviation = inside.std(axis=0)
    inside /= deviation
    within = inside.T @ inside / (len(inside) - len(genomes))
    between = np.cov(((centre - mean) / deviation).T) - within * len(genomes) / len(x)
    values, vectors = np.linalg.eigh(within + settings.shrink * np.eye(x.shape[1]))
    whiten = (vectors * values**-0.5) @ vectors.T
    values, vectors = np.linalg.eigh(whiten @ between @ whiten)
    order = np.argsort(-values, kind="stable")
    signal = np.maximum(values[order[: settings.dims]], 1e-6)
    directions = vectors[:, order]
    directions = directions * np.where(
        directions[np.abs(directions).argmax(0), np.arange(len(order))] < 0, -1, 1
    )
    return ResidualProjector(
        mean,
        (whiten @ directions) / deviation[:, None],
        np.sqrt(signal / (signal + 1)),
        settings.hidden,
        settings.dropout,
    )


def train_network(
    module: ResidualProjector, data: FragmentFeatures, settings: ProjectorSettings
) -> None:
    """Supervised contrastive loss over views of genomes.

    Fragments of one genome are positives, all others negatives.
    """
    torch.manual_seed(settings.seed)
    for layer in list(module.net)[:-1]:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    rng = np.random.default_rng(settings.seed)
    usable = data.length <= 1000 * settings.longest_kb
    rows = [
        found
        for g in np.unique(data.genome)
        if len(found := np.flatnonzero((data.genome == g) & usable)) >= settings.views
    ]
    features = torch.from_numpy(data.values)
    optimizer = torch.optim.AdamW(
        module.net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    module.train()
    for step in range(settings.steps):
        chosen = rng.choice(len(rows), min(settings.genomes, len(rows)), replace=False)
        batch = np.concatenate([rng.choice(rows[g], settings.views, replace=False) for g in chosen])
        genome = torch.from_numpy(np.repeat(chosen, settings.views))
        loss = same_genome_loss(
            nn.functional.normalize(module(features[batch]), dim=1), genome, settings.temperature
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            log.info("projector step %d: loss %.3f", step, loss.item())


def noise_law(z: Values, data: FragmentFeatures, until: float) -> tuple[float, float]:
    """Mean squared distance to the genome's centre, a dimension, as a power of the length in kb.

    The line is fitted to the logarithms of bin means, not of single fragments: their mean is what
    the metric needs.
    """
    _, inverse = np.unique(data.genome, return_inverse=True)
    weight = data.length / 1000
    centre = np.zeros((inverse.max() + 1, z.shape[1]))
    np.add.at(centre, inverse, z * weight[:, None])
    centre /= np.bincount(inverse, weights=weight)[:, None]
    squared = ((z - centre[inverse]) ** 2).mean(1)
    kb = np.minimum(weight, until)
    groups = np.array_split(np.argsort(kb, kind="stable"), NOISE_BINS)
    exponent, at_1kb = np.polyfit(
        [np.log(kb[r]).mean() for r in groups], [np.log(squared[r].mean()) for r in groups], 1
    )
    return float(np.exp(at_1kb)), float(np.clip(exponent, -2, 0))


def projector_onnx(module: ResidualProjector, features: int) -> bytes:
    """The projector as a graph: features [n, features] -> vectors [n, dims]."""
    from ..export.graph import module_onnx

    rows = torch.export.Dim("rows", min=1, max=1 << 24)
    return bytes(
        module_onnx(
            module,
            (torch.zeros(2, features),),
            ["features"],
            ({0: rows},),
            "the exported projector",
        )
    )
