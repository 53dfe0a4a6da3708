from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from llmbin.errors import InputError
from llmbin.watch.folder import Folder, FolderRules
from llmbin.watch.worth import Progress, gain


class Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


def write(path: Path, text: str, time: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time, time))


def test_a_file_has_settled_when_nothing_changed_for_a_while(tmp_path: Path) -> None:
    clock = Clock()
    folder = Folder(FolderRules(tmp_path, settle=10), clock)
    write(tmp_path / "a.bam", "1", clock.now)
    write(tmp_path / "old.bam", "1", clock.now - 11)
    assert folder.unsettled(folder.stamps()) == ["a.bam"]
    clock.now += 9
    assert folder.unsettled(folder.stamps()) == ["a.bam"]
    write(tmp_path / "a.bam", "12", clock.now)
    clock.now += 9
    assert folder.unsettled(folder.stamps()) == ["a.bam"]
    clock.now += 1
    assert folder.unsettled(folder.stamps()) == []


def test_a_clock_that_is_ahead_on_the_server_does_not_matter(tmp_path: Path) -> None:
    clock = Clock()
    folder = Folder(FolderRules(tmp_path, settle=10), clock)
    write(tmp_path / "a.bam", "1", clock.now + 3600)
    assert folder.unsettled(folder.stamps()) == ["a.bam"]
    clock.now += 11
    assert folder.unsettled(folder.stamps()) == []


def test_a_clock_that_is_set_back_costs_one_wait_more(tmp_path: Path) -> None:
    clock = Clock()
    folder = Folder(FolderRules(tmp_path, settle=10), clock)
    write(tmp_path / "a.bam", "1", clock.now)
    assert folder.unsettled(folder.stamps()) == ["a.bam"]
    clock.now -= 3600
    assert folder.unsettled(folder.stamps()) == ["a.bam"]
    clock.now += 11
    assert folder.unsettled(folder.stamps()) == []


def test_the_newest_assembly_counts_and_hidden_files_do_not(tmp_path: Path) -> None:
    write(tmp_path / "round1.fasta", ">a\nA\n", 1000)
    write(tmp_path / "round2.fa.gz", ">a\nA\n", 2000)
    write(tmp_path / ".round3.fasta.tmp.fasta", ">a\nA\n", 3000)
    write(tmp_path / ".tmp" / "round4.fasta", ">a\nA\n", 3000)
    write(tmp_path / "notes.txt", "", 3000)
    write(tmp_path / "s1.sorted.bam", "", 1000)
    write(tmp_path / "pass" / "barcode01" / "b.bam", "", 1000)
    write(tmp_path / "pass" / "barcode01" / "a.cram", "", 1000)
    folder = Folder(FolderRules(tmp_path))
    found = folder.snapshot(folder.stamps())
    assert found.assembly == tmp_path / "round2.fa.gz"
    assert [p.name for p in found.alignments] == ["a.cram", "b.bam", "s1.sorted.bam"]
    assert found.samples == ["barcode01", "barcode01", "s1"]


def test_flyes_table_counts_if_it_lies_beside_the_assembly(tmp_path: Path) -> None:
    write(tmp_path / "flye" / "assembly.fasta", ">a\nA\n", 1000)
    write(tmp_path / "s1.bam", "", 1000)
    folder = Folder(FolderRules(tmp_path))
    assert folder.snapshot(folder.stamps()).circles is None
    table = tmp_path / "flye" / "assembly_info.txt"
    write(table, "#seq_name\tlength\tcov.\tcirc.\na\t1\t9\tY\n", 1000)
    found = folder.snapshot(folder.stamps())
    assert found.circles == table
    assert "flye/assembly_info.txt" in [place for place, _, _ in found.stamps]
    write(tmp_path / "medaka" / "consensus.fasta", ">a\nA\n", 2000)
    assert folder.snapshot(folder.stamps()).circles is None


def test_a_pattern_names_samples(tmp_path: Path) -> None:
    write(tmp_path / "c.fasta", ">a\nA\n", 1000)
    write(tmp_path / "x" / "gut_batch7.bam", "", 1000)
    folder = Folder(FolderRules(tmp_path, sample=re.compile(r"([a-z]+)_batch")))
    assert folder.snapshot(folder.stamps()).samples == ["gut"]
    write(tmp_path / "other.bam", "", 1000)
    with pytest.raises(InputError, match=r"other\.bam: --sample-pattern"):
        folder.snapshot(folder.stamps())


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    folder = Folder(FolderRules(tmp_path))
    with pytest.raises(InputError, match="no assembly yet"):
        folder.snapshot(folder.stamps())
    write(tmp_path / "c.fasta", ">a\nA\n", 1000)
    with pytest.raises(InputError, match="no BAM or CRAM files yet"):
        folder.snapshot(folder.stamps())
    with pytest.raises(InputError, match="no such folder"):
        Folder(FolderRules(tmp_path / "gone")).stamps()


def test_gain_is_over_the_last_three_rounds_that_brought_reads() -> None:
    rounds = [Progress(1, 0), Progress(2, 5), Progress(3, 6), Progress(5, 8)]
    assert gain(rounds[:3]) is None
    assert gain(rounds) == 8 / 4
    assert gain([*rounds, Progress(10, 9)]) == 4 / 8
    assert gain([*rounds, Progress(5, 4)]) == 4 / 4  # the same reads, assembled anew
    assert gain([*rounds, Progress(1, 4)]) is None
