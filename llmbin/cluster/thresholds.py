"""Every number of the binning stage that was chosen by measurement, by stage.

Names in parentheses are those of notes in docs/notes, without their dates. *D* is the group
distance (`groups.py`); squared distances are in units of what is expected within one genome. A
function takes the object of its stage where tests want other numbers, and else reads it here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DepthNoise:
    """Variance of a log depth, beside the model pack (depth-noise).

    The likeliest for communities of training genomes are 0.11, 1.1 to 1.3 and 0.22 to 0.23.
    """

    between_contigs: float = 0.1  # standard deviation at any depth and length: replication, GC bias
    per_read: float = 1.0  # variance times reads counted (Poisson)
    per_stretch: float = 0.25  # standard deviation of a stretch: uneven libraries
    stretch: int = 500  # bp
    smallest_depth: float = 0.05  # is added to every depth before its logarithm is taken
    unknown: float = 1e6  # variance of a log depth that is not known: no difference counts


@dataclass(frozen=True)
class DepthUnitThresholds:
    """When a depth table is taken not to be in times (depth-in-any-unit)."""

    contigs: int = 2_000  # that are compared with others of like composition
    neighbours: int = 3  # of each
    landmark_length: int = 2_500  # bp: shorter contigs are too noisy to be compared with
    least_pairs: int = 100  # with depth in a sample; fewer do not tell
    between: tuple[float, ...] = (
        0.1,
        0.2,
        0.4,
    )  # standard deviations that may be left at any depth
    shares: tuple[float, ...] = (0.15, 0.4, 0.7)  # of unlike pairs
    least_spread: float = 0.3  # standard deviation of log depths of any contigs
    largest_power: int = 8  # of 4: how far the middle depth may be from one time
    steps: tuple[float, ...] = (0.5, 0.5, 0.1, 0.02, 0.02)  # of parabolas, in powers of 4
    as_likely: float = 2.0  # nats that another unit may be less likely by, and is taken if smaller
    near_power: float = 1.0  # of 4: a unit up to which the table is believed to be in times
    clear_gain: float = 20.0  # nats that another must be likelier by
    one_read: float = 0.01  # quantile of the bases on contigs that have any: those of one read
    variance_length: int = 5_000  # bp of a contig whose variance over positions is looked at
    variance_contigs: int = 20  # of them must have one
    variance_ratios: tuple[float, float] = (0.4, 4.0)  # to the depth that thin contigs may have


@dataclass(frozen=True)
class MissingDepthThresholds:
    """When no depth in any sample is a missing depth, and not one of zero."""

    neighbours: int = 15  # by composition alone, that are asked
    landmark_length: int = 2_500  # bp: shorter contigs are too noisy to be asked
    least_share: float = 0.01  # of all contigs; fewer are what thin genomes leave, and cost none
    against: float = 1 / 3  # share of the neighbours that must speak against a depth of zero
    less_than_a_read: float = 0.5  # reads: what is left of one at a contig's end is none
    expected_reads: float = 7.0  # at a neighbour's depth: then none is one case of a thousand


@dataclass(frozen=True)
class TreeContigThresholds:
    """Which contigs make the tree (noise-cores-cut-and-joining)."""

    length: int = 2_500  # bp from which a contig is in the tree
    least_share: float = 0.4  # of all bases must be in them; else `BinLimits.min_length` counts


@dataclass(frozen=True)
class NeighbourThresholds:
    """Search for neighbours: exact, or in cells (cells, cells-from-35000-contigs)."""

    exact_pairs: int = 600_000_000  # some 35,000 contigs, half of them in the tree
    cell_size: int = 500  # references in a cell, on average
    clear_share: int = 4  # one in so many references, the least noisy, may be a cell's centre
    cells_searched: int = 8  # for each contig
    kept: int = 32  # neighbours of a contig; the most that the GPU's search finds


@dataclass(frozen=True)
class TreeThresholds:
    """Core distance, and the graph that stands for the exact tree of many contigs.

    See noise-cores-cut-and-joining.
    """

    core_bases: int = 50_000  # bp that are company enough for a contig, with its own
    min_samples: int = 5  # neighbours that are company enough, whatever their length
    graph_neighbours: int = 15  # of each contig, where the exact tree would take too long


@dataclass(frozen=True)
class GroupThresholds:
    """Where doubt begins that two groups are of one genome.

    See noise-cores-cut-and-joining; ``free_samples``: many-samples.
    """

    same_genome: float = 40.0  # D up to which two groups may be one genome
    free_samples: int = 3  # beyond so many samples all thresholds of squared distances grow


@dataclass(frozen=True)
class RecruitThresholds:
    """Which contigs are recruited (short-contigs)."""

    voters: int = 15  # nearest core contigs that vote
    min_probability: float = 0.7
    max_squared_distance: float = 25.0  # 99 of 100 are nearer (limit-of-recruitment)


@dataclass(frozen=True)
class SeparateThresholds:
    """When a group is taken apart because its contigs are homologous to each other.

    See homology; ``repeats`` and ``clear_gain``: repeats-and-heavy-tails.
    """

    homologous: float = 0.08  # share of bases in pairs from which a group may be two genomes
    between: float = 0.2  # bases of pairs between halves, by those of the smaller: two genomes
    between_alone: float = 0.3  # the same where no markers have a say
    within: float = 0.5  # share of pairs' bases that may stay within halves: a third genome
    repeats: float = 0.1  # the same, from which the pairs may as well be repeats of one genome,
    clear_gain: float = 4.0  # unless two parts are likelier by so many nats a contig
    least_part: int = 50_000  # bp
    most_parts: int = 12


@dataclass(frozen=True)
class MixtureThresholds:
    """Mixture of Student's t (repeats-and-heavy-tails)."""

    weight: float = 20.0  # the squared distance q takes weight / 2 log(1 + q / knee) nats
    knee: float = 4.0
    iterations: int = 25  # of expectation maximisation, at most
    settled: float = 1e-3  # largest change of a probability at which it is done
    centrings: int = 4  # times that centres are found anew without what lies far from them
    move_rounds: int = 8  # of moves, each with centres anew
    least_gain: float = 1e-6  # nats that a move must bring


