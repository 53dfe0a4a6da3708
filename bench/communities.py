"""Communities with a known truth, made from a folder of genomes: contigs, depths, gold standard.

python -m bench.communities genomes out [NAME ...]

The folder holds a FASTA file a genome; names are those of PLANS. Abundances are log-normal,
between genomes and between samples. The first seven break genomes into contigs, shorter and fewer
where the depth is low, and draw a depth for each from reads that fall unevenly: by window, by GC,
from the replication origin to its end.

`mapped` draws read pairs from the genomes instead and maps them to the contigs (minimap2,
samtools). `assembled` also assembles them (megahit), and a contig belongs to the genome that
aligns with most of it. `longmapped` maps long reads, of R9, R10 and HiFi in a sample each
(bench.long_reads); its depth table is no measurement but the truth, counted where the reads were
drawn.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from llmbin._kernels import encode_bases
from llmbin.coverage.tables import DepthTable, write_depth_table
from llmbin.io.fasta import read_fasta

from .long_reads import (
    CHEMISTRIES,
    Chemistry,
    Spans,
    depth_along,
    read_identities,
    read_spans,
    with_errors,
)

READ, INSERT, WINDOW, SHORTEST = 150, 350, 500, 1_000
# Of log depth; the last two are the most that a sample or genome has.
WINDOW_SPREAD, CONTIG_SPREAD, GC_BIAS, ORIGIN = 0.25, 0.08, 0.5, 0.5
ERRORS = 0.004
BATCH = 4_000_000  # bases of long reads at a time
LETTERS = np.frombuffer(b"ACGTN", np.uint8)

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """How a community is made.

    ``depth`` is the mean over genomes in a sample, ``spread`` and ``sample_spread`` the standard
    deviations of its logarithm; ``piece`` is the median contig at a pooled depth of 15. There are
    ``strains`` mutants of ``identity``. ``reads``: laid, mapped, longmapped, or assembled.
    """

    seed: int
    samples: int
    depth: float
    piece: float = 6_000
    piece_spread: float = 0.9
    spread: float = 0.8
    sample_spread: float = 0.8
    absent: float = 0.0
    strains: int = 0
    identity: tuple[float, float] = (0.95, 0.985)
    genomes: int = 0
    reads: str = "laid"


PLANS = {
    "three": Plan(101, 3, 8),
    "one": Plan(102, 1, 14, piece=7_000),
    "ten": Plan(103, 10, 4, piece=5_000, absent=0.3),
    "strains": Plan(104, 5, 6, piece=5_000, strains=10),
    "long": Plan(105, 1, 25, piece=120_000, piece_spread=1.0),
    "tail": Plan(108, 3, 4, spread=1.8),
    "congeners": Plan(109, 3, 8, strains=20, identity=(0.80, 0.92)),
    "mapped": Plan(107, 3, 6, piece=5_000, strains=6, reads="mapped"),
    "longmapped": Plan(110, 3, 8, piece=40_000, piece_spread=1.0, strains=6, reads="longmapped"),
    "assembled": Plan(106, 2, 10, genomes=16, reads="assembled"),
}


@dataclass(frozen=True)
class Genome:
    """Sequences as codes, and how replication shapes their depth.

    It begins at ``origin``, a part of the whole; ``slope`` is log depth from its end to there.
    """

    name: str
    sequences: list[Codes]
    origin: float
    slope: float

    @property
    def size(self) -> int:
        return sum(map(len, self.sequences))


@dataclass(frozen=True)
class Piece:
    """A stretch of a sequence of a genome, perhaps turned around."""

    genome: int
    sequence: int
    start: int
    stop: int
    turned: bool


def read_genomes(folder: Path, plan: Plan, rng: np.random.Generator) -> list[Genome]:
    files = sorted(p for p in folder.iterdir() if ".f" in p.name)
    if plan.genomes:
        files = [
            files[i]
            for i in sorted(rng.choice(len(files), min(plan.genomes, len(files)), replace=False))
        ]
    out = []
    for path in files:
        sequences = [
            encode_bases(r.sequence) for r in read_fasta(path) if len(r.sequence) >= SHORTEST
        ]
        out.append(
            Genome(
                path.name.split(".f")[0],
                sequences,
                float(rng.random()),
                float(rng.uniform(0, ORIGIN)),
            )
        )
    for k in range(plan.strains):
        parent = out[int(rng.integers(len(files)))]
        identity = float(rng.uniform(*plan.identity))
        mutated = [mutant(s, identity, rng) for s in parent.sequences]
        out.append(
            Genome(
                f"{parent.name}.strain{k + 1}_{identity:.3f}", mutated, parent.origin, parent.slope
            )
        )
    return out


def mutant(codes: Codes, identity: float, rng: np.random.Generator) -> Codes:
    """Substitutions, more in some kilobases than in others, and a few lost stretches."""
    rate = np.repeat(rng.gamma(1.0, 1 - identity, len(codes) // 1000 + 1), 1000)[: len(codes)]
    hit = np.flatnonzero(rng.random(len(codes)) < np.minimum(rate, 0.3))
    out = codes.copy()
    out[hit] = (out[hit] + rng.integers(1, 4, len(hit))) % 4
    keep = np.ones(len(out), bool)
    for _ in range(max(1, len(out) // 150_000)):
        length = int(rng.integers(2_000, 15_000))
        if len(out) > 5 * length:
            at = int(rng.integers(0, len(out) - length))
            keep[at : at + length] = False
    return out[keep]


def abundances(n: int, plan: Plan, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Depth [genomes, samples]."""
    share = np.exp(
        rng.normal(0, plan.spread, (n, 1))
        + rng.normal(0, plan.sample_spread, (n, plan.samples)) * (plan.samples > 1)
    )
    gone = rng.random(share.shape) < plan.absent
    gone[np.arange(n), rng.integers(0, plan.samples, n)] = False
    share[gone] = 0
    return share / share.sum(0) * n * plan.depth


