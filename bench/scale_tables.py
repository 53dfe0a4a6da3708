"""How whole runs grow, what cohorts take, and what many cores give: tables of docs/scale.md."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from .markdown import table

STAGES = ["reading", "homology", "markers", "binning", "output"]


def whole(result: dict[str, Any]) -> str:
    """Rows of `bench.whole`, and the powers by which they grow."""
    titles = ["binner", "contigs", "Mbp", "near-complete", "bins", "CPU s", "wall s", "peak MiB"]
    rows = [
        [
            r["binner"],
            f"{r['contigs']:,}",
            f"{r['bases'] / 1e6:,.0f}",
            f"{r['near_complete']:,} of {r['genomes']:,}",
            f"{r['bins']:,}",
            f"{r['cpu_seconds']:,.0f}",
            f"{r['wall_seconds']:,.0f}",
            f"{r['peak_mib']:,}",
            *(f"{r['stages'][s]['cpu_seconds']:.0f}" if "stages" in r else "" for s in STAGES),
        ]
        for r in in_order(result["rows"])
    ]
    grown = [powers(a, b) for a, b in pairwise(in_order(result["rows"])) if like(a, b)]
    return "\n\n".join([table([*titles, *(f"{s}, CPU s" for s in STAGES)], rows), *grown])


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A binner's sizes one after the other."""
    return sorted(rows, key=lambda r: (r["binner"], r["samples"], r["contigs"]))


def like(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rows differ in nothing but size."""
    return bool(one["binner"] == other["binner"] and one["samples"] == other["samples"])


def powers(less: dict[str, Any], more: dict[str, Any]) -> str:
    """By which power of the number of contigs a run grows."""
    told = {"CPU time": "cpu_seconds", "memory": "peak_mib"}
    found = {title: power(less, more, less[key], more[key]) for title, key in told.items()}
    for stage in STAGES if "stages" in less else []:
        seconds = (row["stages"][stage]["cpu_seconds"] for row in (less, more))
        found[stage] = power(less, more, *seconds)
    listed = ", ".join(f"{title} {value:.2f}" for title, value in found.items())
    return (
        f"{more['binner']}, from {less['contigs']:,} to {more['contigs']:,} contigs, grows with "
        f"these powers of their number: {listed}."
    )


def power(less: dict[str, Any], more: dict[str, Any], small: float, large: float) -> float:
    """p of ``large / small`` = ratio of the contigs to the p."""
    return math.log(large / small) / math.log(more["contigs"] / less["contigs"])


def cohort(result: dict[str, Any]) -> str:
    """Rows of `bench.cohort`."""
    titles = ["version", "samples", "contigs", "Mbp", "table, MB", "near-complete", "CPU s"]
    titles += ["coverage, CPU s", "binning, CPU s", "MiB after coverage", "peak MiB", "predicted"]
    return table(
        titles,
        [
            [
                r["version"],
                str(r["samples"]),
                f"{r['samples'] * r['contigs']:,}",
                f"{r['bases'] / 1e6:.0f}",
                f"{r['table_bytes'] / 1e6:.0f}",
                f"{r['near_complete']:,} of {r['genomes']:,}",
                f"{r['cpu_seconds']:.0f}",
                f"{r['stages']['coverage']['cpu_seconds']:.1f}",
                f"{r['stages']['binning']['cpu_seconds']:.1f}",
                f"{r['stages']['coverage']['peak_mib']:.0f}",
                str(r["peak_mib"]),
                str(r["needed_mib"]),
            ]
            for r in result["rows"]
        ],
    )


def cores(result: dict[str, Any]) -> str:
    """Rows of `bench.threads --estimate`: least wall seconds by stage."""
    rows = result["rows"]
    stages = [stage for stage in rows[0]["estimated"] if stage != "all"]
    one = {r["community"]: r["estimated"]["all"] for r in rows if r["threads"] == 1}
    return table(
        ["community", "cores", "s at least", "times as fast at most", *stages],
        [
            [
                f"`{r['community']}`",
                str(r["threads"]),
                f"{r['estimated']['all']:.1f}",
                f"{one[r['community']] / r['estimated']['all']:.1f}",
                *(f"{r['estimated'][stage]:.2f}" for stage in stages),
            ]
            for r in rows
        ],
    )
