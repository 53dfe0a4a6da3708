"""A pack's language model as the GPU's own encoder takes it (kernels/cuda/encoder_layout.hpp)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.generic]
SYMBOLS = 5  # A C G T and unknown
TILE = 16  # rows of a warp; inputs and columns of a product
LANES = 32
STAGES = 3  # chunks of weights in shared memory
MOST_ROWS = 128  # above, strands go one after the other
MOST_POSITIONS = 256  # of a strand: a block of 512 threads
WIDTHS = range(64, 257, 64)


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes of a language model (`language_model.GenomeLMConfig`) that the encoder can be made for.

    ``positions`` is how many a strand of the longest window has. A warp has ``bands`` of sixteen of
    them, 1 or 2.
    """

    width: int
    stride: int
    stem_kernel: int
    kernel: int
    expand: int
    dilations: tuple[int, ...]
    positions: int
    bands: int = 1

    @property
    def most_threads(self) -> int:
        """Of a block."""
        return max(self.threads(n * self.stride) for n in range(1, self.positions + 1))

    @property
    def most_shared_bytes(self) -> int:
        """Of shared memory that a block has."""
        return max(self.shared_bytes(n * self.stride) for n in range(1, self.positions + 1))

    def threads(self, bases: int) -> int:
        """Of a block that has windows of so many bases."""
        return self._warps(bases) * LANES

    def shared_bytes(self, bases: int) -> int:
        """Of such a block: hidden states, weights, sums and symbols (`Shared` in the header)."""
        positions, strands = self._positions(bases)
        pairs = (strands * positions + 1) * (self.width // 2 + 4) + STAGES * 16 * self.width
        floats = (self._warps(bases) + 1) * self.width
        symbols = (positions - 1) * self.stride + self.stem_kernel
        return 4 * (pairs + floats) + strands * symbols

    def _positions(self, bases: int) -> tuple[int, int]:
        """Of a strand, in whole warps, and how many strands are there at a time."""
        rows = TILE * self.bands
        positions = -(-(bases // self.stride) // rows) * rows
        return positions, 2 if 2 * positions <= MOST_ROWS else 1

    def _warps(self, bases: int) -> int:
        positions, strands = self._positions(bases)
        return strands * positions // (TILE * self.bands)

    def as_list(self) -> list[int]:
        """What the native code calls sizes."""
        return [
            self.width,
            self.stride,
            self.stem_kernel,
            self.kernel,
            self.expand,
            self.bands,
            *self.dilations,
        ]


@dataclass(frozen=True)
class ArrangedWeights:
    """Weights in the order in which the GPU needs them.

    ``chunks`` float16 or float32 [n] are those of products, ``numbers`` float32 [m] all others.
    """

    chunks: Numbers
    numbers: Floats


def encoder_sizes(config: Mapping[str, Any]) -> EncoderSizes:
    """Sizes of the language model in a pack's ``config.json``.

    Raises:
        DeviceError: it is none of this family, or larger than the encoder can be made for.
    """
    lm = config.get("lm")
    names = ("width", "stride", "stem_kernel", "kernel", "expand")
    if not isinstance(lm, Mapping) or {*lm} != {*names, "dilations"}:
        raise DeviceError("the pack's language model is not of the family that it computes")
    numbers, dilations, window = [lm[name] for name in names], lm["dilations"], config["window"]
    if not all(type(n) is int and n > 0 for n in (*numbers, *dilations)) or not dilations:
        raise DeviceError("the sizes of the pack's language model are no whole numbers")
    width, stride, stem_kernel, kernel, expand = numbers
    positions = -(-window // stride)
    fits = {
        f"a width of {width} (it takes 64, 128, 192 or 256)": width in WIDTHS,
        f"a kernel of {kernel} (it takes odd ones)": kernel % 2 == 1,
        f"a stem of {stem_kernel} by {stride}": stem_kernel >= stride
        and (stem_kernel - stride) % 2 == 0,
        f"windows of {positions:,} positions (it takes up to {most_positions(width)})": positions
        <= most_positions(width),
    }
    for what, good in fits.items():
        if not good:
            raise DeviceError(f"the pack's language model has {what}")
    return EncoderSizes(width, stride, stem_kernel, kernel, expand, tuple(dilations), positions)


def most_positions(width: int) -> int:
    """Positions of a strand, at most: wide ones take twice the registers."""
    return MOST_POSITIONS if width <= 128 else MOST_POSITIONS // 2


def arranged_weights(
    tensors: Mapping[str, Floats], sizes: EncoderSizes, number: npt.DTypeLike = np.float16
) -> ArrangedWeights:
    """The tensors of a pack's ``model.safetensors``, each block's output scale folded in.

    Raises:
        DeviceError: they are not those of a model of these sizes, or too large for ``number``.
    """
    width, hidden = sizes.width, sizes.width * sizes.expand
    held = {name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()}

    def take(name: str, *shape: int) -> Floats:
        tensor = held.get(f"lm.{name}")
        if tensor is None or tensor.shape != shape:
            raise DeviceError(f"the pack's weights hold no {name} of {shape}")
        return tensor

    stem = take("stem.weight", width, SYMBOLS, sizes.stem_kernel).reshape(width, -1)
    chunks = [_products(np.pad(stem, ((0, 0), (0, -stem.shape[1] % (2 * TILE)))))]
    numbers = [take("stem.bias", width)]
    for i in range(len(sizes.dilations)):
        block = f"blocks.{i}."
        scale = take(f"{block}scale", width)
        up = _products(take(f"{block}up.weight", hidden, width)[:, :])
        down = _products(take(f"{block}down.weight", width, hidden) * scale[:, None])
        up = up.reshape(width // TILE, hidden // TILE, -1).swapaxes(0, 1)
        down = down.reshape(hidden // TILE, width // TILE, -1)
        chunks.append(np.stack([up, down], 1))
        numbers += [
            take(f"{block}mix.weight", width, 1, sizes.kernel)[:, 0].T,
            take(f"{block}mix.bias", width),
            take(f"{block}norm.weight", width),
            take(f"{block}norm.bias", width),
            take(f"{block}up.bias", hidden),
            take(f"{block}down.bias", width) * scale,
        ]
    numbers += [take("norm.weight", width), take("norm.bias", width)]
    with np.errstate(over="ignore"):
        whole = np.concatenate([part.ravel() for part in chunks]).astype(number)
    if not np.isfinite(whole).all():
        raise DeviceError("the pack's weights are too large for half precision")
    return ArrangedWeights(whole, np.concatenate([part.ravel() for part in numbers]))


def _products(weight: Floats) -> Floats:
    """Weights [outputs, inputs] as a warp's lanes take them for products of 16 inputs.

    Gives [inputs / 16, outputs / 16, lanes, 8]: a lane has four pairs of inputs. Of tile t of the
    outputs and s of the inputs, output 8 c + g and inputs 8 h + 2 l and the next are pair 2 c + h
    of lane 4 g + l.
    """
    outputs, inputs = weight.shape
    parts = weight.reshape(outputs // TILE, 2, 8, inputs // TILE, 2, 4, 2)
    return parts.transpose(3, 0, 2, 5, 1, 4, 6).reshape(inputs // TILE, outputs // TILE, LANES, 8)


def packed_codes(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Codes uint8 [windows, bases] two to a byte, the first one low: [windows, (bases + 1) / 2]."""
    even = np.ascontiguousarray(np.pad(codes, ((0, 0), (0, codes.shape[1] % 2))))
    pairs = even.view("<u2")
    packed: npt.NDArray[np.uint8] = (pairs | pairs >> 4).astype(np.uint8)
    return packed
