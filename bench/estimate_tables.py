"""Tables of estimated quality, of the result of bench.estimates."""

from __future__ import annotations

from typing import Any

from .markdown import table


def estimates(result: dict[str, Any]) -> str:
    """Errors of estimated completeness and contamination, a row for each community."""
    rows = [
        [
            r.get("community", "all"),
            str(r["bins"]),
            *(
                f"{r[what]['mean_absolute_error']:.1f} ({r[what]['bias']:+.1f})"
                for what in ("completeness", "contamination")
            ),
            *(
                f"{100 * r[what]['in_interval']:.0f} %"
                for what in ("completeness", "contamination")
            ),
            f"{r['both']} of {r['near_complete']}",
            f"{r['both']} of {r['called_near_complete']}",
        ]
        for r in [*result["rows"], result["all"]]
    ]
    titles = ["community", "bins", "completeness, points off (bias)", "contamination"]
    titles += ["inside the interval: completeness", "contamination"]
    return table([*titles, "near-complete bins called so", "called so that are"], rows)


def estimates_in_short(result: dict[str, Any]) -> str:
    every = result["all"]
    off = [every[w]["mean_absolute_error"] for w in ("completeness", "contamination")]
    inside = [100 * every[w]["in_interval"] for w in ("completeness", "contamination")]
    bins = f"{every['bins']} bins of {len(result['rows'])} communities"
    return (
        f"Completeness that `bins.tsv` gives is {off[0]:.1f} points from the truth in the mean, "
        f"and contamination {off[1]:.1f}, on {bins}; {inside[0]:.0f} and {inside[1]:.0f} % of the "
        "truths lie in the intervals that should hold 80 % "
        "([estimates](bench/results/README.md#estimated-quality))."
    )
