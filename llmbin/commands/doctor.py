"""``llmbin-fast doctor``: what this machine has, and what ``--device auto`` would choose."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess

from .. import __version__
from ..errors import LlmbinError
from ..options import DEFAULT_MODEL
from ..resources import usable_cores
from .common import Commands, add_command

PACKAGES = (
    "numpy",
    "pysam",
    "isal",
    "pyhmmer",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "tensorrt-rtx",
    "cuda-python",
    "safetensors",
    "torch",
    "pyarrow",
    "ray",
)


Finding = tuple[str, str, bool]  # what was looked at, what was found, and whether that is fine


def add(commands: Commands) -> None:
    """The parser."""
    text = "say what this machine has, and which device would be used"
    add_command(commands, "doctor", run, text)


def run(_: argparse.Namespace) -> int:
    """Print a line a finding; 0 if all is fine."""
    from ..io.outputs import show

    findings = examine()
    for what, found, fine in findings:
        show(f"{'ok ' if fine else 'BAD'} {what}: {found}")
    return 0 if all(fine for _, _, fine in findings) else 1


def examine() -> list[Finding]:
    """Look at everything that a run may need."""
    return [
        _program(),
        _processor(),
        _packages(),
        _kernels(),
        _markers(),
        *_models(),
        _gpu(),
        *_device(),
    ]


def _program() -> Finding:
    python = f"Python {platform.python_version()}"
    return "llmbin-fast", f"{__version__}, {python}, {platform.platform()}", True


def _processor() -> Finding:
    return "processor", f"{usable_cores()} of {os.cpu_count()} cores ({platform.machine()})", True


def _packages() -> Finding:
    from ..model.devices import installed

    return "packages", ", ".join(f"{p} {v}" for p in PACKAGES if (v := installed(p))), True


def _markers() -> Finding:
    if importlib.util.find_spec("pyhmmer"):
        return "markers", "pyhmmer is installed", True
    return "markers", "off: `pip install 'llmbin-fast[markers]'`", False


def _kernels() -> Finding:
    try:
        from .. import _kernels
    except ImportError as error:
        return "native kernels", f"cannot be loaded ({error}); install llmbin-fast again", False
    cuda = "with" if hasattr(_kernels, "cuda_devices") else "without"
    return "native kernels", f"{_kernels.__doc__} Built {cuda} those for CUDA.", True


def _models() -> list[Finding]:
    from ..model.pack import find_pack, list_packs, load_pack

    out = []
    for name in list_packs():
        try:
            pack = load_pack(find_pack(name))
        except LlmbinError as error:
            out.append(("model pack", str(error), False))
        else:
            what = f"{name} {pack.version}: {pack.offers}, sha256 {pack.digest[:12]}"
            out.append(("model pack", what, True))
    return out


def _gpu() -> Finding:
    if not shutil.which("nvidia-smi"):
        return "GPU", "none seen (no nvidia-smi)", True
    query = "--query-gpu=name,memory.total,driver_version,compute_cap"
    command = ["nvidia-smi", query, "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout.strip().replace("\n", "; ") or done.stderr.strip()
    return "GPU", said, done.returncode == 0


def _device() -> list[Finding]:
    from ..model.devices import CLASH, choose_devices, installed, runtime
    from ..model.pack import find_pack, load_pack

    if installed("onnxruntime") and installed("onnxruntime-gpu"):
        return [("onnxruntime", CLASH, False)]
    try:
        providers = ", ".join(runtime().get_available_providers())
        offered = list(load_pack(find_pack(DEFAULT_MODEL)).encoders)
        device = choose_devices("auto", "auto", offered)[0]
    except LlmbinError as error:
        return [("onnxruntime", str(error), False)]
    chosen = f"{device}, {device.precision} ({device.reason})"
    return [("providers", providers, True), ("--device auto", chosen, True)]
