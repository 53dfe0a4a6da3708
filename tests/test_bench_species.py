"""Genomes of further species: what a row of the table makes of a repository's file."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from bench import species

LONG, OTHER, SHORT = "ACGTN" * 320, "ggcca" * 310, "ACGT" * 100
FASTA = f">a\n{LONG}\n>b\n{SHORT}\n>c x\n{OTHER[:700]}\n{OTHER[700:]}\n".encode()
WHOLE = f">s0.0\n{LONG}\n>s0.1\n{OTHER.upper()}\n".encode()


def row(path: str, records: str = "") -> dict[str, str]:
    return {"name": "s0", "repository": "o/n", "path": path, "records": records}


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("in/a.fa", FASTA)
    return out.getvalue()


def tarred() -> bytes:
    out, data = io.BytesIO(), gzip.compress(FASTA)
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        about = tarfile.TarInfo("in/a.fa.gz")
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.fna", FASTA),
        ("a.fna.gz", gzip.compress(FASTA)),
        ("a.zip!in/a.fa", zipped()),
        ("a.tar.gz!in/a.fa.gz", tarred()),
    ],
)
def test_long_records_of_files_and_members_become_contigs(path: str, data: bytes) -> None:
    assert species.fasta(row(path), data) == WHOLE


def test_only_the_records_that_are_named() -> None:
    assert species.fasta(row("a.fna", "3"), FASTA) == WHOLE.split(b">s0.1")[0].replace(
        LONG.encode(), OTHER.upper().encode()
    )
    assert species.chosen("1,4-6") == {1, 4, 5, 6}


def test_genbank_has_the_same_bases() -> None:
    lines = [f"{k + 1:9} {OTHER[k : k + 10]} {OTHER[k + 10 : k + 60]}" for k in range(0, 1550, 60)]
    text = "LOCUS       x\nORIGIN      \n" + "\n".join(lines) + "\n//\n"
    assert list(species.sequences(text.encode())) == [OTHER.upper().encode()]


def test_letters_of_several_bases_are_unknown() -> None:
    assert list(species.sequences(b">a\nACRYu\n")) == [b"ACNNT"]


def test_a_genome_that_changed_is_refused(tmp_path: Path) -> None:
    right = row("a.fna") | {"sha256": hashlib.sha256(WHOLE).hexdigest()}
    species.write(right, FASTA, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["s0.fa"]
    assert (tmp_path / "s0.fa").read_bytes() == WHOLE
    with pytest.raises(SystemExit, match=r"^o/n, a\.fna: s0 is not what it was$"):
        species.write(right, FASTA.replace(b"ACGTN", b"ACGTA", 1), tmp_path)


def test_the_table_names_every_genome_once() -> None:
    with open(species.TABLE, newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert len({row["name"] for row in rows}) == len({row["sha256"] for row in rows}) == len(rows)
    for row in rows:
        assert len(row["commit"]) == 40 and len(row["sha256"]) == 64
        assert int(row["bp"]) >= int(row["contigs"]) * species.SHORTEST
        assert row["repository"].count("/") == 1 and not row["path"].startswith("/")
