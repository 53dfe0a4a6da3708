"""`llmbin-fast prove`: what holds here, and every way in which it may not."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmbin.errors import DeviceError, DeviceMemoryError
from llmbin.io.outputs import check_output
from llmbin.model.devices import Device
from llmbin.model.encoder import OnnxEncoder
from llmbin.model.pack import ModelPack, find_pack, load_pack
from llmbin.model.windows import Batch
from llmbin.options import DEFAULT_MODEL
from llmbin.proof import machine
from llmbin.proof.checks import (
    NotProven,
    batches_do_not_matter,
    bins_are_those_of,
    check,
    told,
    vectors_are_those_of,
)
from llmbin.proof.prove import Opened, device_starts, open_first, pack_is_that_of, precisions
from llmbin.proof.reference import Reference, load_reference, proof_community
from llmbin.proof.report import without_names
from llmbin.tools import throughput
from llmbin.tools.synthetic import Community

CPU = Device("cpu", 0, "int8", "as asked")


@pytest.fixture(scope="module")
def pack() -> ModelPack:
    return load_pack(find_pack(DEFAULT_MODEL))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Community:
    return proof_community(tmp_path_factory.mktemp("proof"))


class Changed:
    """An encoder whose answers are changed."""

    def __init__(self, encoder: OnnxEncoder, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.width, self._encoder, self._change = encoder.width, encoder, change

    def encode(self, batch: Batch) -> np.ndarray:
        return self._change(self._encoder.encode(batch))


def on_cpu(pack: ModelPack, precision: str) -> OnnxEncoder:
    return OnnxEncoder(pack.encoders[precision], pack.width, replace(CPU, precision=precision))


def test_the_reference_is_of_what_is_shipped(
    pack: ModelPack, reference: Reference, made: Community, tmp_path: Path
) -> None:
    """If this fails, the pack or the bins of a run have changed: python -m bench.proof."""
    assert pack_is_that_of(reference, pack).startswith("llmbin-edge")
    for precision in ("fp32", "int8"):
        said = vectors_are_those_of(reference, on_cpu(pack, precision), precision)
        assert said.startswith(f"64 windows in {precision}: least cosine ")
    said = bins_are_those_of(reference, made, tmp_path / "out", CPU, 2)
    assert said == "5 of 5 genomes near-complete, contig2bin.tsv is that of the reference"


def test_wrong_vectors_are_seen(pack: ModelPack, reference: Reference) -> None:
    encoder = on_cpu(pack, "fp32")
    noise = np.random.default_rng(0).normal(0, 1e-4, (64, pack.width)).astype(np.float32)
    noisy = Changed(encoder, lambda v: v + noise[: len(v)])
    with pytest.raises(NotProven, match="1e-05 is allowed"):
        vectors_are_those_of(reference, noisy, "fp32")
    shuffled = Changed(encoder, lambda v: v[::-1].copy())
    with pytest.raises(NotProven, match=r"0\.9995 is needed"):
        vectors_are_those_of(reference, shuffled, "fp16")
    answer = check("vectors", lambda: vectors_are_those_of(reference, shuffled, "fp16"))
    assert not answer.held
    assert answer.said.endswith("take another --precision or --device")


def test_vectors_that_depend_on_their_batch_are_seen(pack: ModelPack) -> None:
    encoder = on_cpu(pack, "int8")
    assert "do not depend" in batches_do_not_matter(encoder, [256])
    uneven = Changed(encoder, lambda v: v + np.float32(1e-6 * (len(v) % 2)))
    with pytest.raises(NotProven, match="--batch-size"):
        batches_do_not_matter(uneven, [256])


def test_other_bins_another_community_and_another_pack_are_seen(
    pack: ModelPack, reference: Reference, made: Community, tmp_path: Path
) -> None:
    other = replace(reference, bins="0" * 64)
    with pytest.raises(NotProven, match=r"5 of 5 .* not 000000000000\); if the vectors hold"):
        bins_are_those_of(other, made, tmp_path / "out", CPU, 2)
    with pytest.raises(NotProven, match="another version of numpy"):
        bins_are_those_of(replace(reference, community=""), made, tmp_path / "no", CPU, 2)
    with pytest.raises(NotProven, match="is not the pack of the reference"):
        pack_is_that_of(replace(reference, pack=""), pack)


def test_without_pyhmmer_it_is_told(
    reference: Reference, made: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmbin.proof.checks.markers_available", lambda: False)
    with pytest.raises(NotProven, match="pyhmmer is not installed"):
        bins_are_those_of(reference, made, tmp_path / "out", CPU, 2)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            DeviceError("CUDA failed: CUDA driver version is insufficient for CUDA runtime"),
            "update the NVIDIA driver",
        ),
        (DeviceMemoryError("the GPU is out of memory while reserving"), "end what else uses"),
        (MemoryError(), "end what else uses the GPU"),
        (RuntimeError("no kernel image is available for execution"), "--device cuda"),
        (RuntimeError("Error: DLA is not supported on this platform"), "no DLA is needed"),
        (OSError("libcudnn.so.9: cannot open shared object file"), "pip install"),
        (DeviceError("CUDA failed: no CUDA-capable device is detected"), "--gpus all"),
        (ValueError("something else"), "ValueError: something else; this was not foreseen"),
    ],
)
def test_what_goes_wrong_ends_in_what_helps(error: Exception, remedy: str) -> None:
    def fail() -> str:
        raise error

    answer = check("device", fail)
    assert not answer.held
    assert remedy in answer.said
    assert "\n" not in answer.said


def test_an_error_that_says_what_helps_is_left_as_it_is() -> None:
    said = "TensorRT is not installed: `pip install 'llmbin-fast[tensorrt]'`"
    assert told(DeviceError(said)) == said


def test_a_device_that_does_not_start_is_told_and_the_next_is_used(
    pack: ModelPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: ModelPack, device: str, precision: str) -> tuple[Device, Any]:
        if device.startswith("cuda"):
            raise RuntimeError("CUDA driver version is insufficient")
        return CPU, on_cpu(pack, precision)

    monkeypatch.setattr("llmbin.proof.prove.open_encoder", start)
    gpu = Device("cuda", 0, "fp16", "auto")
    opened, failed = open_first(pack, [gpu, CPU])
    assert opened is not None
    assert opened.device == CPU
    with pytest.raises(NotProven, match=r"^cuda:0 does not start.*driver.*; used instead: cpu in"):
        device_starts(opened, failed)
    opened, failed = open_first(pack, [gpu])
    assert opened is None
    with pytest.raises(NotProven, match="cuda:0 does not start"):
        device_starts(opened, failed)
    assert precisions(pack, gpu) == ["fp16", "fp32"]
    assert precisions(pack, CPU)[0] == "int8"
    assert "as asked" in device_starts(Opened(CPU, on_cpu(pack, "int8"), 0.1), [])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small assembly to measure with, and rates of PyTorch that are made up."""
    monkeypatch.setitem(throughput.PRESETS, "laptop", (0.5, 4_000, 1.1))
    made = [throughput.Bucket(n, 1, 1.0, 0.5, 0.25) for n in (256, 512, 768, 1024)]
    monkeypatch.setattr("llmbin.proof.rates.pytorch_rates", lambda *_: made)
    yield


