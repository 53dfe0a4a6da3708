"""How much there is of each kind among some contigs, by what the network says of them.

Its probabilities hold for the mix of a whole metagenome. Among contigs of which something else is
known the mix is another: bacteria are in bins, most viruses in none. It is found by expectation
maximisation (Saerens, Latinne & Decaestecker 2002).
"""

from __future__ import annotations

from .contigs import Doubles

AS_BEFORE = 20  # contigs that the old prior counts for: of a few contigs nothing is concluded
ITERATIONS = 50


def with_own_prior(likely: Doubles, prior: Doubles) -> Doubles:
    """Probabilities float64 [n, kinds] by a ``prior`` [kinds], as they are by that of the contigs.

    Each contig counts alike.
    """
    by_kind, own = likely / prior, prior
    for _ in range(ITERATIONS):
        likely = by_kind * own
        likely /= likely.sum(1, keepdims=True)
        own = (likely.sum(0) + AS_BEFORE * prior) / (len(likely) + AS_BEFORE)
    return likely
