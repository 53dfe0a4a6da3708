"""Runs with a cache: cold, warm, half-warm and damaged ones give the bytes of those without."""

from __future__ import annotations

import importlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from llmbin.io.fasta import FastaRecord, read_fasta
from llmbin.io.store import FILE, key_of
from llmbin.io.workspace import file_digest
from llmbin.tools.synthetic import Community

Cli = Callable[..., tuple[int, str, str]]
TABLES = ("contig2bin.tsv", "bins.tsv", "contigs.tsv")


def digest_of_ends(path: Path) -> dict[str, object]:
    """As of a file of more than a gigabyte."""
    digest = file_digest(path)
    ends = digest.pop("sha256")
    return {**digest, "sha256_ends": ends}


@pytest.fixture
def binned(community: Community, cli: Cli, tmp_path: Path) -> Callable[..., tuple[dict, str]]:
    """Bin some contigs; gives the tables, and what was said."""
    number = 0

    def bin_them(
        *argv: object,
        contigs: Path = community.contigs,
        depth: Sequence[object] = ("--depth", community.depth),
    ) -> tuple[dict, str]:
        nonlocal number
        number += 1
        out = tmp_path / f"out{number}"
        status, _, err = cli("run", contigs, *depth, "-o", out, "--no-report", *argv)
        assert status == 0, err
        return {name: (out / name).read_bytes() for name in TABLES}, err

    return bin_them


@pytest.mark.parametrize("model", ["llmbin-edge", "llmbin-lite"])
def test_a_cache_changes_no_byte(
    model: str, binned: Callable[..., tuple[dict, str]], community: Community, tmp_path: Path
) -> None:
    cached = ("--model", model, "--cache", tmp_path / "cache")
    plain, _ = binned("--model", model)
    n = plain["contigs.tsv"].count(b"\n") - 1
    cold, said = binned(*cached)
    assert cold == plain
    assert f"0 of {n} contigs are known" in said
    warm, said = binned(*cached)
    assert warm == plain
    assert f"{n} of {n} contigs are known" in said
    base = sqlite3.connect(tmp_path / "cache" / FILE)
    for slot in ("last survey", "last features"):
        assert base.execute("DELETE FROM entries WHERE key = ?", (key_of(slot),)).rowcount == 1
    rows = "SELECT min(id) FROM entries JOIN contents USING (id) WHERE length(value) > 700"
    (first,) = base.execute(rows).fetchone()
    base.execute("DELETE FROM entries WHERE id % 2")
    base.execute("UPDATE contents SET value = zeroblob(length(value)) WHERE id % 6 = 0")
    base.commit()
    base.close()
    half, said = binned(*cached)
    assert half == plain
    known = sum(not row % 2 and row % 6 != 0 for row in range(first, first + n))
    assert f"{known} of {n} contigs are known" in said


