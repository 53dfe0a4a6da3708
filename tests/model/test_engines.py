from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from fake_cuda import FakeCuda

from llmbin import resources
from llmbin.errors import DeviceError, DeviceMemoryError, MemoryLimitError
from llmbin.model import engines
from llmbin.model.cuda import Gpu
from llmbin.model.engines import Target, engine_for, engine_key, open_cache, profiles, target_of
from llmbin.model.pack import find_pack, load_pack
from llmbin.model.windows import Batch, WindowPlan
from llmbin.options import DEFAULT_MODEL

ORIN = Target("tensorrt", "10.3.0", "Orin", (8, 7))


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Target]:
    """Stands in for TensorRT: an engine is its target's name."""
    made: list[Target] = []

    def build(trt: object, onnx: bytes, shapes: object, target: Target) -> bytes:
        made.append(target)
        return target.gpu.encode()

    monkeypatch.setattr(engines, "build_engine", build)
    return made


def test_an_engine_is_built_once_and_again_when_its_file_is_not_ours(
    builds: list[Target], tmp_path: Path
) -> None:
    pack, cache = load_pack(find_pack(DEFAULT_MODEL)), tmp_path / "cache"
    data, path = engine_for(pack, "fp16", None, ORIN, cache)
    assert data == b"Orin"
    assert cache.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert engine_for(pack, "fp16", None, ORIN, cache) == (data, path)
    assert len(builds) == 1
    for spoil in (
        lambda: path.write_bytes(b"foreign"),
        lambda: path.with_suffix(".json").write_text("[]"),
        path.with_suffix(".json").unlink,
    ):
        spoil()
        assert engine_for(pack, "fp16", None, ORIN, cache) == (data, path)
    assert len(builds) == 4


def test_the_key_holds_everything_an_engine_depends_on() -> None:
    shapes = profiles(WindowPlan(2048, 1, 256))
    keys = {
        engine_key(b"onnx", "fp16", shapes, ORIN),
        engine_key(b"other", "fp16", shapes, ORIN),
        engine_key(b"onnx", "fp32", shapes, ORIN),
        engine_key(b"onnx", "fp16", shapes[1:], ORIN),
        *(
            engine_key(b"onnx", "fp16", shapes, t)
            for t in (
                Target("tensorrt_rtx", "10.3.0", "Orin", (8, 7)),
                Target("tensorrt", "10.4", "Orin", (8, 7)),
                Target("tensorrt", "10.3.0", "A100", (8, 7)),
                Target("tensorrt", "10.3.0", "Orin", (8, 0)),
            )
        ),
    }
    assert len(keys) == 8


def test_a_cache_that_others_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(DeviceError, match="others can write"):
        open_cache(tmp_path)


@pytest.mark.parametrize("kind", ["link", "pipe", "open to all", "deep note", "link to nothing"])
def test_an_engine_that_is_no_file_of_the_users_own_is_built_again(
    kind: str, builds: list[Target], tmp_path: Path
) -> None:
    pack, cache = load_pack(find_pack(DEFAULT_MODEL)), tmp_path / "cache"
    data, path = engine_for(pack, "fp16", None, ORIN, cache)
    if kind == "open to all":
        path.chmod(0o666)
    elif kind == "deep note":
        path.with_suffix(".json").write_text("[" * 100_000)
    elif kind == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif kind == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.unlink()
        path.symlink_to(tmp_path / "none")
    assert engines.cached_engine(cache, path.stem) is None
    if kind != "pipe":  # which is left to whoever put it there
        assert engine_for(pack, "fp16", None, ORIN, cache)[0] == data
        assert len(builds) == 2


def test_without_a_home_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLMBIN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(DeviceError, match="LLMBIN_CACHE"):
        engines.cache_folder()


def test_a_cache_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceError, match="cannot be a cache"):
        open_cache(tmp_path / "file")


def test_there_is_a_profile_for_every_padded_length() -> None:
    made = profiles(WindowPlan(2048, 1, 256))
    assert [p.bases for p in made] == list(range(256, 2049, 256))
    assert all(1 <= p.usual <= p.most and p.most * p.bases <= 1 << 20 for p in made)


