"""Tables of README.md, bench/results/README.md and pages of docs, written from bench/results.

python -m bench.report [--check]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .costs import costs, parts
from .estimate_tables import confidence, confidence_steps, estimates, estimates_in_short
from .markdown import in_samples, table
from .peers import PEERS
from .real_tables import real, real_in_short
from .record import RESULTS
from .replay_tables import kills, replay, together
from .scale_tables import cohort, cores, whole

BINNERS = ["llmbin-fast", "llmbin-fast, markers off", *(peer.title for peer in PEERS.values())]
SPOKEN_OF = ["three", "one", "long", "mapped", "assembled"]
ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    RESULTS / "README.md",
    ROOT / "docs" / "deploy.md",
    ROOT / "docs" / "watch.md",
    ROOT / "docs" / "scale.md",
]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of communities and binners in the order in which they are spoken of."""
    places = [*SPOKEN_OF, *sorted({r["community"] for r in rows} - set(SPOKEN_OF))]
    return sorted(
        rows,
        key=lambda r: (
            places.index(r["community"]),
            BINNERS.index(r["binner"]) if r["binner"] in BINNERS else len(BINNERS),
        ),
    )


def spread(row: dict[str, Any]) -> str:
    """Least and most near-complete genomes of several runs."""
    runs = row.get("near_complete_runs", [])
    return f" ({min(runs)}-{max(runs)})" if len(set(runs)) > 1 else ""


def quality(result: dict[str, Any]) -> str:
    rows = [
        [
            r["community"],
            r["binner"],
            f"{r['near_complete']}{spread(r)} of {r['genomes']}",
            str(r["hq_70_10"]),
            f"{r['f1']:.3f}",
            f"{r['ari']:.3f}",
            f"{r['binned_percent']:.1f}",
            f"{r['cpu_seconds']:.0f}",
            f"{r['wall_seconds']:.0f}",
            str(r["peak_mib"]),
        ]
        for r in in_order(result["rows"])
    ]
    return table(
        [
            "community",
            "binner",
            "near-complete",
            "> 70 %, < 10 %",
            "F1",
            "ARI",
            "% binned",
            "CPU s",
            "wall s",
            "peak MiB",
        ],
        rows,
    )


def near_complete(result: dict[str, Any]) -> str:
    """The same in short: a row for each binner, a column for each community."""
    rows = in_order(result["rows"])
    communities = list(dict.fromkeys(r["community"] for r in rows))
    cells = {
        (
            r["binner"],
            r["community"],
        ): f"{r['near_complete']}{spread(r)} of {r['genomes']}, {r['cpu_seconds']:.0f} s"
        for r in rows
    }
    samples = {r["community"]: f"{r['community']}, {in_samples(r['samples'])}" for r in rows}
    binners = [b for b in BINNERS if any(b == binner for binner, _ in cells)]
    return table(
        ["", *(samples[c] for c in communities)],
        [[b, *(cells.get((b, c), "") for c in communities)] for b in binners],
    )


def ablations(result: dict[str, Any]) -> str:
    rows = [
        [
            r["community"],
            r["binner"]
            .removeprefix("llmbin-fast, ")
            .replace("llmbin-fast", "as shipped: INT8, one window a contig"),
            f"{r['near_complete']} of {r['genomes']}",
            f"{r['binned_percent']:.1f}",
            f"{r['cpu_seconds']:.0f}",
        ]
        for r in result["rows"]
    ]
    return table(["community", "", "near-complete", "% binned", "CPU s"], rows)


def precision(result: dict[str, Any]) -> str:
    rows = [
        [
            r["community"],
            r["precision"].upper(),
            f"{r['label_ari']:.4f}",
            str(r["near_complete"]),
            f"{r['cpu_seconds']:.0f}",
        ]
        for r in result["rows"]
    ]
    return table(
        ["community", "precision", "ARI of bins with FP32's", "near-complete", "CPU s of the run"],
        rows,
    )