def test_the_command_writes_a_report(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path, quick: None
) -> None:
    path = tmp_path / "r.json"
    status, out, err = cli("prove", "-o", path, "-q", "-t", 2, "--device", "cpu")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("ok  device: cpu in int8 (as asked)")
    assert lines[-1] == f"all holds; the report is {path}"
    assert sum(line.startswith("ok ") for line in lines) == 7
    table = [line.split() for line in lines[7:-1]]
    assert table[0][-4:] == ["a", "CPU", "second", "PyTorch"]
    assert [row[0] for row in table[1:]] == ["256", "512", "768", "1,024", "of"]
    assert {row[-1] for row in table[1:5]} == {"0.25"}
    assert all(float(row[2]) > 0 for row in table[1:5])
    report = json.loads(path.read_text())
    assert report["holds"]
    assert all(c["held"] for c in report["checks"])
    assert [b["bases"] for b in report["rates"]["throughput"]["buckets"]] == [256, 512, 768, 1024]
    assert report["machine"]["versions"]["numpy"] == np.__version__
    for private in (platform.node(), str(tmp_path), str(Path.home())):
        assert len(private) < 3 or private not in path.read_text()


def test_a_check_that_fails_is_an_exit_status(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr("llmbin.proof.prove.measure_rates", fail)
    monkeypatch.setattr("llmbin.proof.prove.questions", lambda *_: iter([]))
    status, out, _ = cli("prove", "-o", tmp_path / "r.json", "-q")
    assert status == 1
    assert "BAD rates: CUDA out of memory; end what else uses the GPU" in out
    assert out.splitlines()[-1].startswith("not all holds")
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["holds"], report["rates"]) == (False, None)
    status, _, err = cli("prove", "--device", "gpu", "-o", tmp_path / "no.json")
    assert (status, "--device gpu: unknown" in err) == (1, True)
    assert not (tmp_path / "no.json").exists()
    status, _, err = cli("prove", "-o", tmp_path)
    assert (status, "is a folder" in err) == (1, True)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (
            "libcudart.so.12: cannot open shared object file; /home/eve/venv/lib/x.so: no",
            "libcudart.so.12: cannot open shared object file; .../x.so: no",
        ),
        ("Load model from /srv/a b/HOME/encoder.onnx failed", "Load model from .../encoder.onnx"),
        (r"C:\Users\eve\x\y.dll is gone", r"...\y.dll is gone"),
        ("file:///home/eve/x: no", ".../x: no"),
        ("see https://example.org/x/y, and/or 3/4", "see https://example.org/x/y, and/or 3/4"),
        ("NODE and ANODE of EVE", "... and ANODE of ..."),
    ],
)
def test_what_is_said_names_no_folder_machine_or_user(
    said: str, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.home", lambda: Path("/srv/a b/HOME"))
    monkeypatch.setattr("platform.node", lambda: "NODE")
    monkeypatch.setattr("getpass.getuser", lambda: "EVE")
    assert without_names(said).startswith(left)


def test_a_report_is_private_whatever_fails(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(f"{tmp_path}/libnvinfer.so.10: cannot open shared object file")

    monkeypatch.setattr("llmbin.proof.prove.measure_rates", fail)
    monkeypatch.setattr("llmbin.proof.prove.questions", lambda *_: iter([]))
    assert cli("prove", "-o", tmp_path / "r.json", "-q")[0] == 1
    text = (tmp_path / "r.json").read_text()
    assert ".../libnvinfer.so.10: cannot open" in text and str(tmp_path) not in text


def test_a_folder_for_reading_is_told_before_the_work(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # as root everything may be written
    monkeypatch.setattr("llmbin.proof.prove.prove", lambda *_: pytest.fail("worked in vain"))
    status, _, err = cli("prove", "-o", tmp_path / "r.json")
    assert (status, "r.json: cannot be written (Permission denied)" in err) == (1, True)
    check_output(Path("/dev/null"), [])


def test_the_power_mode_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvpmodel"
    program.write_text("#!/bin/sh\necho 'NV Power Mode: MAXN'\necho 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert machine.describe().power_mode == "NV Power Mode: MAXN, 0"
