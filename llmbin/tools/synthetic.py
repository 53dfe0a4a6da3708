"""A synthetic community, so that the program can show itself on a machine that has no data.

Genomes are written from models: amino acids and codons by a usage of the genome's own, genes on
both strands with ribosome binding sites and stops, intergenic stretches of the genome's GC, and one
copy of every bacterial marker gene and scattered family (profile consensus, mutated). They are
broken into contigs and given uneven coverage in a few samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..io.outputs import writing

BASES = "ACGT"
# Genetic code 11, codons in order of ACGT.
RESIDUES = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
AMINO = "ACDEFGHIKLMNPQRSTVWY"
COMMON = dict(
    zip(
        AMINO,
        (
            9.0,
            1.0,
            5.4,
            6.2,
            3.9,
            7.3,
            2.1,
            6.2,
            5.3,
            10.1,
            2.4,
            3.8,
            4.4,
            3.9,
            5.4,
            6.0,
            5.5,
            7.0,
            1.3,
            3.0,
        ),
        strict=True,
    )
)
_COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


@dataclass(frozen=True)
class Community:
    """Files of a synthetic community."""

    contigs: Path
    depth: Path
    gold: Path
    genomes: int


class GenomeModel:
    """Codon usage and GC of one genome."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.gc = float(rng.uniform(0.3, 0.68))
        skew = rng.normal(0, 0.3)
        codons = [a + b + c for a in BASES for b in BASES for c in BASES]
        self.codons: dict[str, list[str]] = {}
        self.weights: dict[str, npt.NDArray[np.float64]] = {}
        for amino in AMINO:
            mine = [c for c, r in zip(codons, RESIDUES, strict=True) if r == amino]
            third = [
                1.6 * np.log(self.gc / (1 - self.gc)) * (c[2] in "GC")
                + skew * (c[2] in "CA")
                + rng.normal(0, 0.7)
                for c in mine
            ]
            weight = np.exp(third)
            self.codons[amino], self.weights[amino] = mine, np.cumsum(weight / weight.sum())
        usage = np.array([COMMON[a] for a in AMINO]) * np.exp(rng.normal(0, 0.18, 20))
        usage *= np.exp(
            np.array(
                [
                    1.2 * (self.gc - 0.5) * (a in "GARP") - 1.2 * (self.gc - 0.5) * (a in "FYMINK")
                    for a in AMINO
                ]
            )
        )
        self.usage = np.cumsum(usage / usage.sum())

    def gene(self, protein: str) -> str:
        """A gene for a protein, its binding site in front."""
        draws = self.rng.random(len(protein))
        body = "".join(
            self.codons[a][min(int(np.searchsorted(self.weights[a], u)), len(self.codons[a]) - 1)]
            for a, u in zip(protein, draws, strict=True)
        )
        return (
            "AGGAGG"
            + self.spacer(7)
            + "ATG"
            + body
            + str(self.rng.choice(["TAA", "TGA", "TAG"], p=[0.6, 0.25, 0.15]))
        )

    def protein(self, length: int) -> str:
        """A random protein of the genome's usage."""
        return "".join(
            AMINO[min(int(i), 19)] for i in np.searchsorted(self.usage, self.rng.random(length))
        )

    def spacer(self, length: int) -> str:
        """Intergenic bases."""
        gc = max(0.2, self.gc - 0.06) / 2
        return "".join(self.rng.choice(list(BASES), length, p=[0.5 - gc, gc, gc, 0.5 - gc]))


def synthetic_genome(rng: np.random.Generator, size: int, markers: list[str]) -> str:
    """A genome of about ``size`` bases that holds every marker once."""
    model = GenomeModel(rng)
    proteins = [mutate(m, float(rng.uniform(0.03, 0.12)), rng) for m in markers]
    bases = 3 * sum(map(len, proteins))
    while bases < 0.88 * size:
        proteins.append(model.protein(int(np.clip(rng.lognormal(5.6, 0.5), 50, 1200))))
        bases += 3 * len(proteins[-1])
    parts, forward = [], True
    for i in rng.permutation(len(proteins)):
        if rng.random() < 0.3:  # operons: neighbours share a strand
            forward = not forward
        gene = model.gene(proteins[int(i)])
        parts.append(gene if forward else reverse_complement(gene))
        parts.append(model.spacer(int(rng.exponential(90)) + 10))
    return "".join(parts)


