"""The GPU's own encoder, run on the CPU: the same code, its block's threads in turn."""

from __future__ import annotations

import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from fake_cuda import FakeCuda, FakeDriver
from numpy.lib.stride_tricks import sliding_window_view

from llmbin import _kernels
from llmbin.errors import DeviceError, DeviceMemoryError
from llmbin.model import cuda, devices, fused, fused_program
from llmbin.model.cuda import Gpu
from llmbin.model.devices import Device, Hardware, choose_devices
from llmbin.model.encoder import OnnxEncoder, open_encoder
from llmbin.model.fused import FusedEncoder, check_closeness
from llmbin.model.fused_program import compile_program, program_source
from llmbin.model.fused_weights import (
    ArrangedWeights,
    EncoderSizes,
    arranged_weights,
    encoder_sizes,
    packed_codes,
)
from llmbin.model.pack import WEIGHTS, find_pack, load_pack
from llmbin.model.windows import Batch
from llmbin.options import DEFAULT_MODEL

safetensors = pytest.importorskip("safetensors.numpy")

PACK = load_pack(find_pack(DEFAULT_MODEL))
EDGE = encoder_sizes(PACK.config)
SMALL = EncoderSizes(64, 4, 10, 5, 3, (2, 1), 64)  # the other one that the CPU knows
HARDWARE = Hardware(("CPUExecutionProvider",), gpu=True, tensorrt=False, fused=True)
ORIN = Gpu(0, "Orin", (8, 7), 8 << 30, integrated=True)


def edge_tensors() -> dict[str, Any]:
    return dict(safetensors.load((PACK.folder / WEIGHTS).read_bytes()))


