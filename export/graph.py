"""The encoder as runtimes get it: bytes of bases in, one vector a window out.

The graph does everything between: one-hot codes, masks, both strands, blocks, masked mean. So
nothing but bases and lengths goes to the device.
"""

from __future__ import annotations

import copy
import io
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from llmbin.model.language_model import Block, GenomeLM
from llmbin.model.onnx_check import check_onnx

from .settings import OPSET


class EncoderGraph(nn.Module):
    """``GenomeLM.encode`` with the inputs that the runtimes send.

    These are codes uint8 [batch, bases] and lengths int32 [batch].
    """

    def __init__(self, lm: GenomeLM) -> None:
        super().__init__()
        self.lm = lm

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        # uint8 has few kernels in the runtimes; int32 has all of them.
        return self.lm.encode(codes.to(torch.int32), lengths)


def deployable(lm: GenomeLM, half: bool = False) -> GenomeLM:
    """A copy for inference: each block's output scale folded into its last layer.

    With ``half``, convolutions and linear layers hold FP16; norms, masks and the mean over
    positions stay FP32. Every type is then written in the graph, which is the one form that
    TensorRT 10 and 11 both build.
    """
    made: GenomeLM = copy.deepcopy(lm).eval().float()
    with torch.no_grad():
        for block in made.blocks:
            assert isinstance(block, Block)
            assert block.scale is not None
            block.down.weight.mul_(block.scale[:, None])
            block.down.bias.mul_(block.scale)
            block.scale = None
    if half:
        made.half()
        for module in made.modules():
            if isinstance(module, nn.LayerNorm):
                module.float()
    return made


def encoder_onnx(lm: GenomeLM, window: int, half: bool = False) -> bytes:
    """The graph with dynamic batch and length, checked against what packs may hold.

    Raises:
        ModelPackError: the graph uses operators that packs may not use.
    """
    return graph_onnx(EncoderGraph(deployable(lm, half)), window, lm.config.stride)


def graph_onnx(graph: nn.Module, window: int, stride: int) -> bytes:
    """Any module of (codes, lengths) -> vectors; bases come in multiples of ``stride``."""
    example = (
        torch.randint(0, 4, (2, window), dtype=torch.uint8),
        torch.tensor([window, window - 37], dtype=torch.int32),
    )
    batch, steps = (
        torch.export.Dim("batch", min=1, max=65536),
        torch.export.Dim("steps", min=4, max=1 << 17),
    )
    shapes = ({0: batch, 1: stride * steps}, {0: batch})
    return module_onnx(graph, example, ["codes", "lengths"], shapes, "the exported encoder")


def module_onnx(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    shapes: tuple[dict[int, Any], ...],
    what: str,
) -> bytes:
    """A module of tensors -> vectors as a graph, checked against what packs may hold.

    ``what`` says what it is, for errors.

    Raises:
        ModelPackError: the graph uses operators that packs may not use.
    """
    program = torch.onnx.export(
        module.eval(),
        example,
        dynamo=True,
        opset_version=OPSET,
        input_names=inputs,
        output_names=["vectors"],
        dynamic_shapes=shapes,
        verbose=False,
    )
    assert program is not None
    program.optimize()
    buffer = io.BytesIO()
    onnx.save(without_traces(program.model_proto), buffer)
    check_onnx(buffer.getvalue(), what)
    return buffer.getvalue()


def without_traces(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without names and traces of the machine that exported it."""
    for node in proto.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        value.ClearField("metadata_props")
    return proto
