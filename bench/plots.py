"""Pictures of the results. Needs matplotlib.

python -m bench.plots

writes quality.svg, estimates.svg, scale.svg and throughput.svg into bench/results.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

from . import record
from .markdown import in_samples
from .report import STAGES, in_order

# One colour a binner, apart in lightness too; ours are filled, others open.
STYLES = {
    "llmbin-fast": ("#0b5394", "o"),
    "llmbin-fast, markers off": ("#6fa8dc", "o"),
    "MetaBAT2": ("#b45f06", "s"),
    "SemiBin2, global model": ("#38761d", "^"),
    "VAMB": ("#741b47", "D"),
}


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((record.RESULTS / f"{name}.json").read_text())
    return found


def quality() -> None:
    """Near-complete genomes against CPU seconds, a panel for each community."""
    from matplotlib import pyplot

    rows = in_order(read("quality")["rows"])
    communities = list(dict.fromkeys(r["community"] for r in rows))
    figure, [axes] = pyplot.subplots(
        1,
        len(communities),
        figsize=(2.9 * len(communities), 3.4),
        layout="constrained",
        squeeze=False,
    )
    for axis, community in zip(axes, communities, strict=True):
        mine = [r for r in rows if r["community"] == community]
        for row in mine:
            if row["binner"] in STYLES:
                colour, marker = STYLES[row["binner"]]
                face = colour if row["binner"].startswith("llmbin") else "white"
                axis.plot(
                    row["cpu_seconds"],
                    row["near_complete"],
                    marker,
                    color=colour,
                    markerfacecolor=face,
                    markersize=8,
                    label=row["binner"],
                )
        samples = mine[0].get("samples")
        axis.set_title(
            f"{community}" + (f" ({in_samples(samples)})" if samples else ""), fontsize=11
        )
        axis.set_xscale("log")
        axis.set_xlim(0.6, 2_000)
        axis.set_ylim(0, mine[0]["genomes"])
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("near-complete genomes\n(the axis ends at all there are)")
    figure.supxlabel("CPU seconds", fontsize=10)
    handles = {
        label: h
        for axis in axes
        for h, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside upper center",
        ncols=len(handles),
        frameon=False,
    )
    save(figure, "quality")


def estimates() -> None:
    """Estimated completeness and contamination of bins against the truth."""
    from matplotlib import pyplot

    result = read("estimates")
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
    for k, (axis, name) in enumerate(zip(axes, ("completeness", "contamination"), strict=True)):
        truth, estimate = zip(*(p[2 * k : 2 * k + 2] for p in result["points"]), strict=True)
        most = 100 if name == "completeness" else 50
        axis.plot([0, most], [0, most], color="#999999", linewidth=0.8)
        axis.plot(truth, estimate, "o", color="#0b5394", alpha=0.4, markersize=4, mew=0)
        error = result["all"][name]["mean_absolute_error"]
        axis.set_title(f"{name}: {error:.1f} points off in the mean", fontsize=11)
        axis.set_xlabel("truth, %")
        axis.set_ylabel("estimate, %")
        axis.set_aspect("equal")
        axis.set_xlim(-1, most + 1)
        axis.set_ylim(-1, most + 1)
        axis.grid(alpha=0.3)
    save(figure, "estimates")


def with_slopes(
    axis: Any, x: list[float], y: list[float], colour: str, label: str, below: bool = False
) -> None:
    """A line on logarithmic axes, and its slopes between neighbours above or below it."""
    axis.loglog(x, y, "o-", color=colour, label=label)
    offset = (4, -14) if below else (-14, 4)
    for (a, b), (c, d) in zip(pairwise(x), pairwise(y), strict=True):
        slope = f"{round(math.log(d / c) / math.log(b / a), 1) + 0.0:.1f}"
        at = (math.sqrt(a * b), math.sqrt(c * d))
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
        axis.annotate(
            slope, at, xytext=offset, textcoords="offset points", fontsize=9, color=colour, bbox=box
        )


def scale() -> None:
    """CPU seconds of tree, cut and recruitment against the number of contigs and of samples."""
    from matplotlib import pyplot

    result = read("scale")
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    panels = (
        ("contigs", result["rows"], f"{result['samples']} samples"),
        ("samples", result["by_samples"], f"{result['by_samples'][0]['contigs']:,} contigs"),
    )
    for axis, (what, rows, title) in zip(axes, panels, strict=True):
        with_slopes(axis, [r[what] for r in rows], [r["cpu_seconds"] for r in rows], "#0b5394", "")
        axis.set_xlabel(what)
        axis.set_title(title, fontsize=11)
        axis.grid(alpha=0.3, which="both")
    axes[0].set_ylabel("CPU seconds: tree, cut, recruitment\n(numbers: slopes)")
    by_samples(axes[1], result["by_samples"])
    save(figure, "scale")


def by_samples(axis: Any, rows: list[dict[str, Any]]) -> None:
    """An axis of few samples, with as much room above and below as the costs need."""
    axis.set_ylim(min(r["cpu_seconds"] for r in rows) / 3, 3 * max(r["cpu_seconds"] for r in rows))
    axis.set_xticks([r["samples"] for r in rows], [str(r["samples"]) for r in rows])
    axis.minorticks_off()


def throughput() -> None:
    """CPU seconds of whole runs against the number of contigs and of samples, and peak memory."""
    from matplotlib import pyplot

    result = read("throughput")
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    binners = list(dict.fromkeys(r["binner"] for r in result["rows"]))
    for binner in binners:
        rows = [r for r in result["rows"] if r["binner"] == binner]
        contigs, colour = [r["contigs"] for r in rows], STYLES[binner][0]
        ours = binner == "llmbin-fast"
        with_slopes(axes[0], contigs, [r["cpu_seconds"] for r in rows], colour, binner, below=ours)
        axes[1].loglog(contigs, [r["peak_mib"] for r in rows], "o-", color=colour)
        mine = [r for r in result["by_samples"] if r["binner"] == binner]
        with_slopes(
            axes[2],
            [r["samples"] for r in mine],
            [r["cpu_seconds"] for r in mine],
            colour,
            binner,
            below=ours,
        )
    rows = [r for r in result["rows"] if "stages" in r]
    for (stage, label), dashes in zip(STAGES.items(), ("--", (0, (1, 3)), "-.", ":"), strict=True):
        axes[0].loglog(
            [r["contigs"] for r in rows],
            [r["stages"][stage] for r in rows],
            linestyle=dashes,
            color="#6fa8dc",
            label=f"of it: {label}",
        )
    axes[0].set_ylabel("CPU seconds (numbers: slopes)")
    axes[1].set_ylabel("peak MiB")
    axes[2].set_ylabel("CPU seconds")
    for axis, what, title in (
        (axes[0], "contigs", f"{result['samples']} samples"),
        (axes[1], "contigs", f"{result['samples']} samples"),
        (axes[2], "samples", f"{result['by_samples'][0]['contigs']:,} contigs"),
    ):
        axis.set_xlabel(what)
        axis.set_title(title, fontsize=11)
        axis.grid(alpha=0.3, which="major")
    axes[1].set_yticks([250, 500, 1000, 2000, 4000], ["250", "500", "1,000", "2,000", "4,000"])
    axes[1].minorticks_off()
    by_samples(axes[2], result["by_samples"])
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=3,
        frameon=False,
        fontsize=9,
    )
    save(figure, "throughput")


def save(figure: Any, name: str) -> None:
    path = record.RESULTS / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    print(path)


def main() -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.hashsalt": "llmbin-fast",
        "font.family": "DejaVu Sans",
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    quality()
    estimates()
    scale()
    throughput()


if __name__ == "__main__":
    main()
