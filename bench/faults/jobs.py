"""Commands that are disturbed, with small inputs, and what they give when they are not."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import make_community

PROGRAM = (sys.executable, "-P", "-m", "llmbin")
STEPS = 12  # of training
TRAINING = ("torch", "transformers", "accelerate")  # what it needs
OTHERS = ("llmbin.log",)  # what a command leaves beside its results


# Files of a run that tell when it was and what its folder is called.
DIFFERENT = (
    "run.json",
    "report.html",
    *(f"llmbin_{part}_mqc.json" for part in ("general", "classes", "bins", "quality")),
)


@dataclass(frozen=True)
class Job:
    """A command: its arguments for an output, those to go on with, and which files are results.

    ``differs`` are files that differ from run to run (times, versions) and are only to be there;
    ``left`` are no results, by patterns; one that ``talks`` says more than its last line. Its
    output begins as a copy of ``before``, where there is one, and ``seen`` is the place in it that
    is looked at. ``kinds`` are the faults that are made of it.
    """

    name: str
    arguments: Callable[[Path], list[str]]
    again: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    talks: bool = False
    left: tuple[str, ...] = field(default=OTHERS)
    before: Path | None = None
    seen: str = ""
    kinds: tuple[str, ...] = ("kill", "write", "place", "together", "memory")

    def begin(self, out: Path) -> None:
        """Make the output's folder as it is before the command."""
        if self.before is None:
            out.mkdir()
        else:
            shutil.copytree(self.before, out, symlinks=True)

    def command(self, out: Path, again: bool = False) -> list[str]:
        return [*PROGRAM, *self.arguments(out), *(self.again if again else ())]

    def results(self, out: Path) -> dict[str, str]:
        """Digest of each file that is to be seen; those that differ from run to run have none."""
        found: dict[str, str] = {}
        folder = (out / self.seen).resolve()
        if not folder.exists():
            return found
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            hidden = any(part.startswith(".") for part in name.parts)
            left = any(map(name.match, self.left))
            if path.is_file() and not hidden and not left:
                alike = name.name not in self.differs
                found[str(name)] = hashlib.sha256(path.read_bytes() if alike else b"").hexdigest()
        return found


@dataclass(frozen=True)
class Ending:
    """How a command ended: status, negative for a signal; standard error; seconds."""

    status: int
    said: str
    seconds: float


def run(command: Sequence[str], env: Mapping[str, str] | None = None, **how: object) -> Ending:
    """Run a command to its end; ``how`` is that of Popen."""
    began = time.perf_counter()
    done = subprocess.run(
        command,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **how,  # type: ignore[call-overload]
    )
    return Ending(done.returncode, done.stderr, time.perf_counter() - began)


def make_jobs(folder: Path, names: Sequence[str] = ()) -> list[Job]:
    """Inputs in a folder, and the jobs on them that this machine can do (or those that are named).

    A run, a depth of sorted and unsorted BAM files, vectors, the second round of a watch, some
    steps of training, an engine.
    """
    made = make_community(folder / "community", genomes=3, size=150_000, samples=2, seed=5)
    contigs, depth = str(made.contigs), str(made.depth)

    def out_of(*arguments: str) -> Callable[[Path], list[str]]:
        return lambda out: [
            str(out) if a == "OUT" else a.replace("OUT/", f"{out}/") for a in arguments
        ]

    base = ("run", contigs, "--depth", depth, "-o", "OUT", "-t", "2", "-q")
    plain = (*base, "--min-bin-size", "40000", "--markers", "off")
    jobs = [
        Job("run", out_of(*plain), ("--resume",), DIFFERENT),
        Job("run with markers", out_of(*base), ("--resume",), DIFFERENT),
        Job("embed", out_of("embed", contigs, "-o", "OUT/v.npz", "-q", "-t", "2")),
    ]
    if not names or "depth" in names:
        bams = _alignments(folder, made.contigs)
        jobs.append(Job("depth", out_of("depth", *bams, "-o", "OUT/depth.tsv", "-q", "-t", "2")))
    if not names or "watch" in names:
        jobs.append(_watch(folder, made.contigs))
    if (not names or "train lm" in names) and all(map(find_spec, TRAINING)):
        jobs.append(_training(folder, out_of))
    if (not names or "build-engine" in names) and find_spec("tensorrt_rtx"):
        # Engines differ from build to build.
        engine = out_of("build-engine", "--output", "OUT", "--compute-capability", "8.6", "-q")
        jobs.append(Job("build-engine", engine))
    return [job for job in jobs if not names or job.name in names]


