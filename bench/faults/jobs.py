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
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from llmbin.io.fasta import read_fasta
from llmbin.options import DEFAULT_MODEL
from llmbin.tools.synthetic import Community, make_community

PROGRAM = (sys.executable, "-P", "-m", "llmbin")
ENDLESS = 600  # seconds: a command that takes longer hangs
STEPS = 12  # of training
TRAINING = ("torch", "transformers", "accelerate")  # what it needs
TENSORRT = "tensorrt_rtx"
ARROW = "pyarrow"
SIZE = 150_000  # bases of a genome
LEAST = "40000"  # of a bin
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
    is looked at. ``kinds`` are the faults that are made of it. One that ``waits`` may say so in the
    place of an error.
    """

    name: str
    arguments: Callable[[Path], list[str]]
    again: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    talks: bool = False
    left: tuple[str, ...] = field(default=OTHERS)
    before: Path | None = None
    seen: str = ""
    kinds: tuple[str, ...] = ("kill", "write", "disk", "place", "together", "memory", "group")
    waits: bool = False

    def begin(self, out: Path) -> None:
        """Make the output's folder as it is before the command."""
        if self.before is None:
            out.mkdir()
        else:
            shutil.copytree(self.before, out, symlinks=True)

    def words(self, out: Path, again: bool = False) -> list[str]:
        """What comes behind the name of the program."""
        return [*self.arguments(out), *(self.again if again else ())]

    def command(self, out: Path, again: bool = False) -> list[str]:
        return [*PROGRAM, *self.words(out, again)]

    def results(self, out: Path) -> dict[str, str]:
        """Digest of each file that is to be seen; those that differ from run to run have none."""
        found: dict[str, str] = {}
        top = (out / self.seen).resolve()
        if not top.exists():
            return found
        for path in sorted(top.rglob("*")):
            name = path.relative_to(top)
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


def start(arguments: Sequence[str], env: Mapping[str, str] | None = None) -> Ending:
    """Run a command of the program to its end."""
    return run([*PROGRAM, *arguments], env)


def run(command: Sequence[str], env: Mapping[str, str] | None = None, **how: object) -> Ending:
    """Run a command to its end, or kill one that has none; ``how`` is that of Popen."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **how,  # type: ignore[call-overload]
    )
    try:
        _, said = process.communicate(timeout=ENDLESS)
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()[1] + f"\nkilled: it did not end in {ENDLESS} s"
    return Ending(process.returncode, said, time.perf_counter() - began)


def make_jobs(folder: Path, names: Sequence[str] = ()) -> list[Job]:
    """Inputs in a folder, and the jobs on them that this machine can do (or those that are named).

    Runs, a depth of sorted and unsorted BAM files, vectors, and all else that writes a file.
    """
    bench = _Bench(folder)
    makers: dict[str, Callable[[], Job | None]] = {
        "run": bench.plain,
        "run with markers": bench.with_markers,
        "run with cache": bench.with_cache,
        "run of features": bench.of_features,
        "features": bench.features,
        "embed": bench.embed,
        "depth": bench.depth,
        "quality": bench.quality,
        "report": bench.report,
        "watch": bench.watch,
        "export": bench.export,
        "demo": bench.demo,
        "train lm": bench.train,
        "build-engine": bench.engine,
    }
    if unknown := set(names) - makers.keys():
        raise ValueError(f"no such jobs: {', '.join(unknown)}; there are {', '.join(makers)}")
    made = [makers[name]() for name in names or makers]
    return [job for job in made if job is not None]


class _Bench:
    """Inputs, each made when it is first needed, and the jobs on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _community(self) -> Community:
        """The smallest that has bins, contigs in none, and two samples."""
        return make_community(self._folder / "community", genomes=3, size=SIZE, samples=2, seed=5)

    @cached_property
    def _alignments(self) -> list[str]:
        return _alignments(self._folder, self._community.contigs)

    @cached_property
    def _finished(self) -> Path:
        """The folder of a run that is over."""
        out = self._folder / "finished"
        if (ending := start(self.plain().words(out))).status:
            raise RuntimeError(ending.said)
        return out

    @property
    def _run(self) -> list[str]:
        made = self._community
        return ["run", str(made.contigs), "--depth", str(made.depth), "-o", "OUT", "-t", "2", "-q"]

    def plain(self) -> Job:
        """Without markers."""
        words = (*self._run, "--min-bin-size", LEAST, "--markers", "off")
        return Job("run", _out_of(*words), ("--resume",), DIFFERENT)

    def with_markers(self) -> Job:
        """As it is by default."""
        words = (*self._run, "--min-bin-size", LEAST)
        return Job("run with markers", _out_of(*words), ("--resume",), DIFFERENT)

    def with_cache(self) -> Job:
        """With a cache beside the results, which may fail with a warning."""
        words = (*self._run, "--min-bin-size", LEAST, "--markers", "off")
        words = _out_of(*words, "--cache", "OUT/../cache")
        return Job("run with cache", words, ("--resume",), DIFFERENT, talks=True)

    def features(self) -> Job | None:
        """Of one of two parts of the contigs, with depths of BAM files."""
        return self._part(1, "OUT/part.arrow") if find_spec(ARROW) else None

    def of_features(self) -> Job | None:
        """Of files of features, without markers."""
        if not find_spec(ARROW):
            return None
        parts = [str(self._folder / f"part-{k}.arrow") for k in (1, 2)]
        for k, part in enumerate(parts, start=1):
            if (ending := start(self._part(k, part).words(self._folder))).status:
                raise RuntimeError(ending.said)
        contigs = str(self._community.contigs)
        words = ("run", contigs, "--features", *parts, "-o", "OUT", "-t", "2", "-q")
        words = (*words, "--min-bin-size", LEAST)
        return Job("run of features", _out_of(*words), ("--resume",), DIFFERENT)

    def _part(self, k: int, output: str) -> Job:
        words = ("features", str(self._community.contigs), "--part", f"{k}/2", "--markers", "off")
        words = (*words, "--bam", *self._alignments, "-o", output, "-q", "-t", "2")
        return Job("features", _out_of(*words))

    def embed(self) -> Job:
        """Vectors."""
        contigs = str(self._community.contigs)
        return Job("embed", _out_of("embed", contigs, "-o", "OUT/v.npz", "-q", "-t", "2"))

    def depth(self) -> Job:
        """Of a BAM file in order and one that has to be sorted."""
        words = ("depth", *self._alignments, "-o", "OUT/depth.tsv.gz", "-q", "-t", "2")
        return Job("depth", _out_of(*words))

    def quality(self) -> Job:
        """Three files on bins."""
        words = ("-o", "OUT/q.tsv", "--json", "OUT/q.json", "--genome-info", "OUT/g.csv")
        bins = str(self._finished / "bins")
        return Job("quality", _out_of("quality", bins, *words, "-q", "-t", "2"))

    def report(self) -> Job:
        """The page of a run."""
        words = ("report", str(self._finished), "-o", "OUT/page.html", "-q")
        return Job("report", _out_of(*words))

    def watch(self) -> Job:
        """A round that follows another."""
        return _watch(self._folder, self._community.contigs)

    def export(self) -> Job:
        """A repository of models."""
        words = ("export", DEFAULT_MODEL, "--format", "triton", "-o", "OUT/repository", "-q")
        return Job("export", _out_of(*words), differs=())

    def demo(self) -> Job:
        """A community and its bins."""
        words = _out_of("demo", "-o", "OUT", "--genomes", "1", "-t", "2", "-q")
        return Job("demo", words, ("--force",), DIFFERENT, seen="bins")

    def train(self) -> Job | None:
        """Some steps of a language model, where PyTorch is installed."""
        return _training(self._folder) if all(map(find_spec, TRAINING)) else None

    def engine(self) -> Job | None:
        """Engines differ from build to build."""
        words = ("build-engine", "--output", "OUT", "--compute-capability", "8.6", "-q")
        return Job("build-engine", _out_of(*words)) if find_spec(TENSORRT) else None


