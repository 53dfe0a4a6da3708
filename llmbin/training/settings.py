"""Every number of a training that can be turned, with its default.

What was tried is in ``llmbin/training/README.md`` (species, size of the model, pseudo-species)
and in docs/notes (2026-11-25-codons-and-language-model, 2026-11-27-vectors-shrunk-by-length).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PRECISIONS = ("fp32", "fp16", "int8")

# Square roots of codon frequencies lie within about 0.1 of their mean.
CODON_MEAN, CODON_SCALE = 0.12, 20.0

# Pseudo-species: standard deviation of the logarithm of a context's rate, and of the logarithms
# of what a base turns into.
CONTEXT_SPREAD = 0.7
TARGET_SPREAD = 1.0

NOISE_BINS = 14  # of equal numbers of fragments; the noise is fitted to their means
BUCKET = 256  # bases: windows of a pack are padded to a multiple of this


@dataclass(frozen=True)
class Schedule:
    """What both trainings have: steps, batches, AdamW, and how the work is spread.

    ``workers`` make batches ahead; ``threads`` 0 leaves PyTorch its choice.
    """

    steps: int = 2000
    genomes: int = 64
    window: int = 2048
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup: int = 100
    temperature: float = 0.1
    seed: int = 1
    save_every: int = 50
    threads: int = 0
    workers: int = 0
    compiled: bool = False


@dataclass(frozen=True)
class LMTraining(Schedule):
    """Pre-training. A process's batch is ``genomes`` x 2 windows of ``window`` bases.

    ``mask`` is the share of bases to hide, ``contrast`` the weight of the contrastive loss.
    """

    mask: float = 0.15
    contrast: float = 0.3


@dataclass(frozen=True)
class Finetuning(Schedule):
    """Fine-tuning. A batch is ``genomes`` x ``views`` fragments; the LM sees ``window`` of each.

    Fragments have ``shortest`` to ``longest`` bases. ``alone``, ``codons`` and ``distil`` weigh
    the further losses. ``pseudo`` is the share of genomes that are rewritten, at rates up to
    ``mutation``; up to ``errors`` of a fragment's bases are misread. Development fragments are
    judged every ``judge_every`` steps.
    """

    steps: int = 1200
    genomes: int = 96
    window: int = 1024
    learning_rate: float = 1e-3
    warmup: int = 120
    views: int = 4
    shortest: int = 1100
    longest: int = 10_000
    alone: float = 0.5
    codons: float = 0.2
    distil: float = 1.0
    pseudo: float = 0.5
    mutation: float = 0.08
    errors: float = 0.01
    dropout: float = 0.2
    judge_every: int = 100


@dataclass(frozen=True)
class ProjectorSettings:
    """``shrink`` is added to the diagonal of the within-genome correlation matrix.

    Fragments of up to ``longest_kb`` decide the directions: the contigs that are hard to place.
    The noise is fitted to all. A batch is ``genomes`` x ``views`` fragments; ``steps`` 0 leaves
    the network out.
    """

    dims: int = 32
    shrink: float = 0.1
    longest_kb: float = 20.0
    noise_until_kb: float = 100.0
    effective_dims: float = 10.0
    steps: int = 300
    hidden: int = 256
    genomes: int = 128
    views: int = 4
    temperature: float = 0.1
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    dropout: float = 0.2
    seed: int = 1


@dataclass(frozen=True)
class FragmentSampling:
    """Random fragments of every genome; lengths are log-uniform."""

    per_genome: int = 60
    seed: int = 1
    shortest: int = 1_000
    longest: int = 110_000


@dataclass(frozen=True)
class PackSettings:
    """A pack's name, the encoders in it, its windows, and the fragments that it is fitted to."""

    name: str = "llmbin-edge"
    version: str = "1"
    precision: Sequence[str] = PRECISIONS
    window: int = 1024
    max_windows: int = 1
    per_genome: int = FragmentSampling.per_genome
    seed: int = 1
    threads: int = 1

    def fragments(self) -> FragmentSampling:
        """How the projector's fragments are drawn."""
        return FragmentSampling(self.per_genome, self.seed)


@dataclass(frozen=True)
class MarkerSettings:
    """How markers are chosen.

    Seeds have ``shortest_seed`` to ``longest_seed`` residues, and are looked for in up to ``panel``
    complete genomes of a domain; a family is kept that ``seed_share`` of these have, at most
    ``seed_twice`` of them with a second hit of ``close`` of the first one's score. Two families
    share at most ``overlap`` of their members. A hit covers more than ``coverage`` of a profile.

    ``prevalence`` is the share of complete genomes (weighted by clade) that must have a marker,
    and ``single_copy`` that of these with just one. A cut-off leaves ``headroom`` below the
    lowest score that is as good as the best.
    """

    panel: int = 14
    shortest_seed: int = 60
    longest_seed: int = 100_000
    seed_share: float = 0.7
    seed_twice: float = 0.1
    close: float = 0.7
    overlap: float = 0.2
    coverage: float = 0.5
    prevalence: float = 0.9
    single_copy: float = 0.97
    headroom: float = 0.75
    most_sequences: int = 130
    cpus: int = 1


