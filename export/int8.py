"""INT8 for CPUs: weights and activations of the large layers as 8-bit integers, with ranges seen on real windows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llmbin.onnx_check import check_onnx

CALIBRATION_BATCH = 8


def int8_onnx(fp32: bytes, windows: npt.NDArray[np.uint8]) -> bytes:
    """Static QDQ quantisation of an FP32 encoder: unsigned activations, signed weights a channel.

    Weights keep 7 bits: without VNNI instructions a processor adds pairs of products in 16 bits, which 8 would overflow.

    Args:
        fp32: the graph of `graph.encoder_onnx`.
        windows: codes uint8 [n, bases] of whole windows, to find the ranges of activations.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Windows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.parts = iter(range(0, len(windows), CALIBRATION_BATCH))

        def get_next(self) -> dict[str, npt.NDArray[np.generic]] | None:
            start = next(self.parts, None)
            if start is None:
                return None
            codes = windows[start : start + CALIBRATION_BATCH]
            return {"codes": codes, "lengths": np.full(len(codes), codes.shape[1], np.int32)}

    with tempfile.TemporaryDirectory() as folder:
        source, ready, out = (Path(folder) / name for name in ("fp32.onnx", "ready.onnx", "int8.onnx"))
        source.write_bytes(fp32)
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready, out, Windows(), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            per_channel=True, reduce_range=True, op_types_to_quantize=["MatMul", "Conv"],
        )  # fmt: skip
        data = out.read_bytes()
    check_onnx(data, "the INT8 encoder")
    return data
