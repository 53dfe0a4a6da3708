"""The encoder on an NVIDIA GPU, beside others and beside what the card can do.

python -m bench.gpu [--parts rates kernel embed] [--embed-mbp 1000]

Writes gpu.json and gpu-roofline.svg. Needs an NVIDIA GPU, the extra `gpu`, PyTorch with CUDA, onnx
and matplotlib; without onnxruntime-gpu its rows are left out. `bash bench/gpu/session.sh` does this
and more in one go.
"""

from __future__ import annotations

import argparse
from typing import Any

from llmbin.model.devices import installed
from llmbin.model.pack import ModelPack, find_pack, load_pack
from llmbin.options import DEFAULT_MODEL

from .. import record
from . import ends, work
from .kernel import kernel_rate, timed_encoder
from .rates import BASES, WINDOWS, checks, encoders, rates

RUNTIMES = ("onnxruntime-gpu", "torch", "cuda-bindings", "nvidia-cuda-nvrtc")
PARTS = ("rates", "kernel", "embed")
KERNEL_BASES = 1 << 24  # enough blocks of threads to fill a card many times
REPEATS = 20
OURS, ORT = "our own FP16", "ONNX Runtime FP16"


def counted(pack: ModelPack, bases: int) -> dict[str, Any]:
    """FLOP and bytes of a base, for our kernel and for the graph node by node."""
    windows = KERNEL_BASES // bases
    return {
        "window": bases,
        "flops_a_base": work.flops_a_base(pack),
        "bytes_a_base": {
            OURS: round(work.fused_bytes_a_base(pack, bases, windows), 3),
            ORT: round(work.graph_bytes_a_base(pack.encoders["fp16"], bases), 1),
        },
    }


def kernels(pack: ModelPack) -> list[dict[str, Any]]:
    """Our kernel by the card's clock, without copies; with 32 positions a warp too."""
    rows = []
    for bands in (2, 1):
        encoder = timed_encoder(pack, bands)
        for bases in range(pack.bucket, pack.window + 1, pack.bucket):
            found = kernel_rate(encoder, KERNEL_BASES // bases, bases, REPEATS)
            rows.append({"window": bases, "bands": bands} | found)
            print(rows[-1], flush=True)
    return rows


def picture(found: dict[str, Any]) -> None:
    """Our kernel, and ONNX Runtime with its copies, under the card's roof."""
    count, kernel = found["counted"], found["kernel"][-1]
    flops = count["flops_a_base"]
    by_name = {r["encoder"]: r["mbp_per_second"] for r in found["rows"] if r["window"] == 1024}
    by_name[OURS] = kernel["mbp_per_second"]
    points = [
        (name, flops / moved, by_name[name] * flops / 1e6)
        for name, moved in count["bytes_a_base"].items()
        if name in by_name
    ]
    work.roofline(found["ceilings"], points, record.RESULTS / "gpu-roofline.svg")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--embed-mbp", type=int, default=1_000)
    options = parser.parse_args()
    pack = load_pack(find_pack(DEFAULT_MODEL))
    found: dict[str, Any] = {
        "gpu": record.gpu(),
        "runtimes": {p: v for p in RUNTIMES if (v := installed(p))},
        "batch_bases": BASES,
        "ceilings": work.ceilings(),
        "counted": counted(pack, max(WINDOWS)),
    }
    # Written after each part: what is known stays if a later part takes too long.
    if "kernel" in options.parts:
        found["kernel"] = kernels(pack)
        print(record.write("gpu", found), flush=True)
    if "embed" in options.parts:
        found["embed"] = ends.embed_rates(options.embed_mbp * 1_000_000, ["fused"])
        print(record.write("gpu", found), flush=True)
    if "rates" in options.parts:
        by_name = encoders(pack)
        found["checks"] = checks(pack, by_name)
        found["rows"] = rates(pack, by_name)
        print(found["checks"], record.write("gpu", found), flush=True)
    if {"rates", "kernel"} <= {*options.parts}:
        picture(found)


if __name__ == "__main__":
    main()
