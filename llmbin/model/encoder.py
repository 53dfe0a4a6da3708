"""The language-model encoder: batches of windows in, one vector a contig out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, DeviceMemoryError, LlmbinError, ModelPackError, first_line
from ..io.rows import CHUNK, RowFile
from .devices import Device, choose_devices, session
from .pack import WEIGHTS, ModelPack
from .queue import bounded_queue
from .windows import Batch

log = logging.getLogger("llmbin")
Floats = npt.NDArray[np.float32]

# Bases of the smallest batch that is computed, by kind of device: with fewer, the runtimes' kernels
# add in another order, and a window's bits would depend on its company. CPUs: two windows; CUDA:
# seen in FP32 below some 5,000 bases.
LEAST_BASES = {"cpu": 0, "cuda": 1 << 14}


class Encoder(Protocol):
    """Turns a batch into vectors float32 [batch, width]; called from several threads at once."""

    width: int

    def encode(self, batch: Batch) -> Floats: ...


class OnnxEncoder:
    """An encoder run by ONNX Runtime."""

    def __init__(self, onnx: bytes, width: int, device: Device) -> None:
        self.width = width
        self.device = device
        self._run = session(onnx, device)

    def encode(self, batch: Batch) -> Floats:
        """Vectors of a batch.

        Raises:
            DeviceMemoryError: the batch does not fit the device.
            DeviceError: the runtime failed.
        """
        windows, bases = batch.codes.shape
        codes, lengths = batch.codes, batch.lengths
        if windows < (least := max(2, LEAST_BASES[self.device.kind] // bases)):
            # The batch again and again.
            codes, lengths = np.resize(codes, (least, bases)), np.resize(lengths, least)
        try:
            (out,) = self._run({"codes": codes, "lengths": lengths})
            return np.asarray(out[: len(batch.lengths)], np.float32)
        except Exception as error:  # onnxruntime raises classes of its own making
            kind = DeviceMemoryError if "memory" in str(error).lower() else DeviceError
            raise kind(f"encoding failed on {self.device}: {first_line(error)}") from None


def open_encoder(pack: ModelPack, requested: str, precision: str) -> tuple[Device, Encoder]:
    """The pack's encoder on the device that was asked for, and which that is.

    Builds a TensorRT engine if there is none. Where a device does not start that is one of several
    (`choose_devices`), that is logged, and the next one is tried.

    Raises:
        DeviceError: the device cannot be had or does not start.
    """
    devices = choose_devices(requested, precision, list(pack.encoders))
    for device, spare in zip(devices, [*devices[1:], None], strict=True):
        try:
            encoder = _opened(pack, device)
        except DeviceError as error:
            if spare is None:
                raise
            log.warning("%s cannot be used (%s); trying %s", device, error, spare)
        else:
            log.info(
                "model %s %s on %s, %s (%s)",
                pack.name,
                pack.version,
                device,
                device.precision,
                device.reason,
            )
            return device, encoder
    raise AssertionError("there is always a device to try")


def _opened(pack: ModelPack, device: Device) -> Encoder:
    """The encoder on one device.

    Raises:
        DeviceError: it does not start, whatever the libraries that it needs raise.
    """
    try:
        return _open(pack, device)
    except (LlmbinError, MemoryError):
        raise
    except Exception as error:  # a library that is half there, or of another version
        raise DeviceError(
            f"what it needs fails ({type(error).__name__}: {first_line(error)}); "
            "see `llmbin-fast doctor`, or use --device cpu"
        ) from error


def _open(pack: ModelPack, device: Device) -> Encoder:
    if device.kind == "fused":
        return _open_fused(pack, device)
    if device.kind != "tensorrt":
        return OnnxEncoder(pack.encoders[device.precision], pack.width, device)
    from .cuda import find_gpu
    from .engines import cache_folder, engine_for, target_of, tensorrt
    from .tensorrt import TensorRtEncoder

    trt = tensorrt()
    engine, _ = engine_for(
        pack, device.precision, trt, target_of(trt, find_gpu(device.index)), cache_folder()
    )
    return TensorRtEncoder(trt, engine, pack.width, device.index)


def _open_fused(pack: ModelPack, device: Device) -> Encoder:
    """Our own encoder, if what it computes is what the CPU computes.

    Raises:
        DeviceError: it does not start, does not take the pack, or computes something else.
    """
    from safetensors.numpy import load

    from .cuda import bindings, find_gpu, make_usable
    from .fused import FusedEncoder, check_closeness
    from .fused_weights import arranged_weights, encoder_sizes

    sizes, gpu = encoder_sizes(pack.config), find_gpu(device.index)
    weights = arranged_weights(load((pack.folder / WEIGHTS).read_bytes()), sizes)
    cpu = Device("cpu", 0, "fp32", "to compare with")
    reference = OnnxEncoder(pack.encoders["fp32"], pack.width, cpu)
    encoder = FusedEncoder(sizes, weights, gpu)
    try:
        check_closeness(encoder, reference, pack.window, sizes.stride)
    except Exception:
        encoder.close()
        make_usable(bindings())
        raise
    return encoder


def encode_in_parts(encoder: Encoder, batch: Batch) -> Floats:
    """Vectors of a batch; one that does not fit the device's memory is halved until it does.

    Raises:
        DeviceError: not even one window fits.
        ModelPackError: the vectors are none.
    """
    try:
        return checked(encoder.encode(batch), (len(batch.lengths), encoder.width), "encoder")
    except DeviceMemoryError as error:
        if len(batch.lengths) == 1:
            raise DeviceError(
                f"{error}; not even one window of {batch.codes.shape[1]:,} bases fits, "
                "use --device cpu"
            ) from None
    half = len(batch.lengths) // 2
    return np.concatenate(
        [encode_in_parts(encoder, batch.part(rows)) for rows in (slice(0, half), slice(half, None))]
    )


def checked(vectors: Floats, shape: tuple[int, int], graph: str) -> Floats:
    """What a graph of a pack gave, if it is what config.json promises.

    Raises:
        ModelPackError: it has another shape, or numbers that are not finite.
    """
    if vectors.shape != shape:
        raise ModelPackError(
            f"the {graph} of the model pack gives an array of {vectors.shape}, config.json "
            f"promises {shape}; fetch the pack again, or take another with --model"
        )
    if not np.isfinite(vectors).all():
        raise ModelPackError(
            f"the {graph} of the model pack gives numbers that are not finite; take another "
            "--precision, or another pack with --model"
        )
    return vectors


class ContigVectors:
    """Length-weighted means of window vectors, filled as batches come back.

    They are kept in a file in ``folder``, or in memory without one; sums of contigs with several
    windows are in memory.
    """

    def __init__(self, width: int, folder: Path | None = None) -> None:
        self._means = RowFile(np.float32, width, folder)
        # Contigs, bases and vectors of batches that are small, to be written together.
        self._waiting: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Floats]] = []
        self._waiting_windows = 0
        self._bases = np.zeros(0, np.int64)
        self._sums: dict[int, npt.NDArray[np.float64]] = {}
        self.windows = 0
        self.bases = 0
        self.positions = 0

    def add(self, batch: Batch, vectors: Floats) -> None:
        """Add the vectors of one batch."""
        self._waiting.append((batch.contigs, batch.lengths, vectors))
        self._waiting_windows += len(vectors)
        if self._waiting_windows >= CHUNK:
            self._take_waiting()
        self.windows += len(batch.lengths)
        self.bases += int(batch.lengths.sum())
        self.positions += batch.codes.size

    def _take_waiting(self) -> None:
        """Most contigs have one window, whose vector is their mean; they are written in a row."""
        if not self._waiting:
            return
        contigs, lengths, vectors = map(np.concatenate, zip(*self._waiting, strict=True))
        bases = lengths.astype(np.int64)
        self._waiting, self._waiting_windows = [], 0
        need = int(contigs.max()) + 1
        if need > len(self._bases):
            self._bases = np.pad(self._bases, (0, max(need, len(self._bases))))
        _, number, count = np.unique(contigs, return_inverse=True, return_counts=True)
        once = (count[number] == 1) & (self._bases[contigs] == 0)
        self._bases[contigs[once]] = bases[once]
        self._means.scatter(contigs[once], vectors[once])
        for window in np.flatnonzero(~once).tolist():
            self._add(int(contigs[window]), int(bases[window]), vectors[window])

    def _add(self, contig: int, bases: int, vector: Floats) -> None:
        before = int(self._bases[contig])
        self._bases[contig] += bases
        if not before:
            self._means.put(contig, vector[None])
            return
        if contig not in self._sums:
            self._sums[contig] = self._means.row(contig).astype(np.float64) * before
        self._sums[contig] += vector.astype(np.float64) * bases

    def result(self, n: int) -> Floats:
        """Vectors float32 [n, width], zeros where there was no window."""
        self._take_waiting()
        for contig, sums in self._sums.items():
            self._means.put(contig, (sums / self._bases[contig]).astype(np.float32)[None])
        return self._means.table(n)


def encode_batches(
    encoder: Encoder,
    stream: Iterable[Batch],
    threads: int,
    pool: Executor | None = None,
    folder: Path | None = None,
) -> ContigVectors:
    """Encode a stream of batches on a pool of so many threads (one of its own if none is given).

    Reading goes on while batches are under way, but not far ahead. ``folder``: see
    `ContigVectors`.
    """
    vectors = ContigVectors(encoder.width, folder)
    encode = partial(encode_in_parts, encoder)
    with bounded_queue(encode, vectors.add, 2 * threads, threads, pool) as put:
        for batch in stream:
            put(batch)
    return vectors
