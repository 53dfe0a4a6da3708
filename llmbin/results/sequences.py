"""The sequences of bins: one FASTA file each, and one of all contigs that are in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..io.fasta import FastaRecord, read_fasta
from ..io.inputs import InputFile
from ..io.outputs import GZIP_LEVEL, writing

LINE = 80
FLUSH, A_RECORD = 64 << 20, 400  # bytes that wait in memory; those of a record beside its bases


def write_sequences(
    source: InputFile, files: Mapping[str, Path], unbinned: Path | None, threads: int = 1
) -> None:
    """Second pass over the contigs: each goes to its file, or else to ``unbinned`` (None: nowhere).

    Contigs that were too short to be looked at are among the unbinned. What ends in ``.gz`` is
    compressed.

    Raises:
        StorageError: a file cannot be written.
    """
    with writing(unbinned):
        for path in dict.fromkeys(files.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
    if unbinned is not None:
        _append(unbinned, [])
    waiting: dict[Path, list[FastaRecord]] = {}
    held = 0
    with ThreadPoolExecutor(threads) as pool:
        for record in read_fasta(source):
            place = files.get(record.name) or unbinned
            if place is None:
                continue
            waiting.setdefault(place, []).append(record)
            held += len(record.sequence) + A_RECORD
            if held > FLUSH:
                list(pool.map(_append, waiting, waiting.values()))
                waiting, held = {}, 0
        list(pool.map(_append, waiting, waiting.values()))


def _append(path: Path, records: Sequence[FastaRecord]) -> None:
    """Append lines, or a gzip member; the number of open files does not grow with that of bins."""
    parts = (
        part
        for record in records
        for part in (
            b">",
            record.name.encode("utf-8", "surrogateescape"),
            b"\n",
            _wrapped(record.sequence),
        )
    )
    data = b"".join(parts)
    with writing(path), open(path, "ab") as handle:
        handle.write(_gzip(data) if path.suffix == ".gz" else data)


def _wrapped(sequence: bytes) -> bytes:
    """Lines of `LINE` bases."""
    whole = len(sequence) // LINE
    lines = np.full((whole, LINE + 1), ord("\n"), np.uint8)
    bases = np.frombuffer(sequence, np.uint8)[: whole * LINE]
    lines[:, :LINE] = bases.reshape(whole, LINE)
    rest = sequence[whole * LINE :]
    return lines.tobytes() + rest + b"\n" * bool(rest)


def _gzip(data: bytes) -> bytes:
    from isal import igzip

    return bytes(igzip.compress(data, GZIP_LEVEL, mtime=0))
