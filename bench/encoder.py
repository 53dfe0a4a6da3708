"""The encoder beside PyTorch, beside padding to one length, and beside batches as they arrive.

python -m bench.encoder contigs.fasta [--windows 1500]

One thread, CPU seconds, the same windows in one run: the first windows of an assembly's contigs,
so their lengths are real. Needs torch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from llmbin.io.contigs import Assembly, Contig, read_contigs
from llmbin.model.devices import Device
from llmbin.model.encoder import OnnxEncoder, encode_batches
from llmbin.model.pack import find_pack, load_pack
from llmbin.model.windows import CPU_BUDGET, Batch, WindowPlan, batches, window_starts
from llmbin.options import DEFAULT_MODEL
from llmbin.proof.rates import TorchEncoder

from . import record


def as_they_come(contigs: Iterable[Contig], plan: WindowPlan, budget: int) -> Iterator[Batch]:
    """Batches of neighbours in the file, padded to the longest of each batch.

    That is rounded up to a multiple of the stride.
    """
    count = budget // plan.window
    held: list[tuple[int, np.ndarray]] = []
    for contig in contigs:
        held += [
            (contig.index, contig.codes[s : s + plan.window])
            for s in window_starts(len(contig.codes), contig.index, plan)
        ]
        while len(held) >= count:
            part, held = held[:count], held[count:]
            size = -(-max(len(p) for _, p in part) // 8) * 8
            codes = np.stack([np.pad(p, (0, size - len(p))) for _, p in part])
            yield Batch(
                codes, np.array([len(p) for _, p in part], np.int32), np.array([i for i, _ in part])
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contigs", type=Path)
    parser.add_argument("--windows", type=int, default=1500)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    import torch
    from llmbin.export.graph import deployable
    from llmbin.export.pack import language_model

    torch.set_num_threads(1)
    pack = load_pack(find_pack(DEFAULT_MODEL))
    contigs = list(islice(read_contigs(options.contigs, 1000, Assembly()), options.windows))
    plan, fixed = WindowPlan(pack.window, 1, pack.bucket), WindowPlan(pack.window, 1, pack.window)
    eager = deployable(language_model(pack))
    onnx = {
        p: OnnxEncoder(pack.encoders[p], pack.width, Device("cpu", 0, p, "bench"))
        for p in ("fp32", "int8")
    }
    jobs = {
        "ONNX Runtime INT8, by length": (onnx["int8"], batches, plan),
        "ONNX Runtime FP32, by length": (onnx["fp32"], batches, plan),
        "ONNX Runtime FP32, in order of arrival": (onnx["fp32"], as_they_come, plan),
        "ONNX Runtime FP32, padded to one length": (onnx["fp32"], batches, fixed),
        "PyTorch FP32 compiled, by length": (
            TorchEncoder(torch.compile(eager.encode, dynamic=True), pack.width),
            batches,
            plan,
        ),
        "PyTorch FP32 eager, by length": (TorchEncoder(eager.encode, pack.width), batches, plan),
        "PyTorch FP32 eager, padded to one length": (
            TorchEncoder(eager.encode, pack.width),
            batches,
            fixed,
        ),
    }
    rows: dict[str, dict[str, float]] = {}
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for encoder, cut, how in jobs.values():  # the first batches set up
        encode_batches(encoder, cut(contigs[:64], how, CPU_BUDGET), 1)
    for _ in range(options.repeats):
        for name, (encoder, cut, how) in jobs.items():
            began = time.process_time()
            done = encode_batches(encoder, cut(contigs, how, CPU_BUDGET), 1)
            times[name].append(time.process_time() - began)
            rows[name] = {
                "mbp": done.bases / 1e6,
                "padding_efficiency": done.bases / done.positions,
            }
    base = "PyTorch FP32 eager, by length"
    rate = {name: rows[name]["mbp"] / float(np.median(times[name])) for name in jobs}
    for name in jobs:
        rows[name] |= {"mbp_per_cpu_second": rate[name], "ratio": rate[name] / rate[base]}
        print(
            f"{name:42s} {rate[name]:.3f} Mbp per CPU second, {rate[name] / rate[base]:.2f} x, "
            f"padding {rows[name]['padding_efficiency']:.3f}",
            flush=True,
        )
    print(record.write("encoder", {"windows": len(contigs), "baseline": base, "rows": rows}))


if __name__ == "__main__":
    main()
