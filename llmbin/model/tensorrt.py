"""An encoder run as a TensorRT engine."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError
from .cuda import Buffer, bindings, checked
from .windows import Batch

Floats = npt.NDArray[np.float32]


class TensorRtEncoder:
    """One engine, one context, one stream. Calls from several threads take turns on the device."""

    def __init__(self, trt: Any, engine: bytes, width: int, gpu: int) -> None:
        self.width = width
        self._api = bindings()
        checked(self._api, self._api.cudaSetDevice(gpu), "choosing the GPU")
        self._gpu = gpu
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise DeviceError(
                "TensorRT does not accept the engine; remove it from the cache, "
                "or use --device cuda"
            )
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise DeviceError(
                "TensorRT cannot start the engine: not enough GPU memory? use --device cuda"
            )
        # A profile is known by the window length it was made for.
        self._profile: dict[int, int] = {}
        self._most: dict[int, int] = {}
        for i in range(self._engine.num_optimization_profiles):
            largest = self._engine.get_tensor_profile_shape("codes", i)[2]
            self._profile[int(largest[1])] = i
            self._most[int(largest[1])] = int(largest[0])
        self._stream = checked(self._api, self._api.cudaStreamCreate(), "making a stream")
        self._buffers = {name: Buffer(self._api) for name in ("codes", "lengths", "vectors")}
        self._active = -1
        self._turn = threading.Lock()

    def encode(self, batch: Batch) -> Floats:
        """Vectors [batch, width]; a batch beyond the profile's largest goes in parts.

        Raises:
            DeviceMemoryError: the batch does not fit.
            DeviceError: CUDA or TensorRT failed.
        """
        most = self._most[batch.codes.shape[1]]
        parts = [
            self._run(
                np.ascontiguousarray(batch.codes[i : i + most]),
                np.ascontiguousarray(batch.lengths[i : i + most]),
            )
            for i in range(0, len(batch.lengths), most)
        ]
        return np.concatenate(parts)

    def _run(self, codes: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int32]) -> Floats:
        api, stream = self._api, self._stream
        out = np.empty((len(lengths), self.width), np.float32)
        with self._turn:
            checked(api, api.cudaSetDevice(self._gpu), "choosing the GPU")
            self._use_profile(self._profile[codes.shape[1]])
            for name, array in (("codes", codes), ("lengths", lengths)):
                address = self._buffers[name].reserve(array.nbytes)
                copied = api.cudaMemcpyAsync(
                    address,
                    array.ctypes.data,
                    array.nbytes,
                    api.cudaMemcpyKind.cudaMemcpyHostToDevice,
                    stream,
                )
                checked(api, copied, "sending bases")
                self._context.set_input_shape(name, array.shape)
                self._context.set_tensor_address(name, address)
            address = self._buffers["vectors"].reserve(out.nbytes)
            self._context.set_tensor_address("vectors", address)
            if not self._context.execute_async_v3(int(stream)):
                raise DeviceError("TensorRT failed to run the engine")
            copied = api.cudaMemcpyAsync(
                out.ctypes.data,
                address,
                out.nbytes,
                api.cudaMemcpyKind.cudaMemcpyDeviceToHost,
                stream,
            )
            checked(api, copied, "fetching vectors")
            checked(api, api.cudaStreamSynchronize(stream), "encoding")
        return out

    def _use_profile(self, index: int) -> None:
        if index != self._active:
            self._context.set_optimization_profile_async(index, int(self._stream))
            self._active = index
