"""Tables of real metagenomes, of the result of bench.real."""

from __future__ import annotations

from typing import Any

from .markdown import in_samples, table


def judged(row: dict[str, Any], by: str) -> str:
    """Near-complete bins, and in brackets those over 70 % complete and under 10 % contaminated."""
    return f"{row[by]['near_complete']} ({row[by]['good']})"


def real(result: dict[str, Any]) -> str:
    """A row for each data set and binner."""
    rows = [
        [
            f"{r['community']}, {in_samples(r['samples']) if r['samples'] else 'no depth'}",
            r["binner"],
            str(r["bins"]),
            f"{r['binned_percent']:.1f}",
            judged(r, "estimate"),
            judged(r, "cogs"),
            f"{r['truth']['near_complete']} of {r['truth']['genomes']}" if "truth" in r else "",
            f"{r['agreement']:.3f}",
            f"{r['cpu_seconds']:.0f}" if "cpu_seconds" in r else "",
        ]
        for r in result["rows"]
    ]
    titles = ["data", "binner", "bins", "% binned", "near-complete (good) by our estimate"]
    titles += ["by universal genes", "by the truth", "ARI to llmbin-fast", "CPU s"]
    return table(titles, rows)


def real_in_short(result: dict[str, Any]) -> str:
    """Two sentences: on the infant gut, and on the data with a truth."""
    gut = [r for r in result["rows"] if r["community"] == "infant-gut"]
    known = [r for r in result["rows"] if "truth" in r]
    judged_so = [
        f"{r['binner']} {r['estimate']['near_complete']} and {r['cogs']['near_complete']}"
        for r in gut
    ]
    found = [f"{r['binner']} {r['truth']['near_complete']}" for r in known]
    return (
        f"On a real metagenome, an infant's gut of {gut[0]['bases'] / 1e6:.0f} Mbp in "
        f"{in_samples(gut[0]['samples'])}, near-complete bins by our own estimate and by 40 "
        f"universal genes, neither of which is the truth: {'; '.join(judged_so)}. Of "
        f"{known[0]['truth']['genomes']} genomes of a consortium that are known: "
        f"{', '.join(found)} ([more](bench/results/README.md#real-metagenomes))."
    )
