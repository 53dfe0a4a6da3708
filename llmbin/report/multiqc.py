"""The same for MultiQC, as its "custom content": a line a run, when many runs are looked at."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..options import PREFIX, file_prefix, plain_prefix
from .content import class_counts, title_of, totals
from .encode import number, readable
from .finished import BinTable, FinishedRun

NAME = "{}llmbin_{}_mqc.json"  # a prefix, and the part of MultiQC's report
COLOURS = {
    "near-complete": "#0b5cad",
    "high": "#1b8a6b",
    "medium": "#c9780a",
    "low": "#8a8f98",
    "not judged": "#8a8f98",
    "unknown": "#8a8f98",
}
MOST_BINS = 500  # in the table and the scatter plot, of one run: the largest

Part = dict[str, Any]


def multiqc_files(run: FinishedRun) -> dict[str, str]:
    """Names of files and their text. Parts without any bin are left out."""
    prefix = str(run.record.get("parameters", {}).get("prefix", PREFIX))
    sample = sample_of(run, prefix)
    parts = {"general": general(run, sample), "classes": classes(run.bins, sample)}
    if run.bins.names:
        parts |= {"bins": bins_table(run.bins, sample)}
        if scatter := quality(run.bins, sample):
            parts |= {"quality": scatter}
    return {
        NAME.format(file_prefix(prefix), part): json.dumps(content, indent=1) + "\n"
        for part, content in parts.items()
    }


def sample_of(run: FinishedRun, prefix: str) -> str:
    """What MultiQC calls the run: the prefix of its bins, or else the folder's name."""
    return title_of(run.record) if prefix == PREFIX else plain_prefix(prefix)


def general(run: FinishedRun, sample: str) -> Part:
    """Columns of the general statistics."""
    found = totals(run)
    row: dict[str, Any] = {
        "llmbin_bins": len(run.bins.names),
        "llmbin_near_complete": found["classes"]["near-complete"],
        "llmbin_binned": number(100 * found["binned_bases"] / max(found["bases"], 1)),
        "llmbin_mapped": number(100 * (found["mapped_share"] or 0.0)),
    }
    headers: dict[str, Part] = {
        "llmbin_bins": _whole("Bins", "Bins of llmbin-fast"),
        "llmbin_near_complete": _whole(
            "Near-complete", "Bins over 90 % complete and under 5 % contaminated, estimated"
        ),
        "llmbin_binned": _percent("Binned", "Bases of the contigs that are in a bin"),
        "llmbin_mapped": _percent("Reads binned", "Mapped bases that lie on contigs in a bin"),
    }
    for name, known in {
        "llmbin_near_complete": "unknown" not in found["classes"],
        "llmbin_mapped": found["mapped_share"] is not None,
    }.items():
        if not known:
            del row[name], headers[name]
    return {
        "id": "llmbin_general",
        "plot_type": "generalstats",
        "headers": headers,
        "data": {sample: row},
    }


def classes(bins: BinTable, sample: str) -> Part:
    """A bar a run: its bins by class."""
    counts = class_counts(bins)
    return {
        **_section("classes", "bins by quality", "Bins of each class of estimated quality."),
        "plot_type": "bargraph",
        "categories": {c: {"name": c, "color": COLOURS.get(c, COLOURS["unknown"])} for c in counts},
        "pconfig": {"id": "llmbin_classes_plot", "title": "llmbin-fast: bins", "ylab": "bins"},
        "data": {sample: counts},
    }


def quality(bins: BinTable, sample: str) -> Part | None:
    """Completeness against contamination; None where no bin has both."""
    x, y = bins.numbers("completeness"), bins.numbers("contamination")
    judged = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[:MOST_BINS]
    if not len(judged):
        return None
    of, names = bins.columns["quality"], bins.names
    text = _largest("A mark a bin, coloured by quality", bins)
    return {
        **_section("quality", "completeness and contamination", text),
        "plot_type": "scatter",
        "pconfig": {
            "id": "llmbin_quality_plot",
            "title": "llmbin-fast: completeness and contamination",
            "xlab": "completeness, %",
            "ylab": "contamination, %",
            "xmin": 0,
            "xmax": 100,
            "ymin": 0,
        },
        "data": {
            f"{sample} {readable(names[b])}": {
                "x": number(x[b]),
                "y": number(y[b]),
                "color": COLOURS.get(of[b], COLOURS["unknown"]),
            }
            for b in judged.tolist()
        },
    }


def bins_table(bins: BinTable, sample: str) -> Part:
    """A row a bin."""
    headers = {
        "quality": {"title": "Quality", "description": "Class of estimated quality"},
        "kind": {"title": "Kind", "description": "What most of the bin's bases are of"},
        "completeness": _percent("Completeness", "Estimated from marker genes"),
        "contamination": {**_percent("Contamination", "Estimated from marker genes"), "max": 20},
        "bp": {**_whole("Size", "Bases"), "suffix": " bp"},
        "n50": {**_whole("N50", "Half of the bases are in contigs as long or longer")},
        "contigs": _whole("Contigs", "Contigs of the bin"),
        "gc": {"title": "GC", "description": "Share of G and C", "format": "{:.3f}"},
    }
    words = [title for title in ("quality", "kind") if title in bins.columns]
    headers = {t: h for t, h in headers.items() if t in words or t != "kind"}
    columns = {title: bins.numbers(title) for title in headers if title not in words}
    rows = {
        f"{sample} {readable(name)}": {
            **{t: bins.columns[t][b] for t in words},
            **{t: n for t, v in columns.items() if (n := number(v[b])) is not None},
        }
        for b, name in enumerate(bins.names[:MOST_BINS])
    }
    return {
        **_section("bins", "bins", _largest("Bins, the largest first", bins)),
        "plot_type": "table",
        "pconfig": {"id": "llmbin_bins_table", "title": "llmbin-fast: bins", "col1_header": "Bin"},
        "headers": headers,
        "data": rows,
    }


def _section(part: str, title: str, text: str) -> Part:
    return {
        "id": f"llmbin_{part}",
        "parent_id": "llmbin",
        "parent_name": "llmbin-fast",
        "parent_description": "Bins of a metagenome, by llmbin-fast.",
        "section_name": title[0].upper() + title[1:],
        "description": text,
    }


def _largest(what: str, bins: BinTable) -> str:
    more = len(bins.names) > MOST_BINS
    return f"{what}; of each run the {MOST_BINS} largest at most." if more else f"{what}."


def _whole(title: str, text: str) -> Part:
    return {"title": title, "description": text, "min": 0, "format": "{:,.0f}", "scale": "Blues"}


def _percent(title: str, text: str) -> Part:
    limits = {"min": 0, "max": 100, "suffix": "%", "format": "{:,.1f}"}
    return {"title": title, "description": text, "scale": "YlGnBu", **limits}
