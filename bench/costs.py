"""What parts take, and what a cohort and a large co-assembly cost by slopes of results.

`python -m bench.report` writes it into docs/scale.md. Prices are assumptions.
"""

from __future__ import annotations

import json
import math
from typing import Any

from llmbin.parts.search import first_rate

from .markdown import table
from .record import RESULTS

CORE_HOUR, GPU_HOUR = 0.05, 4.0  # dollars, as large clouds ask for on demand
CPUS = 4  # beside each GPU, as a task of `run --ray` has
WORD = 8  # bytes of a word for homology, of which one in 8 is kept of what was measured
SAMPLES = 10_000  # of a cohort, each with an assembly of its own
CONTIGS, BASES = 10_000_000, 36_000_000_000  # of a co-assembly
HOUR = 3600


def parts(result: dict[str, Any]) -> str:
    """What parts and their merge took (`bench.parts`)."""
    titles = ["community", "contigs", "Mbp", "parts", "CPU s: whole", "features", "merge"]
    titles += ["MiB: whole", "a part", "merge", "MB of files"]
    return table(
        titles,
        [
            [
                f"`{r['community']}`",
                f"{r['contigs']:,}",
                f"{r['bases'] / 1e6:.0f}",
                str(r["parts"]),
                *(f"{r[f'{what}_cpu_seconds']:.1f}" for what in ("whole", "features", "merge")),
                *(str(r[f"{what}_peak_mib"]) for what in ("whole", "features", "merge")),
                f"{r['bytes'] / 1e6:.0f}",
            ]
            for r in result["rows"]
        ],
    )


def costs(measured: dict[str, Any]) -> str:
    """The table: core-hours, GPU-hours, memory and money of both."""
    growth, whole, threads = (result(name) for name in ("throughput", "scale-whole", "threads"))
    mine = [r for r in growth["by_samples"] if "stages" in r and r["samples"] == 1]
    one, large = mine[0], max((r for r in whole["rows"] if "stages" in r), key=bases)
    gpu, cpu = (rate(threads, device) for device in ("cuda", "cpu"))
    less = gpu["cpu_seconds"] / cpu["cpu_seconds"]  # of the CPU time remains with a GPU
    cohort = SAMPLES * one["cpu_seconds"] / HOUR
    features = slope(measured) * BASES / HOUR
    merge = merging(whole) / HOUR
    contig = max((r["bytes"] - r["bases"]) / r["contigs"] for r in measured["rows"])
    files = contig * CONTIGS + WORD * BASES / first_rate(BASES)
    memory = large["peak_mib"] / large["contigs"] * CONTIGS / 1024
    size = f"{one['bases'] / 1e6:.0f} Mbp, {one['contigs']:,} contigs"
    part = max(r["features_peak_mib"] for r in measured["rows"])
    rows = [
        row(f"{SAMPLES:,} samples of {size}", cohort, 0, f"{one['peak_mib']} MiB a job"),
        row(
            "the same with GPUs",
            less * cohort,
            less * cohort / CPUS,
            f"{gpu['peak_mib']} MiB a job",
        ),
        row(
            f"{BASES / 1e9:.0f} Gbp, {CONTIGS / 1e6:.0f} million contigs: features",
            features,
            0,
            f"{part} MiB a part; files of {files / 1e9:.0f} GB",
        ),
        row("the same with GPUs", less * features, less * features / CPUS, "as above"),
        row("its merge and bins, on one machine", merge, 0, f"{memory:.0f} GiB"),
    ]
    return table(["what", "core-hours", "GPU-hours", "memory", "dollars"], rows)


def row(what: str, cores: float, gpus: float, memory: str) -> list[str]:
    money = cores * CORE_HOUR + gpus * GPU_HOUR
    return [what, figure(cores), figure(gpus) if gpus else "", memory, figure(money)]


def figure(value: float) -> str:
    """Two digits."""
    digits = 1 - math.floor(math.log10(value)) if value else 0
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def merging(whole: dict[str, Any]) -> float:
    """CPU seconds: binning by its last slope, homology and output by bases."""
    before, last = sorted((r for r in whole["rows"] if "stages" in r), key=bases)[-2:]
    small, large = (row["stages"]["binning"]["cpu_seconds"] for row in (before, last))
    power = math.log(large / small) / math.log(last["contigs"] / before["contigs"])
    binning = large * (CONTIGS / last["contigs"]) ** power
    by_bases = sum(last["stages"][name]["cpu_seconds"] for name in ("homology", "output"))
    return float(binning + by_bases * BASES / last["bases"])


def slope(measured: dict[str, Any]) -> float:
    """CPU seconds of features for a base, of the community that takes most."""
    return float(max(r["features_cpu_seconds"] / r["bases"] for r in measured["rows"]))


def rate(threads: dict[str, Any], device: str) -> dict[str, Any]:
    """The run on a device with fewest threads."""
    found = [r for r in threads["rows"] if r["binner"] == f"llmbin-fast, {device}"]
    return dict(min(found, key=lambda r: r["threads"]))


def bases(row: dict[str, Any]) -> int:
    return int(row["bases"])


def result(name: str) -> dict[str, Any]:
    return dict(json.loads((RESULTS / f"{name}.json").read_text()))
