"""INT8 for CPUs: the large layers in 8-bit integers, with ranges seen on real windows.

Nine tenths of what that does to a vector is the same for every window, and some of the rest is
linear in the vector. So a last layer, of one small matrix a window, takes both back
(docs/notes/2026-11-25-int8-correction.md).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from llmbin.model.onnx_check import check_onnx

from .parity import onnx_encode
from .settings import CALIBRATION_BATCH, RANGES, RIDGE


def int8_onnx(fp32: bytes, windows: npt.NDArray[np.uint8]) -> bytes:
    """Static QDQ quantisation of an FP32 encoder, and a linear correction of the vectors.

    Activations are unsigned, weights signed and scaled by channel. Weights keep 7 bits: without
    VNNI instructions a processor adds pairs of products in 16 bits, which 8 would overflow.

    Args:
        fp32: the graph of `graph.encoder_onnx`.
        windows: codes uint8 [n, bases] of whole windows; the first `RANGES` give the ranges of
            activations, all of them the correction.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    ranges = windows[:RANGES]

    class Windows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.parts = iter(range(0, len(ranges), CALIBRATION_BATCH))

        def get_next(self) -> dict[str, npt.NDArray[np.generic]] | None:
            start = next(self.parts, None)
            if start is None:
                return None
            codes = ranges[start : start + CALIBRATION_BATCH]
            return {"codes": codes, "lengths": np.full(len(codes), codes.shape[1], np.int32)}

    with tempfile.TemporaryDirectory() as folder:
        source, ready, out = (
            Path(folder) / name for name in ("fp32.onnx", "ready.onnx", "int8.onnx")
        )
        source.write_bytes(fp32)
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            out,
            Windows(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["MatMul", "Conv"],
            extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul"]},
        )
        data = with_linear_layers(out.read_bytes())
    data = with_last_layer(data, *correction(vectors_of(data, windows), vectors_of(fp32, windows)))
    check_onnx(data, "the INT8 encoder")
    return data


def with_linear_layers(encoder: bytes) -> bytes:
    """The graph with each product of 8-bit factors and its bias as one node.

    That is ONNX Runtime's own ``MatMulIntegerToFloat``. The runtime joins the product by itself,
    but not the bias, which then costs a pass over the largest tensors.
    """
    from onnxruntime.quantization.onnx_model import ONNXModel

    model = ONNXModel(onnx.load_from_string(encoder))
    for product in [node for node in model.nodes() if node.op_type == "MatMul"]:
        left, right = (model.get_parent(product, i) for i in (0, 1))
        (add,) = model.get_children(product)
        assert (left.op_type, right.op_type, add.op_type) == (
            "DequantizeLinear",
            "DequantizeLinear",
            "Add",
        ), product.name
        (bias,) = (name for name in add.input if name != product.output[0])
        inputs = [
            left.input[0],
            right.input[0],
            left.input[1],
            right.input[1],
            left.input[2],
            right.input[2],
            bias,
        ]
        model.remove_nodes([left, right, product, add])
        model.add_node(
            helper.make_node(
                "MatMulIntegerToFloat", inputs, add.output, product.name, domain="com.microsoft"
            )
        )
    model.topological_sort()
    return bytes(model.model.SerializeToString())


def vectors_of(encoder: bytes, windows: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Vectors [2n, width] of windows, whole and cut to half: ends of contigs are short windows."""
    run, half = onnx_encode(encoder), windows.shape[1] // 16 * 8
    found = []
    for start in range(0, len(windows), CALIBRATION_BATCH):
        codes = windows[start : start + CALIBRATION_BATCH]
        for part in (codes, np.ascontiguousarray(codes[:, :half])):
            found.append(run(part, np.full(len(part), part.shape[1], np.int32)))
    return np.concatenate(found).astype(np.float64)


def correction(
    vectors: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """M [width, width] and c [width] by which vectors M + c are nearest to ``wanted``.

    A ridge regression of the difference.
    """
    mean = vectors.mean(0)
    x, y = vectors - mean, wanted - vectors
    square = x.T @ x
    slope = np.linalg.solve(
        square + RIDGE * np.trace(square) / len(square) * np.eye(len(square)), x.T @ (y - y.mean(0))
    )
    return np.eye(len(square)) + slope, y.mean(0) - mean @ slope


def with_last_layer(
    encoder: bytes, matrix: npt.NDArray[np.float64], offset: npt.NDArray[np.float64]
) -> bytes:
    """The graph with ``vectors M + c`` for its vectors."""
    model = onnx.load_from_string(encoder)
    graph, name = model.graph, model.graph.output[0].name
    raw = f"{name}_8bit"
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [raw if n == name else n for n in names]
    for value, label in ((matrix, "correction"), (offset, "correction_offset")):
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), label))
    graph.node.append(
        helper.make_node("Gemm", [raw, "correction", "correction_offset"], [name], "correct")
    )
    return bytes(model.SerializeToString())
