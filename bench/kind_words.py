"""Proteins and genes of further eukaryotes, which name words of residues for `train kinds`.

python -m bench.kind_words work/words

Needs git alone. bench/results/kinds-words-sources.tsv says which file of which commit is of which
genus, and whether it holds proteins or genes. All become words.fasta and words.tsv in the folder,
to be added to the labelled sequences and their table (set `words`). Proteins are written as codons,
between stops in all six frames. Nothing of it is part of this project.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .repositories import Snapshot
from .species import Row, content, sequences

TABLE = Path(__file__).parent / "results" / "kinds-words-sources.tsv"
# Codons that make stops in other frames of their neighbours, so that no other frame is as long.
CODONS = dict(
    zip(
        "ACDEFGHIKLMNPQRSTVWY",
        "GCA TGC GAC GAA TTC GGA CAC ATA AAA CTA ATG AAC CCA CAA AGA TCA ACA GTA TGG TAC".split(),
        strict=True,
    )
)
STOPS = "TTAATTAATTAA"
PIECE = 500_000  # bases of a sequence
FEW = 200  # genes, which stay as they are: genomes of organelles


def coded(protein: str) -> str:
    """Codons of a protein; what is no residue is unknown."""
    return "".join(CODONS.get(residue, "NNN") for residue in protein.upper().rstrip("*"))


def proteins(data: bytes) -> Iterator[str]:
    """Those of a FASTA file."""
    for one in data.decode("latin1").split(">")[1:]:
        yield "".join(one.partition("\n")[2].split())


def pieces(row: Row, data: bytes) -> list[str]:
    """Sequences that name the words of a file."""
    held = content(data, row["path"])
    if row["what"] == "proteins":
        texts = [coded(protein) for protein in proteins(held)]
    else:
        texts = [bases.decode() for bases in sequences(held)]
        if len(texts) < FEW:
            return texts
    text = STOPS.join(texts)
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    with open(TABLE, newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    options.folder.mkdir(parents=True, exist_ok=True)
    number = itertools.count()
    with (
        tempfile.TemporaryDirectory() as work,
        open(options.folder / "words.fasta", "w") as fasta,
        open(options.folder / "words.tsv", "w") as table,
    ):
        table.write("sequence\tkind\tgroup\tbases\tset\n")
        for k, row in enumerate(rows):
            snapshot = Snapshot(row["repository"], row["commit"], Path(work) / str(k))
            for piece in pieces(row, snapshot.data(row["path"])):
                name = f"w{next(number):06d}"
                fasta.write(f">{name}\n{piece}\n")
                table.write(f"{name}\t{row['kind']}\t{row['genus']}\t{len(piece)}\twords\n")
            print(row["genus"], row["path"])


if __name__ == "__main__":
    main()