@dataclass(frozen=True)
class RepulsionThresholds:
    """Belief propagation (homology)."""

    rounds: int = 30  # of messages, at most
    damping: float = 0.3  # share of the last message in the next
    settled: float = 1e-3  # largest change of a message at which it is done


@dataclass(frozen=True)
class SplitThresholds:
    """Splitting of contaminated bins (own-markers-and-splitting)."""

    min_contamination: float = 0.2  # one or two false copies among many are no second genome
    most_parts: int = 6
    seed_markers: int = 8  # for each number of parts, markers that are tried as a beginning
    iterations: int = 25  # of expectation maximisation, at most
    settled: float = 1e-6  # largest change of a probability at which it is done


@dataclass(frozen=True)
class JoinThresholds:
    """Joining of groups, and adoption of islands (islands, homology).

    ``duplicate`` is 2 ln of 0.9 / 0.02: how often an alien and a piece of the genome bring a marker
    that the genome has.
    """

    piece_length: int = 20_000  # bp from which a contig without a bin may join a group
    most_pieces: int = 5_000  # of them, the longest: cost grows with the square of their number
    poor: float = 0.1  # completeness below which a group is no genome by itself
    smallest_genome: int = 400_000  # bp; the same where markers are off
    island: float = 100.0  # D up to which a group without markers may be an island of a genome
    stands_out: float = 10.0  # D by which the next genome must be further: odds of 150 to 1
    relatives: float = 0.1  # share of the smaller in homologous stretches: two genomes
    duplicate: float = 8.0  # D that a marker which both have adds


@dataclass(frozen=True)
class ReassignThresholds:
    """Second decision about contigs with a homologous contig in a bin near them (homology)."""

    rounds: int = 2
    own_weight: float = 0.5  # what a contig's own bin weighs in the vote of its neighbours
    least_share: float = 1e-4  # of the votes that a bin counts with, at least
    least_overlap: float = 1e-3  # chance of one bin for two contigs, from which they are looked at
    firm_length: int = 10_000  # bp of a contig that knows its bin better than its neighbours do


@dataclass(frozen=True)
class DoubtThresholds:
    """Whether contigs may be of a relative of their bin's genome (doubt-of-relatives)."""

    surest: float = 6.0  # nats that one contig's neighbours say at most


@dataclass(frozen=True)
class ConfidenceWeights:
    """What evidence for a contig's cluster weighs (how-likely-a-contig-is-right).

    ``weights`` in nats: for each of log odds by votes and by likely ones, for a core contig, and
    for ten times the bases.
    """

    weights: tuple[float, float, float, float] = (0.208, 0.374, 0.443, 1.005)
    bias: float = -3.592
    least: float = 1e-3  # of votes: fewer say no more


@dataclass(frozen=True)
class LayoutThresholds:
    """The map of contigs, on which nothing depends (a-map-of-contigs)."""

    landmarks: int = 1_500  # contigs that are laid out; the others go where they are
    neighbours: int = 10  # of a landmark that attract it
    repelled: int = 5  # others that each pushes off, in each round
    rounds: int = 100
    step: float = 0.1  # of the first round; it falls to 0
    like: int = 4  # landmarks that a contig's place is the mean of
    scatter: float = 0.25  # of that place, so that contigs do not lie upon one another


DEPTH_NOISE = DepthNoise()
DEPTH_UNITS = DepthUnitThresholds()
MISSING_DEPTH = MissingDepthThresholds()
TREE_CONTIGS = TreeContigThresholds()
NEIGHBOURS = NeighbourThresholds()
TREE = TreeThresholds()
GROUPS = GroupThresholds()
RECRUIT = RecruitThresholds()
SEPARATE = SeparateThresholds()
MIXTURE = MixtureThresholds()
REPULSION = RepulsionThresholds()
SPLIT = SplitThresholds()
JOIN = JoinThresholds()
REASSIGN = ReassignThresholds()
DOUBT = DoubtThresholds()
CONFIDENCE = ConfidenceWeights()
LAYOUT = LayoutThresholds()
