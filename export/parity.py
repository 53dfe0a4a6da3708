"""Proof that two forms of an encoder agree: the same windows through both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from llmbin.model.closeness import LEAST_COSINE, MOST_DIFFERENT, least_cosine
from llmbin.model.devices import Device, session

Encode = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.int32]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Parity:
    """Largest absolute difference, and the least cosine of vectors less the mean vector.

    Less the mean, because all contigs share much of a vector.
    """

    difference: float
    cosine: float

    def fails(self, precision: str) -> bool:
        """Is this less than a pack promises?"""
        return (
            self.difference > MOST_DIFFERENT.get(precision, np.inf)
            or self.cosine < LEAST_COSINE[precision]
        )


def torch_encode(encoder: torch.nn.Module) -> Encode:
    """PyTorch FP32 on the CPU, of any module of (codes, lengths) -> vectors: the reference."""
    encoder = encoder.eval().float()

    def run(
        codes: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            return np.asarray(
                encoder(torch.from_numpy(codes.astype(np.int32)), torch.from_numpy(lengths)).numpy()
            )

    return run


def onnx_encode(data: bytes) -> Encode:
    """ONNX Runtime on the CPU."""
    run = session(data, Device("cpu", 0, "", "parity"))
    return lambda codes, lengths: np.asarray(
        run({"codes": codes, "lengths": lengths})[0], np.float32
    )


def compare(reference: Encode, other: Encode, windows: npt.NDArray[np.uint8]) -> Parity:
    """Both encoders on whole windows, and on the same windows cut and spoilt.

    These are cut to ragged lengths, with unknown bases in between.

    Args:
        reference: the encoder to be like.
        other: the encoder to judge.
        windows: codes uint8 [n, bases].
    """
    rng = np.random.default_rng(0)
    ours, theirs = [], []
    for start in range(0, len(windows), 8):
        codes = windows[start : start + 8]
        whole = np.full(len(codes), codes.shape[1], np.int32)
        ragged = rng.integers(codes.shape[1] // 4, codes.shape[1] + 1, len(codes)).astype(np.int32)
        spoilt = np.where(rng.random(codes.shape) < 0.02, 4, codes).astype(np.uint8)
        for batch, lengths in ((codes, whole), (spoilt, ragged)):
            ours.append(other(batch, lengths))
            theirs.append(reference(batch, lengths))
    a, b = np.concatenate(theirs).astype(np.float64), np.concatenate(ours).astype(np.float64)
    return Parity(float(np.abs(a - b).max()), least_cosine(a, b))
