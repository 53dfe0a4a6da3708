"""A campaign: every target for its share of the time, and what came of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import plainly, seeds
from .targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
KERNELS = (
    "fasta", "bases", "homology", "markers", "alignment", "rrna", "trna", "depth", "neighbours",
    "tree", "encoder",
)  # fmt: skip
ON_CPUS = ("merge.cpp", "emulated_encoder.cpp")  # of kernels/cuda
FLAGS = (
    "-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Wno-psabi", "-ffp-contract=off",
    "-fno-math-errno", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined",
)  # fmt: skip
SLOWEST = 10  # seconds of one input
MEMORY = 4096  # MB
LONGEST = 4096  # bytes of an input


@dataclass
class Found:
    """What came of one target.

    ``executions`` are inputs that were tried, ``coverage`` edges of our code that they reached,
    ``corpus`` inputs that reached something new, ``faults`` one of each kind.
    """

    target: str
    executions: int = 0
    coverage: int = 0
    corpus: int = 0
    seconds: float = 0.0
    faults: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Campaign:
    """Where a campaign works, for how long (seconds) on each target, and its seed."""

    work: Path
    seconds: float
    seed: int

    def run(self, names: Sequence[str]) -> Iterator[Found]:
        """Targets one by one: those of ``targets``, and kernels as ``kernel-NAME``."""
        for name in names:
            kernel = name.removeprefix("kernel-")
            yield self._kernel(kernel) if kernel != name else self._reader(name)

    def _reader(self, name: str) -> Found:
        faults = self.work / f"{name}.faults"
        corpus = self._folder(name)
        command = [sys.executable, "-m", "bench.fuzzing.reader", name, str(corpus), str(faults)]
        found = self._fuzzed(name, command, {})
        found.corpus = len(list(corpus.iterdir()))
        if faults.exists():
            found.faults += [json.loads(line) for line in faults.read_text().splitlines()]
        return found

    def _kernel(self, name: str) -> Found:
        corpus = self._folder(f"kernel-{name}")
        for number, data in enumerate(kernel_seeds(name)):
            (corpus / f"seed-{number}").write_bytes(data)
        program = [str(build_kernels(self.work)), str(corpus)]
        found = self._fuzzed(f"kernel-{name}", program, {"LLMBIN_KERNEL": name})
        found.corpus = len(list(corpus.iterdir()))
        return found

    def _folder(self, name: str) -> Path:
        folder = self.work / f"{name}.corpus"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _fuzzed(self, name: str, command: list[str], more: dict[str, str]) -> Found:
        """Run a fuzzer, again after each crash, until the time is over."""
        found, begin = Found(name), time.monotonic()
        while (left := self.seconds - (time.monotonic() - begin)) >= 1:
            options = (
                f"-max_total_time={int(left)}", f"-seed={self.seed + len(found.faults)}",
                f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}", f"-max_len={LONGEST}",
                "-len_control=0", "-print_final_stats=1",
                f"-artifact_prefix={self.work / name}-",
            )  # fmt: skip
            done = subprocess.run(
                [*command, *options],
                cwd=ROOT,
                env={**os.environ, **more},
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
            found.executions += executions(done.stderr)
            found.coverage = max(
                [found.coverage, *map(int, re.findall(r"cov: (\d+)", done.stderr))]
            )
            if not done.returncode:
                break
            found.faults.append(crash(done))
            if "Test unit written" not in done.stderr:
                break  # it does not start
        found.seconds = round(time.monotonic() - begin, 1)
        return found


def executions(log: str) -> int:
    """Inputs that libFuzzer says it tried."""
    stats = re.findall(r"number_of_executed_units: (\d+)", log)
    return int(stats[-1]) if stats else max(map(int, re.findall(r"^#(\d+)", log, re.M)), default=0)


def crash(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What ended a fuzzer, and the input."""
    said = re.findall(r"FAULT: .*|runtime error: .*|ERROR: .*", done.stderr)
    path = re.findall(r"Test unit written to (\S+)", done.stderr)
    return {
        "kind": said[0] if said else f"exit status {done.returncode}",
        "message": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "",
        "input": path[-1] if path else "",
    }


def kernel_seeds(name: str) -> list[bytes]:
    """Inputs of a kernel to begin with: of some length, since libFuzzer's own begin with a byte."""
    import numpy as np

    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 256, n, dtype=np.uint8).tobytes() for n in (40, 400, 3000)]
    if name == "depth":
        records = plainly.bam_body(plainly.inflated(seeds.alignments()))
        return [head + records for head in (b"\x0b\xb7\0\0\xff", b"\x0b\xb7\x01\0\x30")]
    return [b"\0\x07" + seeds.FASTA] if name == "fasta" else noise


def build_kernels(work: Path) -> Path:
    """The program of `native.cpp`, by clang, whose libFuzzer it is."""
    program = work / "kernels"
    if not program.exists():
        kernels = ROOT / "kernels"
        sources = [*sorted(kernels.glob("*.cpp")), *(kernels / "cuda" / name for name in ON_CPUS)]
        native = Path(__file__).with_name("native.cpp")
        command = ["clang++", *FLAGS, native, *sources, "-lpthread", "-o", program]
        subprocess.run(command, check=True)
    return program


def all_targets() -> list[str]:
    """Readers, and kernels where clang is there to build them."""
    return [*TARGETS, *(f"kernel-{kernel}" for kernel in KERNELS)]


def table(found: Sequence[Found]) -> list[dict[str, Any]]:
    """What a results file holds; inputs by their names in the folder of the campaign."""
    rows = [asdict(one) for one in found]
    for fault in (fault for row in rows for fault in row["faults"]):
        fault["input"] = Path(fault["input"]).name
    return rows
