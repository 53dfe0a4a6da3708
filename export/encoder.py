"""Export of the language-model encoder: bytes of bases in, one vector a window out.

The graph does everything between: one-hot codes, masks, both strands, blocks, masked mean. So nothing but bases and lengths
goes to the device.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from llmbin.onnx_check import check_onnx
from llmbin.training.model import GenomeLM

log = logging.getLogger("llmbin.export")
OPSET = 20
TOLERANCE = 1e-5


class EncoderGraph(nn.Module):
    """``GenomeLM.encode`` with the inputs that the runtimes send: codes uint8 [batch, bases], lengths int32 [batch]."""

    def __init__(self, lm: GenomeLM) -> None:
        super().__init__()
        self.lm = lm

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        # uint8 has few kernels in the runtimes; int32 has all of them.
        return self.lm.encode(codes.to(torch.int32), lengths)


def export_encoder(lm: GenomeLM, path: Path, window: int) -> float:
    """Write the FP32 graph with dynamic batch and length, check it, and compare it with PyTorch.

    Returns:
        largest absolute difference from PyTorch over ragged random batches.

    Raises:
        ValueError: the difference exceeds 1e-5.
        ModelPackError: the graph uses operators that packs may not use.
    """
    graph = EncoderGraph(lm).eval()
    stride = lm.config.stride
    example = (torch.randint(0, 4, (2, window), dtype=torch.uint8), torch.tensor([window, window - 37], dtype=torch.int32))
    batch, steps = torch.export.Dim("batch", min=1, max=65536), torch.export.Dim("steps", min=4, max=1 << 17)
    program = torch.onnx.export(
        graph, example, dynamo=True, opset_version=OPSET, input_names=["codes", "lengths"], output_names=["vectors"],
        dynamic_shapes=({0: batch, 1: stride * steps}, {0: batch}),
    )  # fmt: skip
    assert program is not None
    program.optimize()
    buffer = io.BytesIO()
    proto = program.model_proto
    for node in proto.graph.node:  # names and traces of the exporting machine do not belong in a pack
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        value.ClearField("metadata_props")
    onnx.save(proto, buffer)
    check_onnx(buffer.getvalue(), str(path))
    path.write_bytes(buffer.getvalue())
    worst = compare(lm, buffer.getvalue(), window)
    if worst > TOLERANCE:
        raise ValueError(f"{path}: differs from PyTorch by {worst:.2e}, more than {TOLERANCE:.0e}")
    log.info("%s: %d bytes, at most %.1e from PyTorch", path, path.stat().st_size, worst)
    return worst


def compare(lm: GenomeLM, data: bytes, window: int, seed: int = 0) -> float:
    """Largest absolute difference between the graph in ONNX Runtime and PyTorch, over ragged batches with unknown bases."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(seed)
    worst = 0.0
    for batch, size in ((1, window), (3, window // 2), (5, window)):
        codes = rng.choice(5, (batch, size), p=[0.245] * 4 + [0.02]).astype(np.uint8)
        lengths = rng.integers(64, size + 1, batch).astype(np.int32)
        (ours,) = session.run(None, {"codes": codes, "lengths": lengths})
        with torch.no_grad():
            theirs = lm.eval().encode(torch.from_numpy(codes), torch.from_numpy(lengths)).numpy()
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return worst
