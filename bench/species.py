"""Genomes of further species that public repositories hold, for training.

python -m bench.species work/species [--only s000 s001]

Needs git alone. bench/results/species-sources.tsv says of each genome which file of which commit it
is, a member of an archive behind a `!`, and which of the file's records, counted from 1 (all that
are long enough if it says nothing). Each becomes NAME.fa in the folder, with the contigs NAME.0,
NAME.1 and so on of 1,500 bases or more, and is checked by its sha256. Nothing of it is part of this
project.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import gzip
import hashlib
import io
import itertools
import lzma
import re
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from .repositories import Snapshot

TABLE = Path(__file__).parent / "results" / "species-sources.tsv"
SHORTEST = 1_500
OTHER = b"RYSWKMBDHVU"  # letters of more than one base are N, as is uracil's, which is T
BASES = bytes.maketrans(OTHER + OTHER.lower() + b"acgtn", b"N" * 10 + b"T" + b"N" * 10 + b"TACGTN")
NO_BASES = b" \t\r\n0123456789-*./"
INFLATE = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
Row = Mapping[str, str]


def content(data: bytes, path: str) -> bytes:
    """What a file holds, or the member of an archive that is named behind a `!`."""
    name, _, member = path.partition("!")
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read(member)
    elif member:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            inside = archive.extractfile(member)
            data = inside.read() if inside else b""
    inflate = INFLATE.get(Path(member or name).suffix.lower())
    return inflate(data) if inflate else data


def sequences(data: bytes) -> Iterator[bytes]:
    """Bases of the records of FASTA, GenBank or EMBL."""
    if data.lstrip().startswith(b">"):
        for record in data.split(b">")[1:]:
            yield record.partition(b"\n")[2].translate(BASES, b" \t\r\n")
        return
    for record in data.split(b"\n//"):
        begin = re.search(rb"\n(ORIGIN|SQ   ).*\n", record)
        if begin:
            yield record[begin.end() :].translate(BASES, NO_BASES)


def chosen(records: str) -> set[int] | None:
    """Numbers of records, as of `1,4-6`; None if all are meant."""
    if not records:
        return None
    ends = (part.partition("-") for part in records.split(","))
    return {n for low, _, high in ends for n in range(int(low), int(high or low) + 1)}


def fasta(row: Row, data: bytes) -> bytes:
    """A genome's file, of the source's file."""
    wanted = chosen(row["records"])
    long = (
        bases
        for n, bases in enumerate(sequences(content(data, row["path"])), start=1)
        if len(bases) >= SHORTEST and (wanted is None or n in wanted)
    )
    name = row["name"].encode()
    return b"".join(b">%s.%d\n%s\n" % (name, k, bases) for k, bases in enumerate(long))


def write(row: Row, data: bytes, folder: Path) -> None:
    """Write a genome; stop if it is not the one that the table was made of."""
    made = fasta(row, data)
    if hashlib.sha256(made).hexdigest() != row["sha256"]:
        sys.exit(f"{row['repository']}, {row['path']}: {row['name']} is not what it was")
    part = folder / f".{row['name']}.part"
    part.write_bytes(made)
    part.rename(folder / f"{row['name']}.fa")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these alone")
    options = parser.parse_args()
    with open(TABLE, newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    if options.only:
        strange = set(options.only) - {row["name"] for row in rows}
        if strange:
            parser.error(f"no such genome in {TABLE}: {min(strange)}")
        rows = [row for row in rows if row["name"] in options.only]
    options.folder.mkdir(parents=True, exist_ok=True)

    def source(row: Row) -> tuple[str, str]:
        return row["repository"], row["commit"]

    for (repository, commit), group in itertools.groupby(sorted(rows, key=source), source):
        with tempfile.TemporaryDirectory() as work:
            snapshot = Snapshot(repository, commit, Path(work) / "clone")
            for row in group:
                write(row, snapshot.data(row["path"].partition("!")[0]), options.folder)
        print(repository)


if __name__ == "__main__":
    main()
