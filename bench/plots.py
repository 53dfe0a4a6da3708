"""Pictures of the results: python -m bench.plots writes quality.svg and scale.svg into bench/results. Needs matplotlib."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

from . import record
from .report import in_order

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
    figure, axes = pyplot.subplots(1, len(communities), figsize=(2.9 * len(communities), 3.4), layout="constrained")
    for axis, community in zip(axes, communities, strict=True):
        mine = [r for r in rows if r["community"] == community]
        for row in mine:
            if row["binner"] in STYLES:
                colour, marker = STYLES[row["binner"]]
                face = colour if row["binner"].startswith("llmbin") else "white"
                axis.plot(
                    row["cpu_seconds"], row["near_complete"], marker, color=colour, markerfacecolor=face, markersize=8, label=row["binner"]
                )
        samples = mine[0].get("samples")
        axis.set_title(f"{community}" + (f" ({samples} sample{'s' * (samples > 1)})" if samples else ""), fontsize=11)
        axis.set_xscale("log")
        axis.set_xlim(1, 2_000)
        axis.set_ylim(0, mine[0]["genomes"])
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("near-complete genomes\n(the axis ends at all there are)")
    figure.supxlabel("CPU seconds", fontsize=10)
    handles = {label: h for axis in axes for h, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles), frameon=False)
    save(figure, "quality")


def scale() -> None:
    """CPU seconds of tree, cut and recruitment against the number of contigs and of samples, with slopes between neighbours."""
    from matplotlib import pyplot

    result = read("scale")
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    panels = (
        ("contigs", result["rows"], f"{result['samples']} samples"),
        ("samples", result["by_samples"], f"{result['by_samples'][0]['contigs']:,} contigs"),
    )
    for axis, (what, rows, title) in zip(axes, panels, strict=True):
        axis.loglog([r[what] for r in rows], [r["cpu_seconds"] for r in rows], "o-", color="#0b5394")
        for a, b in pairwise(rows):
            slope = math.log(b["cpu_seconds"] / a["cpu_seconds"]) / math.log(b[what] / a[what])
            at = math.sqrt(a[what] * b[what]), math.sqrt(a["cpu_seconds"] * b["cpu_seconds"])
            axis.annotate(f"slope {round(slope, 1) + 0.0:.1f}", at, xytext=(8, -12), textcoords="offset points", fontsize=9)
        axis.set_xlabel(what)
        axis.set_title(title, fontsize=11)
        axis.grid(alpha=0.3, which="both")
    axes[0].set_ylabel("CPU seconds: tree, cut, recruitment")
    axes[1].set_ylim(1, 100)
    axes[1].set_xticks([r["samples"] for r in result["by_samples"]], [str(r["samples"]) for r in result["by_samples"]])
    axes[1].minorticks_off()
    save(figure, "scale")


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
    scale()


if __name__ == "__main__":
    main()
