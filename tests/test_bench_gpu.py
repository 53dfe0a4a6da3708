"""What the benchmark on a GPU computes without one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from fake_cuda import FakeCuda, FakeDriver

from bench import record, report
from bench.gpu import __main__ as program
from bench.gpu import ends, kernel, rates, work
from llmbin.model import fused
from llmbin.model.cuda import Gpu
from llmbin.model.devices import Device
from llmbin.model.encoder import OnnxEncoder
from llmbin.model.fused_weights import encoder_sizes
from llmbin.model.pack import ModelPack, find_pack, load_pack
from llmbin.options import DEFAULT_MODEL

ROOT = Path(__file__).parent.parent
PACK = load_pack(find_pack(DEFAULT_MODEL))


def test_counts_of_work_are_those_of_the_pack() -> None:
    assert work.flops_a_base(PACK) == PACK.config["flops_per_base"]
    by_node = work.graph_bytes_a_base(PACK.encoders["fp16"], 256)
    # Every block reads and writes hidden states of both strands more than ten times.
    assert by_node > 3 * 10 * 2 * 2 * PACK.width / PACK.config["stride"]
    pytest.importorskip("safetensors")
    ours = work.fused_bytes_a_base(PACK, 1024, 1 << 14)
    assert 1.0 < ours < 1.1  # half a byte in, four bytes a channel of the vector out


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    pytest.importorskip("safetensors")
    cuda = FakeCuda(1 << 22)
    driver = FakeDriver(cuda, encoder_sizes(PACK.config).as_list())
    monkeypatch.setattr(fused, "bindings", lambda: cuda)
    monkeypatch.setattr(fused, "driver", lambda: driver)
    monkeypatch.setattr(fused, "compile_program", lambda sizes, capability: (b"code", ""))
    gpu = Gpu(0, "fake", (9, 0), 1 << 30, integrated=False)
    monkeypatch.setattr(kernel, "find_gpu", lambda index: gpu)
    return driver


def test_the_kernel_is_timed_by_events(fake_gpu: FakeDriver) -> None:
    found = kernel.kernel_rate(kernel.timed_encoder(PACK), 4, 256, 2)
    assert found == {"kernel_ms": 0.5, "mbp_per_second": 2.0, "same_bits": True}


def test_all_parts_end_in_one_result(
    fake_gpu: FakeDriver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole program, with the emulated kernel as a GPU and a CPU in PyTorch's place."""
    pytest.importorskip("matplotlib")

    def timed(pack: ModelPack, bands: int) -> kernel.TimedEncoder:
        sizes = replace(encoder_sizes(pack.config), bands=bands)
        fake_gpu.sizes = sizes.as_list()
        return kernel.timed_encoder(pack, bands)

    def ours(pack: ModelPack) -> dict[str, kernel.TimedEncoder]:
        return {program.OURS: timed(pack, 1)}

    cpu = OnnxEncoder(PACK.encoders["fp32"], PACK.width, Device("cpu", 0, "fp32", "test"))
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(record, "gpu", lambda: "a GPU, 1.0")
    monkeypatch.setattr(work, "ceilings", lambda: {"tflops": 790.0, "gb_per_second": 4_300.0})
    monkeypatch.setattr(program, "timed_encoder", timed)
    monkeypatch.setattr(program, "encoders", ours)
    monkeypatch.setattr(program, "KERNEL_BASES", 1 << 10)
    monkeypatch.setattr(rates, "pytorch", lambda pack, half, compiled: cpu.encode)
    monkeypatch.setattr(program, "REPEATS", 1)
    monkeypatch.setattr(rates, "BASES", 1 << 10)
    monkeypatch.setattr(rates, "REPEATS", 1)
    monkeypatch.setattr(rates, "CHECKED", 6)
    monkeypatch.setattr(rates, "bits_keep", lambda encoder, lengths: True)  # takes long
    monkeypatch.setattr(ends, "embed_rates", lambda bases, devices: [{"device": devices[0]}])
    monkeypatch.setattr(sys, "argv", ["bench/gpu/__main__.py"])
    program.main()
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert [(r["window"], r["bands"]) for r in found["kernel"]][-1] == (1024, 1)
    assert len({r["encoder"] for r in found["rows"]}) == 4
    assert found["checks"][program.OURS]["bits_whatever_the_batch"] is True
    assert found["checks"][program.OURS]["relative_error"] < 1e-3
    assert (tmp_path / "gpu-roofline.svg").stat().st_size > 10_000
    assert "our own FP16" in report.gpu(found)


def test_embed_is_timed_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ends.embed_rates(60_000, ["cpu"])
    assert [row["median_contig"] for row in rows] == [3_000, 20_000]
    assert all(row["contigs"] and row["mbp_per_second"] for row in rows)


def test_the_roofline_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "roof.svg"
    work.roofline({"tflops": 790, "gb_per_second": 4_300}, [("a kernel", 1e5, 120)], path)
    assert "a kernel" in path.read_text() or path.stat().st_size > 10_000


def test_the_session_names_commands_that_there_are(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(ROOT / "bench/gpu/session.sh"), str(tmp_path)],
        env=os.environ | {"DRY": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    steps = re.findall(r"^== (\S+): ", done.stdout, re.MULTILINE)
    assert steps == [
        *("doctor", "tests", "kernel", "kernel-2", "bench", "prove"),
        *("memcheck", "racecheck", "synccheck", "initcheck", "ncu"),
    ]
    for module in set(re.findall(r"python -m (bench\S*)", done.stdout)):
        assert find_spec(module)
    for path in re.findall(r"tests/\S+\.py", done.stdout):
        assert (ROOT / path).is_file()
