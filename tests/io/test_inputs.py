from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from llmbin.errors import InputError, UsageError
from llmbin.io.inputs import check_inputs, stored, unchanged
from llmbin.io.streams import CHUNK, read_chunks

Cli = Callable[..., tuple[int, str, str]]
TEXT = b"contig\tdepth\n" * 50_000


def fed(path: Path, data: bytes) -> Path:
    """A named pipe into which a thread writes."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    return path


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT)])
def test_a_pipe_is_read_as_it_comes_and_stored_for_twice(data: bytes, tmp_path: Path) -> None:
    assert b"".join(read_chunks(fed(tmp_path / "once", data))) == TEXT
    plain = tmp_path / "plain"
    plain.write_bytes(data)
    (tmp_path / "copies").mkdir()
    copy, same = stored([fed(tmp_path / "twice", data), plain], tmp_path / "copies", "sample")
    assert same is plain
    assert str(copy) == str(tmp_path / "twice")  # what messages call it
    assert copy.name == "sample1"  # what a sample is called
    for _ in range(2):
        assert b"".join(read_chunks(copy)) == TEXT


def test_what_is_no_input_is_told(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none", "no such file"),
        (tmp_path, "a folder"),
        (Path("/dev/null"), "not a file"),
    ):
        with pytest.raises(InputError, match=message):
            check_inputs([path])
    with pytest.raises(UsageError, match="only one"):
        check_inputs([Path("-"), Path("-")])
    with pytest.raises(InputError, match="nothing came through"):
        stored([fed(tmp_path / "empty", b"")], tmp_path)


CONTIGS = "".join(f">k{i}\n{'ACGTTGCA' * 300}{'ACGGTCAT' * (50 + i)}\n" for i in range(4))
TABLE = "contigname\tA\tB\n" + "".join(f"k{i}\t{i + 1}\t{2 * i + 1}\n" for i in range(4))


def in_shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = f'llmbin() {{ "{sys.executable}" -P -m llmbin "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        "llmbin run <(cat c.fa) --depth t.tsv -o out -q",
        "llmbin run <(gzip -c c.fa) --depth <(cat t.tsv) -o out -q",
        "cat c.fa | llmbin run /dev/stdin --depth t.tsv -o out -q",
        "llmbin run - --depth t.tsv -o out -q < c.fa",
        "llmbin run c.fa --depth - -o out -q < t.tsv",
        "llmbin run c.fa --bam <(cat s.bam) - --samples A B -o out -q < s.bam",
    ],
)
def test_runs_read_what_shells_give(
    command: str, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    (tmp_path / "c.fa").write_text(CONTIGS)
    (tmp_path / "t.tsv").write_text(TABLE)
    lengths = {f"k{i}": 2_800 + 8 * i for i in range(4)}
    write_bam(
        tmp_path / "s.bam",
        lengths,
        [(f"k{i}", 10 * j, "150M", 0, 0) for i in range(4) for j in range(5 + i)],
    )
    done = in_shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    head, *rows = (tmp_path / "out" / "contigs.tsv").read_text().splitlines()
    assert "depth_A\tdepth_B" in head
    assert len(rows) == 4
    assert not (tmp_path / "out" / ".llmbin-work").exists()


def test_other_commands_read_what_shells_give(
    tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    (tmp_path / "c.fa").write_text(CONTIGS)
    write_bam(tmp_path / "s.bam", {"k0": 2_800}, [("k0", 10 * j, "150M", 0, 0) for j in range(5)])
    (tmp_path / "gold").write_text("@@SEQUENCEID\tBINID\t_LENGTH\nk0\tg\t2800\n")
    for command, result in (
        ("cat c.fa | llmbin embed - -o v.npz -q", "v.npz"),
        ("llmbin embed <(cat c.fa) -o w.npz -q", "w.npz"),
        ("llmbin depth <(cat s.bam) -o d.tsv -q", "d.tsv"),
        ("llmbin depth - -o e.tsv -q < s.bam", "e.tsv"),
        ("echo 'k0\tb' | llmbin score - --gold <(cat gold) > score.tsv", "score.tsv"),
        ("cat c.fa | llmbin bench - -t 1 > bench.txt", "bench.txt"),
    ):
        done = in_shell(command, tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / result).stat().st_size > 0
    assert (tmp_path / "d.tsv").read_text() == (tmp_path / "e.tsv").read_text()
    assert (tmp_path / "v.npz").read_bytes() == (tmp_path / "w.npz").read_bytes()
    assert "sample1.bam" in (tmp_path / "d.tsv").read_text()


def test_files_that_change_while_they_are_read_are_told_of(tmp_path: Path) -> None:
    path, pipe = tmp_path / "a.fasta", tmp_path / "pipe"
    path.write_text(">a\nACGT\n")
    os.mkfifo(pipe)
    with unchanged([path, pipe, Path("-"), tmp_path / "missing"]) as check:
        check()
    with pytest.raises(ZeroDivisionError), unchanged([path]):
        1 / 0  # noqa: B018
    with pytest.raises(UsageError), unchanged([path]) as check:
        path.write_text(">b\nACGT\nACGT\n")
        with pytest.raises(InputError, match=r"a\.fasta: has changed while it was read"):
            check()
        raise UsageError("what is foreseen is told as it is")
    with pytest.raises(InputError, match="has changed"), unchanged([path]):
        path.unlink()
        1 / 0  # noqa: B018


@pytest.mark.parametrize("zeros", [4, 3 << 20])
@pytest.mark.parametrize("name", ["gzip", "xz", "bzip2"])
def test_padding_behind_members(name: str, zeros: int, tmp_path: Path) -> None:
    packed = {"gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}[name](
        b">a\nACGT\n"
    )
    path = tmp_path / "x"
    path.write_bytes(packed + bytes(zeros))
    assert b"".join(read_chunks(path)) == b">a\nACGT\n"
    path.write_bytes(packed + bytes(zeros) + packed)
    if name == "bzip2":  # whose tools would leave the second member out
        with pytest.raises(InputError, match="more behind padding"):
            list(read_chunks(path))
    else:
        assert b"".join(read_chunks(path)) == 2 * b">a\nACGT\n"


@pytest.mark.parametrize("behind", [b"", lzma.compress(b">b\nACGT\n")])
def test_xz_counts_its_padding_by_four(behind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(lzma.compress(b">a\nACGT\n") + bytes(CHUNK + 1) + behind)
    with pytest.raises(InputError, match=f"padding of {CHUNK + 1} bytes, no multiple of 4"):
        list(read_chunks(path))
