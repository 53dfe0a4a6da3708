"""A proof as a file for programs, and as lines for people."""

from __future__ import annotations

import datetime
import getpass
import json
import platform
import re
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..io.outputs import whole_file
from .checks import Check
from .prove import Proof

FORMAT = 1
FOLDERS = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:)?(?:[/\\][^\s/\\:;,'\"<>()]+)+(?=[/\\])")
LEFT_OUT, KNOWN = "...", "/\0"


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
        "checks": [{**asdict(c), "said": without_names(c.said)} for c in proof.checks],
        "rates": asdict(rates) if rates else None,
    }


def without_names(said: str) -> str:
    """What was said, as by a driver, without the folders of this machine, its name and its user's.

    Names of files stay, since they tell which library or pack it is about.
    """
    known = {str(Path.home()), sys.prefix, sys.base_prefix, tempfile.gettempdir(), str(Path.cwd())}
    for folder in sorted(known, key=len, reverse=True):
        if len(folder) > 1:
            said = said.replace(folder, KNOWN)  # its name may hold blanks
    said = FOLDERS.sub(LEFT_OUT, said.replace("file://", "")).replace(KNOWN, LEFT_OUT)
    names = {platform.node()}
    with suppress(Exception):  # a container's user has no name
        names.add(getpass.getuser())
    for name in names - {""}:
        said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", LEFT_OUT, said)
    return said


def check_line(made: Check) -> str:
    """A check on one line."""
    return f"{'ok ' if made.held else 'BAD'} {made.name}: {made.said}"


def rate_lines(proof: Proof) -> str:
    """A table of rates by window length; nothing where none was measured.

    PyTorch is compared by CPU seconds on a CPU, and by seconds on a GPU.
    """
    rates = proof.rates
    if rates is None:
        return ""
    found, on_cpu = rates.throughput, rates.throughput.device == "cpu"
    columns = {"Mbp/s": [b.mbp_a_second for b in found.buckets]}
    if on_cpu:
        columns["a CPU second"] = [b.mbp_a_cpu_second for b in found.buckets]
    if rates.pytorch:
        columns["PyTorch"] = [
            b.mbp_a_cpu_second if on_cpu else b.mbp_a_second for b in rates.pytorch
        ]
    rows = ["  ".join(["window, bases", *columns])]
    for row, bucket in enumerate(found.buckets):
        cells = (f"{numbers[row]:{len(title)}.2f}" for title, numbers in columns.items())
        rows.append("  ".join([f"{bucket.bases:13,d}", *cells]))
    rows.append(f"of contigs     {found.mbp_a_second:5.2f}")
    if rates.watts is not None:
        rows.append(f"processor      {rates.watts:5.1f} W while measured")
    return "\n".join(rows)
