"""The sequences of bins: one gzip FASTA each, and one of all contigs that are in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..io.fasta import FastaRecord, read_fasta
from ..io.inputs import InputFile
from ..io.outputs import writing

LINE = 80
LEVEL = 2  # of ISA-L's gzip: near zlib's ratio at level 4, ten times as fast
FLUSH = 64 << 20  # bases that wait in memory


def write_sequences(
    source: InputFile, files: Mapping[str, Path], unbinned: Path, threads: int = 1
) -> None:
    """Second pass over the contigs: each goes to its file, or else to ``unbinned``.

    Contigs that were too short to be looked at are among the unbinned.

    Raises:
        StorageError: a file cannot be written.
    """
    with writing(unbinned):
        for path in dict.fromkeys(files.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
        unbinned.write_bytes(_gzip(b""))
    waiting: dict[Path, list[FastaRecord]] = {}
    bases = 0
    with ThreadPoolExecutor(threads) as pool:
        for record in read_fasta(source):
            waiting.setdefault(files.get(record.name, unbinned), []).append(record)
            bases += len(record.sequence)
            if bases > FLUSH:
                list(pool.map(_append, waiting, waiting.values()))
                waiting, bases = {}, 0
        list(pool.map(_append, waiting, waiting.values()))


def _append(path: Path, records: Sequence[FastaRecord]) -> None:
    """Append a gzip member; the number of open files never grows with the number of bins."""
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
    with writing(path), open(path, "ab") as handle:
        handle.write(_gzip(b"".join(parts)))


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

    return bytes(igzip.compress(data, LEVEL, mtime=0))
