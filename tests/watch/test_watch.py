"""`watch` as it is used: files appear in a folder, and rounds come out."""

from __future__ import annotations

import errno
import json
import logging
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin import pipeline
from llmbin.coverage.bam import SampleDepth, read_depth
from llmbin.coverage.tables import read_depth_table
from llmbin.io.fasta import read_fasta
from llmbin.options import ModelOptions, RunOptions
from llmbin.report.command import command_of
from llmbin.stages.setting import Setting
from llmbin.stages.survey import Survey
from llmbin.tools.synthetic import Community
from llmbin.watch import events
from llmbin.watch.events import read_events
from llmbin.watch.folder import Folder, FolderRules
from llmbin.watch.loop import Look, Watch
from llmbin.watch.rounds import Keeping, Rounds

Cli = Callable[..., tuple[int, str, str]]
QUICK = ("--settle", 0, "--nice", 0, "--model", "llmbin-lite")


class Sequencer:
    """Writes what an assembler and a mapper would: some contigs, cut at places, and reads."""

    def __init__(self, community: Community, folder: Path, write_bam: Callable[..., Path]) -> None:
        self.folder, self._write_bam = folder, write_bam
        folder.mkdir()
        self._contigs = {r.name: r.sequence.decode() for r in read_fasta(community.contigs)}
        names = dict.fromkeys(self._contigs, 0)
        table = read_depth_table(community.depth, names)
        self._depth = dict(zip(table.names, table.mean[:, 0].tolist(), strict=True))

    def assembly(self, seed: int, share: float = 1.0) -> dict[str, tuple[str, float]]:
        """Names and order are new, and one contig in three is cut in two."""
        chance = np.random.default_rng(seed)
        found = []
        for name, bases in self._contigs.items():
            cut = len(bases) // 2 if chance.random() < 1 / 3 and len(bases) > 8000 else 0
            parts = [bases[:cut], bases[cut:]] if cut else [bases]
            found += [(part, self._depth[name]) for part in parts if chance.random() < share]
        order = chance.permutation(len(found)).tolist()
        return {f"s{seed}_{i}": found[at] for i, at in enumerate(order)}

    def write(self, assembly: dict[str, tuple[str, float]], bam: str = "s.bam") -> None:
        text = "".join(f">{name}\n{bases}\n" for name, (bases, _) in assembly.items())
        (self.folder / "contigs.part").write_text(text)
        os.replace(self.folder / "contigs.part", self.folder / "contigs.fasta")
        self.map(assembly, bam)

    def map(self, assembly: dict[str, tuple[str, float]], bam: str = "s.bam") -> None:
        """Reads of 1 kb, evenly."""
        reads = []
        for name, (bases, depth) in assembly.items():
            count = int(0.3 * depth * len(bases) / 1000) + 1
            last = max(1, len(bases) - 1000)
            length = min(1000, len(bases))
            reads += [(name, last * i // count, f"{length}M", 5, 0) for i in range(count)]
        path = self.folder / bam
        path.parent.mkdir(exist_ok=True)
        lengths = {name: len(bases) for name, (bases, _) in assembly.items()}
        self._write_bam(path.with_suffix(".part"), lengths, reads)
        os.replace(path.with_suffix(".part"), path)


@pytest.fixture
def sequencer(community: Community, tmp_path: Path, write_bam: Callable[..., Path]) -> Sequencer:
    return Sequencer(community, tmp_path / "in", write_bam)


def genomes(out: Path, contigs: Path) -> dict[str, set[str]]:
    """Bases of each bin of the published round."""
    of = {r.name: r.sequence.decode() for r in read_fasta(contigs)}
    found: dict[str, set[str]] = {}
    for line in (out / "current" / "contig2bin.tsv").read_text().splitlines():
        contig, name = line.split("\t")
        found.setdefault(name, set()).add(of[contig])
    return found


def test_rounds_follow_an_assembly_that_changes(
    sequencer: Sequencer, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, contigs = tmp_path / "out", sequencer.folder / "contigs.fasta"
    once = ("watch", sequencer.folder, "-o", out, "--once", "--keep", 2, *QUICK)
    status, said, err = cli(*once)
    assert (status, said) == (75, "")
    assert "no assembly yet" in err

    missing = tmp_path / "missing"
    assert cli("watch", missing, "-o", out, "--once", *QUICK)[0] == 75

    sequencer.write({"short": ("ACGGT" * 100, 9.0)})  # as early in a run: no bins, but a round
    status, said, err = cli(*once, "-o", tmp_path / "early")
    assert status == 0, err
    assert said.startswith("round 1: 0 near-complete of 0 bins")

    sequencer.write(sequencer.assembly(1))
    status, said, err = cli(*once)
    assert (status, err) == (0, "")
    assert said.startswith("round 1: ")
    assert said.endswith("report.html names the run that makes the same bins\n")
    assert said.count("\n") == 1
    first = genomes(out, contigs)
    assert len(first) >= 4
    assert (out / "current" / "report.html").is_file()
    assert cli(*once) == (0, "", "")  # nothing has changed
    assert cli(*once, "--threads", 2) == (0, "", "")

    second_assembly = sequencer.assembly(2)
    sequencer.write(second_assembly)
    status, said, _ = cli(*once)
    assert status == 0
    second = genomes(out, contigs)
    for name, bases in second.items():  # each is the genome it was
        shared = {n: sum(len(b) for b in bases & held) for n, held in first.items()}
        assert max(shared, key=lambda n: shared[n]) == name

    # The bins are those of the run that the report names, also without what is known.
    fresh = tmp_path / "round-0002"
    monkeypatch.chdir(tmp_path)
    command = shlex.split(command_of(json.loads((out / "current" / "run.json").read_text())))
    assert command[:2] == ["llmbin-fast", "run"]
    assert command[command.index("--seed") + 1] == "middle"
    status, _, err = cli(*command[1:], "--cache", tmp_path / "empty")
    assert status == 0, err
    groups = [
        sorted(line.split("\t")[0] for line in table.read_text().splitlines())
        for table in (fresh / "contig2bin.tsv", out / "current" / "contig2bin.tsv")
    ]
    assert groups[0] == groups[1]
    sizes = [
        sorted(p.stat().st_size for p in (folder / "bins").iterdir())
        for folder in (fresh, out / "current")
    ]
    assert sizes[0] == sizes[1]

    # More reads of the same assembly, of the same sample: only they are read.
    sequencer.map(second_assembly, "s/more.bam")
    assert cli(*once)[0] == 0
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert [e["round"] for e in events] == [1, 2, 3]
    assert events[2]["samples"] == ["s"]
    assert events[2]["gbp"] == pytest.approx(2 * events[1]["gbp"], rel=1e-3)
    assert events[1]["kept"] == len(second)
    assert sorted(p.name for p in (out / "runs").iterdir()) == ["0002", "0003"]
    assert os.readlink(out / "current") == "runs/0003"


def test_circles_of_flyes_table_are_known(sequencer: Sequencer, cli: Cli, tmp_path: Path) -> None:
    assembly = sequencer.assembly(1)
    sequencer.write(assembly)
    titles = "#seq_name\tlength\tcov.\tcirc.\n"
    rows = "".join(f"{name}\t{len(bases)}\t9\tY\n" for name, (bases, _) in assembly.items())
    (sequencer.folder / "assembly_info.txt").write_text(titles + rows)
    out = tmp_path / "out"
    status, _, err = cli("watch", sequencer.folder, "-o", out, "--once", *QUICK)
    assert status == 0, err
    table = (out / "current" / "contigs.tsv").read_text().splitlines()
    assert {row.rpartition("\t")[2] for row in table[1:]} == {"yes"}


def test_only_files_of_new_reads_are_read(
    sequencer: Sequencer, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    def measure(path: Path, *how: object) -> SampleDepth:
        measured.append(path.name)
        return read_depth(path, *how)

    monkeypatch.setattr("llmbin.coverage.coverage.read_depth", measure)
    once = ("watch", sequencer.folder, "-o", tmp_path / "out", "--once", *QUICK)
    assembly = sequencer.assembly(1)
    sequencer.write(assembly, "s/batch1.bam")
    gbp = []
    for batch, times in (("batch2", 2), ("batch3", 3), ("batch3", 5)):  # the last one grew
        deeper = {name: (bases, times * depth) for name, (bases, depth) in assembly.items()}
        sequencer.map(deeper, f"s/{batch}.bam")
        assert cli(*once)[0] == 0
        events = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
        gbp.append(json.loads(events[-1])["gbp"])
    record = json.loads((tmp_path / "out" / "current" / "run.json").read_text())
    assert [r["gbp"] for r in record["rounds"]] == gbp
    assert [r["round"] for r in record["rounds"]] == [1, 2, 3]
    assert measured == ["batch1.bam", "batch2.bam", "batch3.bam", "batch3.bam"]
    assert gbp[1:] == pytest.approx([gbp[0] * 6 / 3, gbp[0] * 8 / 3], rel=1e-2)


def test_what_is_half_written_or_of_another_assembly_is_waited_for(
    sequencer: Sequencer, cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    once = ("watch", sequencer.folder, "-o", out, "--once", *QUICK)
    assembly = sequencer.assembly(1)
    sequencer.write(assembly)
    bam, contigs = sequencer.folder / "s.bam", sequencer.folder / "contigs.fasta"
    whole_bam, whole_contigs = bam.read_bytes(), contigs.read_bytes()
    for path, data, why in (
        (bam, whole_bam[: len(whole_bam) // 2], "truncated"),
        (bam, whole_bam[:1000] + bytes(99) + whole_bam[1099:], "damaged"),
        (bam, b"", "empty"),
        (contigs, whole_contigs[:-3] + b"\x00\xff!\n", "contigs.fasta"),
        (contigs, b"", "contigs.fasta"),
        (contigs, b">other\n" + b"ACGGT" * 9000 + b"\n", "are not in|not of|other"),
    ):
        path.write_bytes(data)
        status, said, err = cli(*once)
        assert (status, said) == (75, ""), err
        assert err.count("\n") == 1
        assert any(word in err for word in why.split("|")), err
        bam.write_bytes(whole_bam)
        contigs.write_bytes(whole_contigs)
    assert not (out / "current").exists()
    assert cli("watch", sequencer.folder, "-o", out, "--once", "--settle", 60, *QUICK[2:])[0] == 75
    assert cli(*once)[0] == 0


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_an_assembly_that_changes_while_it_is_read_is_waited_for(
    sequencer: Sequencer, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    out = tmp_path / "out"
    once = ("watch", sequencer.folder, "-o", out, "--once", *QUICK)
    sequencer.write(sequencer.assembly(1))
    survey, changes = pipeline.survey_contigs, [sequencer.assembly(1, share)]

    def survey_and_change(setting: Setting) -> Survey:
        found = survey(setting)
        if changes:  # as long, or shorter: names and lengths are of the one, bases of the other
            time.sleep(0.01)
            sequencer.write(changes.pop())
        return found

    monkeypatch.setattr(pipeline, "survey_contigs", survey_and_change)
    status, said, err = cli(*once)
    assert (status, said) == (75, "")
    assert "contigs.fasta: has changed while it was read" in err
    assert not (out / "current").exists()
    assert cli(*once)[0] == 0
    assert genomes(out, sequencer.folder / "contigs.fasta")


def test_the_loop_goes_on_after_a_kill(sequencer: Sequencer, cli: Cli, tmp_path: Path) -> None:
    """Killed at several moments; the next one publishes what an undisturbed one would."""
    out = tmp_path / "out"
    sequencer.write(sequencer.assembly(1))
    command = [sys.executable, "-P", "-m", "llmbin", "watch", sequencer.folder, "-o", out, *QUICK]
    command = list(map(str, command))
    for moment in (0.6, 1.2, 2.0):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (out / "current").exists():
            assert (out / "current" / "run.json").is_file()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not (out / "events.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        sequencer.write(sequencer.assembly(2))
        line = ""
        while "round 2" not in line and time.monotonic() < deadline:
            assert process.stdout is not None
            line = process.stdout.readline()
        status, _, err = cli("watch", sequencer.folder, "-o", out, "--once", *QUICK)
        assert status == 1
        assert "another `watch`" in err
    finally:
        process.terminate()
        process.wait()
    other = tmp_path / "other"
    assert cli("watch", sequencer.folder, "-o", other, "--once", *QUICK)[0] == 0
    last = sorted(genomes(out, sequencer.folder / "contigs.fasta").values(), key=sorted)
    assert last == sorted(genomes(other, sequencer.folder / "contigs.fasta").values(), key=sorted)
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert [e["round"] for e in events] == list(range(1, len(events) + 1))


def test_a_line_that_a_kill_took_is_written_later(
    sequencer: Sequencer, cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    once = ("watch", sequencer.folder, "-o", out, "--once", *QUICK)
    sequencer.write(sequencer.assembly(1))
    assert cli(*once)[0] == 0
    whole = (out / "events.jsonl").read_text()
    (out / "events.jsonl").write_text(whole[:40])
    assert cli(*once) == (0, "", "")
    assert (out / "events.jsonl").read_text() == whole[:40] + "\n" + whole
    assert cli(*once, "-o", os.path.relpath(out)) == (0, "", "")  # the same, from elsewhere
    status, said, _ = cli(*once, "--min-length", 3000)
    assert status == 0
    assert said.startswith("round 2: ")  # other options, other bins


@pytest.mark.parametrize("step", ["append", "os.replace"])
def test_a_full_disk_while_a_round_is_published_is_waited_for(
    sequencer: Sequencer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    sequencer.write(sequencer.assembly(1))
    options = RunOptions(
        sequencer.folder, tmp_path / "out", model=ModelOptions("llmbin-lite"), progress=False
    )
    watch = Watch(Folder(FolderRules(sequencer.folder, settle=0)), Rounds(options, Keeping()))
    right = os.replace

    def is_full(path: object, *_: object) -> None:
        if step == "append" or Path(str(path)).name == ".current.part":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        right(path, *_)  # type: ignore[arg-type]

    logging.getLogger("llmbin").propagate = True
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "llmbin"):
        if step == "append":
            patch.setattr(events, "open", is_full, raising=False)
        else:
            patch.setattr("llmbin.watch.rounds.os.replace", is_full)
        assert watch.look() is Look.WAITING
    assert "free some space" in caplog.text
    again = watch.look()
    assert again is (Look.SAME if step == "append" else Look.PUBLISHED)
    told = [e["round"] for e in read_events(tmp_path / "out" / "events.jsonl")]
    assert told == [1]
    watch.rounds.close()


def test_a_lost_link_costs_no_names_and_no_number(
    sequencer: Sequencer, cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    once = ("watch", sequencer.folder, "-o", out, "--once", *QUICK)
    sequencer.write(sequencer.assembly(1))
    assert cli(*once, "--prefix", "old")[0] == 0
    for number, break_it in (
        (2, lambda: None),
        (3, lambda: (out / "current").symlink_to("x/0002")),
    ):
        (out / "current").unlink()
        break_it()
        status, said, err = cli(*once, "--prefix", "new")
        assert status == 0, err
        assert said.startswith(f"round {number}: ")
        assert "(5 kept, 0 new, 0 gone)" in said
        assert os.readlink(out / "current") == f"runs/000{number}"


def test_what_no_change_of_the_folder_mends_is_an_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for options, word in (
        (("-o", tmp_path / "in" / "out"), "lies in the folder"),
        (("-o", tmp_path / "out", "--sample-pattern", "("), "regular expression"),
        (("-o", tmp_path / "out", "--prefix", "a/b"), "--prefix"),
        (("-o", tmp_path / "out", "--settle", "inf"), "--settle: must be a number"),
        (("-o", tmp_path / "out", "--settle", "nan"), "--settle: must be a number"),
        (("-o", tmp_path / "out", "--worth", "-1"), "--worth: must be a number"),
    ):
        status, _, err = cli("watch", tmp_path / "in", "--once", "--nice", 0, *options)
        assert status == 2
        assert word in err
    (tmp_path / "taken" / "current").mkdir(parents=True)
    status, _, err = cli("watch", tmp_path / "in", "--once", "--nice", 0, "-o", tmp_path / "taken")
    assert status == 1
    assert "is no link that `watch` made" in err
    shutil.rmtree(tmp_path / "taken")
