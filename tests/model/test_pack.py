from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from llmbin.errors import DeviceError, ModelPackError
from llmbin.io.contigs import Contig
from llmbin.model.devices import Device
from llmbin.model.encoder import ContigVectors, OnnxEncoder, encode_batches, encode_in_parts
from llmbin.model.onnx_check import check_onnx
from llmbin.model.pack import COMPOSITION, find_pack, load_pack
from llmbin.model.projector import project
from llmbin.model.windows import Batch, WindowPlan, batches
from llmbin.options import DEFAULT_MODEL


@pytest.fixture(scope="module", params=["fp32", "int8"])
def encoder(request: pytest.FixtureRequest) -> OnnxEncoder:
    pack = load_pack(find_pack(DEFAULT_MODEL))
    return OnnxEncoder(
        pack.encoders[request.param], pack.width, Device("cpu", 0, request.param, "test")
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_pack(DEFAULT_MODEL), tmp_path / "pack"))


def rewrite(folder: Path, change: Callable[[dict], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def replace_file(folder: Path, name: str, data: bytes) -> None:
    import hashlib

    (folder / name).write_bytes(data)
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    rewrite(folder, lambda c: c["files"].__setitem__(name, entry))


def graph(
    nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto] | None = None
) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    return helper.make_model(helper.make_graph(nodes, "g", [x], [y], initializers or []))


def test_the_built_in_pack_says_what_it_is() -> None:
    pack = load_pack(find_pack(DEFAULT_MODEL))
    z = project(
        np.zeros((3, COMPOSITION), np.float32),
        np.zeros((3, pack.width), np.float32),
        pack.projector,
    )
    assert z.shape == (3, pack.projector.outputs)
    assert pack.projector.outputs <= 32
    assert sum(p.stat().st_size for p in pack.folder.iterdir()) < 10 << 20
    card = (pack.folder / "MODEL_CARD.md").read_text()
    for heading in ("Data", "Training", "Evaluation", "Limits"):
        assert f"## {heading}" in card


@pytest.mark.parametrize(
    "name", ["encoder.fp32.onnx", "model.safetensors", "projector.onnx", "MODEL_CARD.md"]
)
def test_altered_and_missing_files_are_refused(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelPackError, match=name):
        load_pack(copy)
    (copy / name).unlink()
    with pytest.raises(ModelPackError, match=name):
        load_pack(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.__setitem__("format", 99), "format 99"),
        (lambda c: c.__setitem__("window", 1000), "impossible sizes"),
        (lambda c: c.pop("noise"), "malformed"),
        (lambda c: c["files"].__setitem__("../x", {"bytes": 1, "sha256": ""}), "leaves the pack"),
        (lambda c: c["files"].pop("model.safetensors"), "not listed"),
        (lambda c: c["files"]["model.safetensors"].pop("sha256"), "no size or sha256"),
        (lambda c: c["noise"].__setitem__("at_1kb", -1), "impossible numbers"),
        (lambda c: c.__setitem__("outputs", 0), "impossible numbers"),
        (lambda c: c["noise"].__setitem__("exponent", 1), "impossible numbers"),
        (lambda c: c["noise"].__setitem__("dims", -10), "impossible numbers"),
        (lambda c: c["noise"].__setitem__("dims", 33), "impossible numbers"),
        (lambda c: c["noise"].__setitem__("at_1kb", math.nan), "not finite"),
        (lambda c: c["noise"].__setitem__("until_kb", math.inf), "not finite"),
        (lambda c: c["noise"].__setitem__("until_kb", 10**400), "not finite"),
        (lambda c: c.__setitem__("noise", []), "malformed"),
        (lambda c: c.__setitem__("window", math.inf), "no whole number"),
        (lambda c: c.__setitem__("width", 128.5), "no whole number"),
        (lambda c: c.__setitem__("bucket", True), "no whole number"),
        (lambda c: c.__setitem__("files", []), "must be objects"),
        (lambda c: c.__setitem__("encoders", {}), "encoders are some of"),
        (lambda c: c.__setitem__("encoders", {"fp8": "encoder.fp32.onnx"}), "encoders are some"),
        (lambda c: c.__setitem__("encoders", {"fp32": ["x"]}), "not listed"),
        (lambda c: c.pop("name"), "'name' is missing"),
        (lambda c: c.__setitem__("name", "a\nb"), "no name"),
        (lambda c: c["files"].__setitem__("a\0b", {"bytes": 1, "sha256": ""}), "leaves the pack"),
        (lambda c: c["files"].__setitem__("\ud800", {"bytes": 1, "sha256": ""}), "leaves"),
        (lambda c: c["files"]["projector.onnx"].__setitem__("bytes", 1e999), "no size or sha256"),
    ],
)
def test_impossible_manifests_are_refused(
    copy: Path, change: Callable[[dict], object], message: str
) -> None:
    rewrite(copy, change)
    with pytest.raises(ModelPackError, match=message):
        load_pack(copy)


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "", "{", "\0"])
def test_a_manifest_that_is_no_object_is_refused(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(ModelPackError, match="malformed"):
        load_pack(copy)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_listed_must_be_a_file(copy: Path, kind: str) -> None:
    """A pipe waits for ever, and a device never ends."""
    path = copy / "model.safetensors"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(ModelPackError, match=r"model\.safetensors: not a file"):
        load_pack(copy)


@pytest.mark.parametrize("depth", [40, 5000])
def test_graphs_nested_deep_are_refused(depth: int) -> None:
    deep = b""
    for _ in range(depth):  # a graph in an attribute of a node of a graph
        for key in (b"\x32", b"\x2a", b"\x0a"):
            deep = key + _varint(len(deep)) + deep
    with pytest.raises(ModelPackError, match="not a valid ONNX"):
        check_onnx(b"\x3a" + _varint(len(deep)) + deep, "x")


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def test_a_folder_does_not_stand_in_for_an_installed_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT_MODEL).mkdir()
    (tmp_path / DEFAULT_MODEL / "config.json").write_text("{}")
    assert load_pack(find_pack(DEFAULT_MODEL)).name == DEFAULT_MODEL
    with pytest.raises(ModelPackError, match="format None"):
        load_pack(find_pack(f"./{DEFAULT_MODEL}"))


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda v: np.where(np.arange(v.shape[1]) == 3, np.nan, v), "not finite"),
        (lambda v: v[:, 1:], "promises"),
        (lambda v: v[0], "promises"),
    ],
)
def test_what_an_encoder_gives_is_looked_at(
    give: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    class Odd:
        width = 4

        def encode(self, batch: Batch) -> np.ndarray:
            return give(np.ones((len(batch.lengths), 4), np.float32))

    batch = Batch(np.zeros((2, 8), np.uint8), np.full(2, 8, np.int32), np.arange(2))
    with pytest.raises(ModelPackError, match=message):
        encode_in_parts(Odd(), batch)


def test_what_a_projector_gives_is_looked_at() -> None:
    pack = load_pack(find_pack(DEFAULT_MODEL))
    composition = np.ones((2, COMPOSITION), np.float32)
    lm = np.ones((2, pack.width), np.float32)
    with pytest.raises(ModelPackError, match="promises"):
        project(composition, lm, replace(pack.projector, outputs=31))
    with pytest.raises(ModelPackError, match="not finite"):
        project(composition * np.nan, lm, pack.projector)


def test_foreign_operators_subgraphs_and_external_data_are_refused(copy: Path) -> None:
    bad = graph([helper.make_node("Evil", ["x"], ["y"], domain="com.example")])
    replace_file(copy, "encoder.fp32.onnx", bad.SerializeToString())
    with pytest.raises(ModelPackError, match=r"com\.example::Evil"):
        load_pack(copy)
    loop = helper.make_node(
        "If",
        ["x"],
        ["y"],
        then_branch=graph([helper.make_node("Scan", ["x"], ["y"])]).graph,
        else_branch=bad.graph,
    )
    with pytest.raises(ModelPackError, match=r"If, Scan, com\.example::Evil"):
        check_onnx(graph([loop]).SerializeToString(), "x")
    outside = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(ModelPackError, match="outside the file"):
        check_onnx(
            graph([helper.make_node("Add", ["x", "w"], ["y"])], [outside]).SerializeToString(), "x"
        )
    for data in (b"", b"not onnx at all", b"\xff" * 40, graph([]).SerializeToString()):
        with pytest.raises(ModelPackError, match="not a valid ONNX"):
            check_onnx(data, "x")


def test_a_projector_of_another_width_is_an_error_and_rows_do_not_depend_on_company() -> None:
    pack = load_pack(find_pack(DEFAULT_MODEL))
    rng = np.random.default_rng(0)
    composition, lm = (
        rng.normal(size=(1500, COMPOSITION)).astype(np.float32),
        rng.normal(size=(1500, pack.width)).astype(np.float32),
    )
    whole = project(composition, lm, pack.projector)
    assert (project(composition[700:703], lm[700:703], pack.projector) == whole[700:703]).all()
    with pytest.raises(DeviceError, match="does not fit"):
        project(composition, lm[:, 1:], pack.projector)


def test_operators_are_those_that_onnx_sees() -> None:
    pack = load_pack(find_pack(DEFAULT_MODEL))
    for data in (*pack.encoders.values(), pack.projector.onnx):
        model = onnx.load_from_string(data)
        assert check_onnx(data, "x").operators == {
            f"{n.domain}::{n.op_type}" if n.domain else n.op_type for n in model.graph.node
        }


def test_no_such_pack_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelPackError, match=DEFAULT_MODEL):
        find_pack(str(tmp_path / "none"))