def random_tensors(sizes: EncoderSizes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    width, hidden = sizes.width, sizes.width * sizes.expand
    shapes: dict[str, tuple[int, ...]] = {"stem.weight": (width, 5, sizes.stem_kernel)}
    shapes |= dict.fromkeys(("stem.bias", "norm.weight", "norm.bias"), (width,))
    for i in range(len(sizes.dilations)):
        of_width = ("scale", "mix.bias", "norm.weight", "norm.bias", "down.bias")
        shapes |= {f"blocks.{i}.{name}": (width,) for name in of_width}
        shapes |= {
            f"blocks.{i}.mix.weight": (width, 1, sizes.kernel),
            f"blocks.{i}.up.weight": (hidden, width),
            f"blocks.{i}.up.bias": (hidden,),
            f"blocks.{i}.down.weight": (width, hidden),
        }
    return {
        f"lm.{name}": rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()
    }


def norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def plainly(tensors: dict[str, np.ndarray], sizes: EncoderSizes, codes: np.ndarray) -> np.ndarray:
    """The vector of one window without padding, in numpy: a few lines beside the kernel's many."""
    held = {name.removeprefix("lm."): t.astype(np.float64) for name, t in tensors.items()}
    strands = []
    for strand in (codes, np.where(codes < 4, 3 - codes, codes)[::-1]):
        margin = (sizes.stem_kernel - sizes.stride) // 2
        ones = np.pad((np.arange(5)[:, None] == strand).astype(float), ((0, 0), (margin, margin)))
        taps = sliding_window_view(ones, sizes.stem_kernel, 1)[:, :: sizes.stride]
        x = np.einsum("cpk,wck->pw", taps, held["stem.weight"]) + held["stem.bias"]
        for i, dilation in enumerate(sizes.dilations):
            b = {n.removeprefix(f"blocks.{i}."): t for n, t in held.items() if f"s.{i}." in n}
            reach = dilation * (sizes.kernel // 2)
            padded = np.pad(x, ((reach, reach), (0, 0)))
            mixed = b["mix.bias"] + sum(
                padded[k * dilation : k * dilation + len(x)] * b["mix.weight"][:, 0, k]
                for k in range(sizes.kernel)
            )
            h = norm(mixed, b["norm.weight"], b["norm.bias"]) @ b["up.weight"].T + b["up.bias"]
            x = x + b["scale"] * (np.maximum(h, 0) @ b["down.weight"].T + b["down.bias"])
        strands.append(norm(x, held["norm.weight"], held["norm.bias"]).mean(0))
    return (strands[0] + strands[1]) / 2


def emulated(
    sizes: EncoderSizes, weights: ArrangedWeights, batch: Batch, backwards: bool = False
) -> np.ndarray:
    chunks: Any = weights.chunks
    return _kernels.encode_emulated(
        sizes.as_list(),
        chunks.view(np.uint16) if chunks.dtype == np.float16 else chunks,
        weights.numbers,
        packed_codes(batch.codes),
        batch.lengths,
        batch.codes.shape[1],
        backwards,
    )


def windows(bases: int, lengths: list[int]) -> Batch:
    """Random windows with unknown bases; what is padding says nothing, here 0."""
    rng = np.random.default_rng(bases)
    codes = rng.integers(0, 5, (len(lengths), bases)).astype(np.uint8)
    codes[np.arange(bases) >= np.array(lengths)[:, None]] = 0
    return Batch(codes, np.array(lengths, np.int32), np.arange(len(lengths)))


BATCHES = [
    windows(256, [256, 255, 1, 8, 9, 100]),
    windows(512, [512, 301]),
    windows(768, [513, 768]),
    windows(1024, [1024, 1017, 770]),
]


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: str(batch.codes.shape[1]))
@pytest.mark.parametrize("bands", [1, 2])
@pytest.mark.parametrize(("number", "most"), [(np.float32, 2e-6), (np.float16, 1e-3)])
def test_vectors_are_those_of_the_onnx_graph(
    batch: Batch, bands: int, number: type, most: float
) -> None:
    sizes = replace(EDGE, bands=bands)
    weights = arranged_weights(edge_tensors(), sizes, number)
    cpu = Device("cpu", 0, "fp32", "test")
    wanted = OnnxEncoder(PACK.encoders["fp32"], PACK.width, cpu).encode(batch)
    got = emulated(sizes, weights, batch)
    assert np.abs(got - wanted).max() < most
    # No thread waits for what another one does in the same step.
    assert (emulated(sizes, weights, batch, backwards=True) == got).all()


def test_other_sizes_give_what_plain_numpy_gives() -> None:
    tensors = random_tensors(SMALL)
    weights = arranged_weights(tensors, SMALL, np.float32)
    for bases in (4, 64, 132, 256):
        batch = windows(bases, [bases] * 2)
        got = emulated(SMALL, weights, batch)
        for row, codes in zip(got, batch.codes, strict=True):
            np.testing.assert_allclose(row, plainly(tensors, SMALL, codes), atol=2e-5)


def test_a_window_keeps_its_bits_in_any_batch_and_with_any_padding() -> None:
    weights = arranged_weights(edge_tensors(), EDGE)
    batch = BATCHES[0]
    whole = emulated(EDGE, weights, batch)
    for row in range(len(batch.lengths)):
        alone = batch.part(slice(row, row + 1))
        assert (emulated(EDGE, weights, alone)[0] == whole[row]).all()
    padded = np.pad(batch.codes, ((0, 0), (0, 1024 - 256)))
    longer = emulated(EDGE, weights, Batch(padded, batch.lengths, batch.contigs))
    assert (longer == whole).all()  # strands then go one after the other


def test_padding_says_nothing_and_both_strands_say_the_same() -> None:
    weights = arranged_weights(edge_tensors(), EDGE, np.float32)
    batch = windows(256, [200, 256])
    got = emulated(EDGE, weights, batch)
    noisy = batch.codes.copy()
    noisy[0, 200:] = 3
    assert (emulated(EDGE, weights, replace(batch, codes=noisy)) == got).all()
    turned = np.where(batch.codes < 4, 3 - batch.codes, batch.codes)[:, ::-1][1:]
    other = emulated(EDGE, weights, Batch(turned, batch.lengths[1:], batch.contigs[1:]))
    np.testing.assert_allclose(other[0], got[1], atol=1e-6)
    none = emulated(EDGE, weights, windows(256, [0]))
    assert (none == 0).all()


def test_two_codes_share_a_byte() -> None:
    codes = np.array([[0, 1, 2, 3, 4], [4, 4, 0, 0, 1]], np.uint8)
    assert packed_codes(codes).tolist() == [[0x10, 0x32, 0x04], [0x44, 0x00, 0x01]]


def test_what_a_block_needs_is_what_the_kernel_lays_out() -> None:
    for sizes in (EDGE, SMALL, replace(EDGE, bands=2)):
        for positions in range(1, sizes.positions + 1):
            bases = positions * sizes.stride
            found = sizes.threads(bases), sizes.shared_bytes(bases)
            assert found == _kernels.encoder_needs(sizes.as_list(), bases)
    assert EDGE.most_threads == 256
    assert EDGE.most_shared_bytes <= 64 << 10  # a block of compute capability 7.5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"width": 96}, "a width of 96"),
        ({"kernel": 8}, "a kernel of 8"),
        ({"stem_kernel": 23}, "a stem of 23 by 8"),
        ({"stride": 2, "stem_kernel": 24}, "windows of 512 positions"),
        ({"expand": 1.5}, "no whole numbers"),
        ({"dilations": []}, "no whole numbers"),
        ({"heads": 4}, "not of the family"),
    ],
)
def test_other_language_models_are_refused(changed: dict[str, Any], said: str) -> None:
    config = PACK.config | {"lm": PACK.config["lm"] | changed}
    with pytest.raises(DeviceError, match=said):
        encoder_sizes(config)


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(DeviceError, match=r"hold no stem\.weight of \(64, 5, 24\)"):
        arranged_weights(edge_tensors(), replace(EDGE, width=64))
    large = edge_tensors()
    large["lm.stem.weight"] = large["lm.stem.weight"] * 1e6
    with pytest.raises(DeviceError, match="too large for half precision"):
        arranged_weights(large, EDGE)


