"""A pack's encoder again from its weights: other precisions, checked, in a new pack."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from llmbin._kernels import encode_bases
from llmbin.errors import InputError, ModelPackError
from llmbin.io.fasta import read_fasta
from llmbin.io.outputs import whole_folder
from llmbin.model.closeness import LEAST_COSINE
from llmbin.model.language_model import GenomeLM, GenomeLMConfig
from llmbin.model.pack import PROJECTOR, WEIGHTS, ModelPack, load_pack

from .graph import encoder_onnx
from .huggingface import KmerEncoder, encoder_from_folder, read_vocabulary
from .int8 import int8_onnx
from .parity import Parity, compare, onnx_encode, torch_encode
from .settings import CALIBRATION, CHECK

log = logging.getLogger("llmbin.export")


def language_model(pack: ModelPack) -> GenomeLM:
    """The pack's language model in PyTorch.

    Raises:
        ModelPackError: the pack has no weights of this kind of model.
    """
    from safetensors.torch import load

    tensors = load((pack.folder / WEIGHTS).read_bytes())
    weights = {
        name.removeprefix("lm."): tensor
        for name, tensor in tensors.items()
        if name.startswith("lm.")
    }
    try:
        lm = GenomeLM(GenomeLMConfig(**pack.config["lm"]))
        lm.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ModelPackError(
            f"{pack.folder}: holds no language model to export ({str(error).splitlines()[0]})"
        ) from None
    lm.eval()
    return lm


def export_precisions(
    lm: GenomeLM, precisions: Sequence[str], windows: npt.NDArray[np.uint8]
) -> tuple[dict[str, bytes], dict[str, Parity]]:
    """ONNX by precision, and how close each is to PyTorch in FP32.

    Args:
        lm: the language model.
        precisions: of fp32, fp16 and int8.
        windows: codes uint8 [n, bases] of real sequence; the last 32 judge, the others calibrate
            INT8.

    Raises:
        ModelPackError: a graph is less close than packs promise.
    """
    fp32 = encoder_onnx(lm, windows.shape[1])
    reference, graphs, found = torch_encode(lm), {}, {}
    for precision in precisions:
        if precision == "fp32":
            graphs[precision] = fp32
        elif precision == "fp16":
            graphs[precision] = encoder_onnx(lm, windows.shape[1], half=True)
        else:
            graphs[precision] = int8_onnx(fp32, windows[:-CHECK])
        found[precision] = compare(reference, onnx_encode(graphs[precision]), windows[-CHECK:])
        parity = found[precision]
        log.info(
            "%s: %d bytes, at most %.1e from PyTorch, cosine %.6f or more",
            precision,
            len(graphs[precision]),
            parity.difference,
            parity.cosine,
        )
        if parity.fails(precision):
            raise ModelPackError(
                f"the {precision} encoder is not close enough to PyTorch: {parity}"
            )
    return graphs, found


def export_folder(
    folder: Path, windows: npt.NDArray[np.uint8]
) -> tuple[dict[str, bytes], dict[str, Parity], KmerEncoder]:
    """The FP32 graph of a Hugging Face folder, how close it is to PyTorch, and the encoder itself.

    Raises:
        ModelPackError: it cannot be exported, or is not close enough.
    """
    k = read_vocabulary(folder).k
    windows = np.ascontiguousarray(windows[-CHECK:, : windows.shape[1] // k * k])
    graph, encoder = encoder_from_folder(folder, windows.shape[1])
    parity = compare(torch_encode(encoder), onnx_encode(graph), windows)
    log.info(
        "fp32: %d bytes, at most %.1e from PyTorch, cosine %.6f or more",
        len(graph),
        parity.difference,
        parity.cosine,
    )
    if parity.cosine < LEAST_COSINE["fp32"]:
        raise ModelPackError(f"{folder}: the graph is not close enough to PyTorch: {parity}")
    return {"fp32": graph}, {"fp32": parity}, encoder


def windows_of(path: Path, size: int, count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Whole windows uint8 [count, size] at random from a FASTA file.

    Raises:
        InputError: no sequence is long enough.
    """
    sequences = [
        encode_bases(record.sequence) for record in read_fasta(path) if len(record.sequence) >= size
    ]
    if not sequences:
        raise InputError(
            f"{path}: no sequence has {size:,} bases, as a window does; "
            "give longer contigs to calibrate with"
        )
    rng = np.random.default_rng(seed)
    room = np.array([len(s) - size + 1 for s in sequences], np.float64)
    chosen = rng.choice(len(sequences), count, p=room / room.sum())
    starts = [int(rng.integers(0, len(sequences[i]) - size + 1)) for i in chosen]
    return np.stack([sequences[i][a : a + size] for i, a in zip(chosen, starts, strict=True)])


def export_pack(pack: ModelPack, out: Path, precisions: Sequence[str], contigs: Path) -> ModelPack:
    """Write a pack that is like ``pack`` but for its encoders.

    Raises:
        ModelPackError: as `export_precisions`.
    """
    graphs, parity = export_precisions(
        language_model(pack), precisions, windows_of(contigs, pack.window, CALIBRATION + CHECK)
    )
    with whole_folder(out) as made:
        for name in (WEIGHTS, PROJECTOR, "MODEL_CARD.md"):
            shutil.copyfile(pack.folder / name, made / name)
        config = {k: v for k, v in pack.config.items() if k not in ("encoders", "parity", "files")}
        write_config(made, config, graphs, parity)
    return load_pack(out)


def write_config(
    out: Path, config: dict[str, object], graphs: dict[str, bytes], parity: dict[str, Parity]
) -> None:
    """Store the graphs beside what is in the folder, and ``config.json`` that lists all of it."""
    names = {precision: f"encoder.{precision}.onnx" for precision in graphs}
    for precision, data in graphs.items():
        (out / names[precision]).write_bytes(data)
    files = {}
    for path in (
        out / name for name in sorted({WEIGHTS, PROJECTOR, "MODEL_CARD.md", *names.values()})
    ):
        data = path.read_bytes()
        files[path.name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    whole = config | {
        "encoders": names,
        "parity": {p: asdict(v) for p, v in parity.items()},
        "files": files,
    }
    (out / "config.json").write_text(json.dumps(whole, indent=1) + "\n")


def weights_of(prefix: str, module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights under the names that packs use: ``lm.`` and ``projector.``."""
    return {
        f"{prefix}.{name}": tensor.detach().float().contiguous()
        for name, tensor in module.state_dict().items()
    }
