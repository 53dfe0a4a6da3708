"""A sequencing run replayed: ten rounds of an assembly that grows, watched.

python -m bench.replay COMMUNITY [--rounds 10] [--steady]

COMMUNITY is a folder of bench.communities with one sample. Of each contig, reads add up evenly
over the rounds. It appears in pieces when its depth is some 5, the pieces grow by joining in pairs,
and it is whole when its depth is some 12, or in the last round; each contig has some luck with
both. Names and order are new in every round, and all reads so far are mapped to the new contigs
(alignments without bases, at a fifth of the depth). With `--steady` contigs appear whole and stay.

One `watch` follows all rounds. Two more follow the last: more reads on the same contigs, and a
twentieth of the contigs changed. The last assembly is also binned by a fresh `run` without a cache.
CPU seconds of a round are those that the running program takes for it; those of all rounds are of
the whole process, its start and its looking at the folder included, and so are those of the run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pysam

from llmbin.coverage.tables import read_depth_table
from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_bins, read_gold

from . import record

SEEN, WHOLE = 5.0, 12.0  # depths at which a contig appears, and at which it is whole
LUCK = 0.25  # spread of their logarithms
MOST_PIECES, SHORTEST = 8, 5_000
THINNED, READ = 5, 10_000
LEAST_GENOME = 200_000
CHANGED = 0.05
PROGRAM = [sys.executable, "-m", "llmbin"]
PLAIN = ["--threads", "1", "--seed", "middle"]


@dataclass(frozen=True)
class Contig:
    """A contig of the last round, and in which rounds it appears and is whole."""

    sequence: str
    genome: str
    depth: float
    appears: int
    whole: int

    def pieces(self, number: int) -> list[str]:
        if number < self.appears:
            return []
        n = min(MOST_PIECES, 2 ** max(0, self.whole - number))
        n = max(1, min(n, len(self.sequence) // SHORTEST))
        bounds = [len(self.sequence) * i // n for i in range(n + 1)]
        return [self.sequence[a:b] for a, b in itertools.pairwise(bounds)]


@dataclass(frozen=True)
class Piece:
    name: str
    sequence: str
    contig: Contig


def contigs_of(community: Path, rounds: int) -> list[Contig]:
    chance = np.random.default_rng(1)
    gold = read_gold(community / "gold.tsv")
    records = [r for r in read_fasta(community / "contigs.fasta") if r.name in gold]
    table = read_depth_table(community / "depth.txt", dict.fromkeys([r.name for r in records], 0))
    depths = dict(zip(table.names, table.mean[:, 0].tolist(), strict=True))
    found = []
    for r in records:
        depth = max(depths[r.name], 0.1)
        luck = np.exp(LUCK * chance.normal(size=2))
        appears, whole = (
            int(np.clip(np.ceil(rounds * limit * lucky / depth), 1, rounds))
            for limit, lucky in zip((SEEN, WHOLE), luck, strict=True)
        )
        whole = max(appears, whole)
        found.append(Contig(r.sequence.decode(), gold[r.name][0], depth, appears, whole))
    return found


def assembly_of(contigs: list[Contig], number: int) -> list[Piece]:
    chance = np.random.default_rng([2, number])
    pieces = [(piece, contig) for contig in contigs for piece in contig.pieces(number)]
    order = chance.permutation(len(pieces)).tolist()
    return [Piece(f"r{number}_{i}", *pieces[at]) for i, at in enumerate(order)]


def write_assembly(path: Path, pieces: list[Piece]) -> None:
    with open(path.with_suffix(".part"), "w") as handle:
        handle.writelines(f">{p.name}\n{p.sequence}\n" for p in pieces)
    os.replace(path.with_suffix(".part"), path)


def map_reads(path: Path, pieces: list[Piece], share: float) -> None:
    """Reads without bases, which fall where they like."""
    chance = np.random.default_rng(3)
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": p.name, "LN": len(p.sequence)} for p in pieces],
    }
    with pysam.AlignmentFile(str(path.with_suffix(".part")), "wb", header=header) as out:
        for row, piece in enumerate(pieces):
            size = len(piece.sequence)
            length = min(READ, size)
            count = chance.poisson(share * piece.contig.depth / THINNED * size / length)
            for start in sorted(chance.integers(0, size - length + 1, count).tolist()):
                read = pysam.AlignedSegment(out.header)
                read.query_name, read.flag, read.mapping_quality = "r", 0, 60
                read.reference_id, read.reference_start = row, start
                read.cigartuples = [(0, length)]
                read.set_tag("NM", length // 50)
                out.write(read)
    os.replace(path.with_suffix(".part"), path)


def cpu_of_children() -> float:
    """CPU seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Watched:
    """A folder, and a `watch` that follows it until the end."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self.folder, self.out = scratch / "in", scratch / "out"
        self.folder.mkdir()
        command = (
            "watch",
            self.folder,
            "-o",
            self.out,
            "--settle",
            1,
            "--nice",
            0,
            "--keep",
            1,
            *PLAIN,
        )
        self._process = subprocess.Popen([*PROGRAM, *map(str, command)], stdout=subprocess.DEVNULL)

    def round_of(self, pieces: list[Piece], share: float) -> dict[str, Any]:
        """Write an assembly and reads, and wait until they are binned; gives the event."""
        before = len(self._events())
        write_assembly(self._scratch / "contigs.fasta", pieces)
        map_reads(self._scratch / "reads.bam", pieces, share)
        for name in ("contigs.fasta", "reads.bam"):
            os.replace(self._scratch / name, self.folder / name)
        while len(events := self._events()) == before:
            if self._process.poll() is not None:
                raise RuntimeError(f"watch ended with status {self._process.returncode}")
            time.sleep(0.2)
        return dict(json.loads(events[-1]))

    def _events(self) -> list[str]:
        path = self.out / "events.jsonl"
        whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
        return whole.splitlines()

    def end(self) -> float:
        """CPU seconds of all of it."""
        before = cpu_of_children()
        self._process.terminate()
        self._process.wait()
        return cpu_of_children() - before


def fresh_run(watched: Watched, out: Path) -> dict[str, float]:
    """Bin what lies in the folder from nothing; CPU and wall seconds."""
    before, wall = cpu_of_children(), time.perf_counter()
    reads = ("--bam", watched.folder / "reads.bam")
    command = ("run", watched.folder / "contigs.fasta", *reads, "-o", out, *PLAIN)
    subprocess.run([*PROGRAM, *map(str, command)], check=True, capture_output=True, text=True)
    return {
        "cpu_seconds": round(cpu_of_children() - before, 2),
        "seconds": round(time.perf_counter() - wall, 2),
    }


def names_of_genomes(bins: dict[str, str], pieces: list[Piece]) -> dict[str, str]:
    """The bin that holds most of each genome, if the genome is most of that bin."""
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for piece in pieces:
        if piece.name in bins:
            held[piece.contig.genome][bins[piece.name]] += len(piece.sequence)
    of_bin: dict[str, Counter[str]] = defaultdict(Counter)
    for genome, counts in held.items():
        for name, bases in counts.items():
            of_bin[name][genome] += bases
    best = {genome: counts.most_common(1)[0] for genome, counts in held.items()}
    return {
        genome: name
        for genome, (name, bases) in best.items()
        if bases >= LEAST_GENOME and of_bin[name].most_common(1)[0][0] == genome
    }


def groups(bins: dict[str, str]) -> list[list[str]]:
    found = defaultdict(list)
    for contig, name in bins.items():
        found[name].append(contig)
    return sorted(sorted(group) for group in found.values())


def replay(contigs: list[Contig], rounds: int, scratch: Path) -> dict[str, Any]:
    watched = Watched(scratch)
    rows, earlier = [], {}
    kept = judged = 0
    for number in range(1, rounds + 1):
        pieces = assembly_of(contigs, number)
        rows.append(row_of(watched.round_of(pieces, number / rounds)))
        bins = read_bins(watched.out / "current" / "contig2bin.tsv")
        names = names_of_genomes(bins, pieces)
        both = names.keys() & earlier.keys()
        judged += len(both)
        kept += sum(names[genome] == earlier[genome] for genome in both)
        earlier = names
        print(rows[-1], flush=True)
    final = fresh_run(watched, scratch / "fresh")
    same = groups(bins) == groups(read_bins(scratch / "fresh" / "contig2bin.tsv"))
    more = [
        row_of(watched.round_of(*what))["cpu_seconds"]
        for what in ((pieces, 1.02), (with_changes(pieces), 1.02))
    ]
    total = watched.end() - sum(more)
    return {
        "rounds": rows,
        "fresh_run": final,
        "all_rounds_cpu_seconds": round(total, 2),
        "all_rounds_by_fresh_run": round(total / final["cpu_seconds"], 2),
        "last_round_by_fresh_run": round(rows[-1]["cpu_seconds"] / final["cpu_seconds"], 2),
        "more_reads_by_fresh_run": round(more[0] / final["cpu_seconds"], 3),
        "a_twentieth_changed_by_fresh_run": round(more[1] / final["cpu_seconds"], 3),
        "bins_of_last_round_are_those_of_fresh_run": same,
        "names_kept": kept,
        "names_judged": judged,
    }


def row_of(event: dict[str, Any]) -> dict[str, Any]:
    told = ("round", "contigs", "bases", "gbp", "bins", "near_complete", "gain_per_gbp", "pays")
    return {key: event[key] for key in (*told, "cpu_seconds", "seconds")}


def with_changes(pieces: list[Piece]) -> list[Piece]:
    """Some of them have lost their end."""
    chance = np.random.default_rng(4)
    return [
        Piece(p.name, p.sequence[: -len(p.sequence) // 50], p.contig)
        if chance.random() < CHANGED
        else p
        for p in pieces
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steady", action="store_true")
    options = parser.parse_args()
    contigs = contigs_of(options.community, options.rounds)
    if options.steady:
        contigs = [replace(contig, whole=contig.appears) for contig in contigs]
    with tempfile.TemporaryDirectory() as scratch:
        result = replay(contigs, options.rounds, Path(scratch))
    name = "replay-steady" if options.steady else "replay"
    record.write(name, {"community": options.community.name, **result})


if __name__ == "__main__":
    main()
