"""A plain mutator: the same mutants for the same seed, without coverage and without atheris."""

from __future__ import annotations

import random
from collections.abc import Sequence

ODD = (
    b"\0", b"\xff", b"\n", b"\r\n", b"\t", b"\"", b">", b"@", b"#", b"-1", b"nan", b"1e999",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"9" * 20, b"[" * 50, b" ",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"true", b"null", b"{}", b"[]", b"../x",
)  # fmt: skip


def mutant(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """One of some inputs, changed in one to four places."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        some = data[at : at + rng.choice((1, 2, 4, 8, 40))]
        change = rng.randrange(7)
        if change == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
        elif change == 1:
            del data[at : at + len(some)]
        elif change == 2:
            data[at:at] = rng.choice(ODD)
        elif change == 3:
            data[at : at + len(some)] = rng.choice(ODD)
        elif change == 4:
            data[at:at] = some * rng.choice((1, 2, 30))
        elif change == 5:
            other = rng.choice(seeds)
            start = rng.randint(0, len(other))
            data[at:at] = other[start : start + rng.choice((4, 40, 400))]
        else:
            del data[at:]
    return bytes(data)
