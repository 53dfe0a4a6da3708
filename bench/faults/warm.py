"""A program whose libraries are loaded once: each command is a fork of it, and soon over.

A trial is thus the whole command from the parsing of its options on, without the second in which
Python and its libraries start. ``python -m bench.faults.warm`` reads a request a line.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .jobs import TENSORRT, TRAINING, Ending
from .shim import Shim

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("numpy", "onnxruntime", "pysam", "pyhmmer", "isal.igzip", "sqlite3", "zstandard")
OF_TRAINING = (*TRAINING, "tensorboard.summary.writer.record_writer")
TRAINED = ("llmbin.training", "llmbin.export", "llmbin.model.language_model")  # need PyTorch
# Libraries that start no thread when they are loaded.
QUIET = {"OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
HANG = 120.0  # seconds


class Warm:
    """The program, started once; `start` runs a command of it."""

    def __init__(self, scratch: Path, shim: Shim | None) -> None:
        self._said = scratch / "said"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.faults.warm"],
            cwd=ROOT,
            env={
                **os.environ,
                **QUIET,
                **({"LD_PRELOAD": str(shim.library)} if shim else {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, arguments: Sequence[str], env: Mapping[str, str] | None = None) -> Ending:
        """A command to its end, as `jobs.start`."""
        assert self._process.stdin
        assert self._process.stdout
        request = {"arguments": arguments, "env": env or {}, "said": str(self._said)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        said = self._said.read_text(errors="replace")
        return Ending(reply["status"], said, reply["seconds"])

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def load() -> None:
    """All that a command may import of what is installed."""
    import llmbin

    top = Path(llmbin.__file__).parent
    trains = all(map(find_spec, TRAINING))
    for path in sorted(top.rglob("*.py")):
        name = ".".join(("llmbin", *path.relative_to(top).with_suffix("").parts))
        starts = name.endswith(".__main__")
        if not starts and (trains or not name.startswith(TRAINED)):
            importlib.import_module(name.removesuffix(".__init__"))
    for name in (*LIBRARIES, *(OF_TRAINING if trains else ()), *filter(find_spec, (TENSORRT,))):
        importlib.import_module(name)
    if (threads := len(os.listdir("/proc/self/task"))) != 1:
        raise RuntimeError(f"libraries started {threads - 1} threads, which no fork takes along")


def serve() -> dict[str, Any] | None:
    """Answer requests; in a fork, what it is to do."""
    while line := sys.stdin.readline():
        request: dict[str, Any] = json.loads(line)
        before = dict(os.environ)
        os.environ.update(request["env"])
        began = time.perf_counter()
        child = os.fork()
        if not child:
            return request
        for name in request["env"].keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
        status = _waited(child)
        print(json.dumps({"status": status, "seconds": time.perf_counter() - began}), flush=True)
    return None


def _waited(child: int) -> int:
    ends = os.pidfd_open(child)
    if not select.select([ends], [], [], HANG)[0]:
        os.kill(child, signal.SIGKILL)
    os.close(ends)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def become(request: dict[str, Any]) -> None:
    """What a shell does before it starts a program, and then the program."""
    said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDWR)
    for file, place in ((nothing, 0), (nothing, 1), (said, 2)):
        os.dup2(file, place)
    os.close(said)
    os.close(nothing)
    sys.argv = ["llmbin-fast", *request["arguments"]]
    from llmbin.__main__ import entry

    entry()


if __name__ == "__main__":
    load()
    if wanted := serve():
        become(wanted)
