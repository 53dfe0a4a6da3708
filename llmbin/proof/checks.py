"""Checks of a device, each with a verdict and a sentence; what fails says what helps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import pipeline
from ..errors import LlmbinError, first_line
from ..genes.markers import markers_available
from ..model.closeness import LEAST_COSINE, MOST_DIFFERENT, least_cosine
from ..model.devices import Device
from ..model.encoder import Encoder, encode_in_parts
from ..model.windows import Batch
from ..options import ModelOptions, RunOptions
from ..tools.scoring import read_bins, read_gold, score_bins
from ..tools.synthetic import Community
from .reference import Reference, digest_of

# What drivers and runtimes say, and what helps; the first that fits.
REMEDIES = (
    (
        r"driver version is insufficient|driver.* too old|no longer supported by .*driver",
        "update the NVIDIA driver (`nvidia-smi` shows it), or install packages for its CUDA: "
        "`pip install 'onnxruntime-gpu<1.27'` is for CUDA 12",
    ),
    (
        r"out of memory|failed to allocate|bad_alloc|CUBLAS_STATUS_ALLOC_FAILED",
        "end what else uses the GPU (`nvidia-smi` lists it), or take --device cpu",
    ),
    (
        r"no kernel image|compute capability|unsupported SM|not supported on this (device|GPU)",
        "this build is not for GPUs of this compute capability: take --device cuda, or a newer "
        "TensorRT",
    ),
    (
        r"\bDLA\b",
        "encoders run on the GPU's own cores, no DLA is needed: take --device tensorrt, or cuda",
    ),
    (
        r"lib(cudnn|cublas|cudart|cufft|nvinfer)\S*|cannot open shared object",
        "a library of CUDA is missing: `pip install 'llmbin-fast[gpu]'` (or `[tensorrt]`) brings "
        "them; on a Jetson JetPack has them",
    ),
    (
        r"no CUDA-capable device|unknown error|initialization error",
        "the driver shows no GPU: load it (`nvidia-smi` must answer), in a container with "
        "--gpus all",
    ),
)


class NotProven(LlmbinError):
    """Something was computed, and is not what it should be."""


@dataclass(frozen=True)
class Check:
    """One question, whether the answer is as it should be, and the answer in words."""

    name: str
    held: bool
    said: str


def check(name: str, ask: Callable[[], str]) -> Check:
    """Ask; whatever a driver or a library raises is an answer, too."""
    try:
        return Check(name, True, ask())
    except Exception as error:  # this is to find out what a strange machine does
        return Check(name, False, told(error))


def told(error: Exception) -> str:
    """One line: what went wrong, and what helps where the error does not say so."""
    said = str(error) if isinstance(error, LlmbinError) else first_line(error)
    if isinstance(error, MemoryError):
        said = "out of memory"
    for pattern, remedy in REMEDIES:
        if re.search(pattern, said, re.IGNORECASE):
            return said if remedy in said else f"{said}; {remedy}"
    if isinstance(error, LlmbinError):
        return said
    return f"{type(error).__name__}: {said}; this was not foreseen: please report it with this file"


def vectors_are_those_of(reference: Reference, encoder: Encoder, precision: str) -> str:
    """Compare vectors with PyTorch's.

    Raises:
        NotProven: they are less close than a pack promises.
    """
    lengths = reference.lengths
    sizes = -(-lengths // 256) * 256
    got = np.empty_like(reference.vectors)
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        codes = np.ascontiguousarray(reference.codes[rows, :size])
        got[rows] = encode_in_parts(encoder, Batch(codes, lengths[rows], rows))
    a, b = reference.vectors.astype(np.float64), got.astype(np.float64)
    cosine, difference = least_cosine(a, b), float(np.abs(a - b).max())
    wanted, most = LEAST_COSINE[precision], MOST_DIFFERENT.get(precision, np.inf)
    said = (
        f"{len(lengths)} windows in {precision}: least cosine {cosine:.7f} ({wanted} is needed), "
        f"largest difference {difference:.1e}"
    )
    if cosine < wanted or difference > most:
        limit = f" ({most:.0e} is allowed)" if np.isfinite(most) else ""
        raise NotProven(f"{said}{limit}; take another --precision or --device")
    return said


def batches_do_not_matter(encoder: Encoder, lengths: Iterable[int]) -> str:
    """Whether a window's vector is the same whatever batch it is in.

    Raises:
        NotProven: it is not, so bins may depend on ``--batch-size``.
    """
    if not bits_keep(encoder, lengths):
        raise NotProven(
            "a window's bits depend on its batch: bins may change with --batch-size; keep it the "
            "same, or take another --precision or --device"
        )
    return "a window's bits do not depend on its batch"


def bits_keep(encoder: Encoder, lengths: Iterable[int]) -> bool:
    """Has a window's vector the same bits in batches of any size, and in any place of them?"""
    same = True
    for bases in lengths:
        batch = random_batch(256, bases, seed=1)
        whole = encoder.encode(batch)
        for windows in (1, 2, 3, 5, 8, 17, 64):
            part = slice(windows, 2 * windows)
            same &= np.array_equal(encoder.encode(batch.part(part)), whole[part])
        turned = Batch(batch.codes[::-1].copy(), batch.lengths[::-1].copy(), batch.contigs)
        same &= np.array_equal(encoder.encode(turned)[::-1], whole)
    return bool(same)


def random_batch(windows: int, bases: int, seed: int = 0) -> Batch:
    """Windows of random bases, up to a quarter of them padding."""
    rng = np.random.default_rng([seed, bases])
    codes = rng.integers(0, 4, (windows, bases)).astype(np.uint8)
    lengths = rng.integers(bases * 3 // 4, bases + 1, windows).astype(np.int32)
    codes[np.arange(bases) >= lengths[:, None]] = 0
    return Batch(codes, lengths, np.arange(windows))


def bins_are_those_of(
    reference: Reference, community: Community, out: Path, device: Device, threads: int
) -> str:
    """Bin the community on the device, and compare contig2bin.tsv with the reference's.

    Raises:
        NotProven: the community or its bins are others, or there are no marker genes.
    """
    if not markers_available():
        raise NotProven(
            "pyhmmer is not installed, and bins without marker genes are others: "
            "`pip install 'llmbin-fast[markers]'`"
        )
    if digest_of(community.contigs, community.depth) != reference.community:
        raise NotProven(
            "the synthetic community is another than the reference's: numpy computes other random "
            "numbers here; take another version of numpy"
        )
    model = ModelOptions(device=str(device), precision=device.precision)
    pipeline.run(
        RunOptions(
            contigs=community.contigs,
            depth=[community.depth],
            outdir=out,
            model=model,
            threads=threads,
            report=False,
            progress=False,
        )
    )
    found = digest_of(out / "contig2bin.tsv")
    scores = score_bins(read_bins(out / "contig2bin.tsv"), read_gold(community.gold))
    said = f"{scores.near_complete} of {scores.genomes} genomes near-complete"
    if found != reference.bins:
        raise NotProven(
            f"{said}, but contig2bin.tsv is another than the reference's (sha256 {found[:12]}, not "
            f"{reference.bins[:12]}); if the vectors hold, please report it with this file"
        )
    return f"{said}, contig2bin.tsv is that of the reference"
