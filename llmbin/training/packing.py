"""Writing model packs: ONNX encoders, projector, weights, manifest."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.torch import save

from ..devices import Device
from ..encoder import OnnxEncoder
from ..export.pack import CALIBRATION, CHECK, export_precisions, weights_of, write_config
from ..export.parity import Parity
from ..pack import FORMAT, PROJECTOR, WEIGHTS, Projector, load_pack
from ..windows import WindowPlan
from .fragments import fragment_features
from .model import GenomeLM
from .projector import ProjectorSettings, ResidualProjector, calibrate, fit_projector, load_projector
from .shards import Shards

BUCKET = 256


def write_pack(
    out: Path,
    name: str,
    version: str,
    lm: GenomeLM,
    module: ResidualProjector,
    projector: Projector,
    card: str,
    graphs: dict[str, bytes],
    parity: dict[str, Parity],
    *,
    window: int,
    max_windows: int,
    training: dict[str, Any],
) -> None:
    """Write encoders, weights and card, list everything with its sha256, and load the result as a check."""
    out.mkdir(parents=True, exist_ok=True)
    (out / WEIGHTS).write_bytes(save(weights_of("lm", lm) | weights_of("projector", module)))
    (out / PROJECTOR).write_bytes(projector.onnx)
    (out / "MODEL_CARD.md").write_text(card)
    config = {
        "format": FORMAT, "name": name, "version": version,
        "stride": lm.config.stride, "width": lm.config.width, "window": window, "bucket": BUCKET, "max_windows": max_windows, "outputs": projector.outputs,
        "noise": {"at_1kb": projector.noise_at_1kb, "exponent": projector.noise_exponent, "until_kb": projector.noise_until_kb, "dims": projector.dims},
        "lm": {k: lm.config.to_dict()[k] for k in ("width", "stride", "stem_kernel", "kernel", "dilations", "expand")},
        "flops_per_base": lm.config.flops_per_base() * 2, "training": training,
    }  # fmt: skip
    write_config(out, config, graphs, parity)
    load_pack(out)


def make_pack(options: argparse.Namespace, settings: ProjectorSettings) -> None:
    """Export the encoder, fit or calibrate the projector on fragments that it embedded, and write the pack."""
    lm = GenomeLM.from_pretrained(options.lm).eval()
    shards = Shards(options.shards)
    graphs, parity = export_precisions(lm, options.precision, random_windows(shards, options.window, CALIBRATION + CHECK, options.seed))
    encoder = OnnxEncoder(graphs["fp32"], lm.config.width, Device("cpu", 0, "fp32", "training"))
    plan = WindowPlan(options.window, options.max_windows, BUCKET, options.seed)
    data = fragment_features(shards, encoder, plan, options.per_genome, options.seed, options.threads)
    if options.projector is None:
        module, projector = fit_projector(data, settings)
    else:
        module = load_projector(options.projector)
        projector = calibrate(module, data, settings)
    training = {"fragments_per_genome": options.per_genome, "seed": options.seed, "projector": asdict(settings)}
    write_pack(
        options.out, options.name, options.version, lm, module, projector, options.card.read_text(), graphs, parity,
        window=options.window, max_windows=options.max_windows, training=training,
    )  # fmt: skip


def random_windows(shards: Shards, size: int, count: int, seed: int) -> npt.NDArray[np.uint8]:
    """Whole windows uint8 [count, size] of genomes at random."""
    rng = np.random.default_rng(seed)
    windows: list[npt.NDArray[np.uint8]] = []
    while len(windows) < count:
        sequence, start = shards.sample(int(rng.integers(len(shards))), size, rng)
        if int(shards.length[sequence]) - start >= size:
            windows.append(shards.window(sequence, start, size))
    return np.stack(windows)
