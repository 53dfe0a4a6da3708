"""Plain reference implementations of the kernels: slow, short, and obviously right."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise, product

import numpy as np

COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
CODON = dict(
    zip(
        map("".join, product("ACGT", repeat=3)),
        "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF",
        strict=True,
    )
)


def reverse_complement(text: str) -> str:
    return "".join(COMPLEMENT.get(c, "N") for c in reversed(text))


def tetranucleotides(text: str) -> np.ndarray:
    words = ["".join(w) for w in product("ACGT", repeat=4)]
    columns: dict[str, int] = {}
    for word in words:
        if word not in columns:
            columns[word] = columns[reverse_complement(word)] = len(set(columns.values()))
    out = np.zeros(136, np.uint32)
    for word, count in Counter(text[i : i + 4] for i in range(len(text) - 3)).items():
        if word in columns:
            out[columns[word]] += count
    return out


LOWER_HEXAMERS = [
    word for word in map("".join, product("ACGT", repeat=6)) if word <= reverse_complement(word)
]


def hexamers(text: str) -> np.ndarray:
    words = (text[i : i + 6] for i in range(len(text) - 5))
    counts = Counter(min(word, reverse_complement(word)) for word in words if "N" not in word)
    return np.array([counts[word] for word in LOWER_HEXAMERS], np.uint32)


def repeats(text: str) -> list[int]:
    """Bases in repeats of one, two and three bases (kernels/signals.hpp)."""
    out = []
    for period, shortest in ((1, 8), (2, 12), (3, 15)):
        same = "".join(
            "=" if i >= period and text[i] in "ACGT" and text[i] == text[i - period] else " "
            for i in range(len(text))
        )
        runs = [len(run) + period for run in same.split()]
        out.append(sum(run for run in runs if run >= shortest))
    return out


def words_of_introns(text: str) -> list[int]:
    """How often those of kernels/signals.hpp are there; one of five needs a base before it."""
    words = ["GTAAGT", "GTGAGT", "GTATGT", "CTAAC", "AATAAA", "TTTCAG", "TTGCAG", "TTACAG"]
    known = [text[i : i + 6] for i in range(len(text) - 5) if set(text[i : i + 6]) <= set("ACGT")]
    return [
        sum(six.endswith(word) + six.endswith(reverse_complement(word)) for six in known)
        for word in words
    ]


def codons(text: str, shortest: int) -> np.ndarray:
    frames = []
    for strand, at in ((text, lambda i: i), (reverse_complement(text), lambda i: len(text) - i)):
        for begin in range(3):
            words = [(i, strand[i : i + 3]) for i in range(begin, len(strand) - 2, 3)]
            for stop, run in groupby(words, lambda w: CODON.get(w[1], "*") == "*"):
                found = list(run)
                low, high = sorted((at(found[0][0]), at(found[-1][0] + 3)))
                if not stop and high - low >= shortest:
                    frames.append(
                        (low - high, low, strand is not text, high, [w for _, w in found])
                    )
    out, used = np.zeros(64, np.uint32), np.zeros(len(text), bool)
    for size, low, _, high, words in sorted(frames):
        if 3 * used[low:high].sum() <= -size:
            used[low:high] = True
            for word in words:
                out[["".join(w) for w in product("ACGT", repeat=3)].index(word)] += 1
    return out


def least_of_words(profile: np.ndarray, words: int) -> float:
    """The most bits (in halves, 24 to 8) that so many words of six residues have; 8 if none do.

    A word has its bits in some six columns.
    """
    sums: Counter[float] = Counter()
    for c in range(len(profile) - 5):
        window: Counter[float] = Counter({0.0: 1})
        for column in profile[c : c + 6].tolist():
            window = sum(
                (Counter({bits + more: n for bits, n in window.items()}) for more in column),
                Counter(),
            )
        sums += window
    return next(
        (
            x / 2
            for x in range(48, 15, -1)
            if sum(n for bits, n in sums.items() if bits >= x / 2) >= words
        ),
        8.0,
    )


def extension(
    protein: str, i: int, profile: np.ndarray, c: int, step: int, ends: str
) -> tuple[int, int, float, float]:
    """Goes on without gaps from residue i and column c: where to, bits, and the most of them.

    It ends at one of ``ends``, or 10 bits below the best.
    """
    total = best = 0.0
    while (
        0 <= i < len(protein)
        and 0 <= c < len(profile)
        and protein[i] not in ends
        and total > best - 10
    ):
        total += float(profile[c, RESIDUES.index(protein[i])]) if protein[i] in RESIDUES else 0.0
        best, i, c = max(best, total), i + step, c + step
    return i, c, total, best


def extended(protein: str, at: int, profile: np.ndarray, column: int) -> float:
    """Bits of the word at ``at`` in six columns, and of what goes on on either side."""
    word = sum(float(profile[column + k, RESIDUES.index(protein[at + k])]) for k in range(6))
    after, before = (
        extension(protein, at + k, profile, column + k, step, "*X")[3]
        for k, step in ((6, 1), (-1, -1))
    )
    return word + after + before


def marker_matches(
    protein: str, profile: np.ndarray, least: float, least_bits: float
) -> list[tuple[int, int]]:
    """Residue and column of the first good word between two stops of a frame's translation.

    A good word has ``least`` bits or more, and its match ``least_bits``.
    """
    out, begin = [], 0
    for part in protein.split("*"):
        for at in range(begin, begin + len(part) - 5):
            if "X" not in protein[at : at + 6] and len(profile) > 5:
                bits = sum(
                    profile[k : len(profile) - 5 + k, RESIDUES.index(protein[at + k])]
                    for k in range(6)
                )
                column = int(np.argmax(bits))
                if bits[column] >= least and extended(protein, at, profile, column) >= least_bits:
                    out.append((at, column))
                    break
        begin += len(part) + 1
    return out


def what_tga_is(
    text: str, profiles: list[np.ndarray], least: list[float], least_bits: float
) -> str:
    """A stop, or a residue if enough matches go on behind it: that which fits profiles better."""
    bits, tryptophan, glycine = 0.0, 0.0, 0.0
    for strand, frame, (profile, word_bits) in product(
        (text, reverse_complement(text)), range(3), zip(profiles, least, strict=True)
    ):
        codons = [strand[i : i + 3] for i in range(frame, len(strand) - 2, 3)]
        protein, through = (
            "".join((CODON | {"TGA": tga}).get(c, "X") for c in codons) for tga in "*X"
        )
        found = marker_matches(protein, profile, word_bits, least_bits)
        for at, column in found:
            bits -= 0.5
            for skip, step in ((6, 1), (-1, -1)):
                i, c, total, best = extension(
                    protein, at + skip, profile, column + skip, step, "*X"
                )
                behind = min(len(codons) - 1 - i, len(profile) - 1 - c) if step > 0 else min(i, c)
                if 0 <= i < len(codons) and codons[i] == "TGA" and behind >= 10:
                    more = (
                        min(extension(through, i + step, profile, c + step, step, "*")[3], 20) - 2
                    )
                    bits += max(more, 0) if total < best - 4 else more
                    tryptophan += profile[c, RESIDUES.index("W")] if more > 0 else 0
                    glycine += profile[c, RESIDUES.index("G")] if more > 0 else 0
        for (last, old), (at, column) in pairwise(found):
            bits += 20 * (abs((column - at) - (old - last)) <= 50 and "*" not in through[last:at])
    return "*" if bits < 10 else "G" if glycine > tryptophan else "W"


def marker_candidates(
    text: str, profiles: list[np.ndarray], words: int, least_bits: float, min_residues: int
) -> list[tuple[int, str]]:
    out = []
    least = [least_of_words(profile, words) for profile in profiles]
    code = CODON | {"TGA": what_tga_is(text, profiles, least, least_bits)}
    for (family, profile), strand, frame in product(
        enumerate(profiles), (text, reverse_complement(text)), range(3)
    ):
        protein = "".join(
            code.get(strand[i : i + 3], "X") for i in range(frame, len(strand) - 2, 3)
        )
        for at, _ in marker_matches(protein, profile, least[family], least_bits):
            part = protein[protein.rfind("*", 0, at) + 1 :].split("*")[0]
            if len(part) >= min_residues:
                out.append((family, part))
    return sorted(out)


def squared_distances(
    vectors: np.ndarray,
    noise: np.ndarray,
    depth: np.ndarray,
    variance: np.ndarray,
    effective_dims: float,
) -> np.ndarray:
    x, c, v = (np.asarray(a, np.float64) for a in (vectors, depth, variance))
    s = noise[:, None].astype(np.float64) + noise[None]
    d = ((x[:, None] - x[None]) ** 2).sum(2) / s + effective_dims * np.log(s)
    both = v[:, None] + v[None]
    d += ((c[:, None] - c[None]) ** 2 / both + np.log(both)).sum(2)
    constant = effective_dims * np.log(2 * noise.min()) + (
        np.log(2 * v.min(0)).sum() if v.size else 0.0
    )
    return np.maximum(d - constant, 0)


def depth(lengths, reads, min_identity=0.97, edge=75):  # type: ignore[no-untyped-def]
    """Mean and variance per contig, by the rules of jgi_summarize_bam_contig_depths.

    reads: (contig index, position, [(op, size)], NM or -1, flag).
    """
    out = []
    counted_bases = counted = 0
    by_contig = {i: np.zeros(n, np.int64) for i, n in enumerate(lengths)}
    edges = {}
    last = None
    for contig, position, cigar, nm, flag in reads:
        if flag & 0x704 or contig < 0:
            continue
        if last is not None and contig != last:
            edges[last] = min(edge, counted_bases // counted) if counted else 0
        last = contig
        size = sum(n for op, n in cigar if op in "MIS=X")
        matched = sum(n for op, n in cigar if op in "M=X")
        gaps = sum(n for op, n in cigar if op in "ID")
        wrong = max(0, nm - gaps) if nm >= 0 else sum(n for op, n in cigar if op == "X")
        if not matched or matched - wrong < min_identity * (matched + gaps):
            continue
        counted, counted_bases = counted + 1, counted_bases + size
        at = position
        for op, n in cigar:
            if op in "M=X":
                by_contig[contig][at : at + n] += 1
            if op in "M=XDN":
                at += n
    if last is not None:
        edges[last] = min(edge, counted_bases // counted) if counted else 0
    for i, n in enumerate(lengths):
        e = edges.get(i, 0)
        e = 0 if n <= 2 * e else e
        part = by_contig[i][e : n - e]
        out.append((part.mean(), part.var(ddof=1) if len(part) > 1 else 0.0))
    return np.array(out)


def spaced_words(text: str, span: int = 23) -> list[tuple[str, int, bool]]:
    """Words of which every third base is not looked at.

    Of each the first in the alphabet of both strands, where it begins, and whether it is the
    forward one.
    """
    out = []
    for i in range(len(text) - span + 1):
        word = text[i : i + span]
        if set(word) <= set("ACGT"):
            a, b = (
                "".join(c for j, c in enumerate(w) if j % 3 != 2)
                for w in (word, reverse_complement(word))
            )
            if a != b and set(min(a, b)) != {"A"}:  # a run of one base says nothing
                out.append((min(a, b), i, a < b))
    return out


def best_path(profile: np.ndarray, transitions: np.ndarray, protein: str) -> tuple[float, int, int]:
    """Bits of Viterbi's path through a local profile, its first and last column; without a band.

    Bits are in sixteenths; of equal paths the later begin.
    """
    never = (-(10**6), 0)

    def after(state: tuple[int, int], more: float) -> tuple[int, int]:
        return (state[0] + round(16 * more), state[1])

    m = len(profile)
    match, insertion, deletion = [never] * m, [never] * m, [never] * m
    best, end = never, -1
    for letter in protein:
        fresh, gap, opened = (
            [],
            [],
            [
                max(after(match[c], transitions[c][1]), after(insertion[c], transitions[c][4]))
                for c in range(m)
            ],
        )
        for c in range(m):
            before = (
                [
                    after(states[c - 1], transitions[c - 1][t])
                    for states, t in ((match, 0), (insertion, 3), (deletion, 5))
                ]
                if c
                else []
            )
            fresh.append(
                after(
                    max([(0, c), *before]),
                    profile[c, RESIDUES.index(letter)] if letter in RESIDUES else 0,
                )
            )
            gap.append(
                max(
                    after(fresh[c - 1], transitions[c - 1][2]),
                    after(gap[c - 1], transitions[c - 1][6]),
                )
                if c
                else never
            )
            if fresh[c] > best and fresh[c] == max(fresh):
                best, end = fresh[c], c
        match, insertion, deletion = fresh, opened, gap
    n = len(protein)
    beside = (
        np.log2(2 / (m * (m + 1)))
        + 2 * np.log2(3 / (n + 3))
        - 1
        + n * np.log2((n + 1) / (n + 3))
        + np.log2(n + 1)
    )
    return best[0] / 16 + float(beside), best[1], end


def cloverleaf_bits(codes: list[int], model: dict[str, np.ndarray]) -> float:
    """Bits of the best tRNA without an intron whose base 73 is the last of some known bases."""
    t = len(codes) - 1 - 7 - 5 - 7  # where the T loop begins
    best = -np.inf

    def pair(row: int, i: int, j: int) -> float:
        return float(model["pairs"][row, 4 * codes[i] + codes[j]])

    def single(row: int, i: int) -> float:
        return float(model["singles"][row, codes[i]])

    for variable, d_arm, first in product(range(25), range(15, 23), range(1, 6)):
        second = d_arm - 13 - first
        arm = t - 5 - variable - 17
        begin = arm - 1 - d_arm - 9
        if begin < 0 or not 1 <= second <= 5:
            continue
        d = begin + 9
        stems = [(begin, t + 18, 7), (d, d + d_arm - 1, 4), (arm, arm + 16, 5), (t - 5, t + 11, 5)]
        held = [(i + k, j - k) for i, j, length in stems for k in range(length)]
        d_loop = [d + 4, d + 5, d + 6 + first, d + 7 + first, d + d_arm - 5]
        loops = [arm - 1, arm + 5, arm + 6, arm + 10, arm + 11, *range(t, t + 7), t + 19]
        bits = sum(pair(row, i, j) for row, (i, j) in enumerate(held))
        bits += sum(single(row, i) for row, i in enumerate([begin + 7, begin + 8, *d_loop, *loops]))
        bits += float(model["variable"][variable] + model["turns"][first - 1, second - 1])
        best = max(best, bits)
    return best
