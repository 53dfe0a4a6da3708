"""Inputs that were made to do harm, or are larger than anybody thought of: bombs, endless lines.

Each must come to its one right end, in the time and memory that it says.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard

from llmbin.resources import peak_memory

from .jobs import PROGRAM
from .trials import Trial

GB = 10**9
BOMB = 10 * GB  # bytes that come of a file of some MB
MEMBER = 100_000_000  # of which it is made, again and again


@dataclass(frozen=True)
class Case:
    """Arguments of the program; the status, what standard error must hold, and what it may take.

    ``seconds`` are of CPU, ``memory`` is in bytes.
    """

    words: list[str]
    status: int
    says: str
    seconds: float = 60.0
    memory: int = 2 * GB


def trials(chance: random.Random, scratch: Path) -> Iterator[Trial]:
    """Each case, in a random order, and again."""
    while True:
        for name in chance.sample(list(CASES), len(CASES)):
            yield Trial("hostile", name, "", one(name, scratch))


def one(name: str, scratch: Path) -> str:
    """Make the input, run the program; what was wrong."""
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        folder = Path(place)
        case = CASES[name](folder)
        limited = f'ulimit -t {int(2 * case.seconds)}; exec "$@"'
        command = ["sh", "-c", limited, "sh", *PROGRAM, *case.words]
        with open(folder / "said", "w+") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            _, code, used = os.wait4(process.pid, 0)
            process.returncode = status = os.waitstatus_to_exitcode(code)
            said.seek(0)
            text = said.read()
        left = [p.name for p in folder.glob("out/*") if status and p.name != "llmbin.log"]
    taken, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    if status != case.status or not re.search(case.says, text):
        return f"status {status}: {text[-300:]!r}"
    if status and text.count("\n") != 1:
        return f"no single line: {text[-300:]!r}"
    if left:
        return f"left behind: {left}"
    # A process's peak begins with that of what started it.
    if taken > case.seconds or peak > max(case.memory, peak_memory()):
        return f"took {taken:.1f} s of CPU and {peak / GB:.2f} GB"
    return ""


def _run(folder: Path, contigs: Path, *more: str) -> list[str]:
    return ["run", str(contigs), "-o", str(folder / "out"), "-t", "1", "-q", *more]


def _bomb(pack: Callable[[bytes], bytes], name: str) -> Callable[[Path], Case]:
    """One base, 10 GB of it, in a line without an end."""

    def make(folder: Path) -> Case:
        path = folder / name
        member = pack(b"A" * MEMBER)
        with open(path, "wb") as out:
            out.write(pack(b">x\n"))
            for _ in range(BOMB // MEMBER):
                out.write(member)
        return Case(_run(folder, path), 1, rf"{name}.*line 2.*bases")

    return make


def _long_header(folder: Path) -> Case:
    path = folder / "x.fasta"
    path.write_bytes(b">x " + b"y" * 100_000_000 + b"\nACGT\n")
    return Case(_run(folder, path), 1, "line 1", 5, GB)


def _long_name(folder: Path) -> Case:
    path = folder / "x.fasta"
    path.write_bytes(b">" + b"y" * 10_000_000 + b"\nACGT\n")
    return Case(_run(folder, path), 1, "line 1", 5, GB)


def _many_contigs(folder: Path) -> Case:
    path = folder / "x.fasta"
    with open(path, "w") as out:
        out.writelines(f">c{i}\nA\n" for i in range(10_000_000))
    return Case(_run(folder, path), 0, "no contig|no bins")


def _chromosome(folder: Path) -> Case:
    path = folder / "x.fasta"
    rng = np.random.default_rng(0)
    with open(path, "wb") as out:
        out.write(b">x\n")
        for _ in range(300):
            out.write(np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, 1_000_000)].tobytes())
        out.write(b"\n")
    return Case(_run(folder, path, "--no-unbinned", "--no-report"), 0, "")


def _one_base(folder: Path) -> Case:
    path = folder / "x.fasta"
    with open(path, "wb") as out:
        out.write(b">x\n")
        for _ in range(100):
            out.write(b"A" * 1_000_000)
        out.write(b"\n")
    return Case(_run(folder, path, "--no-unbinned", "--no-report"), 0, "", 20, GB)


def _many_samples(folder: Path) -> Case:
    """1,000 samples: of each contig a depth and a variance in each."""
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(40)]
    with open(folder / "x.fasta", "wb") as out:
        for name in names:
            bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, 5000)].tobytes()
            out.write(f">{name}\n".encode() + bases + b"\n")
    columns = "\t".join(f"s{i}.bam\ts{i}.bam-var" for i in range(1000))
    with open(folder / "depth.tsv", "w") as table:
        table.write(f"contigName\tcontigLen\ttotalAvgDepth\t{columns}\n")
        for name in names:
            depths = rng.gamma(2, 3, 1000).round(3)
            cells = "\t".join(f"{d}\t{d}" for d in depths)
            table.write(f"{name}\t5000\t{depths.sum():.3f}\t{cells}\n")
    words = _run(folder, folder / "x.fasta", "--depth", str(folder / "depth.tsv"))
    return Case([*words, "--markers", "off", "--min-bin-size", "10000"], 0, "", 30, GB)


CASES: dict[str, Callable[[Path], Case]] = {
    "10 GB of one base in gzip": _bomb(lambda data: gzip.compress(data, 9), "x.fasta.gz"),
    "10 GB of one base in zstd": _bomb(zstandard.ZstdCompressor(19).compress, "x.fasta.zst"),
    "10 GB of one base in xz": _bomb(lzma.compress, "x.fasta.xz"),
    "10 GB of one base in bzip2": _bomb(bz2.compress, "x.fasta.bz2"),
    "header of 100 MB": _long_header,
    "name of 10 MB": _long_name,
    "10 million contigs of 1 bp": _many_contigs,
    "contig of 300 Mbp": _chromosome,
    "100 Mbp of one base": _one_base,
    "depth table of 1,000 samples": _many_samples,
}