def test_the_source_is_made_for_the_pack() -> None:
    source = program_source(EDGE)
    assert "#define LLMBIN_DILATIONS 1, 3, 9\n" in source
    assert "encode_windows" in source


@pytest.mark.parametrize("capability", [(7, 5), (9, 0)])
def test_nvrtc_compiles_it_without_a_gpu(capability: tuple[int, int]) -> None:
    pytest.importorskip("cuda.bindings.nvrtc")
    try:
        fused_program._nvrtc()
    except DeviceError:
        pytest.skip("no NVRTC here")
    code, said = compile_program(EDGE, capability, ("--ptxas-options=-v",))
    assert code[:4] == b"\x7fELF"
    assert "Used 128 registers" in said
    with pytest.raises(DeviceError, match="NVRTC cannot compile it for sm_10"):
        compile_program(EDGE, (1, 0))


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    cuda = FakeCuda(1 << 22)
    made = FakeDriver(cuda, EDGE.as_list())
    monkeypatch.setattr(fused, "bindings", lambda: cuda)
    monkeypatch.setattr(fused, "driver", lambda: made)
    monkeypatch.setattr(fused, "compile_program", lambda sizes, capability: (b"code", ""))
    return made


def test_batches_go_to_the_gpu_and_come_back_from_many_threads(driver: FakeDriver) -> None:
    weights = arranged_weights(edge_tensors(), EDGE)
    encoder = FusedEncoder(EDGE, weights, ORIN)
    wanted = [emulated(EDGE, weights, batch) for batch in BATCHES]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(encoder.encode, BATCHES * 2))
    for mine, other in zip(got, wanted * 2, strict=True):
        assert (mine == other).all()
    assert 0 < len(driver.cuda.pinned) <= 2 * fused.LANES
    del encoder
    gc.collect()
    assert not driver.cuda.pinned
    assert not driver.cuda.held


def test_what_fails_on_the_gpu_is_said_and_does_not_take_a_lane(driver: FakeDriver) -> None:
    encoder = FusedEncoder(EDGE, arranged_weights(edge_tensors(), EDGE), ORIN)
    driver.cuda.memory = 4
    for _ in range(2 * fused.LANES):
        with pytest.raises(DeviceMemoryError, match="out of memory while reserving"):
            encoder.encode(BATCHES[0])
    driver.cuda.memory, driver.status = 1 << 22, 7
    with pytest.raises(DeviceError, match="CUDA failed while starting the encoder: some error"):
        encoder.encode(BATCHES[0])
    driver.cuda.shared_memory = 48 << 10
    with pytest.raises(DeviceError, match=r"1,024 bases take 65,328 bytes .* Orin has 49,152"):
        FusedEncoder(EDGE, arranged_weights(edge_tensors(), EDGE), ORIN)


def opened(monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, wanted: str) -> Device:
    """The device that is taken, where there is a GPU that computes what the fake one does."""
    monkeypatch.setattr(devices, "look", lambda: HARDWARE)
    monkeypatch.setattr("llmbin.model.cuda.bindings", lambda: driver.cuda)
    monkeypatch.setattr("llmbin.model.cuda.find_gpu", lambda index: ORIN)
    logging.getLogger("llmbin").propagate = True
    device, encoder = open_encoder(PACK, wanted, "auto")
    assert isinstance(encoder, FusedEncoder) == (device.kind == "fused")
    return device


def test_it_is_taken_where_it_computes_what_the_cpu_computes(
    monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "llmbin"):
        assert str(opened(monkeypatch, driver, "cuda")) == "fused:0"
    assert "on fused:0, fp16 (as asked)" in caplog.text


