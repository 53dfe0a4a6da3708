"""The language model as one kernel on an NVIDIA GPU, compiled for the pack when it is opened.

ONNX Runtime runs a kernel for each layer, and what goes from one to the next passes through the
GPU's memory. Here a block of threads takes a window from its bases to its vector
(kernels/cuda/window_encoder.hpp). A vector depends on its window alone, to the bit.
"""

from __future__ import annotations

import ctypes
import queue
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, DeviceMemoryError
from .closeness import LEAST_COSINE, least_cosine
from .cuda import Buffer, Gpu, PinnedBuffer, bindings, checked, driver
from .fused_program import ENTRY, compile_program
from .fused_weights import ArrangedWeights, EncoderSizes, packed_codes
from .windows import Batch

Floats = npt.NDArray[np.float32]

# Batches under way at a time: one whose bases are sent, one that is computed, one whose vectors
# come back.
LANES = 3
MOST_ERROR = 1e-3  # of vectors, relative to FP32
TRIED = 24  # windows


@dataclass(frozen=True)
class Lane:
    """What a batch on its way has for itself: a stream, and memory on both sides."""

    stream: Any
    sent: PinnedBuffer
    received: PinnedBuffer
    windows: Buffer
    vectors: Buffer


@dataclass(frozen=True)
class Used:
    """All that an encoder holds on a GPU."""

    api: Any
    driver: Any
    gpu: int
    module: Any
    weights: list[Buffer]
    lanes: list[Lane]

    def give_back(self) -> None:
        """Free it; what fails then (the GPU may be gone) does not matter any more."""
        self.api.cudaSetDevice(self.gpu)
        for lane in self.lanes:
            self.api.cudaStreamDestroy(lane.stream)
            for buffer in (lane.sent, lane.received, lane.windows, lane.vectors):
                buffer.free()
        for buffer in self.weights:
            buffer.free()
        self.driver.cuModuleUnload(self.module)


