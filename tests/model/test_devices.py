from __future__ import annotations

import builtins
import logging
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from llmbin.errors import DeviceError, DeviceMemoryError
from llmbin.model.budget import SMALLEST, time_budgets
from llmbin.model.devices import Device, Hardware, _load_cuda, choose_devices, runtime
from llmbin.model.encoder import LEAST_BASES, OnnxEncoder, encode_in_parts, open_encoder
from llmbin.model.pack import find_pack, load_pack
from llmbin.model.windows import Batch, WindowPlan
from llmbin.options import DEFAULT_MODEL

CPU = Hardware(("CPUExecutionProvider",), gpu=False, tensorrt=False)
CUDA = Hardware(("CUDAExecutionProvider", "CPUExecutionProvider"), gpu=True, tensorrt=False)
ALL = Hardware(("CUDAExecutionProvider", "CPUExecutionProvider"), gpu=True, tensorrt=True)


@pytest.mark.parametrize(
    ("requested", "precision", "message"),
    [
        ("cuda", "auto", "has no CUDAExecutionProvider"),
        ("gpu", "auto", "unknown"),
        ("cpu:1", "auto", "unknown"),
        ("cpu", "int8", "--precision int8: the model pack has fp32"),
    ],
)
def test_what_cannot_be_had_is_an_error(requested: str, precision: str, message: str) -> None:
    with pytest.raises(DeviceError, match=message):
        choose_devices(requested, precision, ["fp32"], CPU)


def test_a_runtime_that_there_is_no_address_space_for_is_no_missing_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str, *rest: Any) -> ModuleType:
        if name == "onnxruntime":
            raise ImportError("x.so: failed to map segment from shared object")
        return loaded(name, *rest)

    loaded = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(MemoryError, match="failed to map"):
        runtime()


def test_auto_says_why_and_takes_the_best() -> None:
    (cpu,) = choose_devices("auto", "auto", ["fp32", "int8", "fp16"], CPU)
    assert (str(cpu), cpu.precision) == ("cpu", "int8")
    assert "no GPU is seen" in cpu.reason
    chosen = choose_devices("auto", "auto", ["fp32", "fp16"], ALL)
    assert [(str(d), d.precision) for d in chosen] == [
        ("tensorrt:0", "fp16"),
        ("cuda:0", "fp16"),
        ("cpu", "fp32"),
    ]
    assert [str(d) for d in choose_devices("auto", "auto", ["fp32"], CUDA)] == ["cuda:0", "cpu"]
    (idle,) = choose_devices(
        "auto", "auto", ["fp32"], Hardware(CPU.providers, gpu=True, tensorrt=False)
    )
    assert "there is a GPU, but" in idle.reason
    (second,) = choose_devices("cuda:2", "fp32", ["fp32"], CUDA)
    assert (str(second), second.reason) == ("cuda:2", "as asked")


def test_auto_falls_back_with_a_line_and_a_named_device_does_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pack = load_pack(find_pack(DEFAULT_MODEL))
    monkeypatch.setattr("llmbin.model.devices.look", lambda: CUDA)
    logging.getLogger("llmbin").propagate = True
    with caplog.at_level(logging.INFO, "llmbin"):
        device, _ = open_encoder(pack, "auto", "auto")
    assert device.kind == "cpu"
    assert "cuda:0 cannot be used" in caplog.text
    assert "trying cpu" in caplog.text
    with pytest.raises(DeviceError, match="CUDA"):
        open_encoder(pack, "cuda", "auto")


def test_what_onnxruntime_prints_of_missing_libraries_becomes_a_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Runtime:
        severity = 2

        def set_default_logger_severity(self, level: int) -> None:
            self.severity = level

        def preload_dlls(self) -> None:
            print("Failed to load libcublas.so.13: no such file")
            print("Please follow a link")

    ort = Runtime()
    assert _load_cuda(ort) == "Failed to load libcublas.so.13: no such file"
    assert ort.severity == 4
    assert capsys.readouterr() == ("", "")
    assert _load_cuda(object()) == ""  # before 1.21


@pytest.mark.parametrize("windows", [1, 3, 40])
def test_on_a_gpu_a_few_windows_are_computed_in_company(
    windows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []

    def run(inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        seen.append(inputs["codes"].shape)
        assert len(inputs["lengths"]) == len(inputs["codes"])
        return [inputs["codes"].sum(axis=1, keepdims=True) + inputs["lengths"][:, None]]

    monkeypatch.setattr("llmbin.model.encoder.session", lambda onnx, device: run)
    rng = np.random.default_rng(0)
    batch = Batch(
        rng.integers(0, 4, (windows, 512)).astype(np.uint8),
        rng.integers(1, 512, windows).astype(np.int32),
        np.arange(windows),
    )
    vectors = OnnxEncoder(b"", 1, Device("cuda", 0, "fp32", "test")).encode(batch)
    assert seen == [(max(windows, LEAST_BASES["cuda"] // 512), 512)]
    assert (vectors[:, 0] == batch.codes.sum(axis=1) + batch.lengths).all()


class Device16:
    """A device with memory for sixteen windows; remembers its batches."""

    width = 1

    def __init__(self, room: int = 16) -> None:
        self.room, self.seen = room, list[int]()

    def encode(self, batch: Batch) -> np.ndarray:
        if len(batch.lengths) > self.room:
            raise DeviceMemoryError("no room")
        self.seen.append(len(batch.lengths))
        return batch.codes[:, :1].astype(np.float32)


def test_a_batch_that_does_not_fit_is_halved() -> None:
    batch = Batch(np.arange(40, dtype=np.uint8)[:, None] % 4, np.ones(40, np.int32), np.arange(40))
    device = Device16()
    assert (encode_in_parts(device, batch) == batch.codes).all()
    assert device.seen == [10, 10, 10, 10]
    with pytest.raises(DeviceError, match="not even one window"):
        encode_in_parts(Device16(0), batch)


def test_the_budget_stays_in_memory() -> None:
    plan = WindowPlan(2048, 1, 256)
    budget, speed = time_budgets(Device16(SMALLEST // 2048 * 2), plan, cap=1 << 20)
    assert budget in (SMALLEST, 2 * SMALLEST)
    assert speed > 0
