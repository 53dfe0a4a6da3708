"""The energy that a machine takes, where it tells: counters of processors, power of a Jetson.

Processors count what they took (RAPL; Linux lets only the superuser read it unless told otherwise).
A Jetson has a sensor of its supply, which `tegrastats` shows: its power is looked at every now and
then, and added up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

POWERCAP = Path("/sys/class/powercap")
SENSORS = Path("/sys/class/hwmon")
SUPPLIES = ("VDD_IN", "POM_5V_IN")  # what all of a Jetson's module takes
EVERY = 1.0  # seconds between looks at a sensor


class Meter:
    """Joules from its beginning on; leave it as a context when it is no longer needed."""

    def __init__(self) -> None:
        self._before = _counters()
        self._supply = None if self._before else _supply()
        self._lock = threading.Lock()
        self._last, self._drawn = time.monotonic(), 0.0
        self._done = threading.Event()
        if self._supply is not None:
            threading.Thread(target=self._look, name="energy", daemon=True).start()

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()

    def joules(self) -> float | None:
        """So far; None where the machine does not tell."""
        if self._supply is not None:
            self._add()
            with self._lock:
                return self._drawn
        now = _counters()
        if not self._before or now.keys() != self._before.keys():
            return None
        return sum(_between(self._before[name], now[name], _range(name)) for name in now) / 1e6

    def _look(self) -> None:
        while not self._done.wait(EVERY):
            self._add()

    def _add(self) -> None:
        """What was taken since the last look, at the power that is taken now."""
        with self._lock:
            assert self._supply is not None
            now, watts = time.monotonic(), _watts(*self._supply)
            self._drawn += watts * (now - self._last)
            self._last = now


def _counters() -> Mapping[str, int]:
    """Microjoules of each processor (not of parts of one, nor of all of the board) by its zone."""
    found = {}
    for zone in sorted(POWERCAP.glob("intel-rapl:*")):
        value = _number(zone / "energy_uj")
        if value is not None and _text(zone / "name").startswith("package"):
            found[zone.name] = value
    return found


def _between(before: int, after: int, most: int) -> int:
    """What a counter went on; it begins anew behind its largest value."""
    return after - before if after >= before else after - before + most


def _range(zone: str) -> int:
    return _number(POWERCAP / zone / "max_energy_range_uj") or 0


def _supply() -> tuple[Path, Path] | None:
    """Files of the voltage (mV) and the current (mA) of a Jetson's supply."""
    for label in sorted(SENSORS.glob("hwmon*/in*_label")):
        if _text(label) in SUPPLIES:
            number = label.name.removeprefix("in").removesuffix("_label")
            files = label.with_name(f"in{number}_input"), label.with_name(f"curr{number}_input")
            if all(_number(file) is not None for file in files):
                return files
    return None


def _watts(voltage: Path, current: Path) -> float:
    return (_number(voltage) or 0) * (_number(current) or 0) / 1e6


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace").strip("\0 \n")
    return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None
