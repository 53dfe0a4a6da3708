"""Genomes on disk as 2-bit shards: written once, memory-mapped for ever after.

A shard folder holds ``bases-00000.bin`` ... (four bases a byte, the first in the lowest bits, each
sequence starting on a new byte) and one ``.npy`` file for every column of the index. Everything is
memory-mapped, so the memory of a training process does not grow with the number of genomes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError

SHARD_BASES = 4_000_000_000
LEAST_PIECE = 1_000  # bases; less of a sequence is not worth keeping
_CODES = np.full(256, 4, np.uint8)
_CODES[list(b"ACGTacgt")] = [0, 1, 2, 3] * 2
# The four codes of a byte.
_QUADS = np.stack([np.arange(256, dtype=np.uint8) >> shift & 3 for shift in (0, 2, 4, 6)], axis=1)
_OTHER = np.array([3, 2, 1, 0, *[4] * 252], np.uint8)
_FASTA = (".fna", ".fa", ".fasta", ".fas")

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Genome:
    """A genome as training sees it: codes of each sequence, 0-3 for ACGT, 4 for anything else."""

    name: str
    clade: str
    sequences: list[Codes]


def read_genomes(
    folder: Path, table: Path | None = None, only: str | None = None
) -> Iterator[Genome]:
    """Genomes of a folder: one FASTA file each (any compression), or ``.2bit`` files.

    In a ``.2bit`` file the sequences of a genome are named ``GENOME.NUMBER``. ``table`` is a TSV
    with the columns ``genome`` and ``clade``, and perhaps ``set``; genomes without a row are their
    own clade. With ``only``, just the genomes of that set are read.
    """
    rows = {}
    if table is not None:
        with open(table, newline="") as handle:
            rows = {row["genome"]: row for row in csv.DictReader(handle, delimiter="\t")}
    found = False
    for name, sequences in _raw_genomes(folder, only):
        row = rows.get(name, {})
        if only is not None and row.get("set", only) != only:
            continue
        found = True
        yield Genome(
            name, row.get("clade", name), [_CODES[np.frombuffer(s, np.uint8)] for s in sequences]
        )
    if not found:
        raise InputError(
            f"{folder}: no genomes here; "
            "expected *.fna, *.fa, *.fasta (.gz, .zst, .xz) or *.2bit files"
        )


def _raw_genomes(folder: Path, only: str | None) -> Iterator[tuple[str, list[bytes]]]:
    for path in sorted(folder.iterdir()):
        suffixes = [s.lower() for s in path.suffixes]
        if suffixes[-1:] == [".2bit"]:
            if only is None or path.name.startswith(only):
                yield from _two_bit(path)
        elif any(s in _FASTA for s in suffixes[-2:]):
            from ..io.fasta import read_fasta

            stem = path.name
            for suffix in reversed(path.suffixes[-2:]):
                stem = (
                    stem.removesuffix(suffix)
                    if suffix.lower() in (*_FASTA, ".gz", ".bgz", ".zst", ".xz", ".bz2")
                    else stem
                )
            yield stem, [record.sequence for record in read_fasta(path)]


def _two_bit(path: Path) -> Iterator[tuple[str, list[bytes]]]:
    import py2bit

    handle = py2bit.open(str(path))
    current = ""
    sequences: list[bytes] = []
    for name in handle.chroms():
        genome = name.rsplit(".", 1)[0]
        if genome != current and sequences:
            yield current, sequences
            sequences = []
        current = genome
        sequences.append(handle.sequence(name).encode())
    if sequences:
        yield current, sequences


def write_shards(genomes: Iterable[Genome], out: Path) -> None:
    """Pack genomes into a shard folder."""
    out.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    clades: list[str] = []
    first = [0]
    shard: list[int] = []
    offset: list[int] = []
    length: list[int] = []
    runs: list[tuple[int, int, int]] = []
    current, at, handle = -1, SHARD_BASES, None
    for genome in genomes:
        for codes in genome.sequences:
            if at + len(codes) > SHARD_BASES or handle is None:
                if handle is not None:
                    handle.close()
                current, at = current + 1, 0
                handle = open(out / f"bases-{current:05d}.bin", "wb")
            runs += [(len(length), a, b) for a, b in _unknown_runs(codes)]
            shard.append(current)
            offset.append(at)
            length.append(len(codes))
            packed = pack_bases(codes)
            handle.write(packed.tobytes())
            at += 4 * len(packed)
        names.append(genome.name)
        clades.append(genome.clade)
        first.append(len(length))
    if handle is not None:
        handle.close()
    columns: dict[str, npt.NDArray[np.generic]] = {
        "shard": np.array(shard, np.int32),
        "offset": np.array(offset, np.int64),
        "length": np.array(length, np.int64),
        "first": np.array(first, np.int64),
        "runs": np.array(runs, np.int64).reshape(-1, 3),
    }
    for name, values in columns.items():
        np.save(out / f"{name}.npy", values)
    (out / "genomes.json").write_text(json.dumps({"names": names, "clades": clades}))


def pack_bases(codes: Codes) -> Codes:
    """Four codes a byte; unknown bases are stored as A and listed apart."""
    padded = np.zeros((len(codes) + 3) // 4 * 4, np.uint8)
    padded[: len(codes)] = np.where(codes < 4, codes, 0)
    quads = padded.reshape(-1, 4)
    return np.asarray(
        quads[:, 0] | quads[:, 1] << 2 | quads[:, 2] << 4 | quads[:, 3] << 6, np.uint8
    )


def at_most(genomes: Iterable[Genome], most: int) -> Iterator[Genome]:
    """Genomes with up to ``most`` bases of each.

    Whole sequences in an order by chance, and of the last of them what still fits.
    """
    for number, genome in enumerate(genomes):
        kept: list[Codes] = []
        room = most
        for index in np.random.default_rng(number).permutation(len(genome.sequences)):
            if room < LEAST_PIECE:
                break
            kept.append(genome.sequences[index][:room])
            room -= len(kept[-1])
        yield Genome(genome.name, genome.clade, kept)


def _unknown_runs(codes: Codes) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (codes > 3).view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


class Shards:
    """A memory-mapped shard folder."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "genomes.json").is_file():
            raise InputError(
                f"{folder}: not a shard folder (genomes.json is missing); "
                "make one with `llmbin-fast train shards`"
            )
        meta = json.loads((folder / "genomes.json").read_text())
        self.names: list[str] = meta["names"]
        clades = {clade: i for i, clade in enumerate(dict.fromkeys(meta["clades"]))}
        self.clade = np.array([clades[c] for c in meta["clades"]], np.int64)
        self.shard, self.offset, self.length, self.first, self.runs = (
            np.load(folder / f"{column}.npy", mmap_mode="r", allow_pickle=False)
            for column in ("shard", "offset", "length", "first", "runs")
        )
        files = sorted(folder.glob("bases-*.bin"))
        self.bases = [np.memmap(path, np.uint8, "r") for path in files]

    def __len__(self) -> int:
        return len(self.names)

    def window(self, sequence: int, start: int, size: int) -> Codes:
        """Codes of ``size`` bases of a sequence; past its end they are unknown."""
        stop = min(start + size, int(self.length[sequence]))
        begin = int(self.offset[sequence]) + start
        raw = self.bases[self.shard[sequence]][begin // 4 : (begin + stop - start + 3) // 4]
        quads = _QUADS[raw].ravel()
        codes = np.full(size, 4, np.uint8)
        codes[: stop - start] = quads[begin % 4 : begin % 4 + stop - start]
        low, high = np.searchsorted(self.runs[:, 0], [sequence, sequence + 1])
        for _, a, b in self.runs[low:high]:
            if a < stop and b > start:
                codes[max(a - start, 0) : b - start] = 4
        return codes

    def genome(self, genome: int) -> Genome:
        """A whole genome."""
        low, high = int(self.first[genome]), int(self.first[genome + 1])
        return Genome(
            self.names[genome],
            str(self.clade[genome]),
            [self.window(s, 0, int(self.length[s])) for s in range(low, high)],
        )

    def sample(self, genome: int, size: int, rng: np.random.Generator) -> tuple[int, int]:
        """A place in a genome, uniform over its bases: (sequence, start).

        Sequences shorter than ``size`` count little.
        """
        low, high = int(self.first[genome]), int(self.first[genome + 1])
        lengths = np.asarray(self.length[low:high])
        room = np.maximum(lengths - size + 1, 1)
        pick = int(np.searchsorted(np.cumsum(room), rng.integers(room.sum()), side="right"))
        return low + pick, int(rng.integers(room[pick]))


def other_strand(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Reverse complement along the last axis; unknown stays unknown."""
    return _OTHER[codes[..., ::-1]]


def genome_batch(
    shards: Shards, count: int, rng: np.random.Generator, congeners: float = 0.5
) -> npt.NDArray[np.int64]:
    """Distinct genomes for one contrastive batch, balanced over clades.

    A clade is drawn by the square root of its number of genomes; with probability ``congeners`` a
    second genome of the same clade joins as a hard negative.
    """
    members: dict[int, list[int]] = {}
    for genome, clade in enumerate(shards.clade.tolist()):
        members.setdefault(clade, []).append(genome)
    chosen: dict[int, None] = {}
    while len(chosen) < min(count, len(shards)):
        weights = np.sqrt([len(m) for m in members.values()])
        for clade in rng.choice(list(members), size=count, p=weights / weights.sum()):
            group = members[int(clade)]
            take = 2 if len(group) > 1 and rng.random() < congeners else 1
            chosen.update(
                dict.fromkeys(int(g) for g in rng.choice(group, size=take, replace=False))
            )
    return np.array(list(chosen)[:count], np.int64)
