"""Tables of estimated quality, of the result of bench.estimates."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .markdown import table


def estimates(result: dict[str, Any]) -> str:
    """Errors of estimated completeness and contamination, a row for each community."""
    rows = [
        [
            r["community"],
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
        for r in [
            *result["rows"],
            result["all"] | {"community": "all"},
            result["finished"] | {"community": "of finished genomes"},
            result["drafts"] | {"community": "of drafts"},
        ]
    ]
    titles = ["community", "bins", "completeness, points off (bias)", "contamination"]
    titles += ["inside the interval: completeness", "contamination"]
    return table([*titles, "near-complete bins called so", "called so that are"], rows)


def estimates_in_short(result: dict[str, Any]) -> str:
    every = result["all"]
    off = [every[w]["mean_absolute_error"] for w in ("completeness", "contamination")]
    inside = [100 * every[w]["in_interval"] for w in ("completeness", "contamination")]
    bins = f"{every['bins']} bins of {len(result['rows'])} communities"
    finished = result["finished"]["completeness"]["mean_absolute_error"]
    return (
        f"Completeness that `bins.tsv` gives is {off[0]:.1f} points from the truth in the mean "
        f"({finished:.1f} where the genome itself is no draft), and contamination {off[1]:.1f}, on "
        f"{bins}; {inside[0]:.0f} and {inside[1]:.0f} % of the truths lie in the intervals that "
        "should hold 80 % "
        "([estimates](bench/results/README.md#estimated-quality))."
    )


def confidence(result: dict[str, Any]) -> str:
    """What probabilities of contigs say and what is so, beside the shares of votes."""
    titles = ["", "contigs", "right", "log loss: by votes", "by probability", "area: by votes"]
    rows = [
        [
            r.get("community", "all"),
            f"{r['contigs']:,}",
            f"{100 * r['right']:.1f} %",
            *(f"{r[what]['log_loss']:.3f}" for what in ("votes", "probability")),
            *(share_of(r[what]["area"]) for what in ("votes", "probability")),
        ]
        for r in [*result["rows"], result["all"]]
    ]
    return table([*titles, "by probability"], rows)


def confidence_steps(result: dict[str, Any]) -> str:
    """How many contigs of each range of probability are right."""
    votes, now = (
        {step["from"]: step for step in result["all"][what]["steps"]}
        for what in ("votes", "probability")
    )
    bounds = [*sorted(now), 1]
    rows = [
        [
            f"{a:g} to {b:g}",
            *(
                text
                for step in (votes[a], now[a])
                for text in (
                    f"{step['contigs']:,}, {step['mbp']:.0f} Mbp",
                    f"{100 * step['said']:.1f} %",
                    f"{100 * step['right']:.1f} %",
                )
            ),
        ]
        for a, b in pairwise(bounds)
    ]
    titles = ["", "by votes", "said", "right", "by probability", "said", "right"]
    return table(titles, rows)


def share_of(area: float | None) -> str:
    return "" if area is None else f"{area:.3f}"
