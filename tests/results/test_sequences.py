from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmbin.io.fasta import read_fasta
from llmbin.options import bin_name
from llmbin.results import sequences
from llmbin.results.sequences import LINE, write_sequences


@given(st.binary(max_size=3 * LINE + 1))
def test_lines_are_full_but_for_the_last(sequence: bytes) -> None:
    wanted = b"".join(sequence[i : i + LINE] + b"\n" for i in range(0, len(sequence), LINE))
    assert sequences._wrapped(sequence) == wanted


@pytest.mark.parametrize("flush", [1, 1 << 20])
def test_every_contig_is_in_one_file_whatever_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flush: int
) -> None:
    """Also when a file is written in many pieces, and contigs that were too short have no bin."""
    monkeypatch.setattr(sequences, "FLUSH", flush)
    rng = np.random.default_rng(5)
    source = tmp_path / "contigs.fasta"
    texts = {
        f"c{i}": "".join(rng.choice(list("ACGTN"), int(rng.integers(1, 400)))) for i in range(60)
    }
    source.write_text("".join(f">{name} more\n{text}\n" for name, text in texts.items()))
    names = [name for name, text in texts.items() if len(text) >= 100]
    label = rng.integers(-1, 4, len(names))
    written = []
    for threads in (1, 3):
        out = tmp_path / str(threads)
        places = {
            n: out / "bins" / f"{bin_name('bin', b)}.fna.gz"
            for n, b in zip(names, label.tolist(), strict=True)
            if b >= 0
        }
        write_sequences(source, places, tmp_path / f"{threads}.gz", threads)
        files = [*sorted((out / "bins").iterdir()), tmp_path / f"{threads}.gz"]
        assert [f.name for f in files[:-1]] == [f"{bin_name('bin', b)}.fna.gz" for b in range(4)]
        written.append([gzip.decompress(f.read_bytes()) for f in files])
        for k, file in enumerate(files):
            mine = (
                {n for n, b in zip(names, label.tolist(), strict=True) if b == k} if k < 4 else None
            )
            held = {r.name: r.sequence.decode() for r in read_fasta(file)} if written[-1][k] else {}
            assert held == {
                n: texts[n]
                for n in texts
                if (n in mine if mine is not None else n not in names or label[names.index(n)] < 0)
            }
    assert written[0] == written[1]


def test_contigs_of_one_base_do_not_wait_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record takes memory beside its bases: ten million of them took 6 GB."""
    monkeypatch.setattr(sequences, "FLUSH", 100 * sequences.A_RECORD)
    pieces: list[int] = []
    monkeypatch.setattr(sequences, "_append", lambda _, records: pieces.append(len(records)))
    (tmp_path / "c.fasta").write_text("".join(f">c{i}\nA\n" for i in range(1000)))
    write_sequences(tmp_path / "c.fasta", {}, tmp_path / "unbinned.fna")
    assert sum(pieces) == 1000
    assert max(pieces) <= 100
