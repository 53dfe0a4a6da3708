"""Simulated long reads: how long they are, where they lie, and the errors of a chemistry.

python -m bench.long_reads work/longmapped

makes a community of each sample alone: work/longmapped-S1 (R9), -S2 (R10) and -S3 (HiFi).

Identity is matches over alignment columns, as in most reports of sequencing runs. Every read has
its own, of a beta distribution, so that the noisier chemistries have the long tail of bad reads
that real runs have. Indels are more frequent in runs of equal bases, the longer the more.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llmbin.coverage.tables import DepthTable, read_depth_table, write_depth_table

SHORTEST_READ, LONGEST_READ = 500, 60_000
LONGEST_RUN = 10  # of equal bases; a longer one is as bad

Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Begin, end and strand of reads along a sequence."""

    begin: Numbers
    end: Numbers
    turned: npt.NDArray[np.bool_]

    def take(self, chosen: npt.NDArray[np.bool_]) -> Spans:
        """Some of them."""
        return Spans(self.begin[chosen], self.end[chosen], self.turned[chosen])

    def each(self) -> list[tuple[int, int, bool]]:
        """One by one."""
        columns = (self.begin.tolist(), self.end.tolist(), self.turned.tolist())
        return list(zip(*columns, strict=True))


@dataclass(frozen=True)
class Chemistry:
    """``preset`` is minimap2's; ``identity`` has a mean and a standard deviation.

    ``length`` is the median and the standard deviation of the logarithm. ``substitutions``,
    ``insertions``, ``deletions`` are parts of all errors, ``in_runs`` the part of indels that runs
    of equal bases draw to themselves; ``indel`` is the mean length of one.
    """

    preset: str
    identity: tuple[float, float]
    length: tuple[float, float]
    substitutions: float
    insertions: float
    deletions: float
    in_runs: float
    indel: float

    @property
    def mean_length(self) -> float:
        median, spread = self.length
        return float(median * np.exp(spread**2 / 2))


CHEMISTRIES = {
    "R9": Chemistry(
        "map-ont", (0.92, 0.04), (7_000, 0.8), 0.32, 0.23, 0.45, in_runs=0.5, indel=1.5
    ),
    "R10": Chemistry(
        "map-ont", (0.98, 0.015), (7_000, 0.8), 0.42, 0.21, 0.37, in_runs=0.5, indel=1.4
    ),
    "HiFi": Chemistry(
        "map-hifi", (0.998, 0.001), (14_700, 0.2), 0.15, 0.42, 0.43, in_runs=0.9, indel=1.1
    ),
}


def read_lengths(count: int, chemistry: Chemistry, rng: np.random.Generator) -> Numbers:
    median, spread = chemistry.length
    return np.clip(
        median * np.exp(rng.normal(0, spread, count)), SHORTEST_READ, LONGEST_READ
    ).astype(np.int64)