class FusedEncoder:
    """A language model on a GPU, as an `Encoder`; threads that call it share the lanes."""

    def __init__(self, sizes: EncoderSizes, weights: ArrangedWeights, gpu: Gpu) -> None:
        """Compile it and bring the weights there.

        Raises:
            DeviceError: it cannot be compiled, or does not fit such a GPU.
        """
        self.width, self._sizes, self._gpu = sizes.width, sizes, gpu.index
        self._api, self._driver = bindings(), driver()
        code, _ = compile_program(sizes, gpu.capability)
        self._choose_gpu()
        self._check_shared_memory(gpu)
        self._module, self._function = self._load(code)
        self._weights = [self._sent(weights.chunks), self._sent(weights.numbers)]
        lanes = [self._new_lane() for _ in range(LANES)]
        self._lanes: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for lane in lanes:
            self._lanes.put(lane)
        used = Used(self._api, self._driver, self._gpu, self._module, self._weights, lanes)
        self.close = weakref.finalize(
            self, used.give_back
        )  # by itself when it is not used any more

    def encode(self, batch: Batch) -> Floats:
        """Vectors float32 [batch, width].

        Raises:
            DeviceMemoryError: the batch does not fit.
            DeviceError: CUDA failed.
        """
        windows, bases = batch.codes.shape
        lengths = np.ascontiguousarray(batch.lengths, np.int32)
        packed = packed_codes(batch.codes)
        api, size, out = self._api, lengths.nbytes + packed.nbytes, 4 * windows * self.width
        to_gpu, to_host = (
            api.cudaMemcpyKind.cudaMemcpyHostToDevice,
            api.cudaMemcpyKind.cudaMemcpyDeviceToHost,
        )
        with self._lane() as lane:
            self._choose_gpu()
            sent = lane.sent.reserve(size)
            held = lane.sent.array()
            held[: lengths.nbytes] = lengths.view(np.uint8)
            held[lengths.nbytes : size] = packed.ravel()
            there, vectors = lane.windows.reserve(size), lane.vectors.reserve(out)
            received = lane.received.reserve(out)
            copied = api.cudaMemcpyAsync(there, sent, size, to_gpu, lane.stream)
            checked(api, copied, "sending bases")
            self._launch(lane, windows, bases)
            copied = api.cudaMemcpyAsync(received, vectors, out, to_host, lane.stream)
            checked(api, copied, "fetching vectors")
            checked(api, api.cudaStreamSynchronize(lane.stream), "encoding")
            return lane.received.array()[:out].view(np.float32).reshape(windows, self.width).copy()

    @contextmanager
    def _lane(self) -> Iterator[Lane]:
        lane = self._lanes.get()
        try:
            yield lane
        finally:
            self._lanes.put(lane)

    def _launch(self, lane: Lane, windows: int, bases: int) -> None:
        """Start the kernel on what was sent: lengths, then packed codes."""
        chunks, numbers = (buffer.address for buffer in self._weights)
        there, sizes = lane.windows.address, self._sizes
        arguments = (
            ctypes.c_void_p(chunks),
            ctypes.c_void_p(numbers),
            ctypes.c_void_p(there + 4 * windows),
            ctypes.c_void_p(there),
            ctypes.c_int(bases),
            ctypes.c_void_p(lane.vectors.address),
        )
        pointers = (ctypes.c_void_p * len(arguments))(*map(ctypes.addressof, arguments))
        grid, block = (windows, 1, 1), (sizes.threads(bases), 1, 1)
        self._driven(
            self._driver.cuLaunchKernel(
                self._function,
                *grid,
                *block,
                sizes.shared_bytes(bases),
                lane.stream,
                ctypes.addressof(pointers),
                0,
            ),
            "starting the encoder",
        )

    def _choose_gpu(self) -> None:
        checked(self._api, self._api.cudaSetDevice(self._gpu), "choosing the GPU")

    def _check_shared_memory(self, gpu: Gpu) -> None:
        what = self._api.cudaDeviceAttr.cudaDevAttrMaxSharedMemoryPerBlockOptin
        answer = self._api.cudaDeviceGetAttribute(what, gpu.index)
        there, needed = checked(self._api, answer, "asking about the GPU"), self._sizes
        if needed.most_shared_bytes > there:
            raise DeviceError(
                f"windows of {needed.positions * needed.stride:,} bases take "
                f"{needed.most_shared_bytes:,} bytes of shared memory, {gpu.name} has {there:,}"
            )

    def _new_lane(self) -> Lane:
        api = self._api
        stream = checked(api, api.cudaStreamCreate(), "making a stream")
        return Lane(stream, PinnedBuffer(api), PinnedBuffer(api), Buffer(api), Buffer(api))

    def _load(self, code: bytes) -> tuple[Any, Any]:
        """The module, and the kernel in it."""
        api = self._driver
        module = self._driven(api.cuModuleLoadData(code), "loading the encoder")
        function = self._driven(api.cuModuleGetFunction(module, ENTRY), "looking for the encoder")
        attributes = api.CUfunction_attribute
        for name, value in (
            ("MAX_DYNAMIC_SHARED_SIZE_BYTES", self._sizes.most_shared_bytes),
            ("PREFERRED_SHARED_MEMORY_CARVEOUT", 100),  # per cent: the cache needs little
        ):
            what = getattr(attributes, f"CU_FUNC_ATTRIBUTE_{name}")
            self._driven(api.cuFuncSetAttribute(function, what, value), "asking for shared memory")
        return module, function

    def _sent(self, array: npt.NDArray[Any]) -> Buffer:
        buffer = Buffer(self._api)
        copied = self._api.cudaMemcpy(
            buffer.reserve(array.nbytes),
            array.ctypes.data,
            array.nbytes,
            self._api.cudaMemcpyKind.cudaMemcpyHostToDevice,
        )
        checked(self._api, copied, "sending weights")
        return buffer

    def _driven(self, answer: tuple[Any, ...], doing: str) -> Any:
        """The value of a call of the driver's, which returns (status, value ...)."""
        status, *values = answer
        results = self._driver.CUresult
        if status == results.CUDA_ERROR_OUT_OF_MEMORY:
            raise DeviceMemoryError(f"the GPU is out of memory while {doing}")
        if status != results.CUDA_SUCCESS:
            said = self._driver.cuGetErrorString(status)[1]
            raise DeviceError(f"CUDA failed while {doing}: {said.decode()}")
        return values[0] if values else None


def check_closeness(encoder: Any, reference: Any, window: int, stride: int) -> None:
    """Whether vectors of some windows are those of a reference, an encoder in FP32.

    Windows are random, of all lengths, with unknown bases.

    Raises:
        DeviceError: they differ by more than a pack promises of FP16, or CUDA failed.
    """
    rng = np.random.default_rng(0)
    got, wanted = [], []
    for bases in sorted({max(stride, window // part // stride * stride) for part in (1, 2, 4)}):
        codes = rng.integers(0, 5, (TRIED // 3, bases)).astype(np.uint8)
        lengths = rng.integers(1, bases + 1, TRIED // 3).astype(np.int32)
        lengths[0] = bases
        codes[np.arange(bases) >= lengths[:, None]] = 0
        batch = Batch(codes, lengths, np.arange(len(codes)))
        got.append(encoder.encode(batch).astype(np.float64))
        wanted.append(reference.encode(batch).astype(np.float64))
    a, b = np.concatenate(wanted), np.concatenate(got)
    error, cosine = float(np.linalg.norm(a - b) / np.linalg.norm(a)), least_cosine(a, b)
    if not (error <= MOST_ERROR and cosine >= LEAST_COSINE["fp16"]):
        raise DeviceError(
            f"its vectors differ from those of the CPU (error {error:.1e}, at most "
            f"{MOST_ERROR:.0e}; cosine {cosine:.5f}, at least {LEAST_COSINE['fp16']}): please "
            "report it"
        )
