"""What this machine has, and what ``--device auto`` would choose."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

from .. import __version__
from ..errors import LlmbinError
from ..genes.markers import markers_available
from ..model.devices import CLASH, choose_devices, installed, runtime
from ..model.pack import DEFAULT_MODEL, find_pack, list_packs, load_pack

PACKAGES = (
    "numpy",
    "pysam",
    "isal",
    "pyhmmer",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "tensorrt-rtx",
    "torch",
)


def examine() -> list[tuple[str, str, bool]]:
    """Findings: what was looked at, what was found, and whether that is fine."""
    found = [
        (
            "llmbin-fast",
            f"{__version__}, Python {platform.python_version()}, {platform.platform()}",
            True,
        ),
        (
            "processor",
            f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} cores ({platform.machine()})",
            True,
        ),
        ("packages", ", ".join(f"{p} {v}" for p in PACKAGES if (v := installed(p))), True),
        _kernels(),
        (
            "markers",
            "pyhmmer is installed"
            if markers_available()
            else "off: `pip install 'llmbin-fast[markers]'`",
            markers_available(),
        ),
        *_models(),
        _gpu(),
        *_device(),
    ]
    return found


def _kernels() -> tuple[str, str, bool]:
    try:
        from .. import _kernels
    except ImportError as error:
        return "native kernels", f"cannot be loaded ({error}); install llmbin-fast again", False
    cuda = "with" if hasattr(_kernels, "cuda_devices") else "without"
    return "native kernels", f"{_kernels.__doc__} Built {cuda} those for CUDA.", True


def _models() -> list[tuple[str, str, bool]]:
    out = []
    for name in list_packs():
        try:
            pack = load_pack(find_pack(name))
            out.append(
                (
                    "model pack",
                    f"{name} {pack.version}: {', '.join(pack.encoders)}, sha256 {pack.digest[:12]}",
                    True,
                )
            )
        except LlmbinError as error:
            out.append(("model pack", str(error), False))
    return out


def _gpu() -> tuple[str, str, bool]:
    if not shutil.which("nvidia-smi"):
        return "GPU", "none seen (no nvidia-smi)", True
    query = [
        "nvidia-smi",
        "--query-gpu=name,memory.total,driver_version,compute_cap",
        "--format=csv,noheader",
    ]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return (
        "GPU",
        done.stdout.strip().replace("\n", "; ") or done.stderr.strip(),
        done.returncode == 0,
    )


def _device() -> list[tuple[str, str, bool]]:
    if installed("onnxruntime") and installed("onnxruntime-gpu"):
        return [("onnxruntime", CLASH, False)]
    try:
        providers = list(runtime().get_available_providers())
        device = choose_devices("auto", "auto", list(load_pack(find_pack(DEFAULT_MODEL)).encoders))[
            0
        ]
    except LlmbinError as error:
        return [("onnxruntime", str(error), False)]
    return [
        ("providers", ", ".join(providers), True),
        ("--device auto", f"{device}, {device.precision} ({device.reason})", True),
    ]
