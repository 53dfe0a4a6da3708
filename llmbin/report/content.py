"""What the page says of a run, as plain data for its script."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from .command import command_of
from .encode import number, readable
from .finished import BinTable, ContigTable, FinishedRun, Rows
from .points import colours_of_bins, point_data, sample_contigs

LARGEST = sys.float_info.max
DOUBTFUL = 0.9  # probability below which a contig of a bin is doubtful
MOST_DOUBTFUL = 10  # of a bin that are listed
LISTED = 6_000  # of all bins together
CLASSES = ("near-complete", "high", "medium", "low", "not judged", "unknown")
UNESTIMATED = ("not judged", "unknown")  # told only where there are some


def content_of(run: FinishedRun) -> dict[str, Any]:
    """All of it."""
    contigs, bins = run.contigs, run.bins
    return {
        "title": title_of(run.record),
        "from": what_from(run.record),
        "run": about(run.record),
        "totals": totals(run),
        "rounds": rounds_of(run.record),
        "bins": {
            "columns": {t: list(map(readable, v)) for t, v in bins.columns.items()},
            "samples": list(map(readable, bins.samples)),
            "depth": [[number(d) for d in row] for row in bins.depth.tolist()],
            "colour": colours_of_bins(contigs, len(bins.names)),
        },
        "points": point_data(contigs, sample_contigs(contigs)),
        "doubtful": doubtful(contigs, bins),
        "unbinned": why_unbinned(run),
    }


def rounds_of(record: dict[str, Any]) -> list[dict[str, float]]:
    """Of each round of a `watch` so far: its number, Gbp of reads, bins, near-complete ones.

    None of a run by itself. What is not as a `watch` writes it is left out.
    """
    titles = ("round", "gbp", "bins", "near_complete")
    rows = [r for r in record.get("rounds", []) if isinstance(r, dict)]
    known = [{t: r.get(t) for t in titles} for r in rows]
    return [
        {t: float(v) for t, v in row.items() if isinstance(v, (int, float))}
        for row in known
        if all(isinstance(v, (int, float)) and abs(v) <= LARGEST for v in row.values())
    ]


def title_of(record: dict[str, Any]) -> str:
    """The record's title, the folder's name, or that of the contigs."""
    held = record.get("parameters", {})
    named = (record.get("title"), held.get("outdir"), held.get("contigs"))
    names = (PurePath(n).name for n in named if isinstance(n, str))
    return readable(next(filter(None, names), "bins"))


def what_from(record: dict[str, Any]) -> str:
    """The file of the contigs, and the samples."""
    samples = list(map(readable, record.get("samples", [])))
    some = ", ".join(samples[:6]) + ("" if len(samples) <= 6 else " ...")
    plural = "s" * (len(samples) != 1)
    words = [PurePath(str(i.get("path", ""))).name for i in record.get("inputs", [])[:1]]
    words.append(f"{len(samples)} sample{plural}: {some}" if samples else "no samples")
    return ", ".join(map(readable, filter(None, words)))


def about(record: dict[str, Any]) -> dict[str, Any]:
    """Program, model, device, inputs, stages, and how to do it again."""
    model, device = record.get("model", {}), record.get("device", {})
    facts = {
        "llmbin-fast": record.get("version"),
        "model": " ".join(filter(None, [model.get("name"), model.get("version")])),
        "sha256 of the model": model.get("sha256"),
        "device": ", ".join(filter(None, [device.get("device"), device.get("precision")])),
        "chosen because": device.get("reason"),
        "Python": record.get("python"),
        "system": record.get("platform"),
        **record.get("packages", {}),
    }
    return {
        "version": record.get("version", ""),
        "facts": [[name, str(value)] for name, value in facts.items() if value],
        "inputs": [
            [readable(str(i.get("path"))), i.get("bytes"), i.get("sha256") or i.get("sha256_ends")]
            for i in record.get("inputs", [])
        ],
        "stages": [
            [name, s.get("seconds"), s.get("cpu_seconds"), s.get("peak_mib")]
            for name, s in record.get("stages", {}).items()
        ],
        "command": readable(command_of(record)),
    }


def totals(run: FinishedRun) -> dict[str, Any]:
    """The numbers that matter: bases, and what the reads say, of all contigs and of bins."""
    contigs, record = run.contigs, run.record
    inside = contigs.bin >= 0
    reads = contigs.total_depth.astype(np.float64) * contigs.length
    mapped = float(reads.sum())
    short = int(record.get("bases_too_short", 0))
    return {
        "contigs": len(contigs) + int(record.get("contigs_too_short", 0)),
        "bases": int(contigs.length.sum()) + short,
        "binned_contigs": int(inside.sum()),
        "binned_bases": int(contigs.length[inside].sum()),
        "mapped_share": number(float(reads[inside].sum()) / mapped) if mapped > 0 else None,
        "classes": class_counts(run.bins),
    }


def class_counts(bins: BinTable) -> dict[str, int]:
    """Bins of each class of quality, in the order of `CLASSES`, also of classes without bins.

    A class that is not among them, as of a later version, comes last.
    """
    found = bins.columns["quality"]
    every = dict.fromkeys([*CLASSES, *found])
    return {c: found.count(c) for c in every if c not in UNESTIMATED or c in found}


def why_unbinned(run: FinishedRun) -> list[dict[str, Any]]:
    """Reasons, with contigs, bases and share of all mapped bases; most bases first."""
    contigs, record = run.contigs, run.record
    reads = contigs.total_depth.astype(np.float64) * contigs.length
    mapped = max(float(reads.sum()), 1e-9)
    rows: list[dict[str, Any]] = []
    for i, why in enumerate(contigs.reasons):
        mine = contigs.reason == i
        rows.append(
            {
                "why": readable(why),
                "contigs": int(mine.sum()),
                "bases": int(contigs.length[mine].sum()),
                "reads": number(float(reads[mine].sum()) / mapped),
                "row": i,
            }
        )
    if count := int(record.get("contigs_too_short", 0)):
        least = record.get("parameters", {}).get("recruit_length")
        why = "too short"
        if isinstance(least, int):
            why = f"shorter than {least:,} bp (gaps do not count)"
        bases = int(record.get("bases_too_short", 0))
        rows.append({"why": why, "contigs": count, "bases": bases, "reads": None, "row": None})
    return sorted(rows, key=lambda row: -int(row["bases"]))


def doubtful(contigs: ContigTable, bins: BinTable) -> list[list[list[Any]]]:
    """Of each bin the contigs that may not belong there: name, length, GC, depth, probability.

    At most `MOST_DOUBTFUL`, the least probable first.
    """
    count = len(bins.names)
    most = min(MOST_DOUBTFUL, max(1, LISTED // max(count, 1)))
    rows = np.flatnonzero((contigs.bin >= 0) & (contigs.probability < DOUBTFUL))
    rows = rows[np.lexsort((rows, contigs.probability[rows], contigs.bin[rows]))]
    bounds = np.searchsorted(contigs.bin[rows], np.arange(count + 1))
    return [
        [_facts(contigs, row) for row in _some(rows[bounds[b] : bounds[b + 1]], most)]
        for b in range(count)
    ]


def _some(rows: Rows, most: int) -> Sequence[int]:
    found: list[int] = rows[:most].tolist()
    return found


def _facts(contigs: ContigTable, row: int) -> list[Any]:
    values = (contigs.gc[row], contigs.total_depth[row], contigs.probability[row])
    return [
        readable(contigs.names[row]),
        int(contigs.length[row]),
        *(number(float(v)) for v in values),
    ]
