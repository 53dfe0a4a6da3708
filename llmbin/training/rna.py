"""Learn what RNA genes look like: profiles of ribosomal RNAs, the cloverleaf of transfer RNAs.

What is learnt ships as ``llmbin/data/rna.npz`` (see ``llmbin/data/RNA.md``) and is read by
``llmbin/genes/rna.py``. The genes come from other programs: whole ribosomal RNAs as FASTA files,
transfer RNAs as ARAGORN prints them with ``-br``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..genes.rna import KINDS
from ..io.fasta import read_fasta
from ..io.outputs import whole_file

ROUNDS = 3  # of building a profile and aligning all genes to it
LEAST_SHARE = 0.005  # of a base in a column, so that no word is out of the question
VARIABLE, TURN = 25, 5  # lengths between the arms, from 0 on, and of the D loop's parts, from 1 on
PAIR_PRIOR, BASE_PRIOR, LENGTH_PRIOR, TURN_PRIOR = 0.25, 1.0, 0.5, 0.2  # counts added to each cell

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cloverleaf:
    """A transfer RNA: its bases 0-3, and where anticodon and T loop begin."""

    bases: list[int]
    anticodon: int
    t_loop: int

    @property
    def d_arm(self) -> int:
        """Bases 10 to 25."""
        return self.anticodon - 17

    @property
    def variable(self) -> int:
        """Bases between the anticodon's arm and the T arm."""
        return self.t_loop - 5 - (self.anticodon + 10)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Places of bases that pair: seven, four, five and five, from the outside of each stem."""
        d_end, arm, t = 9 + self.d_arm - 1, self.anticodon - 7, self.t_loop
        return [
            *((k, t + 18 - k) for k in range(7)),
            *((9 + k, d_end - k) for k in range(4)),
            *((arm + k, arm + 16 - k) for k in range(5)),
            *((t - 5 + k, t + 11 - k) for k in range(5)),
        ]

    def singles(self, turn: int) -> list[int]:
        """Places of the bases that nearly all share; ``turn`` bases lie between 15 and 18."""
        arm, t = self.anticodon - 7, self.t_loop
        d_loop = [13, 14, 15 + turn, 16 + turn, 9 + self.d_arm - 5]
        return [
            7,
            8,
            *d_loop,
            arm - 1,
            arm + 5,
            arm + 6,
            arm + 10,
            arm + 11,
            *range(t, t + 7),
            t + 19,
        ]

    def turns(self) -> list[tuple[int, int]]:
        """What the two turns of the D loop may be, in bases."""
        both = self.d_arm - 13
        return [(k, both - k) for k in range(1, TURN + 1) if 1 <= both - k <= TURN]


@dataclass(frozen=True)
class CloverleafModel:
    """Log-odds in bits: of pairs [21, 16], single bases [20, 4], lengths [25] and turns [5, 5]."""

    pairs: Floats
    singles: Floats
    variable: Floats
    turns: Floats

    def best_turns(self, gene: Cloverleaf) -> tuple[int, int]:
        """The turns that suit a gene best."""

        def bits(turns: tuple[int, int]) -> float:
            first, second = turns
            g18, g19 = (gene.bases[15 + first + k] for k in range(2))
            fit = self.turns[first - 1, second - 1] + self.singles[4, g18] + self.singles[5, g19]
            return float(fit)

        return max(gene.turns(), key=bits)


def read_cloverleaves(path: Path) -> Iterator[Cloverleaf]:
    """Genes without introns of the usual shape, from what ``aragorn -t -l -br`` printed."""
    lines = path.read_text().splitlines()
    for place, line in enumerate(lines):
        if not re.match(r"Primary sequence for tRNA-[^?]+\(\w{3}\)$", line):
            continue
        sequence, brackets = lines[place + 1 : place + 3]
        anticodon, t_loop = brackets.find("AAA"), brackets.find("ttttttt")
        if anticodon < 0 or brackets.count("t") != 7 or set(sequence) - set("acgt"):
            continue
        gene = Cloverleaf(["acgt".index(base) for base in sequence], anticodon, t_loop)
        usual = 15 <= gene.d_arm <= 22 and 0 <= gene.variable < VARIABLE and gene.turns()
        if usual and t_loop + 20 <= len(sequence):
            yield gene


def learn_cloverleaf(genes: Sequence[Cloverleaf]) -> CloverleafModel:
    """Log-odds of what genes have; where their turns are is learnt with them, in three rounds."""
    likely = np.full((20, 4), 0.0)
    likely[4:6, 2] = 2.0  # two G between the turns, to begin with
    model = CloverleafModel(np.zeros((21, 16)), likely, np.zeros(VARIABLE), np.zeros((TURN, TURN)))
    for _ in range(ROUNDS):
        pairs, singles = np.full((21, 16), PAIR_PRIOR), np.full((20, 4), BASE_PRIOR)
        variable, turns = np.full(VARIABLE, LENGTH_PRIOR), np.full((TURN, TURN), TURN_PRIOR)
        for gene in genes:
            first, second = model.best_turns(gene)
            left, right = np.array(gene.pairs).T
            bases = np.array(gene.bases)
            pairs[np.arange(21), 4 * bases[left] + bases[right]] += 1
            singles[np.arange(20), bases[gene.singles(first)]] += 1
            variable[gene.variable] += 1
            turns[first - 1, second - 1] += 1
        model = CloverleafModel(
            np.log2(16 * pairs / pairs.sum(1, keepdims=True)),
            np.log2(4 * singles / singles.sum(1, keepdims=True)),
            np.log2(variable / variable.sum()),
            np.log2(turns / turns.sum()),
        )
    return model


def learn_profile(path: Path) -> Floats:
    """Log-odds in bits of A C G T in each column of whole genes of a kind: [columns, 4].

    The gene of median length is the first profile; all are aligned to it, and again to what
    becomes of that.
    """
    import pyhmmer
    from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

    alphabet = Alphabet.dna()
    background = pyhmmer.plan7.Background(alphabet)

    def digital(name: str, sequence: bytes) -> Any:
        return TextSequence(name=name.encode(), sequence=sequence.decode()).digitize(alphabet)

    genes = sorted(read_fasta(path), key=lambda record: (len(record.sequence), record.name))
    block = DigitalSequenceBlock(alphabet, [digital(g.name, g.sequence) for g in genes])
    median = genes[len(genes) // 2]
    builder = pyhmmer.plan7.Builder(alphabet)
    profile, _, _ = builder.build(digital(median.name, median.sequence), background)
    for _ in range(ROUNDS):
        aligned = pyhmmer.hmmalign(profile, block, digitize=True)
        aligned.name = path.stem.encode()
        # No gene is a fragment, whose gaps at its ends would say nothing.
        builder = pyhmmer.plan7.Builder(alphabet, fragthresh=0.0, effective_number="none")
        profile, _, _ = builder.build_msa(aligned, background)
    shares = np.array(profile.match_emissions, np.float64)[1:]
    return np.asarray(np.log2(np.maximum(shares, LEAST_SHARE) * 4))


def learn_rna(rrna: dict[str, Sequence[Path]], trna: Sequence[Path], out: Path) -> None:
    """Write ``rna.npz``: a profile for each file of a kind of `KINDS`, and the cloverleaf.

    Raises:
        InputError: a file cannot be read, or there are no transfer RNAs in any.
    """
    genes = [gene for path in trna for gene in read_cloverleaves(path)]
    if not genes:
        raise InputError(
            f"{trna[0]}: no transfer RNAs; what `aragorn -t -l -br` prints was expected"
        )
    model = learn_cloverleaf(genes)
    kinds = [number for number, kind in enumerate(KINDS) for _ in rrna[kind]]
    profiles = [learn_profile(path) for kind in KINDS for path in rrna[kind]]
    with whole_file(out) as handle:
        np.savez_compressed(
            handle,
            profiles=np.concatenate(profiles).astype(np.float16),
            first=np.cumsum([0, *map(len, profiles)]).astype(np.int32),
            kinds=np.array(kinds, np.int32),
            pairs=model.pairs.astype(np.float32),
            singles=model.singles.astype(np.float32),
            variable=model.variable.astype(np.float32),
            turns=model.turns.astype(np.float32),
        )