def kernels(result: dict[str, Any]) -> str:
    rows = [
        [name, f"{row['per_cpu_second']:.2f}", row["unit"]] for name, row in result["rows"].items()
    ]
    threads = "; ".join(
        f"{name} {times['ratio']:.2f} times" for name, times in result["threads"].items()
    )
    return (
        table(["work", "per CPU second", ""], rows)
        + f"\n\nDepth on two threads as against one, by the clock: {threads}."
    )


def markers(result: dict[str, Any]) -> str:
    return (
        f"* The seed filter finds {100 * result['recall']:.1f} % of the marker genes that gene "
        f"calling and a full search find, at {100 * result['cost_ratio']:.1f} % of their CPU time "
        "([bench/results/markers.json](bench/results/markers.json))."
    )


def encoder(result: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{row['mbp_per_cpu_second']:.2f}",
            f"{row['ratio']:.2f}",
            f"{100 * row['padding_efficiency']:.1f}",
        ]
        for name, row in result["rows"].items()
    ]
    return table(
        ["way", "Mbp per CPU second", "of eager PyTorch", "% of positions are bases"], rows
    )


# Of a run, as run.json names them -> what they are.
STAGES = {
    "reading": "reading, encoding, marker seeds",
    "homology": "homology",
    "markers": "markers",
    "binning": "binning",
}


def throughput(result: dict[str, Any]) -> str:
    """Whole runs by contigs, with our stages, and by samples."""
    rows = [
        [
            r["binner"],
            f"{r['contigs']:,}",
            f"{r['bases'] / 1e6:.0f}" if "bases" in r else "",
            f"{r['near_complete']} of {r['genomes']}",
            f"{r['cpu_seconds']:.0f}",
            f"{r['wall_seconds']:.0f}",
            str(r["peak_mib"]),
            *(f"{r['stages'][s]:.1f}" if "stages" in r else "" for s in STAGES),
        ]
        for r in sorted(result["rows"], key=lambda r: BINNERS.index(r["binner"]))
    ]
    titles = [
        "binner",
        "contigs",
        "Mbp",
        "near-complete",
        "CPU s",
        "wall s",
        "peak MiB",
        *(f"{title}, CPU s" for title in STAGES.values()),
    ]
    mine = [r for r in result["by_samples"] if "stages" in r]
    more = ", ".join(f"{r['cpu_seconds']:.0f} s with {in_samples(r['samples'])}" for r in mine)
    return (
        table(titles, rows)
        + f"\n\nBy samples, {mine[0]['contigs']:,} contigs, CPU seconds of llmbin-fast: {more}."
    )


def scale(result: dict[str, Any]) -> str:
    rows = [
        [
            f"{r['contigs']:,}",
            str(r["genomes"]),
            str(r["bins"]),
            f"{r['cpu_seconds']:.0f}",
            str(r["peak_mib"]),
        ]
        for r in result["rows"]
    ]
    more = ", ".join(
        f"{r['cpu_seconds']:.1f} s with {in_samples(r['samples'])}" for r in result["by_samples"]
    )
    return (
        table(["contigs", "genomes", "bins", "CPU s", "peak MiB"], rows)
        + f"\n\nBy samples, {result['by_samples'][0]['contigs']:,} contigs: {more}."
    )


def crossed(
    rows: list[dict[str, Any]],
    down: str,
    across: str,
    corner: str,
    title: str,
    cell: Callable[[dict[str, Any]], str],
) -> str:
    """A table of rows by two of their fields.

    ``title`` is that of a column, with a place for its number.
    """
    columns = sorted({r[across] for r in rows})
    cells = {(r[down], r[across]): cell(r) for r in rows}
    names = dict.fromkeys(r[down] for r in rows)
    return table(
        [corner, *(title.format(n) for n in columns)],
        [[name, *(cells.get((name, n), "") for n in columns)] for name in names],
    )


def gpu(result: dict[str, Any]) -> str:
    card = result["gpu"].split(",")[0]
    return crossed(
        result["rows"],
        "encoder",
        "window",
        card,
        "Mbp/s, windows of {:,}",
        lambda r: f"{r['mbp_per_second']:.0f}",
    )


def threads(result: dict[str, Any]) -> str:
    rows = result["rows"]
    return crossed(
        rows,
        "binner",
        "threads",
        f"`{rows[0]['community']}`",
        "{} threads",
        lambda r: f"{r['wall_seconds']:.0f} ({r['cpu_seconds']:.0f})",
    )


