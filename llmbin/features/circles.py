"""Whether a contig is a circle: assemblers end one with the bases that it begins with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Bases that both ends share: assemblers leave a word of 21 to 200 bases. Fewer than 30 occur by
# chance in repeats; long ones are repeats themselves, or the ends of a phage.
LEAST_SHARED, MOST_SHARED = 30, 300


def is_circle(codes: npt.NDArray[np.uint8]) -> bool:
    """Whether the first 30 to 300 bases of a contig are its last ones, too.

    Those of a satellite are, and all over it: what a circle begins with is at its ends alone.
    """
    if len(codes) < 2 * MOST_SHARED:
        return False
    head, tail = codes[:MOST_SHARED].tobytes(), codes[-MOST_SHARED:].tobytes()
    word = head[:LEAST_SHARED]
    at = tail.find(word)
    while at >= 0:
        if head.startswith(tail[at:]):
            begins_again = len(codes) - MOST_SHARED + at
            return len(set(word)) > 2 and codes.tobytes().find(tail[at:], 1) == begins_again
        at = tail.find(word, at + 1)
    return False