def _out_of(*arguments: str) -> Callable[[Path], list[str]]:
    return lambda out: [str(out) if a == "OUT" else a.replace("OUT/", f"{out}/") for a in arguments]


def _watch(folder: Path, contigs: Path) -> Job:
    """The second round, of two thirds more contigs; the first is published and stays until then."""
    watched, before = folder / "watched", folder / "watch-before"
    watched.mkdir()
    records = [(r.name, r.sequence.decode()) for r in read_fasta(contigs)]
    command = ("watch", str(watched), "-o", "OUT", "--once", "--settle", "0", "--nice", "0")
    small = ("--model", "llmbin-lite", "--min-bin-size", "40000", "-t", "2", "-q")
    arguments = _out_of(*command, *small)
    for part in (records[::5], records):
        text = "".join(f">{name}\n{bases}\n" for name, bases in part)
        (watched / "contigs.fasta").write_text(text)
        _alignments(watched, watched / "contigs.fasta", ("sorted",))
        if not before.exists():
            start(arguments(before))
    return Job(
        "watch",
        arguments,
        differs=(*DIFFERENT, "round.json"),
        left=(*OTHERS, ".llmbin-watch-lock"),
        before=before,
        seen="current",
        kinds=("kill",),
        talks=True,
        waits=True,
    )


def _training(folder: Path) -> Job:
    from llmbin.training.shards import Genome, write_shards

    rng = np.random.default_rng(0)
    write_shards(
        [Genome(f"g{g}", f"clade{g}", [rng.integers(0, 4, 5000, np.uint8)]) for g in range(8)],
        folder / "shards",
    )
    small = ("--genomes", "4", "--window", "256", "--width", "16", "--dilations", "1")
    often = ("--save-every", "2", "--threads", "1")
    shards, steps = str(folder / "shards"), ("--steps", str(STEPS))
    return Job(
        "train lm",
        _out_of("train", "lm", shards, "-o", "OUT", *steps, *small, *often),
        differs=("lm.csv",),
        talks=True,
        left=("state.safetensors", "events.out.tfevents.*"),
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