# Part of a page -> result file and what makes the part of it.
def devices(reports: list[dict[str, Any]]) -> str:
    """A row for each report of `llmbin-fast prove`."""
    return table(
        [
            "machine",
            "device",
            "verdict",
            "Mbp/s at windows of 256, 512, 768, 1,024",
            "times PyTorch",
            "seen",
        ],
        [device_row(report) for report in reports],
    )


def device_row(report: dict[str, Any]) -> list[str]:
    machine, device, rates = report["machine"], report["device"], report["rates"]
    named = machine["board"] or ", ".join(g.split(",")[0] for g in machine["gpus"])
    processor = f"{machine['processor']} ({machine['architecture']}), {machine['cores']} cores"
    failed = [check["name"] for check in report["checks"] if not check["held"]]
    buckets = rates["throughput"]["buckets"] if rates else []
    rate = "mbp_a_cpu_second" if device and device["kind"] == "cpu" else "mbp_a_second"
    pairs = zip(buckets, rates["pytorch"] if rates else [], strict=False)
    return [
        f"{named}; {processor}" if named else processor,
        f"{device['kind']}, {device['precision']}" if device else "none starts",
        "all holds" if report["holds"] else f"fails: {', '.join(failed)}",
        ", ".join(f"{b['mbp_a_second']:.2g}" for b in buckets),
        ", ".join(f"{ours[rate] / torch[rate]:.1f}" for ours, torch in pairs),
        f"{report['date']}, {machine['versions']['llmbin-fast']}, load {machine['load']:.0f}",
    ]


PARTS = {
    "devices": ("devices", devices),
    "near-complete": ("quality", near_complete),
    "quality": ("quality", quality),
    "quality-more": ("quality-more", quality),
    "real": ("real", real),
    "real-in-short": ("real", real_in_short),
    "estimates": ("estimates", estimates),
    "estimates-in-short": ("estimates", estimates_in_short),
    "confidence": ("confidence", confidence),
    "confidence-steps": ("confidence", confidence_steps),
    "throughput": ("throughput", throughput),
    "scale": ("scale", scale),
    "scale-whole": ("scale-whole", whole),
    "cores": ("threads-estimate", cores),
    "cohort": ("cohort", cohort),
    "ablations": ("ablations", ablations),
    "precision": ("precision", precision),
    "kernels": ("kernels", kernels),
    "encoder": ("encoder", encoder),
    "gpu": ("gpu", gpu),
    "threads": ("threads", threads),
    "markers": ("markers", markers),
    "parts": ("parts", parts),
    "costs": ("parts", costs),
    "replay": ("replay", replay),
    "replay-steady": ("replay-steady", together),
    "faults-watch": ("faults-watch", kills),
}


def held(name: str) -> Any:
    """A result, or all that are in a folder of that name, in the order of their names."""
    if (RESULTS / name).is_dir():
        return [json.loads(path.read_text()) for path in sorted((RESULTS / name).glob("*.json"))]
    return json.loads((RESULTS / f"{name}.json").read_text())


def filled(text: str) -> str:
    """A page with its parts as the results say.

    Raises:
        ValueError: a part is begun and not ended, or unknown.
    """
    for name in re.findall("<!-- begin (.*) -->", text):
        if name not in PARTS:
            raise ValueError(f"nothing makes {name}")
        file, make = PARTS[name]
        body = make(held(file))
        text, found = re.subn(
            f"(<!-- begin {name} -->).*(<!-- end {name} -->)",
            lambda m, b=body: f"{m[1]}\n{b}\n{m[2]}",
            text,
            flags=re.S,
        )
        if found != 1:
            raise ValueError(f"{name} is begun and not ended")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="fail if a page is not what the results say"
    )
    check = parser.parse_args().check
    for page in PAGES:
        old = page.read_text()
        new = filled(old)
        if check and old != new:
            sys.exit(f"{page.name} is not what bench/results say; run python -m bench.report")
        if not check:
            page.write_text(new)


if __name__ == "__main__":
    main()
