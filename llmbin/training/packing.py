"""Writing model packs: ONNX encoders, projector, weights, manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from ..export.pack import export_folder, export_precisions, weights_of, write_config
from ..export.parity import Parity
from ..export.settings import CALIBRATION, CHECK
from ..io.outputs import whole_folder
from ..model.devices import Device
from ..model.encoder import OnnxEncoder
from ..model.language_model import GenomeLM
from ..model.pack import FORMAT, PROJECTOR, WEIGHTS, Projector, load_pack
from ..model.windows import WindowPlan
from .fragments import fragment_features
from .projector import calibrate, fit_projector, load_projector
from .settings import BUCKET, PackSettings, ProjectorSettings
from .shards import Shards


@dataclass(frozen=True)
class PackSource:
    """What a pack is made of: training genomes, an encoder, perhaps a projector, and a card.

    The encoder is of ``model``: a folder of `train_lm` or `finetune`, or, where it is ``foreign``,
    one of Hugging Face; None leaves the language model out. Without a projector one is fitted.
    """

    shards: Path
    model: Path | None
    card: Path
    projector: Path | None = None
    foreign: bool = False


@dataclass(frozen=True)
class ExportedEncoder:
    """Graphs by precision, how close each is to PyTorch, and the weights to keep.

    ``described`` is what ``config.json`` says of the encoder.
    """

    graphs: dict[str, bytes]
    parity: dict[str, Parity]
    weights: dict[str, torch.Tensor]
    width: int
    plan: WindowPlan
    described: dict[str, Any]


def own_encoder(folder: Path, shards: Shards, settings: PackSettings) -> ExportedEncoder:
    """Our language model in the precisions asked for."""
    lm = GenomeLM.from_pretrained(folder).eval()
    windows = random_windows(shards, settings.window, CALIBRATION + CHECK, settings.seed)
    graphs, parity = export_precisions(lm, settings.precision, windows)
    sizes = {
        k: lm.config.to_dict()[k]
        for k in ("width", "stride", "stem_kernel", "kernel", "dilations", "expand")
    }
    described = {
        "stride": lm.config.stride,
        "lm": sizes,
        "flops_per_base": lm.config.flops_per_base() * 2,
    }
    plan = WindowPlan(settings.window, settings.max_windows, BUCKET, settings.seed)
    return ExportedEncoder(graphs, parity, weights_of("lm", lm), lm.config.width, plan, described)


def foreign_encoder(folder: Path, shards: Shards, settings: PackSettings) -> ExportedEncoder:
    """An encoder of a Hugging Face folder, in FP32; its weights stay in the graph."""
    windows = random_windows(shards, settings.window, CHECK, settings.seed)
    graphs, parity, encoder = export_folder(folder, windows)
    k = encoder.vocabulary.k
    bucket = k * max(1, BUCKET // k)
    window = max(1, settings.window // bucket) * bucket
    plan = WindowPlan(window, settings.max_windows, bucket, settings.seed)
    config = encoder.model.config
    described = {"stride": k, "foreign": str(config.model_type)}
    return ExportedEncoder(graphs, parity, {}, int(config.hidden_size), plan, described)


def no_encoder(settings: PackSettings) -> ExportedEncoder:
    """What takes its place in a pack without a language model."""
    plan = WindowPlan(settings.window, settings.max_windows, BUCKET, settings.seed)
    return ExportedEncoder({}, {}, {}, 0, plan, {"stride": BUCKET})


def make_pack(
    source: PackSource, out: Path, settings: PackSettings, projecting: ProjectorSettings
) -> None:
    """Export the encoder, fit or calibrate the projector on fragments, and write the pack."""
    shards = Shards(source.shards)
    if source.model is None:
        made, encoder = no_encoder(settings), None
    else:
        exported = foreign_encoder if source.foreign else own_encoder
        made = exported(source.model, shards, settings)
        device = Device("cpu", 0, "fp32", "training")
        encoder = OnnxEncoder(made.graphs["fp32"], made.width, device)
    data = fragment_features(shards, encoder, made.plan, settings.fragments(), settings.threads)
    if source.projector is None:
        module, projector = fit_projector(data, projecting)
    else:
        module = load_projector(source.projector)
        projector = calibrate(module, data, projecting)
    config = describe(made, projector, settings) | {
        "training": {
            "fragments_per_genome": settings.per_genome,
            "seed": settings.seed,
            "projector": asdict(projecting),
        }
    }
    with whole_folder(out) as folder:
        (folder / WEIGHTS).write_bytes(save(made.weights | weights_of("projector", module)))
        (folder / PROJECTOR).write_bytes(projector.onnx)
        (folder / "MODEL_CARD.md").write_text(source.card.read_text())
        write_config(folder, config, made.graphs, made.parity)
    load_pack(out)  # a check of what was written


def describe(made: ExportedEncoder, projector: Projector, settings: PackSettings) -> dict[str, Any]:
    """What ``config.json`` says of the pack."""
    noise = {
        "at_1kb": projector.noise_at_1kb,
        "exponent": projector.noise_exponent,
        "until_kb": projector.noise_until_kb,
        "dims": projector.dims,
    }
    return {
        "format": FORMAT,
        "name": settings.name,
        "version": settings.version,
        "width": made.width,
        "window": made.plan.window,
        "bucket": made.plan.bucket,
        "max_windows": made.plan.most,
        "outputs": projector.outputs,
        "noise": noise,
        **made.described,
    }


def random_windows(shards: Shards, size: int, count: int, seed: int) -> npt.NDArray[np.uint8]:
    """Whole windows uint8 [count, size] of genomes at random."""
    rng = np.random.default_rng(seed)
    windows: list[npt.NDArray[np.uint8]] = []
    while len(windows) < count:
        sequence, start = shards.sample(int(rng.integers(len(shards))), size, rng)
        if int(shards.length[sequence]) - start >= size:
            windows.append(shards.window(sequence, start, size))
    return np.stack(windows)