@pytest.mark.parametrize(
    ("allowed", "error"), [(None, DeviceError), (400_000_000, MemoryLimitError)]
)
def test_what_is_installed_and_cannot_be_loaded_is_not_missing(
    allowed: int | None,
    error: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tensorrt_rtx.py").write_text("raise ImportError('lib.so: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tensorrt_rtx", raising=False)
    monkeypatch.setattr(engines, "address_space", lambda: allowed)
    with pytest.raises(error, match=r"tensorrt_rtx cannot be loaded \(lib.so: cannot open\)"):
        engines.tensorrt("tensorrt_rtx")


@pytest.mark.parametrize(
    ("allowed", "error", "said"),
    [
        (None, DeviceError, r"cannot build an engine for Orin$"),
        (2_000_000_000, MemoryLimitError, r"within 2,000 MB of address space"),
        (800_000_000, MemoryLimitError, r"allows 800 MB .* the libraries need 1,074 MB; raise it"),
    ],
)
def test_what_cannot_be_built_is_told_with_the_limit_of_address_space(
    allowed: int | None, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trt = MagicMock()
    trt.Builder.return_value.build_serialized_network.return_value = None
    for module in (engines, resources):
        monkeypatch.setattr(module, "address_space", lambda: allowed)
    with pytest.raises(error, match=said):
        engines.build_engine(trt, b"", [], ORIN)


@pytest.mark.parametrize("capability", ["8.6", "8.9", "12.0"])
def test_real_engines_build_without_a_gpu(
    capability: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trt = pytest.importorskip("tensorrt_rtx")
    from llmbin.cli import main

    assert (
        main(
            [
                "build-engine",
                "--compute-capability",
                capability,
                "--output",
                str(tmp_path / "cache"),
                "-q",
            ]
        )
        == 0
    )
    path = Path(capsys.readouterr().out.strip())
    note = json.loads(path.with_suffix(".json").read_text())
    assert note["flavour"] == "tensorrt_rtx"
    assert note["bytes"] == path.stat().st_size > 100_000
    # What the runtime reads of an engine before it meets a GPU: made by this release, for a GPU
    # that is not here.
    validity, diagnostics = trt.Runtime(trt.Logger(trt.Logger.ERROR)).get_engine_validity(
        path.read_bytes()[: 1 << 16]
    )
    assert not int(diagnostics) & int(trt.EngineInvalidityDiagnostics.VERSION_MISMATCH), (
        validity,
        diagnostics,
    )


def test_all_precisions_for_gpus_parse(tmp_path: Path) -> None:
    trt = pytest.importorskip("tensorrt_rtx")
    pack, target = (
        load_pack(find_pack(DEFAULT_MODEL)),
        target_of(trt, Gpu(0, "", (8, 9), 0, integrated=False)),
    )
    assert (
        len(
            {
                engine_for(pack, precision, trt, target, tmp_path / "cache")[1]
                for precision in ("fp16", "fp32")
            }
        )
        == 2
    )


class FakeTensorRt:
    """An engine with profiles for 8 and 16 bases, of up to 4 windows.

    Its vector is [sum of codes, length].
    """

    __version__ = "0"

    class Logger:
        ERROR = 0

        def __init__(self, level: int) -> None: ...

    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda
        self.num_optimization_profiles = 2
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.profile = -1

    def Runtime(self, logger: object) -> FakeTensorRt:
        return self

    def deserialize_cuda_engine(self, data: bytes) -> FakeTensorRt | None:
        return self if data == b"good" else None

    def create_execution_context(self) -> FakeTensorRt:
        return self

    def get_tensor_profile_shape(self, name: str, index: int) -> list[tuple[int, int]]:
        bases = 8 * (index + 1)
        return [(1, bases), (2, bases), (4, bases)]

    def set_optimization_profile_async(self, index: int, stream: int) -> None:
        self.profile = index

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> None:
        self.shapes[name] = shape

    def set_tensor_address(self, name: str, address: int) -> None:
        self.addresses[name] = address

    def execute_async_v3(self, stream: int) -> bool:
        n, bases = self.shapes["codes"]
        assert bases == 8 * (self.profile + 1)
        assert n <= 4
        codes = self.cuda.held[self.addresses["codes"]][: n * bases].reshape(n, bases)
        lengths = self.cuda.held[self.addresses["lengths"]][: 4 * n].view(np.int32)
        out = np.stack([codes.sum(1), lengths], 1).astype(np.float32)
        self.cuda.held[self.addresses["vectors"]][: out.nbytes] = out.view(np.uint8).ravel()
        return True


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    cuda = FakeCuda()
    monkeypatch.setattr("llmbin.model.tensorrt.bindings", lambda: cuda)
    return FakeTensorRt(cuda)


def test_the_engine_encoder_sends_batches_in_the_right_profile(fake: FakeTensorRt) -> None:
    from llmbin.model.tensorrt import TensorRtEncoder

    encoder, rng = TensorRtEncoder(fake, b"good", 2, 0), np.random.default_rng(0)
    for bases, n in ((8, 1), (16, 4), (8, 11), (16, 2)):
        codes = rng.integers(0, 5, (n, bases)).astype(np.uint8)
        lengths = rng.integers(1, bases, n).astype(np.int32)
        vectors = encoder.encode(Batch(codes, lengths, np.arange(n)))
        np.testing.assert_array_equal(vectors, np.stack([codes.sum(1), lengths], 1))


def test_the_engine_encoder_says_what_failed(fake: FakeTensorRt) -> None:
    from llmbin.model.tensorrt import TensorRtEncoder

    with pytest.raises(DeviceError, match="does not accept the engine"):
        TensorRtEncoder(fake, b"bad", 2, 0)
    encoder = TensorRtEncoder(fake, b"good", 2, 0)
    fake.cuda.memory = 4
    batch = Batch(np.zeros((4, 8), np.uint8), np.full(4, 8, np.int32), np.arange(4))
    with pytest.raises(DeviceMemoryError, match="out of memory while reserving"):
        encoder.encode(batch)
    fake.cuda.memory = 1 << 20
    fake.execute_async_v3 = lambda stream: False  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="failed to run"):
        encoder.encode(batch)