def pieces_of(
    number: int, genome: Genome, depth: float, plan: Plan, rng: np.random.Generator
) -> Iterator[Piece]:
    """What an assembler would find of a genome: short pieces with gaps where the depth is low."""
    median = plan.piece * np.exp(rng.normal(0, 0.5)) * min(1.5, max(0.15, depth / 15))
    found = 1 - np.exp(-0.5 * depth)
    for s, codes in enumerate(genome.sequences):
        at = 0
        while at < len(codes):
            stop = min(
                len(codes),
                at + int(np.clip(median * np.exp(rng.normal(0, plan.piece_spread)), 150, 600_000)),
            )
            if (
                stop - at >= SHORTEST
                and rng.random() < found
                and (codes[at:stop] == 4).mean() < 0.05
            ):
                yield Piece(number, s, at, stop, bool(rng.random() < 0.5))
            at = stop + int(rng.integers(0, 120))


def window_depths(
    genome: Genome, stretch: Piece, depth: float, gc_bias: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Expected depth of each window of a stretch."""
    codes = genome.sequences[stretch.sequence][stretch.start : stretch.stop]
    at = np.arange(0, len(codes), WINDOW)
    gc = np.add.reduceat(((codes == 1) | (codes == 2)).astype(float), at) / np.minimum(
        WINDOW, len(codes) - at
    )
    before = sum(map(len, genome.sequences[: stretch.sequence])) + stretch.start
    place = (before + at) / genome.size
    from_origin = 2 * np.abs((place - genome.origin + 0.5) % 1.0 - 0.5)
    uneven = rng.normal(0, WINDOW_SPREAD, len(at)) - WINDOW_SPREAD**2 / 2
    return depth * np.exp(
        uneven + genome.slope * (0.5 - from_origin) - 10 * gc_bias * (gc - 0.5) ** 2
    )


def laid_depths(
    genomes: list[Genome],
    pieces: list[Piece],
    depth: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Mean and variance of depth [contigs, samples, 2] of reads that fall on contigs themselves.

    So no read is mapped wrongly.
    """
    out = np.zeros((len(pieces), depth.shape[1], 2))
    for sample in range(depth.shape[1]):
        gc_bias = GC_BIAS * rng.random()
        for k, p in enumerate(pieces):
            level = depth[p.genome, sample] * np.exp(rng.normal(0, CONTIG_SPREAD))
            expected = window_depths(genomes[p.genome], p, level, gc_bias, rng)
            size = np.full(len(expected), WINDOW, float)
            size[-1] = (p.stop - p.start) - WINDOW * (len(expected) - 1)
            seen = rng.poisson(expected * size / READ) * READ / size
            mean = float((seen * size).sum() / size.sum())
            out[k, sample] = mean, float((size * (seen - mean) ** 2).sum() / size.sum()) + mean
    return out


def write_reads(
    prefix: Path, genomes: list[Genome], depth: npt.NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Read pairs of a sample, from the genomes, with substitutions."""
    gc_bias, quality, number = GC_BIAS * rng.random(), b"I" * READ, 0
    with open(f"{prefix}_1.fq", "wb") as first, open(f"{prefix}_2.fq", "wb") as second:
        for g, genome in enumerate(genomes):
            for s, codes in enumerate(genome.sequences):
                if not depth[g] or len(codes) < 2 * INSERT:
                    continue
                whole = Piece(g, s, 0, len(codes), False)
                expected = window_depths(genome, whole, depth[g], gc_bias, rng)
                count = rng.poisson(expected * WINDOW / READ / 2)
                start = np.repeat(np.arange(len(count)) * WINDOW, count) + rng.integers(
                    0, WINDOW, int(count.sum())
                )
                size = np.maximum(READ + 10, rng.normal(INSERT, 50, len(start)).astype(np.int64))
                inside = start + size < len(codes)
                for begin, end in zip(
                    start[inside].tolist(), (start + size)[inside].tolist(), strict=True
                ):
                    mates = [
                        codes[begin : begin + READ].copy(),
                        other_strand(codes[end - READ : end]),
                    ]
                    for mate in mates:
                        wrong = np.flatnonzero(rng.random(READ) < ERRORS)
                        mate[wrong] = (mate[wrong] + rng.integers(1, 4, len(wrong))) % 4
                    for handle, mate in zip(
                        (first, second), mates if rng.random() < 0.5 else mates[::-1], strict=True
                    ):
                        handle.write(
                            b"@r%d\n%s\n+\n%s\n" % (number, LETTERS[mate].tobytes(), quality)
                        )
                    number += 1


def other_strand(codes: Codes) -> Codes:
    return np.where(codes < 4, 3 - codes, codes)[::-1].astype(np.uint8)


@dataclass(frozen=True)
class LongReads:
    """Long reads of a sample: of which genomes, how deep each, and of which chemistry.

    ``pieces`` are the contigs whose true depth is asked for.
    """

    genomes: list[Genome]
    pieces: list[Piece]
    depth: npt.NDArray[np.float64]
    chemistry: Chemistry


def write_long_reads(
    handle: IO[bytes], reads: LongReads, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw reads from the genomes. Returns mean and variance of each piece's depth [contigs, 2].

    A read's name says where it is from and how good it is: ``r`` number, genome, sequence, begin,
    end, strand, identity.
    """
    gc_bias, number = GC_BIAS * rng.random(), 0
    truth = np.zeros((len(reads.pieces), 2))
    within: dict[tuple[int, int], list[int]] = {}
    for k, p in enumerate(reads.pieces):
        within.setdefault((p.genome, p.sequence), []).append(k)
    for g, genome in enumerate(reads.genomes):
        for s, codes in enumerate(genome.sequences if reads.depth[g] else []):
            whole = Piece(g, s, 0, len(codes), False)
            expected = window_depths(genome, whole, float(reads.depth[g]), gc_bias, rng)
            spans = read_spans(expected, WINDOW, len(codes), reads.chemistry, rng)
            along = depth_along(spans, len(codes))
            for k in within.get((g, s), []):
                here = along[reads.pieces[k].start : reads.pieces[k].stop]
                truth[k] = here.mean(), here.var()
            batch = np.cumsum(spans.end - spans.begin) // BATCH
            for some in (spans.take(batch == b) for b in np.unique(batch)):
                for place, read, identity in read_along(codes, some, reads.chemistry, rng):
                    quality = bytes([33 + round(-10 * np.log10(max(1 - identity, 1e-5)))])
                    handle.write(
                        b"@r%d_%d_%d_%s_%.4f\n%s\n+\n%s\n"
                        % (number, g, s, place, identity, read, quality * len(read))
                    )
                    number += 1
    return truth


def read_along(
    codes: Codes, spans: Spans, chemistry: Chemistry, rng: np.random.Generator
) -> Iterator[tuple[bytes, bytes, float]]:
    """Where each read lies (``begin_end_strand``), its letters, and its identity as it came out."""
    each = spans.each()
    drawn = np.concatenate(
        [other_strand(codes[a:b]) if back else codes[a:b] for a, b, back in each]
    )
    wanted = read_identities(len(each), chemistry, rng)
    read, size, identity = with_errors(drawn, spans.end - spans.begin, wanted, chemistry, rng)
    letters, stop = LETTERS[read].tobytes(), np.cumsum(size)
    for (a, b, back), first, last, same in zip(
        each, (stop - size).tolist(), stop.tolist(), identity.tolist(), strict=True
    ):
        yield b"%d_%d_%s" % (a, b, b"-" if back else b"+"), letters[first:last], same


def assemble(out: Path, samples: list[str]) -> list[tuple[str, bytes]]:
    """Contigs of all samples' reads together."""
    reads = [
        "-1",
        ",".join(str(out / f"{s}_1.fq") for s in samples),
        "-2",
        ",".join(str(out / f"{s}_2.fq") for s in samples),
    ]
    subprocess.run(
        ["megahit", "--min-contig-len", str(SHORTEST), *reads, "-o", str(out / "megahit")],
        check=True,
        capture_output=True,
    )
    return [
        (f"k_{i}", r.sequence)
        for i, r in enumerate(read_fasta(out / "megahit" / "final.contigs.fa"))
    ]


def aligned_genomes(
    out: Path, contigs: list[tuple[str, bytes]], genomes: list[Genome]
) -> dict[str, str]:
    """Genome with the most aligned bases of each contig, if that is half of it."""
    references = out / "references.fa"
    write_fasta(
        references,
        (
            (f"{g}|{s}", LETTERS[codes].tobytes())
            for g, genome in enumerate(genomes)
            for s, codes in enumerate(genome.sequences)
        ),
    )
    command = [
        "minimap2",
        "-cx",
        "asm20",
        "-N",
        "20",
        "-p",
        "0.5",
        str(references),
        str(out / "contigs.fasta"),
    ]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    references.unlink()
    matches: dict[tuple[str, int], int] = {}
    for row in (line.split("\t") for line in lines):
        key = (row[0], int(row[5].split("|")[0]))
        matches[key] = matches.get(key, 0) + int(row[9])
    best: dict[str, tuple[int, int]] = {}
    for (contig, genome), found in sorted(matches.items()):
        best[contig] = max(best.get(contig, (0, -1)), (found, genome))
    size = {name: len(sequence) for name, sequence in contigs}
    return {
        name: genomes[genome].name
        for name, (found, genome) in best.items()
        if 2 * found >= size[name]
    }


def map_reads(out: Path, sample: str) -> None:
    threads = str(len(os.sched_getaffinity(0)))
    reads = [str(out / f"{sample}_{mate}.fq") for mate in (1, 2)]
    mapping = subprocess.Popen(
        [
            "minimap2",
            "-t",
            threads,
            "-ax",
            "sr",
            "--secondary=no",
            str(out / "contigs.fasta"),
            *reads,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    subprocess.run(
        ["samtools", "sort", "-o", str(out / f"{sample}.bam"), "-"],
        stdin=mapping.stdout,
        check=True,
        capture_output=True,
    )
    if mapping.wait():
        raise SystemExit(f"minimap2 failed on {sample}")


def map_long_reads(
    out: Path, sample: str, reads: LongReads, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw and map reads. Returns true mean and variance of depth [contigs, 2].

    They go to the mapper as they are drawn: they would be gigabytes.
    """
    threads = str(len(os.sched_getaffinity(0)))
    mapping = subprocess.Popen(
        [
            "minimap2",
            "-t",
            threads,
            "-ax",
            reads.chemistry.preset,
            "--secondary=no",
            str(out / "contigs.fasta"),
            "-",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    sorting = subprocess.Popen(
        ["samtools", "sort", "-o", str(out / f"{sample}.bam"), "-"],
        stdin=mapping.stdout,
        stderr=subprocess.DEVNULL,
    )
    assert mapping.stdin and mapping.stdout
    mapping.stdout.close()  # it is the sorter's now
    truth = np.zeros((len(reads.pieces), 2))
    # Why a pipe broke, the mapper's status says.
    with contextlib.suppress(BrokenPipeError), mapping.stdin as handle:
        truth = write_long_reads(handle, reads, rng)
    if mapping.wait() | sorting.wait():
        raise SystemExit(f"minimap2 or samtools failed on {sample}")
    return truth


def write_fasta(path: Path, records: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> None:
    with open(path, "wb") as handle:
        for name, sequence in records:
            handle.write(b">%s\n" % name.encode())
            handle.writelines(sequence[i : i + 100] + b"\n" for i in range(0, len(sequence), 100))


def write_depths(
    path: Path,
    contigs: list[tuple[str, bytes]],
    depths: npt.NDArray[np.float64],
    samples: list[str],
) -> None:
    """MetaBAT's table, of mean and variance [contigs, samples, 2]."""
    lengths = np.array([len(sequence) for _, sequence in contigs], np.int64)
    with open(path, "w") as handle:
        write_depth_table(
            DepthTable(
                path,
                [name for name, _ in contigs],
                lengths,
                samples,
                depths[..., 0],
                depths[..., 1],
            ),
            handle.write,
        )


def build(folder: Path, out: Path, plan: Plan) -> str:
    """Make one community; a line that says what it holds."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(plan.seed)
    genomes = read_genomes(folder, plan, rng)
    depth = abundances(len(genomes), plan, rng)
    samples = [f"S{i + 1}" for i in range(plan.samples)]
    pieces = [
        p
        for g, genome in enumerate(genomes)
        for p in pieces_of(g, genome, float(depth[g].sum()), plan, rng)
    ]
    pieces = [pieces[i] for i in rng.permutation(len(pieces))]
    if plan.reads in {"mapped", "assembled"}:
        for i, sample in enumerate(samples):
            write_reads(out / sample, genomes, depth[:, i], np.random.default_rng([plan.seed, i]))
    if plan.reads == "assembled":
        contigs = assemble(out, samples)
    else:
        cut = [
            (genomes[p.genome].sequences[p.sequence][p.start : p.stop], p.turned) for p in pieces
        ]
        contigs = [
            (f"k_{i}", LETTERS[other_strand(codes) if turned else codes].tobytes())
            for i, (codes, turned) in enumerate(cut)
        ]
    write_fasta(out / "contigs.fasta", contigs)
    if plan.reads == "laid":
        write_depths(out / "depth.txt", contigs, laid_depths(genomes, pieces, depth, rng), samples)
    elif plan.reads == "longmapped":
        true = []
        for i, (sample, chemistry) in enumerate(
            zip(samples, cycle(CHEMISTRIES.values()), strict=False)
        ):
            reads = LongReads(genomes, pieces, depth[:, i], chemistry)
            rng = np.random.default_rng([plan.seed, i])
            true.append(map_long_reads(out, sample, reads, rng))
        write_depths(out / "depth.txt", contigs, np.stack(true, 1), samples)
    else:
        for sample in samples:
            map_reads(out, sample)
            for mate in (1, 2):  # gigabytes that anyone can draw again
                (out / f"{sample}_{mate}.fq").unlink()
        bams = [str(out / f"{s}.bam") for s in samples]
        command = ["llmbin-fast", "depth", "-q", "-o", str(out / "depth.txt"), *bams]
        subprocess.run(command, check=True)
    if plan.reads == "assembled":
        truth = aligned_genomes(out, contigs, genomes)
    else:
        truth = {f"k_{i}": genomes[p.genome].name for i, p in enumerate(pieces)}
    with open(out / "gold.tsv", "w") as handle:
        handle.write(f"@Version:0.9.1\n@SampleID:{out.name}\n\n@@SEQUENCEID\tBINID\t_LENGTH\n")
        handle.writelines(
            f"{name}\t{truth[name]}\t{len(sequence)}\n"
            for name, sequence in contigs
            if name in truth
        )
    (out / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n")
    mbp = sum(len(s) for _, s in contigs) / 1e6
    return f"{out.name}: {len(contigs):,} contigs, {mbp:.0f} Mbp, of {len(genomes)} genomes"


def made(folder: Path, out: Path, plan: Plan) -> Path:
    """The folder of a community; one that is here is not made again."""
    if not (out / "plan.json").exists():
        print(build(folder, out, plan), flush=True)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("genomes", type=Path, help="folder of FASTA files, one a genome")
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", default=list(PLANS), metavar="NAME")
    options = parser.parse_args()
    for name in options.names:
        print(build(options.genomes, options.out / name, PLANS[name]), flush=True)


if __name__ == "__main__":
    main()