def window(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(5, n, p=[0.24] * 4 + [0.04]).astype(np.uint8)


def test_a_vector_is_the_same_alone_in_any_batch_and_at_any_padding(encoder: OnnxEncoder) -> None:
    pieces = [window(n, n) for n in (1, 7, 300, 1000, 1024)]
    exact = []
    for p in pieces:
        padded = np.pad(p, (0, -len(p) % 8))[None]
        exact.append(
            encoder.encode(Batch(padded, np.array([len(p)], np.int32), np.zeros(1, np.int64)))[0]
        )
    for size in (1024, 1536, 2048):
        codes = np.stack([np.pad(p, (0, size - len(p))) for p in pieces])
        together = encoder.encode(
            Batch(codes, np.array([len(p) for p in pieces], np.int32), np.arange(5))
        )
        np.testing.assert_allclose(together, np.array(exact), atol=1e-5)


def test_a_vector_does_not_depend_on_the_strand(encoder: OnnxEncoder) -> None:
    codes = window(1024, 1)
    other = np.where(codes[::-1] < 4, 3 - codes[::-1], 4).astype(np.uint8)
    both = encoder.encode(
        Batch(np.stack([codes, other]), np.array([1024, 1024], np.int32), np.arange(2))
    )
    np.testing.assert_allclose(both[0], both[1], atol=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_batch_size_and_threads_change_no_bit(encoder: OnnxEncoder, threads: int) -> None:
    plan = WindowPlan(2048, 2, 256)
    contigs = [
        Contig(i, f"c{i}", window(n, i))
        for i, n in enumerate((5000, 1500, 2048, 1700, 9000, 1501, 4096, 2000))
    ]
    want = encode_batches(encoder, batches(contigs, plan, 2048), 1).result(8)
    for size in (3, 7, 32):
        got = encode_batches(encoder, batches(contigs, plan, size * 2048), threads).result(8)
        assert (got == want).all()


@pytest.mark.parametrize("together", [1, 4, 100])
def test_vectors_of_contigs_are_means_by_length(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmbin.model.encoder.CHUNK", together)
    rng = np.random.default_rng(0)
    contigs = np.array([0, 1, 1, 3, 4, 4, 4, 2, 4, 3])
    lengths = rng.integers(500, 1000, len(contigs)).astype(np.int32)
    vectors = rng.normal(size=(len(contigs), 3)).astype(np.float32)
    means = ContigVectors(3)
    for rows in (slice(0, 2), slice(2, 6), slice(6, 10)):
        codes = np.zeros((len(contigs[rows]), 1000), np.uint8)
        means.add(Batch(codes, lengths[rows], contigs[rows]), vectors[rows])
    got = means.result(6)
    for contig in range(5):
        of_it = contigs == contig
        mean = np.average(vectors[of_it].astype(np.float64), axis=0, weights=lengths[of_it])
        np.testing.assert_array_equal(got[contig], mean.astype(np.float32))
    assert not got[5].any()
    assert means.windows == len(contigs)
