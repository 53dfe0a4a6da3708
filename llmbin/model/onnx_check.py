"""What an ONNX file asks for, read without running it: operators, and data outside the file.

A model pack is untrusted. ONNX is a protocol-buffer message; this walks its fields (numbers from
onnx.proto3) and nothing else, so that no runtime sees a graph before its operators are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import ModelPackError

# ModelProto.graph, .functions; GraphProto.node, .initializer; NodeProto.op_type, .attribute,
# .domain; AttributeProto.t, .g, .tensors, .graphs; TensorProto.external_data, .data_location
_MODEL_GRAPH, _MODEL_FUNCTIONS = 7, 25
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_OP, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14

MOST_NESTED = 16  # graphs in each other

# Plain arithmetic on tensors: nothing here reads a file, loops or calls out.
ALLOWED = frozenset(
    [
        "Abs",
        "Add",
        "And",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "ConstantOfShape",
        "Conv",
        "Cos",
        "CumSum",
        "DequantizeLinear",
        "Div",
        "Equal",
        "Erf",
        "Exp",
        "Expand",
        "Flatten",
        "Gather",
        "GatherElements",
        "GatherND",
        "Gelu",
        "Gemm",
        "GlobalAveragePool",
        "Greater",
        "GreaterOrEqual",
        "Identity",
        "LayerNormalization",
        "Less",
        "LessOrEqual",
        "Log",
        "MatMul",
        "Max",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "Pad",
        "Pow",
        "QuantizeLinear",
        "Range",
        "Reciprocal",
        "ReduceL2",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Shape",
        "Sigmoid",
        "Sin",
        "Slice",
        "Softmax",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Sum",
        "Tanh",
        "Tile",
        "Transpose",
        "Unsqueeze",
        "Where",
        "com.microsoft::MatMulIntegerToFloat",
    ]
)


@dataclass
class OnnxSummary:
    """Operators of a file (``domain::Op`` if not standard), and whether data lie outside it."""

    operators: set[str] = field(default_factory=set)
    external_data: bool = False


def check_onnx(data: bytes, name: str) -> OnnxSummary:
    """Refuse operators that packs may not use, and data outside the file.

    Raises:
        ModelPackError: what was found, with the file's name.
    """
    summary = OnnxSummary()
    try:
        for number, value in _fields(data):
            if number == _MODEL_GRAPH:
                _graph(value, summary)
            elif number == _MODEL_FUNCTIONS:
                summary.operators.add("a local function")
    except (IndexError, ValueError):
        raise ModelPackError(f"{name}: not a valid ONNX file") from None
    if not summary.operators:
        raise ModelPackError(f"{name}: not a valid ONNX file, or an empty graph")
    if summary.external_data:
        raise ModelPackError(
            f"{name}: refers to data outside the file, which model packs may not do"
        )
    if foreign := sorted(summary.operators - ALLOWED):
        raise ModelPackError(
            f"{name}: uses operators that model packs may not use: {', '.join(foreign)}"
        )
    return summary


def _graph(data: memoryview, summary: OnnxSummary, depth: int = 0) -> None:
    if depth > MOST_NESTED:
        raise ValueError("graphs are nested too deep")
    for number, value in _fields(data):
        if number == _GRAPH_NODE:
            _node(value, summary, depth)
        elif number == _GRAPH_INITIALIZER:
            _tensor(value, summary)


def _node(data: memoryview, summary: OnnxSummary, depth: int) -> None:
    operator = domain = ""
    for number, value in _fields(data):
        if number == _NODE_OP:
            operator = bytes(value).decode("utf-8", "replace")
        elif number == _NODE_DOMAIN:
            domain = bytes(value).decode("utf-8", "replace")
        elif number == _NODE_ATTRIBUTE:
            for part, inner in _fields(value):
                if part in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
                    _tensor(inner, summary)
                elif part in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
                    _graph(inner, summary, depth + 1)
    summary.operators.add(operator if domain in ("", "ai.onnx") else f"{domain}::{operator}")


def _tensor(data: memoryview, summary: OnnxSummary) -> None:
    for number, value in _fields(data):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and bytes(value) != b"\0"):
            summary.external_data = True


def _fields(data: bytes | memoryview) -> Iterator[tuple[int, memoryview]]:
    """(field number, payload) of a message; numbers come as their raw bytes.

    Raises:
        ValueError, IndexError: it is malformed.
    """
    view, at = memoryview(data), 0
    while at < len(view):
        key, at = _varint(view, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            _, end = _varint(view, at)
            size = end - at
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        elif kind == 2:
            size, at = _varint(view, at)
        else:
            raise ValueError("unknown wire type")
        if at + size > len(view):
            raise ValueError("a field runs over the end")
        yield number, view[at : at + size]
        at += size


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
