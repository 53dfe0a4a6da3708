"""Our own kernel and nothing else: its time by the card's clock, and its bits.

python -m bench.gpu.kernel [--windows 4096] [--bases 1024] [--repeats 20] [--bands 1] [--small]

``--bands 2`` is a variant that the program does not take: a warp has 32 positions. ``--small`` is
for ncu and compute-sanitizer: a few windows of all lengths, once.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from llmbin.model.cuda import checked, find_gpu
from llmbin.model.fused import FusedEncoder, Lane
from llmbin.model.fused_weights import arranged_weights, encoder_sizes
from llmbin.model.pack import WEIGHTS, ModelPack, find_pack, load_pack
from llmbin.options import DEFAULT_MODEL
from llmbin.proof.checks import random_batch


class TimedEncoder(FusedEncoder):
    """The encoder, with the milliseconds of its last kernel, by events around it."""

    milliseconds = 0.0

    def _launch(self, lane: Lane, windows: int, bases: int) -> None:
        with self._timed(lane.stream):
            super()._launch(lane, windows, bases)

    @contextmanager
    def _timed(self, stream: Any) -> Iterator[None]:
        api = self._api
        events = [checked(api, api.cudaEventCreate(), "making an event") for _ in range(2)]
        checked(api, api.cudaEventRecord(events[0], stream), "timing")
        yield
        checked(api, api.cudaEventRecord(events[1], stream), "timing")
        checked(api, api.cudaEventSynchronize(events[1]), "timing")
        self.milliseconds = checked(api, api.cudaEventElapsedTime(*events), "timing")
        for event in events:
            checked(api, api.cudaEventDestroy(event), "timing")


def timed_encoder(pack: ModelPack, bands: int = 1) -> TimedEncoder:
    from safetensors.numpy import load

    sizes = replace(encoder_sizes(pack.config), bands=bands)
    tensors = load((pack.folder / WEIGHTS).read_bytes())
    return TimedEncoder(sizes, arranged_weights(tensors, sizes), find_gpu(0))


def kernel_rate(
    encoder: TimedEncoder, windows: int, bases: int, repeats: int
) -> dict[str, float | bool]:
    """Milliseconds of the median run, and Mbp/s of it; whether every run gave the same bits."""
    batch = random_batch(windows, bases)
    first = encoder.encode(batch)
    times, same = [encoder.milliseconds], True
    for _ in range(repeats):
        same &= np.array_equal(encoder.encode(batch), first)
        times.append(encoder.milliseconds)
    usual = float(np.median(times))
    rate = windows * bases / usual / 1e3
    return {"kernel_ms": round(usual, 4), "mbp_per_second": round(rate, 1), "same_bits": bool(same)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=4096)
    parser.add_argument("--bases", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--bands", type=int, default=1, choices=(1, 2))
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    pack = load_pack(find_pack(DEFAULT_MODEL))
    encoder = timed_encoder(pack, options.bands)
    if options.small:
        for bases in range(pack.bucket, pack.window + 1, pack.bucket):
            print(bases, encoder.encode(random_batch(3, bases)).sum(1))
    else:
        print(kernel_rate(encoder, options.windows, options.bases, options.repeats))


if __name__ == "__main__":
    main()
