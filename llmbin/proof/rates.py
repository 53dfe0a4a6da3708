"""How fast the encoder is, and how fast PyTorch would be on the same device."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..model.devices import Device
from ..model.pack import ModelPack
from ..model.windows import Batch
from ..options import ModelOptions
from ..resources import PYTORCH_ADDRESS_SPACE, check_address_space
from ..tools.throughput import Bucket, Throughput, measure, measure_bucket
from .energy import Meter


@dataclass(frozen=True)
class Rates:
    """Throughput of the pack, of PyTorch at the same window lengths, and the processor's watts.

    ``pytorch`` is empty where that (or transformers) is not installed; ``watts`` is None where no
    counter can be read.
    """

    throughput: Throughput
    pytorch: list[Bucket]
    watts: float | None


class TorchEncoder:
    """PyTorch as an `Encoder`: ``run`` takes codes and lengths on a device of PyTorch's."""

    def __init__(self, run: Callable[[Any, Any], Any], width: int, device: str = "cpu") -> None:
        self.width, self._run, self._device = width, run, device

    def encode(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Vectors in the CPU's memory."""
        import torch

        with torch.inference_mode():
            codes, lengths = (
                torch.from_numpy(array).to(self._device) for array in (batch.codes, batch.lengths)
            )
            return np.asarray(self._run(codes.int(), lengths).cpu().numpy())


def measure_rates(pack: ModelPack, device: Device, threads: int) -> Rates:
    """Measure the device with the synthetic assembly that `llmbin-fast bench` takes.

    Raises:
        LlmbinError: the device fails.
    """
    options = ModelOptions(device=str(device), precision=device.precision)
    began = time.perf_counter()
    with Meter() as meter:
        found = measure(None, "laptop", options, threads)
        used, seconds = meter.joules(), time.perf_counter() - began
    watts = used / seconds if used else None
    lengths = [bucket.bases for bucket in found.buckets]
    return Rates(found, pytorch_rates(pack, device, lengths, found.batch_bases, threads), watts)


def pytorch_rates(
    pack: ModelPack, device: Device, lengths: list[int], budget: int, threads: int
) -> list[Bucket]:
    """The same of PyTorch, a thread a batch as ours: FP16 on a GPU, FP32 on a CPU.

    Nothing where it is not installed.
    """
    if not all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
        return []
    check_address_space(PYTORCH_ADDRESS_SPACE)
    import torch

    from ..export.graph import deployable
    from ..export.pack import language_model

    on_gpu = device.kind != "cpu" and torch.cuda.is_available()
    place = "cuda" if on_gpu else "cpu"
    module: Any = deployable(language_model(pack), on_gpu).to(place)
    encoder = TorchEncoder(module.encode, pack.width, place)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [measure_bucket(encoder, bases, budget, threads) for bases in lengths]
    finally:
        torch.set_num_threads(before)
