"""All checks of a device in a row, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..io.outputs import scratch_folder
from ..model.devices import Device, choose_devices
from ..model.encoder import Encoder, open_encoder
from ..model.pack import ModelPack, find_pack, load_pack
from ..options import DEFAULT_MODEL
from .checks import (
    Check,
    NotProven,
    batches_do_not_matter,
    bins_are_those_of,
    check,
    told,
    vectors_are_those_of,
)
from .machine import Machine, describe
from .rates import Rates, measure_rates
from .reference import Reference, load_reference, proof_community

Tell = Callable[[Check], object]
Question = tuple[str, Callable[[], str]]


@dataclass(frozen=True)
class Opened:
    """An encoder on a device; ``seconds`` until it was there, with those to build an engine."""

    device: Device
    encoder: Encoder
    seconds: float


@dataclass(frozen=True)
class Proof:
    """What was found; ``opened`` and ``rates`` are None where no device starts."""

    machine: Machine
    model: str
    opened: Opened | None
    checks: list[Check]
    rates: Rates | None

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return all(c.held for c in self.checks)


def prove(requested: str, threads: int, tell: Tell) -> Proof:
    """Check the shipped pack on a device; ``tell`` hears of each check when it is done.

    Raises:
        DeviceError: there is no such device here.
        ModelPackError: the shipped pack is damaged.
    """
    pack, reference = load_pack(find_pack(DEFAULT_MODEL)), load_reference()
    machine = describe()
    opened, failed = open_first(pack, choose_devices(requested, "auto", list(pack.encoders)))
    checks: list[Check] = []
    rates = None

    def ask(name: str, question: Callable[[], str]) -> None:
        checks.append(check(name, question))
        tell(checks[-1])

    ask("device", partial(device_starts, opened, failed))
    if opened:
        with scratch_folder("llmbin-prove-") as folder:
            for name, question in questions(pack, reference, opened, folder, threads):
                ask(name, question)
        try:
            rates = measure_rates(pack, opened.device, threads)
        except Exception as error:  # as in `check`
            ask("rates", partial(_fail, error))
    return Proof(machine, f"{pack.name} {pack.version}", opened, checks, rates)


def questions(
    pack: ModelPack, reference: Reference, opened: Opened, folder: Path, threads: int
) -> Iterator[Question]:
    """What is asked of a device that has started; each raises where the answer is no."""
    device, encoder = opened.device, opened.encoder
    yield "pack", partial(pack_is_that_of, reference, pack)
    for precision in precisions(pack, device):
        yield f"vectors, {precision}", partial(_vectors, pack, reference, opened, precision)
    lengths = range(pack.bucket, pack.window + 1, pack.bucket)
    yield "batches", partial(batches_do_not_matter, encoder, lengths)
    community = proof_community(folder)
    bins = partial(bins_are_those_of, reference, community, folder / "bins", device, threads)
    yield "bins", bins


def open_first(
    pack: ModelPack, devices: list[Device]
) -> tuple[Opened | None, list[tuple[Device, Exception]]]:
    """The first device that starts, and those before it with what they said."""
    failed: list[tuple[Device, Exception]] = []
    for device in devices:
        began = time.perf_counter()
        try:
            encoder = open_encoder(pack, str(device), device.precision)[1]
            return Opened(device, encoder, time.perf_counter() - began), failed
        except Exception as error:  # drivers and runtimes raise classes of their own
            failed.append((device, error))
    return None, failed


def device_starts(opened: Opened | None, failed: list[tuple[Device, Exception]]) -> str:
    """Say which device it is.

    Raises:
        NotProven: none starts, or a better one does not.
    """
    sentences = [f"{device} does not start: {told(error)}" for device, error in failed]
    if opened:
        device = opened.device
        said = f"{device} in {device.precision} ({device.reason}), there in {opened.seconds:.1f} s"
        sentences.append(f"{'used instead: ' * bool(failed)}{said}")
    if failed:
        raise NotProven("; ".join(sentences))
    return sentences[0]


def pack_is_that_of(reference: Reference, pack: ModelPack) -> str:
    """Whether the reference is of this pack.

    Raises:
        NotProven: it is not.
    """
    if pack.digest != reference.pack:
        raise NotProven(
            f"{pack.name} {pack.version} is not the pack of the reference; install llmbin-fast "
            "again"
        )
    return f"{pack.name} {pack.version}, sha256 {pack.digest[:12]}"


def precisions(pack: ModelPack, device: Device) -> list[str]:
    """Those that the device takes: that of `auto` first, INT8 on CPUs alone."""
    if device.kind == "fused":
        return [device.precision]
    usable = [p for p in pack.encoders if p != "int8" or device.kind == "cpu"]
    return sorted(usable, key=lambda precision: precision != device.precision)


def _vectors(pack: ModelPack, reference: Reference, opened: Opened, precision: str) -> str:
    encoder = opened.encoder
    if precision != opened.device.precision:
        encoder = open_encoder(pack, str(opened.device), precision)[1]
    return vectors_are_those_of(reference, encoder, precision)


def _fail(error: Exception) -> str:
    raise error
