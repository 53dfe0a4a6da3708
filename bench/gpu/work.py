"""What encoders compute and move, and what a card could: the roofline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llmbin.model.fused_weights import arranged_weights, encoder_sizes
from llmbin.model.pack import WEIGHTS, ModelPack

LARGE = 8192  # rows of a matrix product that shows the rate of the tensor cores
COPIED = 4 << 30  # bytes of a copy that shows the rate of the memory
TIMES = 10


def flops_a_base(pack: ModelPack) -> float:
    """Of both strands; the same whatever computes them."""
    lm = pack.config["lm"]
    stem = 2 * 5 * lm["stem_kernel"] * lm["width"]
    block = 2 * lm["width"] * (lm["kernel"] + 2 * lm["expand"] * lm["width"])
    return float(2 * (stem + len(lm["dilations"]) * block) / lm["stride"])


def fused_bytes_a_base(pack: ModelPack, bases: int, windows: int) -> float:
    """Through the card's memory, by our own kernel: packed codes, lengths, vectors, and weights.

    The weights count once a batch: all of them stay in the second-level cache.
    """
    from safetensors.numpy import load

    tensors = load((pack.folder / WEIGHTS).read_bytes())
    weights = arranged_weights(tensors, encoder_sizes(pack.config))
    once = weights.chunks.nbytes + weights.numbers.nbytes
    each = math.ceil(bases / 2) + 4 + 4 * pack.width
    return (each + once / windows) / bases


def graph_bytes_a_base(graph: bytes, bases: int, windows: int = 2) -> float:
    """Through the card's memory, if every node reads its inputs there and writes its outputs there.

    What a runtime fuses is less. Sizes are those of a run on the CPU that gives all there is.
    """
    import onnx
    import onnxruntime

    model = onnx.load_from_string(graph)
    inputs = {
        "codes": np.zeros((windows, bases), np.uint8),
        "lengths": np.full(windows, bases, np.int32),
    }
    names = [name for node in model.graph.node for name in node.output if name]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    held = dict(zip(names, session.run(names, inputs), strict=True)) | inputs
    held |= {w.name: onnx.numpy_helper.to_array(w) for w in model.graph.initializer}
    moved = sum(
        held[name].nbytes
        for node in model.graph.node
        for name in (*node.input, *node.output)
        if name
    )
    return moved / (windows * bases)


def ceilings() -> dict[str, float]:
    """TFLOP/s of a large FP16 product and GB/s of a large copy (read and written), by PyTorch."""
    import torch

    a, b = (torch.randn(LARGE, LARGE, device="cuda", dtype=torch.half) for _ in range(2))
    source = torch.randint(0, 255, (COPIED,), device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    product = _seconds(lambda: torch.mm(a, b))
    copy = _seconds(lambda: target.copy_(source))
    return {
        "tflops": round(2 * LARGE**3 / product / 1e12, 1),
        "gb_per_second": round(2 * COPIED / copy / 1e9, 1),
    }


def _seconds(work: Any) -> float:
    """The median time of some runs, by the card's own clock."""
    import torch

    times = []
    for _ in range(TIMES + 3):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()
        work()
        ended.record()
        torch.cuda.synchronize()
        times.append(began.elapsed_time(ended) / 1e3)
    return float(np.median(times[3:]))


def roofline(
    ceiling: dict[str, float], points: Sequence[tuple[str, float, float]], path: Path
) -> None:
    """The picture: ``points`` are names, FLOP a byte, and TFLOP/s."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    at = np.logspace(0, 6, 200)
    memory = at * ceiling["gb_per_second"] / 1e3
    axes.plot(at, np.minimum(memory, ceiling["tflops"]), color="black", linewidth=1)
    axes.text(1e6, ceiling["tflops"] * 1.15, f"{ceiling['tflops']:.0f} TFLOP/s", ha="right")
    axes.text(1.3, 1.6 * ceiling["gb_per_second"] / 1e3, f"{ceiling['gb_per_second']:,.0f} GB/s")
    for (name, intensity, rate), marker in zip(points, "os^Dv", strict=False):
        axes.plot(intensity, rate, marker, label=f"{name}: {rate:.3g} TFLOP/s")
    axes.set(xscale="log", yscale="log", xlabel="FLOP for a byte of the card's memory")
    axes.set_ylabel("TFLOP/s")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path)
    pyplot.close(figure)