def read_identities(
    count: int, chemistry: Chemistry, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    mean, deviation = chemistry.identity
    both = mean * (1 - mean) / deviation**2 - 1
    return rng.beta(mean * both, (1 - mean) * both, count)


def read_spans(
    expected: npt.NDArray[np.float64],
    window: int,
    size: int,
    chemistry: Chemistry,
    rng: np.random.Generator,
) -> Spans:
    """Reads along a sequence of ``size`` with an expected depth in each window.

    Some begin beyond its ends, so that depth does not fall there; of these only what lies within
    is seen, if that is enough for a read.
    """
    margin = LONGEST_READ // window + 1
    count = rng.poisson(np.pad(expected, margin, mode="edge") * window / chemistry.mean_length)
    first = np.repeat((np.arange(len(count)) - margin) * window, count) + rng.integers(
        0, window, int(count.sum())
    )
    length = read_lengths(len(first), chemistry, rng)
    turned = rng.random(len(first)) < 0.5  # these run to the left
    begin = np.maximum(np.where(turned, first - length, first), 0)
    end = np.minimum(np.where(turned, first, first + length), size)
    seen = end - begin >= SHORTEST_READ
    return Spans(begin, end, turned).take(seen)


def depth_along(spans: Spans, size: int) -> Numbers:
    """How many reads lie over each position."""
    begun = np.bincount(spans.begin, minlength=size + 1)
    ended = np.bincount(spans.end, minlength=size + 1)
    return np.cumsum(begun - ended)[:size]


def with_errors(
    codes: Codes,
    lengths: Numbers,
    identity: npt.NDArray[np.float64],
    chemistry: Chemistry,
    rng: np.random.Generator,
) -> tuple[Codes, Numbers, npt.NDArray[np.float64]]:
    """Reads one after the other as they would be read: codes, lengths, and identities."""
    made = chemistry
    # Errors a base.
    wrong = (1 - identity) / (made.substitutions + made.deletions + identity * made.insertions)
    edges = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1, [len(codes)]])
    run = np.diff(edges)
    beyond = np.minimum(run, LONGEST_RUN) - 1
    pull = (
        1
        - made.in_runs
        + made.in_runs * beyond / max(float((beyond * run).sum()) / len(codes), 1e-9)
    )
    indels = np.repeat((wrong / made.indel).astype(np.float32), lengths) * np.repeat(
        pull.astype(np.float32), run
    )
    draw = rng.random(len(codes), np.float32)
    lost = np.flatnonzero(draw < made.deletions * indels)
    added = np.flatnonzero(
        (draw >= made.deletions * indels) & (draw < (made.deletions + made.insertions) * indels)
    )
    changed = np.flatnonzero(
        draw > 1 - np.repeat((made.substitutions * wrong).astype(np.float32), lengths)
    )
    out = codes.copy()
    out[changed] = (out[changed] + rng.integers(1, 4, len(changed))) % 4
    gone = np.zeros(len(codes), np.bool_)
    stretch = _stretches(lost, rng.geometric(1 / made.indel, len(lost)))
    gone[np.minimum(stretch, len(codes) - 1)] = True
    more = rng.geometric(1 / made.indel, len(added))
    times = 1 - gone.astype(np.int64)
    times[added] += more
    out = np.repeat(out, times)
    single = np.repeat(run == 1, run)[added]  # a run grows by its own base, elsewhere any may come
    strange = _stretches(np.cumsum(times)[added[single]] - more[single], more[single])
    out[strange] = rng.integers(0, 4, len(strange))
    right = ~gone
    right[changed] = False
    first = np.cumsum(lengths) - lengths
    after = np.add.reduceat(times, first)
    matches = np.add.reduceat(right.astype(np.int64), first)
    return out, after, matches / (after + np.add.reduceat(gone.astype(np.int64), first))


def _stretches(at: Numbers, size: Numbers) -> Numbers:
    """All positions of stretches."""
    return np.repeat(at - np.cumsum(size) + size, size) + np.arange(int(size.sum()))


def each_sample(folder: Path) -> list[Path]:
    """Communities of one sample each, beside the folder.

    Each has its contigs, the sample's BAM file and true depths.
    """
    table = read_depth_table(folder / "depth.txt")
    made = []
    for i, sample in enumerate(table.samples):
        out = folder.with_name(f"{folder.name}-{sample}")
        out.mkdir(exist_ok=True)
        for name in ("contigs.fasta", "gold.tsv", f"{sample}.bam"):
            (out / name).unlink(missing_ok=True)
            (out / name).symlink_to((folder / name).resolve())
        alone = DepthTable(
            table.path,
            table.names,
            table.lengths,
            [sample],
            table.mean[:, [i]],
            table.variance[:, [i]],
        )
        with open(out / "depth.txt", "w") as handle:
            write_depth_table(alone, handle.write)
        made.append(out)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a community of several samples")
    for made in each_sample(parser.parse_args().folder):
        print(made)


if __name__ == "__main__":
    main()
