"""Energy by faked files of the kernel: of processors, and of a Jetson's supply."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmbin.proof import energy


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    monkeypatch.setattr(energy, "SENSORS", tmp_path)
    return tmp_path


def zone(system: Path, number: str, name: str, microjoules: int) -> Path:
    folder = system / f"intel-rapl:{number}"
    folder.mkdir(exist_ok=True)
    for file, text in (
        ("name", name),
        ("energy_uj", microjoules),
        ("max_energy_range_uj", 10_000_000),
    ):
        (folder / file).write_text(f"{text}\n")
    return folder / "energy_uj"


def test_a_machine_that_does_not_tell_has_no_joules(system: Path) -> None:
    with energy.Meter() as meter:
        assert meter.joules() is None


def test_processors_are_added_up_and_a_counter_may_begin_anew(system: Path) -> None:
    first, second = (
        zone(system, "0", "package-0", 1_000_000),
        zone(system, "1", "package-1", 9_000_000),
    )
    zone(system, "0:0", "core", 5)
    board = zone(system, "2", "psys", 7)
    with energy.Meter() as meter:
        assert meter.joules() == 0
        first.write_text("3500000\n")
        second.write_text("500000\n")
        board.write_text("9000000\n")
        assert meter.joules() == 2.5 + 1.5
        second.unlink()  # nobody may read it any longer
        assert meter.joules() is None


def test_the_power_of_a_jetson_is_added_up_over_time(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(energy.time, "monotonic", lambda: now)
    monkeypatch.setattr(energy, "EVERY", 1000.0)
    sensor = system / "hwmon3"
    sensor.mkdir()
    for file, text in (
        ("in1_label", "VDD_CPU_GPU_CV"),
        ("in2_label", "VDD_IN"),
        ("in1_input", 1),
        ("curr1_input", 1),
        ("in2_input", 5000),
        ("curr2_input", 2000),
    ):
        (sensor / file).write_text(f"{text}\n")
    with energy.Meter() as meter:
        now = 103.0
        assert meter.joules() == 30
        (sensor / "curr2_input").write_text("1000\n")
        now = 105.0
        assert meter.joules() == 40
