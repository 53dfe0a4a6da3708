"""Packs without a language model: composition and codons alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.errors import DeviceError, ModelPackError
from llmbin.model.embedder import open_embedder
from llmbin.model.pack import BUILT_IN, find_pack, load_pack
from llmbin.options import DEFAULT_MODEL, ModelOptions
from llmbin.tools.synthetic import Community

LITE = "llmbin-lite"
Cli = Callable[..., tuple[int, str, str]]


def test_it_has_no_encoder() -> None:
    pack = load_pack(find_pack(LITE))
    assert (pack.encoders, pack.width, pack.offers) == ({}, 0, "no language model")
    embedder = open_embedder(ModelOptions(LITE, windows=4))
    assert (embedder.encoder, embedder.device.kind, embedder.budget()) == (None, "cpu", 0)


@pytest.mark.parametrize(
    "options", [ModelOptions(LITE, device="cuda"), ModelOptions(LITE, precision="int8")]
)
def test_what_only_a_language_model_needs_is_refused(options: ModelOptions) -> None:
    with pytest.raises(DeviceError, match="llmbin-lite has no language model; leave it out"):
        open_embedder(options)


@pytest.mark.parametrize(("pack", "width"), [(LITE, 8), (DEFAULT_MODEL, 0)])
def test_width_and_encoders_agree(tmp_path: Path, pack: str, width: int) -> None:
    copy = tmp_path / "pack"
    shutil.copytree(BUILT_IN / pack, copy)
    config = json.loads((copy / "config.json").read_text()) | {"width": width}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelPackError, match="or none and the width is 0"):
        load_pack(copy)


def test_it_bins_and_embeds(community: Community, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("run", community.contigs, "--depth", community.depth, "-o", out, "--model", LITE)
    status, _, err = cli(*command)
    assert status == 0
    assert "model llmbin-lite 2, without a language model, on cpu" in err
    record = json.loads((out / "run.json").read_text())
    assert record["model"]["name"] == LITE
    assert record["bins"]
    assert cli("embed", community.contigs, "-o", tmp_path / "v.npz", "--model", LITE)[0] == 0
    with np.load(tmp_path / "v.npz", allow_pickle=False) as arrays:
        assert arrays["vectors"].shape[1] == 32
        assert arrays["lm"].shape[1] == 0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("bench", "--model", LITE), "no language model to measure"),
        (("build-engine", LITE), "has no language model, and needs no engine"),
        (("export", LITE, "-o", "OUT"), "has no language model to export"),
        (("export", LITE, "--format", "triton", "-o", "OUT"), "it has no language model"),
    ],
)
def test_other_commands_say_so(
    cli: Cli, tmp_path: Path, command: tuple[str, ...], message: str
) -> None:
    status, _, err = cli(*(tmp_path / "t" if a == "OUT" else a for a in command))
    assert (status, message in err) == (1, True), err
