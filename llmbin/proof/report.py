"""A proof as a file for programs, and as lines for people."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..io.outputs import whole_file
from .checks import Check
from .prove import Proof

FORMAT = 1


def write_report(proof: Proof, path: Path) -> None:
    """Write JSON; no name of a machine, a user or a folder is in it.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(path) as handle:
        handle.write((json.dumps(record_of(proof), indent=1) + "\n").encode())


def record_of(proof: Proof) -> dict[str, Any]:
    """All of the report."""
    opened, rates = proof.opened, proof.rates
    return {
        "program": "llmbin-fast prove",
        "format": FORMAT,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "holds": proof.holds,
        "machine": asdict(proof.machine),
        "model": proof.model,
        "device": {**asdict(opened.device), "seconds_to_open": opened.seconds} if opened else None,
        "checks": [asdict(c) for c in proof.checks],
        "rates": asdict(rates) if rates else None,
    }


def check_line(made: Check) -> str:
    """A check on one line."""
    return f"{'ok ' if made.held else 'BAD'} {made.name}: {made.said}"


def rate_lines(proof: Proof) -> str:
    """A table of rates by window length; nothing where none was measured."""
    rates = proof.rates
    if rates is None:
        return ""
    torch = {bucket.bases: f"{bucket.mbp_a_second:10.2f}" for bucket in rates.pytorch}
    found = rates.throughput
    rows = [
        f"window, bases      Mbp/s{'   PyTorch' * bool(torch)}",
        *(f"{b.bases:13,d}{b.mbp_a_second:11.2f}{torch.get(b.bases, '')}" for b in found.buckets),
        f"of contigs   {found.mbp_a_second:11.2f}",
    ]
    if rates.watts is not None:
        rows.append(f"processor    {rates.watts:11.1f} W while measured")
    return "\n".join(rows)
