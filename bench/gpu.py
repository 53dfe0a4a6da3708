"""The encoder on a GPU: rates, closeness to the CPU's vectors, and bits whatever the batch.

python -m bench.gpu

Rates are beside PyTorch's on the same card. Needs an NVIDIA GPU, onnxruntime-gpu, and PyTorch with
CUDA. Wall seconds, inputs and vectors in the CPU's memory, medians of ten.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from llmbin.model.closeness import least_cosine
from llmbin.model.devices import Device
from llmbin.model.encoder import OnnxEncoder
from llmbin.model.pack import ModelPack, find_pack, load_pack
from llmbin.model.windows import Batch
from llmbin.options import DEFAULT_MODEL
from llmbin.proof.checks import bits_keep, random_batch
from llmbin.proof.rates import TorchEncoder

from . import record

WINDOWS = (256, 1024)
LENGTHS = range(256, 1025, 256)
BASES = 1 << 20
SEARCHES = ("HEURISTIC", "EXHAUSTIVE", "DEFAULT")


def rate(encode: Callable[[Batch], object], bases: int, repeats: int = 10) -> dict[str, float]:
    """Milliseconds of the first batch, and of the median one; Mbp/s of that."""
    batch = random_batch(BASES // bases, bases)
    seconds = []
    for _ in range(repeats + 1):
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


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    pack = load_pack(find_pack(DEFAULT_MODEL))
    cuda = {
        p: OnnxEncoder(pack.encoders[p], pack.width, Device("cuda", 0, p, "bench"))
        for p in ("fp16", "fp32")
    }
    wanted = OnnxEncoder(
        pack.encoders["fp32"], pack.width, Device("cpu", 0, "fp32", "bench")
    ).encode(random_batch(64, 1024))
    checks = {
        p: closeness(e.encode(random_batch(64, 1024)), wanted)
        | {"bits_whatever_the_batch": bits_keep(e, LENGTHS)}
        for p, e in cuda.items()
    }
    jobs: dict[str, Callable[[Batch], Any]] = {
        "ONNX Runtime FP16": cuda["fp16"].encode,
        "ONNX Runtime FP32": cuda["fp32"].encode,
        **{
            f"ONNX Runtime FP16, {search.lower()} search": searched(pack, search)
            for search in SEARCHES
        },
        "PyTorch FP16, eager": pytorch(pack, True, False),
        "PyTorch FP32, eager": pytorch(pack, False, False),
        "PyTorch FP16, compiled": pytorch(pack, True, True),
    }
    rows = []
    for name, encode in jobs.items():
        for bases in WINDOWS:
            rows.append({"encoder": name, "window": bases} | rate(encode, bases))
            print(rows[-1], flush=True)
    print(checks)
    print(
        record.write(
            "gpu",
            {
                "gpu": record.gpu(),
                "runtimes": {p: version(p) for p in ("onnxruntime-gpu", "torch")},
                "batch_bases": BASES,
                "checks": checks,
                "rows": rows,
            },
        )
    )


if __name__ == "__main__":
    main()