@dataclass(frozen=True)
class ScatteredSettings:
    """How families that lie scattered are chosen.

    By ``genomes`` of ``least_genome`` bp or more, no archaea: ``prevalence`` of them must have a
    family, ``twice`` of these at most have it twice. So many ``families`` are chosen, and those
    kept that ``universal`` of the genomes have. Proteins that have ``alike`` of a marker family's
    cut-off are of it. At ``near`` bp from a known family 1/e of another one is known. Members of
    the final profile are up to ``longest`` times as long as the first one.
    """

    seeding: MarkerSettings = MarkerSettings(seed_share=0.6, seed_twice=0.15, longest_seed=420)
    genomes: int = 48
    least_genome: int = 1_500_000
    families: int = 110
    prevalence: float = 0.75
    universal: float = 0.9
    twice: float = 0.1
    alike: float = 0.7
    near: float = 12_000
    longest: float = 1.6


@dataclass(frozen=True)
class PieceSettings:
    """How genomes are broken to contigs, of which bins are then drawn.

    ``medians`` are those of log-normal lengths, 0 leaves sequences as they are. Contigs have
    ``shortest`` bases or more. Each genome is also broken after mutations (``mutated`` of the
    medians): substitutions at up to ``substitutions`` a base, as between strains, or insertions and
    deletions at up to ``indels``, as of an assembly of raw long reads.
    """

    medians: Sequence[int] = (1_500, 3_000, 6_000, 15_000, 50_000, 200_000, 0)
    spread: float = 0.9
    shortest: int = 1_000
    mutated: Sequence[int] = (1_500, 6_000, 50_000)
    substitutions: float = 0.06
    indels: float = 3e-3
    seed: int = 1


@dataclass(frozen=True)
class QualityTraining:
    """The networks that estimate completeness and contamination.

    ``bins`` are drawn, in whose contigs composition is measured along ``dims`` directions. A family
    is taken away from a bin, as its lineage may have lost it, with a probability of up to
    ``losses`` times the share of clades that lack it, and is there once more with up to
    ``doubles`` times the share of clades that have it twice. ``binned_share`` is that of a batch
    that the program's own bins have, where there are any. ``folds`` are those of the evaluation, by
    clade.
    """

    bins: int = 90_000
    dims: int = 16
    width: int = 96
    members: int = 8
    steps: int = 1_500
    batch: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 0.3
    dropout: float = 0.4
    losses: float = 1.0
    doubles: float = 2.0
    binned_share: float = 0.6
    folds: int = 4
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class KindTraining:
    """The network that tells kinds of contigs apart.

    Of each kind some ``fragments`` are drawn, with log-uniform lengths from ``shortest`` to
    ``longest``; a group counts with its bases, ``group_bases`` at most, to the power of 0.7. A
    share of ``plasmids`` of the bacteria are plasmids. ``peptides`` is how many words of residues
    tell of a kind at most. ``unseen`` is the share of fragments whose genes are learnt without, as
    runs may not look for them. ``members`` networks answer together. ``folds`` are those of the
    evaluation, by group.
    """

    fragments: int = 12_000
    shortest: int = 1_000
    longest: int = 40_000
    group_bases: int = 2_000_000
    plasmids: float = 0.3
    peptides: int = 250_000
    unseen: float = 0.15
    members: int = 3
    width: int = 64
    steps: int = 1_500
    batch: int = 512
    learning_rate: float = 3e-3
    weight_decay: float = 0.1
    dropout: float = 0.4
    folds: int = 5
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class HallmarkTraining(KindTraining):
    """Families of viruses, and how they are weighed beside the network that tells kinds apart.

    Families are clusters of proteins that ``least_groups`` of viruses have, and ``ratio`` times as
    many as groups of plasmids. They are taken until their profiles have so many ``columns``; a
    group counts ``again`` times as much for each family that it has already. A profile is of
    ``aligned`` proteins at most, ``of_group`` a group; longer families than ``longest_family``
    residues are left out. A family that says less than ``least_evidence`` nats says nothing, one
    that says more than ``most_evidence`` not more. ``ridge`` keeps weights small.
    """

    columns: int = 52_000
    again: float = 0.6
    least_groups: int = 5
    ratio: float = 2.0
    aligned: int = 24
    of_group: int = 2
    longest_family: int = 1_000
    least_evidence: float = 0.5
    most_evidence: float = 4.0
    ridge: float = 1.0
