"""From features to vectors, and the noise of vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, first_line
from ..io.rows import in_chunks
from ..resources import check_room
from .devices import Device, session
from .encoder import checked
from .pack import Projector
from .queue import bounded_queue

Floats = npt.NDArray[np.float32]
Run: TypeAlias = Callable[[dict[str, Any]], list[Any]]

# Genomes are not of one composition (islands, rRNA, strand), so neighbours in a tree differ by more
# than the fit to random fragments says.
HETEROGENEITY = 2.0
CHUNK = 1024


def project(composition: Floats, lm: Floats, projector: Projector, threads: int = 1) -> Floats:
    """Vectors z float32 [n, dims] of contigs.

    Raises:
        DeviceError: the runtime cannot load the projector, or its shapes do not fit.
    """
    run = session(projector.onnx, Device("cpu", 0, "fp32", "projector"))
    vectors = np.empty((len(lm), projector.outputs), np.float32)

    def some(rows: slice) -> Floats:
        features = np.concatenate([composition[rows], lm[rows]], axis=1)
        return _projected(features, projector, run)

    with bounded_queue(some, vectors.__setitem__, threads, threads) as put:
        for rows in in_chunks(len(lm), composition, lm):
            put(rows)
    return vectors


def project_features(features: Floats, projector: Projector) -> Floats:
    """Vectors float32 [n, dims] of [composition | LM] rows.

    Always on the CPU: this is a thousandth of the encoder's work.

    Raises:
        DeviceError: the runtime cannot load the projector, or its shapes do not fit.
        ModelPackError: what it gives are no vectors.
    """
    run = session(projector.onnx, Device("cpu", 0, "fp32", "projector"))
    return _projected(features, projector, run)


def _projected(features: Floats, projector: Projector, run: Run) -> Floats:
    """The same, by a function that runs the graph."""
    # Chunks of one shape, so that a row's sums never depend on how many there are.
    padded = np.pad(features, ((0, -len(features) % CHUNK), (0, 0)))
    try:
        parts = [run({"features": padded[i : i + CHUNK]})[0] for i in range(0, len(padded), CHUNK)]
    except Exception as error:  # onnxruntime raises classes of its own making
        check_room(error)
        raise DeviceError(f"the projector does not fit the encoder: {first_line(error)}") from None
    for part in parts:
        checked(part, (CHUNK, projector.outputs), "projector")
    return (
        np.concatenate(parts)[: len(features)]
        if parts
        else np.zeros((0, projector.outputs), np.float32)
    )


def vector_noise(lengths: npt.NDArray[np.number], projector: Projector) -> Floats:
    """Expected squared distance of vectors from their genomes' centres, a dimension: float32 [n].

    ``lengths`` are the contigs', in bp.
    """
    kb = np.minimum(lengths / 1000, projector.noise_until_kb)
    return np.asarray(
        HETEROGENEITY * projector.noise_at_1kb * kb**projector.noise_exponent, np.float32
    )
