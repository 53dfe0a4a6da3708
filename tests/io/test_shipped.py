"""Files that are part of the program: what is wrong with them ends in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from forged import with_huge_array

import llmbin
from llmbin.errors import InstallationError
from llmbin.estimator import network
from llmbin.features import hexamers, peptides
from llmbin.genes import hallmarks, markers, rna, scattered
from llmbin.io.shipped import shipped
from llmbin.kinds import network as kinds
from llmbin.proof.reference import load_reference

DATA = Path(llmbin.__file__).parent / "data"
READERS: dict[str, Callable[[Path], object]] = {
    "quality.npz": lambda _: network.load_network.__wrapped__(),
    "kinds.npz": lambda _: kinds.load_kind_network.__wrapped__(),
    "hallmarks.npz": lambda _: hallmarks.load_hallmarks.__wrapped__(),
    "hexamers.npz": lambda _: hexamers.load_hexamer_weights.__wrapped__(),
    "peptides.npz": lambda _: peptides.load_peptide_table.__wrapped__(),
    "rna.npz": lambda _: rna.RnaSearch(),
    "markers.json": lambda _: markers.load_marker_set(),
    "scattered.npz": lambda _: scattered.load_scattered.__wrapped__(),
    "markers.h3m.gz": lambda _: markers.read_profiles(),
    "proof.npz": load_reference,
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in READERS:
        shutil.copy(DATA / name, tmp_path)
    monkeypatch.setattr(network, "DATA", tmp_path / "quality.npz")
    monkeypatch.setattr(kinds, "DATA", tmp_path / "kinds.npz")
    monkeypatch.setattr(hallmarks, "DATA", tmp_path / "hallmarks.npz")
    monkeypatch.setattr(hexamers, "DATA", tmp_path / "hexamers.npz")
    monkeypatch.setattr(peptides, "DATA", tmp_path / "peptides.npz")
    monkeypatch.setattr(rna, "DATA", tmp_path / "rna.npz")
    monkeypatch.setattr(markers, "CUTOFFS", tmp_path / "markers.json")
    monkeypatch.setattr(scattered, "DATA", tmp_path / "scattered.npz")
    monkeypatch.setattr(markers, "PROFILES", tmp_path / "markers.h3m.gz")
    return tmp_path


@pytest.mark.parametrize("how", ["gone", "empty", "cut", "junk"])
@pytest.mark.parametrize("name", READERS)
def test_what_is_damaged_is_told(name: str, how: str, data: Path) -> None:
    if name == "markers.h3m.gz":
        pytest.importorskip("pyhmmer")
    path = data / name
    READERS[name](path)
    whole = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        parts = {"empty": b"", "cut": whole[: len(whole) // 2], "junk": bytes(range(256)) * 9}
        path.write_bytes(parts[how])
    with pytest.raises(InstallationError, match=rf"{name}: .* install it again: `pip install"):
        READERS[name](path)


@pytest.mark.parametrize("how", ["empty", "shorter", "deeper", "gone"])
@pytest.mark.parametrize("name", [name for name in READERS if name.endswith(".npz")])
def test_arrays_of_another_shape_are_damage(name: str, how: str, data: Path) -> None:
    changes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "empty": lambda array: array[:0],
        "shorter": lambda array: array[:-1],
        "deeper": lambda array: array[None],
    }
    with np.load(data / name) as held:
        whole = dict(held)
    for array, values in whole.items():
        others = {key: value for key, value in whole.items() if key != array}
        if how != "gone":
            if how != "deeper" and not values.ndim:
                continue  # texts
            others[array] = changes[how](values)
        np.savez(data / name, **others)
        with pytest.raises(InstallationError, match=rf"{name}: .* install it again: `pip install"):
            READERS[name](data / name)


@pytest.mark.parametrize("name", [name for name in READERS if name.endswith(".npz")])
def test_arrays_that_say_to_be_larger_than_memory_are_damage(name: str, data: Path) -> None:
    whole = (data / name).read_bytes()
    with np.load(data / name) as held:
        names = held.files
    for array in names:
        (data / name).write_bytes(with_huge_array(whole, array))
        with pytest.raises(InstallationError, match=rf"{name}: .*\(an array of \(1125.* bytes\)"):
            READERS[name](data / name)


@pytest.mark.parametrize("name", ["quality.npz", "kinds.npz", "hexamers.npz"])
def test_what_is_no_number_is_damage(name: str, data: Path) -> None:
    with np.load(data / name) as held:
        whole = dict(held)
    for array, values in whole.items():
        if values.dtype.kind == "f":
            np.savez(data / name, **{**whole, array: np.full_like(values, np.nan)})
            with pytest.raises(InstallationError, match="holds what is no number"):
                READERS[name](data / name)


@pytest.mark.parametrize("cutoff", [np.nan, np.inf, "text"])
def test_families_without_a_cutoff_are_damage(cutoff: object, data: Path) -> None:
    with np.load(data / "scattered.npz") as held:
        whole = dict(held)
    whole["cutoffs"] = np.array([cutoff] * len(whole["cutoffs"]))
    np.savez(data / "scattered.npz", **whole)
    with pytest.raises(InstallationError, match="scattered"):
        READERS["scattered.npz"](data)


@pytest.mark.parametrize(
    ("name", "value"), [("lengths", -1), ("evidence", -0.5), ("weights", np.nan)]
)
def test_families_of_viruses_that_do_not_fit_together_are_damage(
    name: str, value: float, data: Path
) -> None:
    with np.load(data / "hallmarks.npz") as held:
        whole = dict(held)
    whole[name] = whole[name].copy()
    whole[name][0] = value
    np.savez(data / "hallmarks.npz", **whole)
    with pytest.raises(InstallationError, match="hallmarks"):
        READERS["hallmarks.npz"](data)


def test_lengths_that_add_up_beyond_what_a_number_holds(data: Path) -> None:
    with np.load(DATA / "hallmarks.npz") as held:
        whole = dict(held)
    lengths = whole["lengths"] = whole["lengths"].astype(np.int64)
    lengths[:4] += 1 << 62  # which is 1 << 64 together
    assert lengths.sum() == len(whole["columns"])
    np.savez(data / "hallmarks.npz", **whole)
    with pytest.raises(InstallationError, match="lengths that do not add up"):
        READERS["hallmarks.npz"](data)


def test_all_files_that_are_shipped_are_looked_at() -> None:
    assert {p.name for p in DATA.iterdir() if p.suffix != ".md"} == set(READERS)


def test_what_is_no_damage_is_left_as_it_is() -> None:
    with pytest.raises(MemoryError), shipped(DATA):
        raise MemoryError
    with pytest.raises(MemoryError), shipped(DATA):
        raise RuntimeError("std::bad_alloc")
