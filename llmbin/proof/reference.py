"""What every machine should compute: vectors of some windows, and bins of a small community.

``llmbin/data/proof.npz`` holds it; `python -m bench.proof` writes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..io.shipped import shipped, shipped_arrays
from ..io.streams import read_chunks
from ..tools.synthetic import Community, make_community, marker_proteins

DATA = Path(__file__).parent.parent / "data" / "proof.npz"
SHAPES = {
    "codes": "windows bases",
    "lengths": "windows",
    "vectors": "windows width",
    "pack": "",
    "community": "",
    "bins": "",
}


@dataclass(frozen=True)
class Reference:
    """Windows codes uint8 [n, bases] with lengths int32 [n], their vectors float32 [n, width].

    Vectors are PyTorch's in FP32. ``pack`` is the digest of the pack that they are of, and
    ``community`` and ``bins`` are those of the community's files and of its contig2bin.tsv.
    """

    codes: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int32]
    vectors: npt.NDArray[np.float32]
    pack: str
    community: str
    bins: str


def load_reference(path: Path = DATA) -> Reference:
    """The one that is shipped.

    Raises:
        InstallationError: it is missing or damaged.
    """
    with shipped(path):
        held = shipped_arrays(path, SHAPES)
        texts = {name: str(held[name]) for name in ("pack", "community", "bins")}
        return Reference(held["codes"], held["lengths"], held["vectors"], **texts)


def proof_community(folder: Path) -> Community:
    """Five synthetic genomes of some 400 kb in two samples; takes two seconds."""
    return make_community(
        folder, genomes=5, size=400_000, samples=2, seed=11, proteins=marker_proteins()
    )


def digest_of(*paths: Path) -> str:
    """sha256 of what is in some files, whatever they are compressed with."""
    state = hashlib.sha256()
    for path in paths:
        for chunk in read_chunks(path):
            state.update(chunk)
    return state.hexdigest()
