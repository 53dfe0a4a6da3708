"""Result files: what was run, where, when, and what came out."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("llmbin-fast", "numpy", "pysam", "onnxruntime", "pyhmmer", "isal")


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def instructions() -> list[str]:
    """Those of the processor that decide how fast the encoder is."""
    known = {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm"}
    text = Path("/proc/cpuinfo").read_text()
    return sorted(
        known
        & {
            word
            for line in text.splitlines()
            if line.lower().startswith(("flags", "features"))
            for word in line.split()
        }
    )


def gpu() -> str:
    """Name and driver of the NVIDIA GPUs."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()


def versions() -> dict[str, str]:
    out = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            out[package] = version(package)
        except PackageNotFoundError:
            continue
    return out


def argument(text: str) -> str:
    """A command-line argument without the folders of this machine: NAME=/a/b/c becomes NAME=c."""
    name, separator, path = text.rpartition("=")
    plain = name + separator + Path(path).name if "/" in path else text
    return f"'{plain}'" if " " in plain else plain


def command() -> str:
    """The command line of this process."""
    path = Path(sys.argv[0])
    module = path.parent.name if path.stem == "__main__" else path.stem
    return " ".join(["python", "-m", f"bench.{module}", *map(argument, sys.argv[1:])])


def write(name: str, result: dict[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {
        "command": command(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "processor": processor(),
            "instructions": instructions(),
            "cores": len(os.sched_getaffinity(0)),
            "system": platform.platform(terse=True),
        },
        "versions": versions(),
        **result,
    }
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path