def mutate(protein: str, rate: float, rng: np.random.Generator) -> str:
    """Exchange residues at random."""
    hit = rng.random(len(protein)) < rate
    return "".join(
        AMINO[int(rng.integers(20))] if h else r for r, h in zip(protein, hit, strict=True)
    )


def reverse_complement(sequence: str) -> str:
    """The other strand."""
    return sequence.encode().translate(_COMPLEMENT)[::-1].decode()


def marker_proteins() -> list[str]:
    """Consensus proteins of the bacterial markers; none without pyhmmer."""
    from ..genes.markers import load_marker_set, markers_available, read_profiles

    if not markers_available():
        return []
    used = load_marker_set().used[0]
    consensus = [str(p.consensus).upper() for p in read_profiles()]
    return ["".join(c for c in p if c in AMINO) for p, u in zip(consensus, used, strict=True) if u]


def universal_proteins() -> list[str]:
    """The same, and those of scattered families: what genomes need to look complete."""
    from ..genes.scattered import load_scattered

    markers = marker_proteins()
    if not markers:
        return []
    likeliest = (family.columns.argmax(1).tolist() for family in load_scattered())
    return markers + ["".join(AMINO[residue] for residue in protein) for protein in likeliest]


def make_community(
    folder: Path,
    genomes: int = 10,
    size: int = 1_000_000,
    samples: int = 2,
    seed: int = 1,
    proteins: Sequence[str] | None = None,
) -> Community:
    """Write ``contigs.fasta.gz``, ``depth.tsv`` and ``gold.tsv``.

    Every genome has all ``proteins``, or all of `universal_proteins`.
    """
    from isal import igzip

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    markers = list(universal_proteins() if proteins is None else proteins)
    abundance = np.exp(rng.normal(2.3, 0.7, (genomes, 1)) + rng.normal(0, 0.5, (genomes, samples)))
    contigs: list[tuple[int, str]] = []
    for g in range(genomes):
        genome = synthetic_genome(
            np.random.default_rng([seed, g]), int(size * rng.uniform(0.7, 1.3)), markers
        )
        at = 0
        while at < len(genome):
            length = int(np.clip(rng.lognormal(9.2, 0.9), 300, 200_000))
            contigs.append((g, genome[at : at + length]))
            at += length
    order = rng.permutation(len(contigs))
    result = Community(
        folder / "contigs.fasta.gz", folder / "depth.tsv", folder / "gold.tsv", genomes
    )
    with (
        writing(folder),
        igzip.open(result.contigs, "wb", compresslevel=1) as fasta,
        open(result.depth, "w") as depth,
        open(result.gold, "w") as gold,
    ):
        titles = [t for s in range(samples) for t in (f"S{s + 1}.bam", f"S{s + 1}.bam-var")]
        depth.write("\t".join(["contigName", "contigLen", "totalAvgDepth", *titles]) + "\n")
        gold.write("@Version:0.9.1\n@SampleID:demo\n\n@@SEQUENCEID\tBINID\t_LENGTH\n")
        for k, i in enumerate(order.tolist()):
            g, sequence = contigs[i]
            if rng.random() < 0.5:
                sequence = reverse_complement(sequence)
            n = len(sequence)
            expected = abundance[g] * np.exp(rng.normal(0, 0.08, samples))
            seen = rng.poisson(expected * n / 150) * 150 / n
            numbers = [f"{x:.5g}" for d in seen for x in (d, 1.3 * d)]
            fasta.write(f">contig_{k} length={n}\n{sequence}\n".encode())
            depth.write("\t".join([f"contig_{k}", str(n), f"{seen.sum():.5g}", *numbers]) + "\n")
            gold.write(f"contig_{k}\tgenome_{g + 1}\t{n}\n")
    return result