def test_damaged_findings_of_the_last_run_are_found_again(
    binned: Callable[..., tuple[dict, str]], tmp_path: Path
) -> None:
    cached = ("--cache", tmp_path / "cache", "--seed", "middle")
    plain, _ = binned(*cached)
    base = sqlite3.connect(tmp_path / "cache" / FILE)
    base.execute("UPDATE contents SET value = zeroblob(length(value))")
    base.commit()
    base.close()
    found, said = binned(*cached)
    assert found == plain
    assert " 0 of " in said


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("llmbin.stages.recalling.LARGEST", 0),
        ("llmbin.io.digests.file_digest", digest_of_ends),
    ],
)
def test_of_large_files_contigs_alone_are_known(
    what: str,
    value: object,
    binned: Callable[..., tuple[dict, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(what, value)
    cached = ("--cache", tmp_path / "cache", "--seed", "middle")
    binned(*cached)
    base = sqlite3.connect(tmp_path / "cache" / FILE)
    query = "SELECT count(*) FROM entries WHERE key = ?"
    assert base.execute(query, (key_of("last features"),)).fetchone() == (0,)
    base.close()


@pytest.mark.parametrize(
    "where",
    [
        "llmbin.stages.survey.long_contigs",
        "llmbin.stages.embedding.profile_contigs",
        "llmbin.stages.coverage.depths_of",
    ],
)
def test_what_is_found_of_a_file_that_changes_meanwhile_is_not_kept_as_that_of_the_first(
    where: str,
    binned: Callable[..., tuple[dict, str]],
    community: Community,
    cli: Cli,
    tmp_path: Path,
    write_bam: Callable[..., Path],
) -> None:
    """The same contigs in another order, and reads upon others, and then those of before again."""
    records = list(read_fasta(community.contigs))
    lengths = {r.name: len(r.sequence) for r in records}
    contigs, bam, spare = tmp_path / "c.fasta", tmp_path / "s.bam", tmp_path / "spare.bam"

    def write(records: list[FastaRecord], every: int) -> None:
        contigs.write_text("".join(f">{r.name}\n{r.sequence.decode()}\n" for r in records))
        reads = [(r.name, 0, "500M", 5, 0) for k, r in enumerate(records) for _ in range(k % every)]
        os.replace(write_bam(spare, lengths, reads), bam)

    module, _, name = where.rpartition(".")
    original = getattr(importlib.import_module(module), name)

    def rewritten(*args: object) -> object:
        write(records[::-1], 9)
        return original(*args)

    write(records, 5)
    cached = ("--bam", bam, "--cache", tmp_path / "cache", "--seed", "middle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, rewritten)
        status, _, err = cli("run", contigs, *cached, "-o", tmp_path / "out", "--no-report")
    assert status == 1
    assert "has changed while it was read" in err
    write(records, 5)
    found, _ = binned(*cached, contigs=contigs, depth=())
    assert found == binned("--bam", bam, "--seed", "middle", contigs=contigs, depth=())[0]


def test_large_files_with_the_same_ends_are_not_taken_for_each_other(
    binned: Callable[..., tuple[dict, str]],
    community: Community,
    tmp_path: Path,
    write_bam: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = {"bytes": 1, "sha256_ends": "same"}
    monkeypatch.setattr("llmbin.io.digests.file_digest", lambda path: {"path": str(path), **ends})
    records = list(read_fasta(community.contigs))
    lengths = {r.name: len(r.sequence) for r in records}
    contigs, bam = tmp_path / "c.fasta", tmp_path / "s.bam"
    for every, order in ((5, 1), (9, -1)):
        written = records[::order]
        contigs.write_text("".join(f">{r.name}\n{r.sequence.decode()}\n" for r in written))
        reads = [(r.name, 0, "500M", 5, 0) for k, r in enumerate(written) for _ in range(k % every)]
        write_bam(bam, lengths, reads)
        options = ("--bam", bam, "--seed", "middle")
        cached, plain = (
            binned(*options, *cache, contigs=contigs, depth=())[0]
            for cache in (("--cache", tmp_path / "cache"), ())
        )
        assert cached == plain


def test_other_options_do_not_take_what_the_last_run_found(
    binned: Callable[..., tuple[dict, str]], tmp_path: Path
) -> None:
    cached = ("--cache", tmp_path / "cache", "--seed", "middle")
    for options in ((), ("--recruit-length", 1_200), ("--markers", "off"), ("--separator", "_")):
        assert binned(*cached, *options)[0] == binned("--seed", "middle", *options)[0]


def test_contigs_are_known_by_their_bases(
    binned: Callable[..., tuple[dict, str]], community: Community, tmp_path: Path
) -> None:
    """Whatever their places; with a seed, long ones are not."""
    contigs = tmp_path / "turned.fasta"
    records = list(read_fasta(community.contigs))
    contigs.write_text("".join(f">{r.name}\n{r.sequence.decode()}\n" for r in reversed(records)))
    for seed, all_known in (("middle", True), ("1", False)):
        cached = ("--seed", seed, "--cache", tmp_path / seed)
        binned(*cached)
        found, said = binned(*cached, contigs=contigs)
        assert found == binned("--seed", seed, contigs=contigs)[0]
        n = found["contigs.tsv"].count(b"\n") - 1
        assert (f"{n} of {n} contigs are known" in said) is all_known


def test_contigs_that_join_give_the_bytes_of_a_run_without_a_cache(
    binned: Callable[..., tuple[dict, str]], community: Community, tmp_path: Path
) -> None:
    """Their proteins are known from their halves, and what was said of these is taken."""
    halves, same = tmp_path / "halves.fasta", ("--seed", "middle", "--markers", "on")
    with open(halves, "w") as handle:
        for record in read_fasta(community.contigs):
            text = record.sequence.decode()
            for number, half in enumerate((text[: len(text) // 2], text[len(text) // 2 :])):
                handle.write(f">{record.name}.{number}\n{half}\n")
    cached = (*same, "--cache", tmp_path / "cache")
    binned(*cached, contigs=halves, depth=())
    base = sqlite3.connect(tmp_path / "cache" / FILE)
    query = "SELECT length(value) FROM contents JOIN entries USING (id) WHERE key = ?"
    (size,) = base.execute(query, (key_of("last answers"),)).fetchone()
    base.close()
    joined, said = binned(*cached)
    assert " 0 of " in said
    assert joined == binned(*same)[0]
    assert size > 10_000


def test_what_decides_findings_is_part_of_the_key(
    binned: Callable[..., tuple[dict, str]], tmp_path: Path
) -> None:
    cached = ("--cache", tmp_path / "cache", "--seed", "middle")
    binned(*cached)
    for other in (("--windows", 2), ("--markers", "off")):
        assert " 0 of " in binned(*cached, *other)[1]
