"""The little of CUDA that encoders need, through NVIDIA's ``cuda-python``."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, DeviceMemoryError, first_line
from ..resources import check_room


@dataclass(frozen=True)
class Gpu:
    """A device as the driver describes it.

    ``memory`` is in bytes; ``integrated`` where it is shared with the CPU (Jetson).
    """

    index: int
    name: str
    capability: tuple[int, int]
    memory: int
    integrated: bool


def bindings() -> Any:
    """The CUDA runtime API.

    Raises:
        DeviceError: ``cuda-python`` is not installed, or the CUDA libraries are missing.
    """
    try:
        from cuda.bindings import runtime
    except ImportError as error:
        check_room(error)
        raise DeviceError(
            f"CUDA cannot be used from Python ({error}); `pip install 'llmbin-fast[gpu]'`, "
            "or `[tensorrt]`"
        ) from None
    return runtime


def driver() -> Any:
    """The CUDA driver API, which loads code that was compiled just now.

    Raises:
        DeviceError: as `bindings`.
    """
    bindings()
    from cuda.bindings import driver as api

    return api


def find_gpu(index: int) -> Gpu:
    """Describe one device.

    Raises:
        DeviceError: there is no such device, or no driver.
    """
    api = bindings()
    try:
        answer = api.cudaGetDeviceCount()
    except RuntimeError as error:  # cuda-python 12 does not return a status then
        raise DeviceError(
            f"there is no NVIDIA driver ({first_line(error)}); see `llmbin-fast doctor`, or use "
            "--device cpu"
        ) from None
    count = checked(api, answer, "looking for GPUs")
    if index >= count:
        raise DeviceError(
            f"there is no GPU number {index} (the driver shows {count}); see `llmbin-fast doctor`"
        )
    found = checked(api, api.cudaGetDeviceProperties(index), "asking about the GPU")
    name = found.name.decode() if isinstance(found.name, bytes) else str(found.name)
    return Gpu(
        index,
        name.rstrip("\0"),
        (found.major, found.minor),
        int(found.totalGlobalMem),
        bool(found.integrated),
    )


def checked(api: Any, answer: tuple[Any, ...], doing: str) -> Any:
    """The value of a CUDA call, which returns (status, value ...).

    Raises:
        DeviceMemoryError: the device is out of memory.
        DeviceError: any other failure, in CUDA's words.
    """
    status, *values = answer
    if status == api.cudaError_t.cudaErrorMemoryAllocation:
        raise DeviceMemoryError(f"the GPU is out of memory while {doing}")
    if status != api.cudaError_t.cudaSuccess:
        raise DeviceError(
            f"CUDA failed while {doing}: {api.cudaGetErrorString(status)[1].decode()}; "
            "see `llmbin-fast doctor`, or use --device cpu"
        )
    return values[0] if values else None


def make_usable(api: Any) -> None:
    """After a failure: a fault in a kernel would let all later calls of this process fail, too."""
    if api.cudaDeviceSynchronize()[0] != api.cudaError_t.cudaSuccess:
        api.cudaDeviceReset()


class Buffer:
    """Device memory that grows as needed."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self.address = 0
        self.size = 0

    def reserve(self, size: int) -> int:
        """Address of at least ``size`` bytes; earlier contents are lost when it grows."""
        if size > self.size:
            self.free()
            self.address = checked(self._api, self._take(size), f"reserving {size:,} bytes")
            self.size = size
        return self.address

    def free(self) -> None:
        """Give the memory back."""
        if self.size:
            self._give()
            self.address = self.size = 0

    def _take(self, size: int) -> Any:
        return self._api.cudaMalloc(size)

    def _give(self) -> None:
        self._api.cudaFree(self.address)


class PinnedBuffer(Buffer):
    """Memory of the host's that stays where it is, so that copies need not wait for each other."""

    def array(self) -> npt.NDArray[np.uint8]:
        """All of it, uint8 [size]; no longer valid when it has grown."""
        held = (ctypes.c_uint8 * self.size).from_address(self.address)
        return np.ctypeslib.as_array(held)

    def _take(self, size: int) -> Any:
        return self._api.cudaMallocHost(size)

    def _give(self) -> None:
        self._api.cudaFreeHost(self.address)
