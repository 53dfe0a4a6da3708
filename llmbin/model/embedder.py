"""A model pack on a device, ready to embed windows."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ..errors import DeviceError
from ..options import ModelOptions
from .budget import choose_budget
from .devices import Device
from .encoder import Encoder, open_encoder
from .pack import ModelPack, find_pack, load_pack
from .windows import WindowPlan

log = logging.getLogger("llmbin")


@dataclass(frozen=True)
class Embedder:
    """A checked pack, the device that was chosen, its encoder if any, and the windows to take."""

    pack: ModelPack
    device: Device
    encoder: Encoder | None
    plan: WindowPlan
    batch_size: int = 0

    def budget(self) -> int:
        """Bases of a batch. A GPU is asked and timed for it, so only when there is work."""
        if self.encoder is None:
            return 0
        asked = self.batch_size * self.pack.window
        return asked or choose_budget(self.encoder, self.device, self.plan)


def open_embedder(options: ModelOptions) -> Embedder:
    """Load and check the pack, and start its encoder if it has one.

    Raises:
        ModelPackError: the pack is not there, incomplete, altered, or may not be loaded.
        DeviceError: the device or precision cannot be had.
    """
    pack = load_pack(find_pack(options.model))
    if not pack.encoders:
        return Embedder(pack, without_lm(pack, options), None, pack.plan())
    device, encoder = open_encoder(pack, options.device, options.precision)
    plan = pack.plan(options.windows, options.seed)
    return Embedder(pack, device, encoder, plan, options.batch_size)


def without_lm(pack: ModelPack, options: ModelOptions) -> Device:
    """The CPU, for a pack without a language model.

    Raises:
        DeviceError: a device or precision is asked for that only a language model needs.
    """
    asked = {
        f"--device {options.device}": options.device not in ("auto", "cpu"),
        f"--precision {options.precision}": options.precision != "auto",
    }
    for option in (option for option, given in asked.items() if given):
        raise DeviceError(
            f"{option}: {pack.name} has no language model; leave it out, or take another --model"
        )
    log.info("model %s %s, without a language model, on cpu", pack.name, pack.version)
    return Device("cpu", 0, "fp32", "there is no language model")
