"""Files of finished runs as reports read them, with whatever bins, samples and names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=document.title='owned'>",
    "k\udcff\udcfe_1",  # bytes that are not UTF-8, as they are read
    "&lt;b&gt; \"quoted\" 'it' `tick` ${1+1} {a|b}",
)
CLASSES = ("near-complete", "high", "medium", "low")


@dataclass(frozen=True)
class Made:
    """How many of what; ``names`` are those of the first contigs."""

    bins: int = 6
    contigs_each: int = 20
    unbinned: int = 10
    samples: int = 3
    names: tuple[str, ...] = ()
    prefix: str = "bin"
    markers: bool = True
    places: bool = True
    more: dict[str, str] = field(default_factory=dict)  # further columns of bins.tsv, by title
    rounds: tuple[Any, ...] = ()  # of a watch


USUAL = Made()


def write_run(folder: Path, made: Made = USUAL, seed: int = 0) -> Path:
    """A folder like that of a run."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    label = np.concatenate(
        [np.repeat(np.arange(made.bins), made.contigs_each), np.full(made.unbinned, -1)]
    )
    n = len(label)
    names = [*made.names, *(f"k_{i}" for i in range(len(made.names), n))][:n]
    length = np.maximum(1000, rng.lognormal(9, 0.8, n).astype(int))
    gc_of, depth_of = (
        rng.uniform(0.3, 0.7, made.bins + 1),
        rng.lognormal(2, 1, (made.bins + 1, made.samples)),
    )
    gc = np.clip(gc_of[label] + rng.normal(0, 0.02, n), 0, 1)
    depth = depth_of[label] * rng.lognormal(0, 0.1, (n, made.samples))
    probability = np.clip(1.05 - rng.exponential(0.05, n), 0, 1)
    bins = [f"{made.prefix}.{b + 1:04d}" for b in range(made.bins)]
    samples = [f"S{s + 1}" for s in range(made.samples)]
    titles = [f"depth_{s}" for s in samples]

    rows = [["contig", "length", "gc", *titles, "bin", "probability", "core", "why_unbinned"]]
    for i, b in enumerate(label.tolist()):
        why = "" if b >= 0 else ("unlike every bin", "no clear home (best bin has 0.41)")[i % 2]
        depths = [f"{d:.4f}" for d in depth[i]]
        of = bins[b] if b >= 0 else ""
        numbers = [f"{probability[i]:.4f}", "yes" if b >= 0 else "no"]
        rows.append([names[i], str(length[i]), f"{gc[i]:.4f}", *depths, of, *numbers, why])
    write_table(folder / "contigs.tsv", rows)

    quality = ["completeness", "contamination", "quality", "quality_basis", *made.more, "sample"]
    rows = [["bin", "contigs", "bp", "n50", "gc", *titles, "confidence", *quality]]
    for b in range(made.bins):
        mine = length[label == b]
        kind = CLASSES[b % 4]
        sure = [f"{99 - 9 * (b % 4)}.50", f"{b % 7}.25", kind, "single-copy markers of bacteria"]
        unsure = ["NA", "NA", "unknown", "markers off"]
        depths = [f"{d:.4f}" for d in depth_of[b]]
        size = [bins[b], str(len(mine)), str(mine.sum()), str(mine.max()), f"{gc_of[b]:.4f}"]
        rest = [*(sure if made.markers else unsure), *made.more.values(), ""]
        rows.append([*size, *depths, "0.9900", *rest])
    write_table(folder / "bins.tsv", rows)
    if made.places:
        middle = rng.uniform(0.05, 0.95, (made.bins + 1, 2))
        places = np.clip(middle[label] + rng.normal(0, 0.02, (n, 2)), 0, 1)
        rows = [["contig", "x", "y"]]
        rows += [[name, f"{x:.4f}", f"{y:.4f}"] for name, (x, y) in zip(names, places, strict=True)]
        write_table(folder / "places.tsv", rows)
    (folder / "run.json").write_text(json.dumps(record(folder, made, samples), indent=1))
    return folder


def record(folder: Path, made: Made, samples: list[str]) -> dict[str, Any]:
    """What a report takes from ``run.json``."""
    return {
        "program": "llmbin-fast",
        "version": "1.2.3",
        "parameters": {
            "contigs": "my contigs.fasta",
            "outdir": str(folder),
            "depth": ["depth.tsv"],
            "prefix": made.prefix,
            "recruit_length": 1000,
            "min_length": 2000,
        },
        "model": {"name": "llmbin-edge", "version": "2.2", "sha256": "ab" * 32},
        "device": {"device": "cpu", "precision": "int8", "reason": "no GPU is seen"},
        "inputs": [{"path": "my contigs.fasta", "bytes": 1000, "sha256": "cd" * 32}],
        "contigs_too_short": 3,
        "bases_too_short": 1500,
        "samples": samples,
        "rounds": list(made.rounds),
        "stages": {
            "reading": {"seconds": 3.5, "cpu_seconds": 6.0, "peak_mib": 200.0},
            "binning": {"seconds": 1.0, "cpu_seconds": 1.5, "peak_mib": 250.0},
        },
    }


def write_table(path: Path, rows: list[list[str]]) -> None:
    text = "".join("\t".join(row) + "\n" for row in rows)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