def test_it_is_not_taken_where_it_computes_something_else(
    monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, caplog: pytest.LogCaptureFixture
) -> None:
    right = _kernels.encode_emulated
    monkeypatch.setattr(_kernels, "encode_emulated", lambda *of: right(*of) * np.float32(1.01))
    with caplog.at_level(logging.WARNING, "llmbin"):
        assert opened(monkeypatch, driver, "auto").kind == "cpu"
    assert "fused:0 cannot be used (its vectors differ from those of the CPU" in caplog.text
    assert "trying cpu" in caplog.text
    with pytest.raises(DeviceError, match="its vectors differ"):
        opened(monkeypatch, driver, "cuda")
    assert driver.cuda.resets == 0


def test_a_fault_leaves_the_gpu_to_others(
    monkeypatch: pytest.MonkeyPatch, driver: FakeDriver
) -> None:
    driver.status, driver.cuda.fault = 700, 700
    assert opened(monkeypatch, driver, "auto").kind == "cpu"
    assert driver.cuda.resets == 1
    assert not driver.cuda.lost  # what is freed after a reset may be somebody else's by then


STEPS = (
    *("cudaSetDevice", "cudaDeviceGetAttribute", "cuModuleLoadData", "cuModuleGetFunction"),
    *("cuFuncSetAttribute", "cudaMemcpy", "cudaMalloc", "cudaStreamCreate", "cudaMallocHost"),
    *("cudaMemcpyAsync", "cuLaunchKernel", "cudaStreamSynchronize"),
)


@pytest.mark.parametrize("how", [RuntimeError("Failed to dlopen libcuda.so.1"), AttributeError()])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_a_library_raises_leaves_the_next_device(
    step: str,
    how: Exception,
    monkeypatch: pytest.MonkeyPatch,
    driver: FakeDriver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: object) -> None:
        raise how

    monkeypatch.setattr(driver.cuda if step.startswith("cuda") else driver, step, fails)
    with caplog.at_level(logging.WARNING, "llmbin"):
        assert opened(monkeypatch, driver, "auto").kind == "cpu"
    assert f"fused:0 cannot be used (what it needs fails ({type(how).__name__}: " in caplog.text
    with pytest.raises(DeviceError, match=r"what it needs fails .* use --device cpu"):
        opened(monkeypatch, driver, "fused")


def test_cuda_without_a_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twelve:  # as cuda-python 12 does it
        def cudaGetDeviceCount(self) -> None:
            raise RuntimeError("Failed to dlopen libcuda.so.1")

    monkeypatch.setattr(cuda, "bindings", Twelve)
    with pytest.raises(DeviceError, match=r"there is no NVIDIA driver \(Failed to dlopen"):
        cuda.find_gpu(0)


def test_vectors_that_are_not_finite_are_no_vectors() -> None:
    class Broken:
        def encode(self, batch: Batch) -> np.ndarray:
            return np.full((len(batch.lengths), 4), np.nan, np.float32)

    class Right:
        def encode(self, batch: Batch) -> np.ndarray:
            return np.ones((len(batch.lengths), 4), np.float32)

    with pytest.raises(DeviceError, match="its vectors differ"):
        check_closeness(Broken(), Right(), 1024, 8)


def test_cuda_means_our_encoder_first_and_onnx_runtime_then() -> None:
    have = replace(HARDWARE, providers=("CUDAExecutionProvider", "CPUExecutionProvider"))
    both = ["fp32", "fp16", "int8"]

    def kinds(requested: str, precision: str, offered: list[str], of: Hardware) -> list[str]:
        return [str(d) for d in choose_devices(requested, precision, offered, of)]

    assert kinds("cuda:1", "auto", both, have) == ["fused:1", "cuda:1"]
    assert kinds("cuda:1", "auto", both, HARDWARE) == ["fused:1"]
    assert kinds("auto", "auto", both, have) == ["fused:0", "cuda:0", "cpu"]
    assert kinds("cuda", "fp32", both, have) == ["cuda:0"]
    assert kinds("cuda", "auto", ["fp32"], have) == ["cuda:0"]
    assert kinds("cuda", "auto", both, replace(have, fused=False)) == ["cuda:0"]
    assert kinds("fused:2", "auto", both, have) == ["fused:2"]
    with pytest.raises(DeviceError, match="it computes in FP16"):
        kinds("fused", "fp32", both, have)
    assert asdict(choose_devices("fused", "auto", both, have)[0])["precision"] == "fp16"
