"""A short run of each fuzz target, and every input that once failed."""

from __future__ import annotations

import importlib
import logging
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from bench import fuzzing
from bench.fuzzing.mutate import mutant
from bench.fuzzing.target import try_input
from bench.fuzzing.targets import READERS, TARGETS

CORPUS = Path(__file__).parent / "corpus"
MUTANTS = 150
SLOW = {"cram": 15, "bam-records": 60, "stage-features": 60, "stage-coverage": 60}
SECONDS = 10  # no input may take longer


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_read(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    assert all(try_input(target, data, tmp_path) for data in target.seeds())


@pytest.mark.parametrize("name", TARGETS)
def test_mutants_are_read_right_or_refused_in_a_line(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "llmbin")  # each odd stage is a warning
    target, rng = TARGETS[name], random.Random(1)
    good = target.seeds()
    for _ in range(SLOW.get(name, MUTANTS)):
        start = time.monotonic()
        try_input(target, mutant(good, rng), tmp_path)
        assert time.monotonic() - start < SECONDS


def test_modules_that_guide_the_fuzzer_are_there() -> None:
    for name in READERS:
        importlib.import_module(f"llmbin.{name}")


@pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")
def test_the_kernels_harness_compiles() -> None:
    harness = Path(fuzzing.__file__).parent / "native.cpp"
    subprocess.run(["c++", "-std=c++17", "-fsyntax-only", str(harness)], check=True)


@pytest.mark.parametrize(
    "path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_what_once_failed(path: Path, tmp_path: Path) -> None:
    try_input(TARGETS[path.parent.name], path.read_bytes(), tmp_path)
