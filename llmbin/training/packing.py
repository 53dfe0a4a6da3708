"""Writing model packs: ONNX encoders, projector, weights, manifest."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from ..export.pack import (
    CALIBRATION,
    CHECK,
    export_folder,
    export_precisions,
    weights_of,
    write_config,
)
from ..export.parity import Parity
from ..model.devices import Device
from ..model.encoder import OnnxEncoder
from ..model.pack import FORMAT, PROJECTOR, WEIGHTS, Projector, load_pack
from ..model.windows import WindowPlan
from .fragments import fragment_features
from .model import GenomeLM
from .projector import (
    ProjectorSettings,
    ResidualProjector,
    calibrate,
    fit_projector,
    load_projector,
)
from .shards import Shards

BUCKET = 256


@dataclass(frozen=True)
class ExportedEncoder:
    """Graphs by precision, how close each is to PyTorch, the weights to keep, and what ``config.json`` says of the encoder."""

    graphs: dict[str, bytes]
    parity: dict[str, Parity]
    weights: dict[str, torch.Tensor]
    width: int
    plan: WindowPlan
    described: dict[str, Any]


def own_encoder(options: argparse.Namespace, shards: Shards) -> ExportedEncoder:
    """Our language model in the precisions asked for."""
    lm = GenomeLM.from_pretrained(options.lm).eval()
    windows = random_windows(shards, options.window, CALIBRATION + CHECK, options.seed)
    graphs, parity = export_precisions(lm, options.precision, windows)
    sizes = {
        k: lm.config.to_dict()[k]
        for k in ("width", "stride", "stem_kernel", "kernel", "dilations", "expand")
    }
    described = {
        "stride": lm.config.stride,
        "lm": sizes,
        "flops_per_base": lm.config.flops_per_base() * 2,
    }
    plan = WindowPlan(options.window, options.max_windows, BUCKET, options.seed)
    return ExportedEncoder(graphs, parity, weights_of("lm", lm), lm.config.width, plan, described)


def foreign_encoder(options: argparse.Namespace, shards: Shards) -> ExportedEncoder:
    """An encoder of a Hugging Face folder, in FP32; its weights stay in the graph."""
    graphs, parity, encoder = export_folder(
        options.from_hf, random_windows(shards, options.window, CHECK, options.seed)
    )
    k = encoder.vocabulary.k
    bucket = k * max(1, BUCKET // k)
    plan = WindowPlan(
        max(1, options.window // bucket) * bucket, options.max_windows, bucket, options.seed
    )
    config = encoder.model.config
    return ExportedEncoder(
        graphs,
        parity,
        {},
        int(config.hidden_size),
        plan,
        {"stride": k, "foreign": str(config.model_type)},
    )


def make_pack(options: argparse.Namespace, settings: ProjectorSettings) -> None:
    """Export the encoder, fit or calibrate the projector on fragments that it embedded, and write the pack."""
    shards = Shards(options.shards)
    made = (
        own_encoder(options, shards)
        if options.from_hf is None
        else foreign_encoder(options, shards)
    )
    encoder = OnnxEncoder(made.graphs["fp32"], made.width, Device("cpu", 0, "fp32", "training"))
    data = fragment_features(
        shards, encoder, made.plan, options.per_genome, options.seed, options.threads
    )
    if options.projector is None:
        module, projector = fit_projector(data, settings)
    else:
        module = load_projector(options.projector)
        projector = calibrate(module, data, settings)
    training = {
        "fragments_per_genome": options.per_genome,
        "seed": options.seed,
        "projector": asdict(settings),
    }
    write_pack(options, made, module, projector, training)


def write_pack(
    options: argparse.Namespace,
    made: ExportedEncoder,
    module: ResidualProjector,
    projector: Projector,
    training: dict[str, Any],
) -> None:
    """Write encoders, weights and card, list everything with its sha256, and load the result as a check."""
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    (out / WEIGHTS).write_bytes(save(made.weights | weights_of("projector", module)))
    (out / PROJECTOR).write_bytes(projector.onnx)
    (out / "MODEL_CARD.md").write_text(options.card.read_text())
    noise = {
        "at_1kb": projector.noise_at_1kb,
        "exponent": projector.noise_exponent,
        "until_kb": projector.noise_until_kb,
    }
    config = {
        "format": FORMAT, "name": options.name, "version": options.version, "width": made.width, "window": made.plan.window,
        "bucket": made.plan.bucket, "max_windows": made.plan.most, "outputs": projector.outputs, "noise": noise | {"dims": projector.dims},
        **made.described, "training": training,
    }  # fmt: skip
    write_config(out, config, made.graphs, made.parity)
    load_pack(out)


def random_windows(shards: Shards, size: int, count: int, seed: int) -> npt.NDArray[np.uint8]:
    """Whole windows uint8 [count, size] of genomes at random."""
    rng = np.random.default_rng(seed)
    windows: list[npt.NDArray[np.uint8]] = []
    while len(windows) < count:
        sequence, start = shards.sample(int(rng.integers(len(shards))), size, rng)
        if int(shards.length[sequence]) - start >= size:
            windows.append(shards.window(sequence, start, size))
    return np.stack(windows)
