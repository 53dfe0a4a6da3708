from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmbin.io.fasta import read_fasta
from llmbin.results import tables as outputs
from llmbin.results.tables import LINE, bin_name, write_sequences


@given(st.binary(max_size=3 * LINE + 1))
def test_lines_are_full_but_for_the_last(sequence: bytes) -> None:
    wanted = b"".join(sequence[i : i + LINE] + b"\n" for i in range(0, len(sequence), LINE))
    assert outputs._wrapped(sequence) == wanted


@pytest.mark.parametrize("flush", [1, 1 << 20])
def test_every_contig_is_in_one_file_whatever_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flush: int
) -> None:
    """Also when a file is written in many pieces, and contigs that were too short have no bin."""
    monkeypatch.setattr(outputs, "FLUSH", flush)
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
        found = SimpleNamespace(names=names), SimpleNamespace(label=label, bins=4)
        write_sequences(source, out / "bins", tmp_path / f"{threads}.gz", *found, "bin", threads)
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
