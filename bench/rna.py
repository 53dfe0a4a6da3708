"""RNA genes against those that barrnap and ARAGORN find.

python -m bench.rna --genomes FOLDER --rrna FOLDER --trna FOLDER

Genomes are FASTA files; the other two folders hold what barrnap printed for each (GENOME.gff) and
what ``aragorn -t -l -w`` printed (GENOME.txt; with -i for archaea, whose tRNAs have introns).
Copies on each contig are compared, and whether a genome has what MIMAG asks for.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from llmbin.assessment.bins import bin_name_of
from llmbin.estimator.classes import TRNAS
from llmbin.genes.rna import AMINO_ACIDS, KINDS, RnaGenes, RnaSearch
from llmbin.io.contigs import Assembly, read_contigs

from . import record

INSERTED = 1_000  # bases between the pieces of a gene
# In the order of AMINO_ACIDS.
THREE_LETTERS = ("Ala", "Cys", "Asp", "Glu", "Phe", "Gly", "His", "Ile", "Lys", "Leu")
THREE_LETTERS += ("Met", "Asn", "Pro", "Gln", "Arg", "Ser", "Thr", "Val", "Trp", "Tyr")


def rrna_genes(path: Path) -> Iterator[tuple[str, int]]:
    """Contig and kind of each gene that barrnap printed.

    Genes that something is inserted into come in pieces, which are counted together.
    """
    last: dict[tuple[str, str, str], int] = {}  # where the last of a kind on a strand ends
    lines = [line.split("\t") for line in path.read_text().splitlines() if "_rRNA" in line]
    for contig, _, _, begin, end, _, strand, _, name in sorted(lines, key=lambda f: int(f[3])):
        kind = name.removeprefix("Name=").partition("_")[0]
        place = contig, strand, kind
        piece = kind != "5S" and int(begin) < last.get(place, -INSERTED) + INSERTED
        last[place] = int(end)
        if kind in KINDS and not piece:
            yield contig, KINDS.index(kind)


def trna_genes(path: Path) -> Iterator[tuple[str, int]]:
    """Contig and amino acid of each gene that ARAGORN printed, but for stops and unclear ones."""
    contig = ""
    for line in path.read_text().splitlines():
        if line.startswith(">"):
            contig = line[1:].split()[0]
        elif (gene := re.match(r"\d+\s+tRNA-(\w{3})\s", line)) and gene[1] in THREE_LETTERS:
            yield contig, THREE_LETTERS.index(gene[1])


def counts(genes: Iterator[tuple[str, int]], names: list[str], columns: int) -> np.ndarray:
    """Copies on each contig: int16 [contigs, columns]."""
    place, out = (
        {name: i for i, name in enumerate(names)},
        np.zeros((len(names), columns), np.int16),
    )
    for contig, column in genes:
        out[place[contig], column] += 1
    return out


def complete(rrna: np.ndarray, trna: np.ndarray) -> bool:
    """Whether a genome has the RNA genes that MIMAG asks for."""
    return bool((rrna.sum(0) > 0).all() and (trna.sum(0) > 0).sum() >= TRNAS)


def compared(ours: list[np.ndarray], theirs: list[np.ndarray]) -> dict[str, float]:
    """Copies that both have on a contig, and those that one has alone."""
    both = sum(int(np.minimum(a, b).sum()) for a, b in zip(ours, theirs, strict=True))
    we, they = (sum(int(c.sum()) for c in found) for found in (ours, theirs))
    there = [(a.sum() > 0) == (b.sum() > 0) for a, b in zip(ours, theirs, strict=True)]
    return {
        "reference": they,
        "found": both,
        "recall": both / max(1, they),
        "ours_alone": we - both,
        "genomes_that_agree": sum(map(bool, there)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("genomes", "rrna", "trna"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    ours: list[RnaGenes] = []
    rrna, trna = [], []
    seconds, bases = 0.0, 0
    for path in sorted(options.genomes.iterdir()):
        genome, assembly = bin_name_of(path), Assembly()
        contigs = list(read_contigs(path, 1, assembly))
        search, clock = RnaSearch(), time.process_time()
        ours.append(search.look(contigs))
        seconds, bases = seconds + time.process_time() - clock, bases + sum(assembly.lengths)
        found = rrna_genes(options.rrna / f"{genome}.gff")
        rrna.append(counts(found, assembly.names, len(KINDS)))
        found = trna_genes(options.trna / f"{genome}.txt")
        trna.append(counts(found, assembly.names, len(AMINO_ACIDS)))
    rows = {
        kind: compared([g.rrna[:, k] for g in ours], [c[:, k] for c in rrna])
        for k, kind in enumerate(KINDS)
    }
    rows["tRNA"] = compared([g.trna for g in ours], trna)
    we = [complete(g.rrna, g.trna) for g in ours]
    they = [complete(r, t) for r, t in zip(rrna, trna, strict=True)]
    result = {
        "genomes": len(ours),
        "bases": bases,
        "rows": rows,
        "with_what_mimag_asks_for": {"reference": sum(they), "ours": sum(we)},
        "genomes_that_differ_in_it": sum(a != b for a, b in zip(we, they, strict=True)),
        "cpu_seconds_of_100_mbp": 1e8 * seconds / bases,
    }
    print(result)
    print(record.write("rna", result))


if __name__ == "__main__":
    main()
