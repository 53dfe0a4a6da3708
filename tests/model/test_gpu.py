"""What only an NVIDIA GPU can show; skipped without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmbin.cli import main
from llmbin.model.devices import Device, look
from llmbin.model.encoder import Encoder, OnnxEncoder, open_encoder
from llmbin.model.pack import find_pack, load_pack
from llmbin.model.windows import Batch
from llmbin.options import DEFAULT_MODEL
from llmbin.tools.synthetic import Community

hardware = look()
ONNX = "CUDAExecutionProvider" in hardware.providers
pytestmark = pytest.mark.skipif(
    not hardware.gpu or not (ONNX or hardware.fused),
    reason="no NVIDIA GPU with onnxruntime-gpu or cuda-python here",
)


MOST_ERROR = {"fused": 1e-3, "fp16": 1e-3, "fp32": 1e-6}


@pytest.fixture(params=MOST_ERROR)
def named(request: pytest.FixtureRequest) -> tuple[str, Encoder]:
    """Our own encoder, and ONNX Runtime's by precision."""
    pack, name = load_pack(find_pack(DEFAULT_MODEL)), request.param
    if name == "fused":
        if not hardware.fused:
            pytest.skip("no cuda-python here")
        return name, open_encoder(pack, "fused", "auto")[1]
    if not ONNX:
        pytest.skip("no onnxruntime-gpu here")
    return name, OnnxEncoder(pack.encoders[name], pack.width, Device("cuda", 0, name, "test"))


def windows(count: int, bases: int) -> Batch:
    rng = np.random.default_rng(bases)
    codes = rng.integers(0, 4, (count, bases)).astype(np.uint8)
    return Batch(
        codes, rng.integers(bases - 255, bases + 1, count).astype(np.int32), np.arange(count)
    )


def test_vectors_are_those_of_the_cpu(named: tuple[str, Encoder]) -> None:
    name, encoder = named
    pack, batch = load_pack(find_pack(DEFAULT_MODEL)), windows(64, 1024)
    wanted = OnnxEncoder(
        pack.encoders["fp32"], pack.width, Device("cpu", 0, "fp32", "test")
    ).encode(batch)
    error = np.linalg.norm(encoder.encode(batch) - wanted) / np.linalg.norm(wanted)
    assert error < MOST_ERROR[name]


@pytest.mark.parametrize("bases", [256, 512, 768, 1024])
def test_bits_do_not_depend_on_the_batch(named: tuple[str, Encoder], bases: int) -> None:
    _, encoder = named
    batch = windows(300, bases)
    whole = encoder.encode(batch)
    for count in (1, 2, 3, 4, 5, 7, 8, 16, 17, 32, 33, 64, 100, 299):
        assert (
            encoder.encode(batch.part(slice(count - 1, 2 * count - 1)))
            == whole[count - 1 : 2 * count - 1]
        ).all()


def test_a_run_gives_the_same_bins_whatever_the_batch(community: Community, tmp_path: Path) -> None:
    for size in ("1", "700"):
        out = tmp_path / size
        assert (
            main(
                [
                    "run",
                    str(community.contigs),
                    "--depth",
                    str(community.depth),
                    "-o",
                    str(out),
                    "--device",
                    "cuda",
                    "--batch-size",
                    size,
                ]
            )
            == 0
        )
    one, other = ((tmp_path / size / "contig2bin.tsv").read_bytes() for size in ("1", "700"))
    assert one == other
