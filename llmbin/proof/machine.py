"""What a machine is: processor, GPU, power mode, versions. It is not named."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..model.devices import installed
from ..resources import cpu_facts, memory_limit, processor, usable_cores

PACKAGES = (
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "tensorrt-rtx",
    "cuda-python",
    "pyhmmer",
    "torch",
)
INSTRUCTIONS = {
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "sve",
}
SECONDS = 10  # that a program of the system may take to answer


@dataclass(frozen=True)
class Machine:
    """What was looked at; texts are empty where a system does not tell.

    ``board`` is that of a device tree, as of a Jetson; ``memory`` is in bytes. ``load`` is how
    many programs wanted the processor in the last minute: beside others rates are lower.
    """

    processor: str
    architecture: str
    instructions: list[str]
    cores: int
    memory: int
    system: str
    board: str
    gpus: list[str]
    power_mode: str
    load: float
    versions: dict[str, str]


def describe() -> Machine:
    """This machine."""
    limit = memory_limit()
    return Machine(
        processor=processor(),
        architecture=platform.machine(),
        instructions=_instructions(),
        cores=usable_cores(),
        memory=limit.size if limit else 0,
        system=platform.platform(terse=True),
        board=_read(Path("/proc/device-tree/model")),
        gpus=_gpus(),
        power_mode=_power_mode(),
        load=round(os.getloadavg()[0], 1),
        versions={
            "llmbin-fast": __version__,
            "python": platform.python_version(),
            **{package: v for package in PACKAGES if (v := installed(package))},
        },
    )


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace").strip("\0 \n")
    return ""


def _said(command: Sequence[str]) -> str:
    """What a program of the system says; nothing if it is not there or fails."""
    if not shutil.which(command[0]):
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
        return done.stdout.strip()
    return ""


def _instructions() -> list[str]:
    return sorted(
        INSTRUCTIONS & {w for line in cpu_facts("flags", "features") for w in line.split()}
    )


def _gpus() -> list[str]:
    query = "--query-gpu=name,memory.total,driver_version,compute_cap,power.limit"
    return _said(["nvidia-smi", query, "--format=csv,noheader"]).splitlines()


def _power_mode() -> str:
    """Of a Jetson (nvpmodel), or how the kernel sets the processor's clock."""
    if told := _said(["nvpmodel", "-q"]):
        return ", ".join(line.strip() for line in told.splitlines())
    governor = _read(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
    return f"CPU governor {governor}" if governor else ""