def _watch(folder: Path, contigs: Path) -> Job:
    """The second round, of two thirds more contigs; the first is published and stays until then."""
    watched, before = folder / "watched", folder / "watch-before"
    watched.mkdir()
    records = [(r.name, r.sequence.decode()) for r in read_fasta(contigs)]
    command = ("watch", str(watched), "-o", "OUT", "--once", "--settle", "0", "--nice", "0")
    small = ("--model", "llmbin-lite", "--min-bin-size", "40000", "-t", "2", "-q")

    def arguments(out: Path) -> list[str]:
        return [str(out) if a == "OUT" else a for a in (*command, *small)]

    for part in (records[::5], records):
        text = "".join(f">{name}\n{bases}\n" for name, bases in part)
        (watched / "contigs.fasta").write_text(text)
        _alignments(watched, watched / "contigs.fasta", ("sorted",))
        if not before.exists():
            run([*PROGRAM, *arguments(before)])
    return Job(
        "watch",
        arguments,
        differs=(*DIFFERENT, "round.json"),
        left=(*OTHERS, ".llmbin-watch-lock"),
        before=before,
        seen="current",
        kinds=("kill",),
    )


def _training(folder: Path, out_of: Callable[..., Callable[[Path], list[str]]]) -> Job:
    from llmbin.training.shards import Genome, write_shards

    rng = np.random.default_rng(0)
    write_shards(
        [Genome(f"g{g}", f"clade{g}", [rng.integers(0, 4, 5000, np.uint8)]) for g in range(8)],
        folder / "shards",
    )
    small = ("--genomes", "4", "--window", "256", "--width", "16", "--dilations", "1")
    often = ("--save-every", "2", "--threads", "1")
    arguments = (
        "train",
        "lm",
        str(folder / "shards"),
        "-o",
        "OUT",
        "--steps",
        str(STEPS),
        *small,
        *often,
    )
    return Job(
        "train lm",
        out_of(*arguments),
        differs=("lm.csv",),
        talks=True,
        left=("state.safetensors", "tensorboard/*"),
    )


def _alignments(
    folder: Path, contigs: Path, names: Sequence[str] = ("sorted", "unsorted")
) -> list[str]:
    """A BAM file in order and one that is not."""
    import pysam

    rng = np.random.default_rng(1)
    lengths = {r.name: len(r.sequence) for r in read_fasta(contigs)}
    contig_names = list(lengths)
    files = []
    for name in names:
        path = folder / f"{name}.bam"
        header = {"SQ": [{"SN": n, "LN": v} for n, v in lengths.items()]}
        places = [
            (int(i), int(rng.integers(0, max(1, lengths[contig_names[i]] - 100))))
            for i in rng.integers(0, len(contig_names), 4000)
        ]
        with pysam.AlignmentFile(str(path), "wb", header=header) as out:
            for k, (contig, place) in enumerate(sorted(places) if name == "sorted" else places):
                read = pysam.AlignedSegment(out.header)
                read.query_name, read.reference_id, read.reference_start = f"r{k}", contig, place
                read.query_sequence, read.cigarstring, read.mapping_quality = "A" * 100, "100M", 60
                read.set_tag("NM", 0)
                out.write(read)
        files.append(str(path))
    return files
