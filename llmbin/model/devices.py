"""Which device and precision an encoder runs on, and why."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DeviceError, first_line

CLASH = (
    "both onnxruntime and onnxruntime-gpu are installed, and the later one overwrote the other's "
    "files: `pip uninstall -y onnxruntime onnxruntime-gpu`, then install the one you want "
    "(`pip install 'llmbin-fast[cpu]'` or `[gpu]`)"
)
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_CUDA = {
    # The default, EXHAUSTIVE, takes what was fastest just now: other bits in another run, a
    # search for each new shape, and no gain in speed.
    "cudnn_conv_algo_search": "HEURISTIC",
    "use_tf32": 0,  # FP32 is meant where it is asked for
}


@dataclass(frozen=True)
class Device:
    """A choice: ``kind`` is cpu, cuda or tensorrt; ``reason`` says in words why this one."""

    kind: str
    index: int
    precision: str
    reason: str

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


def installed(package: str) -> str | None:
    """Version of an installed distribution."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def runtime() -> Any:
    """The onnxruntime module.

    Raises:
        DeviceError: it is not installed, or two of its distributions overwrote each other.
    """
    if installed("onnxruntime") and installed("onnxruntime-gpu"):
        raise DeviceError(CLASH)
    # From 1.32 on it else looks up a host of Microsoft's, and writes an identifier of this machine
    # to the home folder.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(
            f"onnxruntime cannot be loaded ({error}); `pip install 'llmbin-fast[cpu]'`, "
            "or `[gpu]` with an NVIDIA GPU"
        ) from None
    return onnxruntime


@dataclass(frozen=True)
class Hardware:
    """What there is: ONNX Runtime's providers, an NVIDIA GPU, TensorRT with cuda-python."""

    providers: tuple[str, ...]
    gpu: bool
    tensorrt: bool


def look() -> Hardware:
    """What this machine has.

    Device files tell of a GPU without loading a driver; Jetson and WSL have others than a PC.
    """
    import importlib.util
    from pathlib import Path

    from .engines import MODULES

    gpu = any(Path("/dev", name).exists() for name in ("nvidia0", "nvhost-gpu", "nvgpu", "dxg"))
    flavours = any(importlib.util.find_spec(name) for name in MODULES)
    tensorrt = flavours and importlib.util.find_spec("cuda") is not None
    return Hardware(tuple(runtime().get_available_providers()), gpu, tensorrt)


def choose_devices(
    requested: str, precision: str, offered: list[str], hardware: Hardware | None = None
) -> list[Device]:
    """Devices to try for ``--device`` and ``--precision``, best first; several for ``auto`` alone.

    Args:
        requested: auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N.
        precision: auto, or one of the pack's.
        offered: precisions of the pack.
        hardware: what there is (looked for if not given).

    Raises:
        DeviceError: the device or precision cannot be had.
    """
    match = re.fullmatch(r"(auto|cpu|cuda|tensorrt)(?::(\d+))?", requested)
    if not match or (match[2] and match[1] in ("auto", "cpu")):
        raise DeviceError(f"--device {requested}: unknown; use auto, cpu, cuda, cuda:N or tensorrt")
    if precision not in ("auto", *offered):
        raise DeviceError(f"--precision {precision}: the model pack has {', '.join(offered)}")
    have = hardware or look()
    kind, index = match[1], int(match[2] or 0)
    cuda = _PROVIDERS["cuda"] in have.providers
    if kind == "auto":
        reasons = {
            "tensorrt": "auto: a GPU and TensorRT are here" if have.gpu and have.tensorrt else "",
            "cuda": "auto: a GPU and onnxruntime's CUDA provider are here"
            if have.gpu and cuda
            else "",
            "cpu": "auto: no GPU is seen"
            if not have.gpu
            else "auto: there is a GPU, but neither onnxruntime-gpu nor TensorRT to use it",
        }
    elif kind == "cuda" and not cuda:
        raise DeviceError(
            f"--device {requested}: this onnxruntime has no {_PROVIDERS['cuda']} "
            f"(it has {', '.join(have.providers)}); `pip install 'llmbin-fast[gpu]'` "
            "on a machine with an NVIDIA GPU, or use --device cpu"
        )
    else:
        reasons = {kind: "as asked"}
    return [
        Device(k, index if k == kind else 0, _precision(k, precision, offered), why)
        for k, why in reasons.items()
        if why
    ]


def _precision(kind: str, precision: str, offered: list[str]) -> str:
    if precision != "auto":
        return precision
    preferred = ("int8", "fp32") if kind == "cpu" else ("fp16", "fp32")
    return next((p for p in preferred if p in offered), offered[0])


def session(onnx: bytes, device: Device) -> Callable[[dict[str, Any]], list[Any]]:
    """A function that runs a graph on the device: inputs by name -> outputs.

    A call uses one thread; several threads may call at once.

    Raises:
        DeviceError: the runtime cannot load the graph there.
    """
    ort = runtime()
    missing = _load_cuda(ort) if device.kind == "cuda" else ""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    provider = _PROVIDERS[device.kind]
    settings: dict[str, Any] = {"device_id": device.index, **_CUDA} if device.kind == "cuda" else {}
    # On CPUs a norm that is joined with the sum before it takes five times as long as both.
    unwanted = ["SkipLayerNormFusion"] if device.kind == "cpu" else []
    try:
        made = ort.InferenceSession(
            onnx, options, providers=[(provider, settings)], disabled_optimizers=unwanted
        )
    except Exception as error:  # onnxruntime raises classes of its own making
        raise DeviceError(f"{provider} cannot load the encoder ({first_line(error)})") from None
    if made.get_providers()[0] != provider:
        raise DeviceError(
            f"{provider} is there but does not start ({missing or 'no NVIDIA driver?'}); "
            "`pip install 'llmbin-fast[gpu]'` brings CUDA's libraries, "
            "`llmbin-fast doctor` says what is here, --device cpu does without"
        )
    return lambda inputs: list(made.run(None, inputs))


def _load_cuda(ort: Any) -> str:
    """Load CUDA and cuDNN from NVIDIA's Python packages, where onnxruntime looks only when asked.

    Gives what it says of the first one missing.
    """
    said = io.StringIO()
    if hasattr(ort, "preload_dlls"):  # since 1.21
        ort.set_default_logger_severity(4)  # what is missing is said once, by the caller
        with contextlib.redirect_stdout(said):
            ort.preload_dlls()
    return said.getvalue().partition("\n")[0]
