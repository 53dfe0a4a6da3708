"""What an earlier run left in a folder, by its record and its table; all else there is not ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..options import BIN_EXTENSIONS, PREFIX, can_name_bins, unbinned_name

BINS = "bins"
TABLE = "bins.tsv"  # one row a bin, by name
RECORD = "run.json"
LOG = "llmbin.log"
OTHERS = ("contig2bin.tsv", "contigs.tsv", "binning.bioboxes.tsv", "places.tsv", "report.html")
MULTIQC = "*llmbin_*_mqc.json"  # further results, which are called after the bins
UNBINNED = "*unbinned"  # so is the file of contigs in no bin, before its ending


def earlier_results(folder: Path) -> list[Path]:
    """Results in the order in which they are to be taken away, whether they are there or not.

    The record is first, as it marks a whole run. The table goes after its bins: a later run finds
    by it what is left.
    """
    extensions, unbinned = _by_record(folder / RECORD)
    bins = [
        folder / BINS / f"{name}.{extension}"
        for name in _listed(folder / TABLE)
        for extension in extensions
    ]
    bins = [path for path in bins if path.is_file() and not path.is_symlink()]
    rest = [folder / name for name in (TABLE, *OTHERS)]
    return [folder / RECORD, folder / unbinned, *bins, *rest, *sorted(folder.glob(MULTIQC))]


def possible_results(folder: Path) -> list[Path]:
    """All that may be replaced in a folder, as a result of some run may be called so."""
    fixed = [folder / name for name in (RECORD, TABLE, *OTHERS, LOG)]
    named = [*folder.glob(MULTIQC), *_sequences(folder, UNBINNED), *_sequences(folder / BINS, "*")]
    return [*fixed, *sorted(named)]


def _sequences(folder: Path, name: str) -> list[Path]:
    return [path for e in BIN_EXTENSIONS for path in folder.glob(f"{name}.{e}")]


def _by_record(path: Path) -> tuple[Sequence[str], str]:
    """What bins may end in, and the name of the file of contigs in no bin."""
    try:
        given = json.loads(path.read_bytes())["parameters"]
        extension, prefix = str(given.get("bin_extension", BIN_EXTENSIONS[0])), given["prefix"]
        if extension in BIN_EXTENSIONS and can_name_bins(prefix):
            return [extension], unbinned_name(prefix, extension)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        pass  # there is none, or no run wrote it
    return BIN_EXTENSIONS, unbinned_name(PREFIX, BIN_EXTENSIONS[0])


def _listed(table: Path) -> list[str]:
    if not table.is_file():
        return []
    with open(table, encoding="utf-8", errors="surrogateescape") as handle:
        names = [line.split("\t", 1)[0] for line in handle][1:]
    return [name for name in names if name and "/" not in name]
