"""How likely contigs are of viruses, by the network and by families of genes together.

The network sees composition, and words that training viruses had; a family is found in a virus that
shares none of these. So contigs in doubt, of which the network does not rule a virus out, are
looked at again: a logistic regression weighs what it says and which families are there
(docs/notes/2026-11-29-hallmark-families-in-a-run.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..genes.hallmarks import Hallmarks
from .inputs import LONGEST

DOUBT = 0.05  # probability of a virus from which on families are looked for
HINT = 1.0  # nats of all families of a contig from which on they say that it is a virus
OUTWEIGHS = 3.0  # the same where it has genes of one marker family, as cells have
USUAL = 10_000  # bp, of which the logarithm of lengths is 0
LEAST = 1e-6  # of a probability: the network's have six digits
VIRUS = 3  # the column of `network.TOLD_APART`

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def said_by_families(there: Mask, lengths: Ints, evidence: Doubles) -> Doubles:
    """What the families of contigs say together, in nats: float64 [n].

    Of contigs longer than `LONGEST` they count for so much less, as if that much had been seen.

    Args:
        there: which families contigs have [n, families].
        lengths: bp [n].
        evidence: what each family says, in nats [families].
    """
    # Sums by row, as a product's depends on how many contigs there are.
    said = np.array([evidence[families].sum() for families in there], np.float64)
    return np.asarray(said * (np.minimum(lengths, LONGEST) / lengths), np.float64)


def regressors(virus: Doubles, said: Doubles, lengths: Ints) -> Doubles:
    """What is weighed: float64 [n, 5], the last of them 1.

    The network's log odds of a virus, of probabilities ``virus`` [n]; the logarithm of 1 and what
    families say [n]; 1 divided by the same, which is how much it looks as if none were there; and
    that times the logarithm of the length, as the longer a virus is the more it should have.
    """
    inside = np.clip(virus, LEAST, 1 - LEAST)
    odds, none = np.log(inside / (1 - inside)), 1 / (1 + said)
    longer = _log_length(np.minimum(lengths, LONGEST))
    return np.column_stack([odds, np.log1p(said), none, none * longer, np.ones(len(said))])


def _log_length(lengths: npt.ArrayLike) -> Doubles:
    return np.asarray(np.log(np.asarray(lengths) / USUAL), np.float64)


def with_families(
    likely: Doubles, there: Mask, lengths: Ints, hallmarks: Hallmarks
) -> tuple[Doubles, Doubles]:
    """Probabilities float64 [n, 4] by the network and by families, and what these say, in nats [n].

    What is no virus is shared among the other kinds as before. Families never make a virus less
    likely than none. ``there`` is bool [n, families], ``lengths`` are in bp.
    """
    said = said_by_families(there, lengths, hallmarks.evidence)
    odds = (regressors(likely[:, VIRUS], said, lengths) * hallmarks.weights).sum(1)
    virus = (1 / (1 + np.exp(-odds))).round(6)
    others = np.delete(likely, VIRUS, axis=1)
    left = others.sum(1, keepdims=True)
    equal = np.full_like(others, 1 / others.shape[1])
    share = np.where(left > 0, others / np.where(left > 0, left, 1), equal)
    return np.insert(share * (1 - virus[:, None]), VIRUS, virus, axis=1), said
