"""What the benchmark on a GPU computes without one."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from fake_cuda import FakeCuda, FakeDriver

from bench.gpu import ends, kernel, work
from llmbin.model import fused
from llmbin.model.cuda import Gpu
from llmbin.model.fused_weights import encoder_sizes
from llmbin.model.pack import find_pack, load_pack
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


def test_the_kernel_is_timed_by_events(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("safetensors")
    cuda = FakeCuda(1 << 22)
    driver = FakeDriver(cuda, encoder_sizes(PACK.config).as_list())
    monkeypatch.setattr(fused, "bindings", lambda: cuda)
    monkeypatch.setattr(fused, "driver", lambda: driver)
    monkeypatch.setattr(fused, "compile_program", lambda sizes, capability: (b"code", ""))
    monkeypatch.setattr(
        kernel, "find_gpu", lambda index: Gpu(0, "fake", (9, 0), 1 << 30, integrated=False)
    )
    found = kernel.kernel_rate(kernel.timed_encoder(PACK), 4, 256, 2)
    assert found == {"kernel_ms": 0.5, "mbp_per_second": 2.0, "same_bits": True}


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
