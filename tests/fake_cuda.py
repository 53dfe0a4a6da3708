"""CUDA as far as encoders call it, over host memory, for tests where there is no GPU."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from llmbin import _kernels


class FakeCuda:
    """CUDA's runtime as far as the encoder calls it, over host memory."""

    class cudaError_t:
        cudaSuccess, cudaErrorMemoryAllocation = 0, 2

    class cudaMemcpyKind:
        cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost = 1, 2

    class cudaDeviceAttr:
        cudaDevAttrMaxSharedMemoryPerBlockOptin = 97

    def __init__(self, memory: int = 1 << 20) -> None:
        self.memory, self.held, self.next = memory, dict[int, np.ndarray](), 1 << 40
        self.pinned, self.shared_memory = dict[int, np.ndarray](), 1 << 16
        self.fault, self.resets, self.lost = 0, 0, 0

    def cudaSetDevice(self, index: int) -> tuple[int]:
        return (0,)

    def cudaStreamCreate(self) -> tuple[int, int]:
        return 0, 7

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:
        return (0,)

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:
        return (0,)

    def cudaMalloc(self, size: int) -> tuple[int, ...]:
        if size > self.memory:
            return 2, 0
        self.next += 1 << 30
        self.held[self.next] = np.zeros(size, np.uint8)
        return 0, self.next

    def cudaFree(self, address: int) -> tuple[int]:
        del self.held[address]
        return (0,)

    def at(self, address: int) -> np.ndarray:
        """What is there, to the end of its allocation."""
        start = max(a for a in self.held if a <= address)
        return self.held[start][address - start :]

    def cudaMallocHost(self, size: int) -> tuple[int, int]:
        array = np.zeros(size, np.uint8)
        self.pinned[array.ctypes.data] = array
        return 0, array.ctypes.data

    def cudaFreeHost(self, address: int) -> tuple[int]:
        del self.pinned[address]
        return (0,)

    def cudaDeviceGetAttribute(self, what: int, index: int) -> tuple[int, int]:
        assert what == self.cudaDeviceAttr.cudaDevAttrMaxSharedMemoryPerBlockOptin
        return 0, self.shared_memory

    def cudaDeviceSynchronize(self) -> tuple[int]:
        return (self.fault,)

    def cudaDeviceReset(self) -> tuple[int]:
        self.fault, self.resets, self.lost = 0, self.resets + 1, len(self.held)
        return (0,)

    def cudaEventCreate(self) -> tuple[int, int]:
        return 0, 3

    def cudaEventRecord(self, event: int, stream: int) -> tuple[int]:
        return (0,)

    def cudaEventSynchronize(self, event: int) -> tuple[int]:
        return (0,)

    def cudaEventElapsedTime(self, began: int, ended: int) -> tuple[int, float]:
        return 0, 0.5

    def cudaEventDestroy(self, event: int) -> tuple[int]:
        return (0,)

    def cudaMemcpy(self, to: int, source: int, size: int, kind: int) -> tuple[int]:
        return self.cudaMemcpyAsync(to, source, size, kind, 0)

    def cudaMemcpyAsync(
        self, to: int, source: int, size: int, kind: int, stream: int
    ) -> tuple[int]:
        if kind == 1:
            ctypes.memmove(self.held[to].ctypes.data, source, size)
        else:
            ctypes.memmove(to, self.held[source].ctypes.data, size)
        return (0,)

    def cudaGetErrorString(self, status: int) -> tuple[int, bytes]:
        return 0, b"some error"


class FakeDriver:
    """The driver's part of it: one kernel, which is the emulated encoder of so many sizes."""

    class CUresult:
        CUDA_SUCCESS, CUDA_ERROR_OUT_OF_MEMORY = 0, 2

    class CUfunction_attribute:
        CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
        CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT = 9

    def __init__(self, cuda: FakeCuda, sizes: list[int]) -> None:
        self.cuda, self.sizes, self.shared_bytes, self.status = cuda, sizes, 0, 0

    def cuModuleLoadData(self, code: bytes) -> tuple[int, bytes]:
        return 0, code

    def cuModuleUnload(self, module: bytes) -> tuple[int]:
        return (0,)

    def cuModuleGetFunction(self, module: bytes, name: bytes) -> tuple[int, bytes]:
        return 0, name

    def cuFuncSetAttribute(self, function: bytes, what: int, value: int) -> tuple[int]:
        if what == 8:
            self.shared_bytes = value
        return (0,)

    def cuGetErrorString(self, status: int) -> tuple[int, bytes]:
        return 0, b"some error"

    def cuLaunchKernel(self, function: bytes, *how: Any) -> tuple[int]:
        *shape, shared_bytes, _, arguments, _ = how
        if self.status:
            return (self.status,)
        pointers = (ctypes.c_void_p * 6).from_address(arguments)
        kinds = (ctypes.c_void_p,) * 4 + (ctypes.c_int, ctypes.c_void_p)
        values = [k.from_address(p).value for k, p in zip(kinds, pointers, strict=True)]
        chunks, numbers, packed, lengths, bases, vectors = values
        windows, width = shape[0], self.sizes[0]
        needs = _kernels.encoder_needs(self.sizes, bases)
        assert shape[1:] == [1, 1, needs[0], 1, 1]
        assert needs[1] == shared_bytes <= self.shared_bytes
        out = _kernels.encode_emulated(
            self.sizes,
            self.cuda.at(chunks).view(np.uint16),
            self.cuda.at(numbers).view(np.float32),
            self.cuda.at(packed)[: windows * (-(-bases // 2))].reshape(windows, -1),
            self.cuda.at(lengths)[: 4 * windows].view(np.int32),
            bases,
        )
        self.cuda.at(vectors)[: 4 * windows * width] = out.view(np.uint8).ravel()
        return (0,)
