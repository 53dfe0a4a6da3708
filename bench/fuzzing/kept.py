"""Targets of what the program keeps itself, and finds damaged later: caches, records, events."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from llmbin.io.shipped import shipped, shipped_arrays

from .target import Fault, Target, agree, held

KNOWN = {bytes([i]) * 20: bytes(range(i, i + 100)) for i in range(3)}  # by key
MOST = 1 << 20  # bytes of a store


@cache
def store_file() -> bytes:
    """A store of `KNOWN`."""
    import tempfile

    from llmbin.io.store import FILE, Store

    with tempfile.TemporaryDirectory() as folder:
        with Store(Path(folder), MOST) as store:
            store.put(KNOWN.items())
        return Path(folder, FILE).read_bytes()


def check_store(data: bytes, folder: Path) -> None:
    """A damaged store knows what it knew, or nothing; then it can be used."""
    from llmbin.io.store import FILE, Store

    for ending in ("-wal", "-shm"):
        (folder / f"{FILE}{ending}").unlink(missing_ok=True)
    held(folder, data, FILE)
    with Store(folder, MOST) as store:
        for key, value in KNOWN.items():
            if store.get(key) not in (None, value):
                raise Fault("another value than was put")
        store.put([(b"new" * 5, b"value")])
        if store.get(b"new" * 5) not in (None, b"value"):
            raise Fault("another value than was put just now")


def known_names() -> bytes:
    """What `watch` keeps of genomes."""
    import tempfile

    from llmbin.watch.names import Genome, Known, write_known

    words = np.arange(5, dtype=np.uint32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "names.npz")
        write_known(path, Known([Genome("bin.0001", words, 3), Genome("bin.0002", words, 2)], 2))
        return path.read_bytes()


def check_names(data: bytes, folder: Path) -> None:
    """Genomes that a next round can be compared with, to the end."""
    from llmbin.watch.names import read_known

    known = read_known(held(folder, data))
    now = [np.arange(3, dtype=np.uint32)]
    after = known.named(now, 9, "bin")
    if len({genome.name for genome in after.genomes}) != len(after.genomes):
        raise Fault("two genomes of one name")


EVENT = {
    "round": 1, "time": "2026-11-28T00:00:00Z", "contigs": 5, "bases": 9000, "samples": 1,
    "gbp": 0.5, "bins": 2, "near_complete": 1, "kept": 0, "new": ["bin.0001"], "gone": [],
    "gain_per_gbp": None, "pays": None, "seconds": 1.5, "cpu_seconds": 1.0, "joules": None,
    "settings": "abc", "files": [["a.fasta", 10, 5], ["s.bam", 10, 5]],
}  # fmt: skip


def events() -> list[bytes]:
    """Lines of rounds that gain."""
    rounds = [{**EVENT, "round": i, "gbp": 0.5 * i, "near_complete": i} for i in range(1, 6)]
    return [b"".join(json.dumps(event).encode() + b"\n" for event in rounds)]


def check_events(data: bytes, folder: Path) -> None:
    """A history that begins a process, and that a next round is added to."""
    from llmbin.watch.events import append, read_events

    rounds = _rounds(folder)
    path = held(folder, data, "watched/events.jsonl")
    before = len(read_events(path))
    found = rounds._worth([*read_events(path), {**EVENT, "gbp": 9.0, "near_complete": 7}])
    if not isinstance(found["pays"], bool | None):
        raise Fault("neither pays nor does it not")
    rounds._catch_up()
    append(path, EVENT)
    agree(len(read_events(path)), before + 1, "events")


def check_round(data: bytes, folder: Path) -> None:
    """What a published round says of itself."""
    from llmbin.watch.folder import Snapshot

    rounds = _rounds(folder)
    held(folder, data, "watched/runs/0001/round.json")
    held(folder, b"", "watched/events.jsonl")
    stamps = [(str(place), int(size), int(time)) for place, size, time in EVENT["files"]]  # type: ignore[attr-defined]
    rounds.made_from(Snapshot(Path("a.fasta"), [Path("s.bam")], ["s"], stamps))
    rounds._catch_up()


def _rounds(folder: Path) -> Any:
    """Rounds of a folder with one that is published."""
    from llmbin.options import RunOptions
    from llmbin.watch.rounds import Keeping, Rounds

    out = folder / "watched"
    (out / "runs" / "0001").mkdir(parents=True, exist_ok=True)
    if not (out / "current").is_symlink():
        (out / "current").symlink_to("runs/0001")
    held(folder, b"", "watched/events.jsonl")
    held(folder, b"{}", "watched/runs/0001/round.json")
    rounds = Rounds(RunOptions(Path("a.fasta"), out), Keeping())
    rounds.close()  # the lock
    return rounds


RECORD = {
    "program": "llmbin-fast", "title": "run", "version": "1", "python": "3.11", "platform": "x",
    "packages": {"numpy": "2.0"},
    "parameters": {"contigs": "a.fasta", "outdir": "run", "depth": ["d.tsv"], "bams": [],
                   "prefix": "bin", "recruit_length": 1000, "threads": 2, "formats": ["bioboxes"]},
    "model": {"name": "m", "version": "1", "sha256": "ab"},
    "device": {"device": "cpu", "precision": "int8", "reason": "no GPU"},
    "inputs": [{"path": "a.fasta", "bytes": 10, "sha256": "ab"}], "contigs": 3, "bases": 5000,
    "contigs_too_short": 1, "bases_too_short": 10, "samples": ["A"], "bins": 1,
    "binned_bases": 4200, "stages": {"survey": {"seconds": 1.0, "cpu_seconds": 1.0,
                                                "peak_mib": 100.0}},
}  # fmt: skip
BINS = (
    b"bin\tcontigs\tbp\tn50\tgc\tdepth_A\tconfidence\tcompleteness\tcontamination\tquality\t"
    b"kind\nbin.0001\t2\t4200\t3000\t0.5\t4.5\t0.9\t95.5\t1.2\thigh\tbacterium\n"
)
CONTIGS = (
    b"contig\tlength\tgc\tdepth_A\tbin\tprobability\tcore\twhy_unbinned\n"
    b"k1\t3000\t0.5\t4.5\tbin.0001\t0.9\tyes\t\nk2\t1200\t0.4\t1\tbin.0001\t0.5\tno\t\n"
    b"k3\t800\t0.3\t0\t\t0\tno\ttoo far (x)\n"
)
PLACES = b"contig\tx\ty\nk1\t0.1\t0.2\nk2\t0.3\t0.4\nk3\t1\t0\n"
RUN = {
    "run.json": json.dumps(RECORD).encode(),
    "bins.tsv": BINS,
    "contigs.tsv": CONTIGS,
    "places.tsv": PLACES,
}


def check_report(name: str, data: bytes, folder: Path) -> None:
    """A page, and the files for MultiQC, of a run of which one file is anything."""
    from llmbin.report.finished import files_in, read_run
    from llmbin.report.multiqc import multiqc_files
    from llmbin.report.page import page_of

    for file, content in RUN.items():
        held(folder, data if file == name else content, file)
    run = read_run(files_in(folder))
    page_of(run).encode("utf-8")
    for file, text in multiqc_files(run).items():
        if "/" in file or not isinstance(json.loads(text), dict):
            raise Fault(f"no file for MultiQC: {file!r}")


def check_earlier(name: str, data: bytes, folder: Path) -> None:
    """What ``--force`` would take away lies in the folder."""
    from llmbin.io.earlier import earlier_results, possible_results

    for file in ("run.json", "bins.tsv"):
        held(folder, data if file == name else RUN[file], file)
    for path in (*earlier_results(folder), *possible_results(folder)):
        if os.path.normpath(path).rpartition("/")[0] not in (str(folder), str(folder / "bins")):
            raise Fault(f"{path} is none of ours")
        path.exists()


def check_bin_files(data: bytes, folder: Path) -> None:
    """A folder of bins: names of files, and FASTA in them, apart by a line of ``%``."""
    from llmbin.assessment.bins import BinReader, find_bins

    bins = folder / "bins"
    bins.mkdir(exist_ok=True)
    for old in bins.iterdir():
        old.unlink()
    parts = data.split(b"\n%\n")[:6]
    for part in parts:
        name, _, content = part.partition(b"\n")
        try:
            Path(os.fsdecode(bytes(bins) + b"/" + name)).write_bytes(content)
        except (OSError, ValueError):
            continue  # no file can be called so
    given = find_bins([bins])
    reader = BinReader(given, given.files)
    found = [contig.name for contig in reader]
    agree(len(found), len(reader.places), "contigs")
    agree(sorted(set(reader.places)), list(range(len(reader.given.names))), "bins with contigs")


def arrays_of(path: Path, shapes: Mapping[str, str]) -> bytes:
    """A file that ships with the program, its larger arrays cut, so that mutants reach the rest.

    ``shapes`` as of `shipped_arrays`: sizes that are numbers stay.
    """
    with np.load(path) as whole:
        arrays = {name: whole[name] for name in whole.files}
    for name, shape in shapes.items():
        few = (slice(None) if word.isdigit() else slice(2) for word in shape.split())
        arrays[name] = arrays[name][tuple(few)]
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def check_shipped(
    read: Callable[[dict[str, Any]], Any], shapes: Mapping[str, str], data: bytes, folder: Path
) -> None:
    """A network is made of arrays, or it is told that the program is damaged."""
    path = held(folder, data)
    with shipped(path):
        read(shipped_arrays(path, shapes))


def _network(kind: str) -> Target:
    from llmbin.estimator import network as quality
    from llmbin.kinds import network as kinds

    data, shapes, read = {
        "quality": (quality.DATA, quality.SHAPES, quality.network_of),
        "kinds": (kinds.DATA, kinds.SHAPES, kinds.kind_network_of),
    }[kind]
    return Target(lambda: [arrays_of(data, shapes)], partial(check_shipped, read, shapes))


def few_hallmarks() -> bytes:
    """A file of two short profiles of families of viruses."""
    from llmbin.genes.hallmarks import Hallmarks, arrays_of, load_hallmarks

    whole = load_hallmarks()
    few = tuple((columns[:8], transitions[:8]) for columns, transitions in whole.profiles[:2])
    out = io.BytesIO()
    np.savez(out, **arrays_of(Hallmarks(few, whole.evidence[:2], whole.weights)))
    return out.getvalue()


def check_hallmarks(data: bytes, folder: Path) -> None:
    """Families of viruses that contigs can be looked through for, and that can be weighed."""
    from llmbin.genes.hallmarks import SHAPES, HallmarkSearch, hallmarks_of
    from llmbin.io.contigs import Contig
    from llmbin.kinds.hallmarks import with_families

    path = held(folder, data)
    with shipped(path):
        hallmarks = hallmarks_of(shipped_arrays(path, SHAPES))
    search, n = HallmarkSearch(hallmarks.tools), 2
    contigs = [Contig(i, str(i), np.arange(300, dtype=np.uint8) // (i + 1) % 4) for i in range(n)]
    search.keep(contigs, search.look(contigs))
    likely, lengths = np.full((n, 4), 0.25), np.array([300, 30_000])
    now, _ = with_families(likely, search.result(n), lengths, hallmarks)
    if not (np.isfinite(now).all() and abs(now.sum(1) - 1).max() < 1e-6):
        raise Fault("probabilities that do not add up to 1")


TARGETS: dict[str, Target] = {
    "store": Target(lambda: [store_file()], check_store),
    "watch-names": Target(lambda: [known_names()], check_names),
    "watch-events": Target(events, check_events),
    "watch-round": Target(lambda: [json.dumps(EVENT).encode()], check_round),
    **{
        f"report-{name.partition('.')[0]}": Target(
            partial(lambda n: [RUN[n]], name), partial(check_report, name)
        )
        for name in RUN
    },
    **{
        f"earlier-{name.partition('.')[0]}": Target(
            partial(lambda n: [RUN[n]], name), partial(check_earlier, name)
        )
        for name in ("run.json", "bins.tsv")
    },
    "bin-files": Target(
        lambda: [b"a.fa\n>k1\nACGT\n>k2\nGG\n%\nb.fna.gz\n>k3\nACGT\n%\nnotes.txt\nx"],
        check_bin_files,
    ),
    "quality-network": _network("quality"),
    "kinds-network": _network("kinds"),
    "hallmarks": Target(lambda: [few_hallmarks()], check_hallmarks),
}
