"""Writing model packs: ONNX encoder, projector, manifest."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from ..devices import Device, session
from ..export.encoder import export_encoder
from ..pack import FORMAT, Projector, load_pack
from ..windows import Batch, WindowPlan
from .fragments import fragment_features
from .model import GenomeLM
from .projector import ProjectorSettings, fit_projector
from .shards import Shards

BUCKET = 256
ENCODER = "encoder.fp32.onnx"


def write_pack(
    out: Path,
    name: str,
    version: str,
    lm: GenomeLM,
    projector: Projector,
    card: str,
    *,
    export_difference: float,
    window: int,
    max_windows: int,
    training: dict[str, Any],
) -> None:
    """Beside the exported encoder, store projector and card, list everything with its sha256, and load the result as a check."""
    save_file(
        {
            "projector.mean": np.ascontiguousarray(projector.mean),
            "projector.weight": np.ascontiguousarray(projector.weight),
            "projector.scale": np.ascontiguousarray(projector.scale),
        },
        out / "model.safetensors",
    )
    (out / "MODEL_CARD.md").write_text(card)
    files = {}
    for path in sorted(p for p in out.iterdir() if p.name != "config.json"):
        data = path.read_bytes()
        files[path.name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    config = {
        "format": FORMAT, "name": name, "version": version, "encoders": {"fp32": ENCODER},
        "stride": lm.config.stride, "width": lm.config.width, "window": window, "bucket": BUCKET, "max_windows": max_windows,
        "noise": {"floor": projector.noise_floor, "per_kb": projector.noise_per_kb, "until_kb": projector.noise_until_kb, "dims": projector.dims},
        "lm": {k: lm.config.to_dict()[k] for k in ("width", "stride", "stem_kernel", "kernel", "dilations", "expand")},
        "flops_per_base": lm.config.flops_per_base() * 2,
        "export_difference": export_difference, "training": training, "files": files,
    }  # fmt: skip
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    load_pack(out)


def make_pack(options: argparse.Namespace, settings: ProjectorSettings) -> None:
    """Fit the projector on fragments embedded by the exported encoder, and write the pack."""
    lm = GenomeLM.from_pretrained(options.lm).eval()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / ENCODER
    difference = export_encoder(lm, path, options.window)
    encoder = GraphEncoder(path.read_bytes(), lm.config.width)
    plan = WindowPlan(options.window, options.max_windows, BUCKET, options.seed)
    data = fragment_features(Shards(options.shards), encoder, plan, options.per_genome, options.seed, options.threads)
    training = {"fragments_per_genome": options.per_genome, "seed": options.seed, "shrink": settings.shrink}
    write_pack(
        options.out, options.name, options.version, lm, fit_projector(data, settings), options.card.read_text(),
        export_difference=difference, window=options.window, max_windows=options.max_windows, training=training,
    )  # fmt: skip


class GraphEncoder:
    """An exported encoder on the CPU, before there is a pack around it."""

    def __init__(self, onnx: bytes, width: int) -> None:
        self.width = width
        self._run = session(onnx, Device("cpu", 0, "fp32", "training"))

    def encode(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Vectors [batch, width]."""
        return np.asarray(self._run({"codes": batch.codes, "lengths": batch.lengths})[0], np.float32)
