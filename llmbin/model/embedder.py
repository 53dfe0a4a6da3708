"""A model pack on a device, ready to embed windows."""

from __future__ import annotations

from dataclasses import dataclass

from ..options import ModelOptions
from .budget import choose_budget
from .devices import Device
from .encoder import Encoder, open_encoder
from .pack import ModelPack, find_pack, load_pack
from .windows import WindowPlan


@dataclass(frozen=True)
class Embedder:
    """A checked pack, the device that was chosen, its encoder, and the windows to take."""

    pack: ModelPack
    device: Device
    encoder: Encoder
    plan: WindowPlan
    batch_size: int = 0

    def budget(self) -> int:
        """Bases of a batch. A GPU is asked and timed for it, so only when there is work."""
        asked = self.batch_size * self.pack.window
        return asked or choose_budget(self.encoder, self.device, self.plan)


def open_embedder(options: ModelOptions) -> Embedder:
    """Load and check the pack, and start its encoder.

    Raises:
        ModelPackError: the pack is not there, incomplete, altered, or may not be loaded.
        DeviceError: the device or precision cannot be had.
    """
    pack = load_pack(find_pack(options.model))
    device, encoder = open_encoder(pack, options.device, options.precision)
    plan = pack.plan(options.windows, options.seed)
    return Embedder(pack, device, encoder, plan, options.batch_size)
