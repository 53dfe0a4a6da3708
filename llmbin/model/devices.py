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
from ..resources import check_room

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
    """A choice: ``kind`` is cpu, cuda, tensorrt or fused; ``reason`` says in words why this one."""

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
        check_room(error)
        raise DeviceError(
            f"onnxruntime cannot be loaded ({error}); `pip install 'llmbin-fast[cpu]'`, "
            "or `[gpu]` with an NVIDIA GPU"
        ) from None
    return onnxruntime


@dataclass(frozen=True)
class Hardware:
    """What there is: ONNX Runtime's providers, an NVIDIA GPU, TensorRT with cuda-python.

    ``fused``: what our own encoder for GPUs needs, which is cuda-python and safetensors.
    """

    providers: tuple[str, ...]
    gpu: bool
    tensorrt: bool
    fused: bool = False


def look() -> Hardware:
    """What this machine has.

    Device files tell of a GPU without loading a driver; Jetson and WSL have others than a PC.
    """
    from pathlib import Path

    from .engines import MODULES

    gpu = any(Path("/dev", name).exists() for name in ("nvidia0", "nvhost-gpu", "nvgpu", "dxg"))
    cuda, safetensors, *flavours = (
        _there(name) for name in ("cuda.bindings", "safetensors", *MODULES)
    )
    providers = tuple(runtime().get_available_providers())
    return Hardware(providers, gpu, cuda and any(flavours), cuda and safetensors)


def _there(module: str) -> bool:
    """Whether a module can be found, without loading it."""
    import importlib.util

    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # nor what it is part of
        return False


def choose_devices(
    requested: str, precision: str, offered: list[str], hardware: Hardware | None = None
) -> list[Device]:
    """Devices to try for ``--device`` and ``--precision``, best first.

    Several for ``auto``, and for ``cuda``, where our own encoder comes before ONNX Runtime's.

    Args:
        requested: auto, cpu, cuda, fused or tensorrt; the last three also with :N.
        precision: auto, or one of the pack's.
        offered: precisions of the pack.
        hardware: what there is (looked for if not given).

    Raises:
        DeviceError: the device or precision cannot be had.
    """
    match = re.fullmatch(r"(auto|cpu|cuda|fused|tensorrt)(?::(\d+))?", requested)
    if not match or (match[2] and match[1] in ("auto", "cpu")):
        raise DeviceError(
            f"--device {requested}: unknown; use auto, cpu, cuda, cuda:N, fused or tensorrt"
        )
    if precision not in ("auto", *offered):
        raise DeviceError(f"--precision {precision}: the model pack has {', '.join(offered)}")
    have = hardware or look()
    kind, index = match[1], int(match[2] or 0)
    fused = have.gpu and have.fused and takes_fused(precision, offered)
    reasons = _reasons(kind, fused, have)
    if not reasons:
        raise DeviceError(
            f"--device {requested}: this onnxruntime has no {_PROVIDERS['cuda']} "
            f"(it has {', '.join(have.providers)}); `pip install 'llmbin-fast[gpu]'` "
            "on a machine with an NVIDIA GPU, or use --device cpu"
        )
    if kind == "fused" and not takes_fused(precision, offered):
        raise DeviceError(
            f"--device {requested}: it computes in FP16 of packs with FP16 and FP32, and this one "
            f"has {', '.join(offered)}; leave --precision out, or use --device cuda"
        )
    return [
        Device(k, 0 if k == "cpu" else index, _precision(k, precision, offered), why)
        for k, why in reasons.items()
    ]


def asks_for_gpu(requested: str) -> bool:
    """Whether a ``--device`` is a GPU's; ``auto`` may turn out to be one."""
    return requested.startswith(("cuda", "fused", "tensorrt"))


def takes_fused(precision: str, offered: list[str]) -> bool:
    """Whether our own encoder for GPUs may serve: it computes in FP16, compared with FP32."""
    return precision in ("auto", "fp16") and {"fp16", "fp32"} <= {*offered}


def _reasons(kind: str, fused: bool, have: Hardware) -> dict[str, str]:
    """Kinds of devices to try, best first, and why; ``fused`` if our own encoder may serve."""
    cuda = _PROVIDERS["cuda"] in have.providers
    if kind == "cuda":
        found = {"fused": fused, "cuda": cuda}
        return {k: "as asked" for k, there in found.items() if there}
    if kind != "auto":
        return {kind: "as asked"}
    reasons = {
        "tensorrt": "auto: a GPU and TensorRT are here" if have.gpu and have.tensorrt else "",
        "fused": "auto: a GPU and cuda-python are here" if fused else "",
        "cuda": "auto: a GPU and onnxruntime's CUDA provider are here" if have.gpu and cuda else "",
        "cpu": "auto: no GPU is seen"
        if not have.gpu
        else "auto: there is a GPU, but neither onnxruntime-gpu nor TensorRT to use it",
    }
    return {k: why for k, why in reasons.items() if why}


def _precision(kind: str, precision: str, offered: list[str]) -> str:
    if kind == "fused":
        return "fp16"
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
        if device.kind == "cpu":
            check_room(error)
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
