"""Encoders side by side on one card: rates, closeness to the CPU's vectors, bits by the batch.

Wall seconds, inputs and vectors in the CPU's memory, medians of ten.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from llmbin.model.closeness import least_cosine
from llmbin.model.devices import Device, runtime
from llmbin.model.encoder import Encoder, OnnxEncoder, open_encoder
from llmbin.model.pack import ModelPack
from llmbin.model.windows import Batch
from llmbin.proof.checks import bits_keep, random_batch
from llmbin.proof.rates import TorchEncoder

WINDOWS = (256, 1024)
LENGTHS = range(256, 1025, 256)
BASES = 1 << 20
CHECKED = 64  # windows
REPEATS = 10
SEARCHES = ("HEURISTIC", "EXHAUSTIVE", "DEFAULT")


def rate(encode: Callable[[Batch], object], bases: int) -> dict[str, float]:
    """Milliseconds of the first batch, and of the median one; Mbp/s of that."""
    batch = random_batch(BASES // bases, bases)
    seconds = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        encode(batch)
        seconds.append(time.perf_counter() - began)
    usual = float(np.median(seconds[1:]))
    return {
        "first_ms": round(1e3 * seconds[0], 1),
        "ms": round(1e3 * usual, 2),
        "mbp_per_second": round(BASES / usual / 1e6, 1),
    }


def closeness(got: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Relative error, and the least cosine of vectors less their mean."""
    a, b = got.astype(np.float64), wanted.astype(np.float64)
    return {
        "relative_error": float(np.linalg.norm(a - b) / np.linalg.norm(b)),
        "least_cosine": least_cosine(b, a),
    }


def pytorch(pack: ModelPack, half: bool, compiled: bool) -> Callable[[Batch], np.ndarray]:
    """The pack's weights in PyTorch."""
    import torch
    from llmbin.export.graph import deployable
    from llmbin.export.pack import language_model

    run = deployable(language_model(pack), half).cuda().encode
    return TorchEncoder(
        torch.compile(run, dynamic=False) if compiled else run, pack.width, "cuda"
    ).encode


def searched(pack: ModelPack, search: str) -> Callable[[Batch], object]:
    """ONNX Runtime in FP16 with another way to choose convolutions."""
    import onnxruntime

    provider = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": search})
    session = onnxruntime.InferenceSession(pack.encoders["fp16"], providers=[provider])
    return lambda batch: session.run(None, {"codes": batch.codes, "lengths": batch.lengths})


def encoders(pack: ModelPack) -> dict[str, Encoder]:
    """What the program itself can take on this GPU."""
    ours: dict[str, Encoder] = {"our own FP16": open_encoder(pack, "fused", "auto")[1]}
    return ours | {
        f"ONNX Runtime {p.upper()}": OnnxEncoder(
            pack.encoders[p], pack.width, Device("cuda", 0, p, "bench")
        )
        for p in ("fp16", "fp32")
        if onnx_runs()
    }


def onnx_runs() -> bool:
    """Whether ONNX Runtime can use a GPU here."""
    return "CUDAExecutionProvider" in runtime().get_available_providers()


def checks(pack: ModelPack, by_name: dict[str, Encoder]) -> dict[str, dict[str, float | bool]]:
    """How close each is to the CPU's FP32, and whether bits depend on the batch."""
    batch = random_batch(CHECKED, 1024)
    cpu = OnnxEncoder(pack.encoders["fp32"], pack.width, Device("cpu", 0, "fp32", "bench"))
    wanted = cpu.encode(batch)
    return {
        name: closeness(encoder.encode(batch), wanted)
        | {"bits_whatever_the_batch": bits_keep(encoder, LENGTHS)}
        for name, encoder in by_name.items()
    }


def rates(pack: ModelPack, by_name: dict[str, Encoder]) -> list[dict[str, Any]]:
    """A row for each encoder and length of window."""
    jobs: dict[str, Callable[[Batch], Any]] = {
        **{name: encoder.encode for name, encoder in by_name.items()},
        **{
            f"ONNX Runtime FP16, {search.lower()} search": searched(pack, search)
            for search in SEARCHES
            if onnx_runs()
        },
        "PyTorch FP16, eager": pytorch(pack, True, False),
        "PyTorch FP32, eager": pytorch(pack, False, False),
        "PyTorch FP16, compiled": pytorch(pack, True, True),
    }
    rows: list[dict[str, Any]] = []
    for name, encode in jobs.items():
        for bases in WINDOWS:
            rows.append({"encoder": name, "window": bases} | rate(encode, bases))
            print(rows[-1], flush=True)
    return rows
