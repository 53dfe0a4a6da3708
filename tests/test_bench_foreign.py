"""Foreign bases in a community: what is added, and what is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import foreign
from llmbin.io.fasta import read_fasta

GOLD = {"a": ("g", 900_000), "b": ("g", 100_000), "c": ("h", 400_000)}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Contigs of a eukaryote, and sequences that are too short, fit, or are too long."""
    rng = np.random.default_rng(1)
    sizes = {
        "eukaryote": [2_000] * 60,
        "virus": [1_000, 9_000, 300_000],
        "plasmid": [20_000, 500_000],
    }
    out = {}
    for kind, lengths in sizes.items():
        out[kind] = tmp_path / f"{kind}.fasta"
        texts = ("".join(rng.choice(list("ACGT"), n)) for n in lengths)
        out[kind].write_text("".join(f">s{k}\n{text}\n" for k, text in enumerate(texts)))
    return out


def test_what_fits_is_added_up_to_its_share(files: dict[str, Path], tmp_path: Path) -> None:
    added = list(foreign.drawn(files, 1_000_000, 2, np.random.default_rng(1)))
    bases = {kind: sum(len(f.bases) for f in added if f.kind == kind) for kind in files}
    assert bases == {"eukaryote": 70_000, "virus": 9_000, "plasmid": 20_000}
    yeast = np.array([f.depths for f in added if f.kind == "eukaryote"])
    assert (yeast.std(0) < 0.1 * yeast.mean(0)).all()  # contigs of one genome
    assert len({f.genome for f in added}) == 3

    (tmp_path / "contigs.fasta").write_text(">a\nACGT")
    (tmp_path / "depth.txt").write_text(
        "contigName\tcontigLen\ttotalAvgDepth\tx\tx-var\ty\ty-var\n"
    )
    foreign.write_community(tmp_path, added, tmp_path / "out")
    written = {r.name: len(r.sequence) for r in read_fasta(tmp_path / "out" / "contigs.fasta")}
    assert written == {"a": 4} | {f.name: len(f.bases) for f in added}
    rows = (tmp_path / "out" / "depth.txt").read_text().splitlines()
    assert len(rows) == 1 + len(added) and {row.count("\t") for row in rows} == {6}


def test_a_stranger_in_the_bin_is_contamination_until_it_is_called_so(tmp_path: Path) -> None:
    phage, plasmid = (
        foreign.Foreign(f"{kind}_0", kind, b"A" * 60_000, np.ones(1))
        for kind in ("virus", "plasmid")
    )
    bins = {"a": "1", "b": "1", "virus_0": "1", "c": "2", "plasmid_0": "2"}
    yeast = foreign.Foreign("eukaryote_0", "eukaryote", b"A" * 9_000, np.ones(1))
    bins |= {"eukaryote_0": "2"}
    kinds = {"virus_0": "virus", "plasmid_0": "bacterium", "eukaryote_0": "eukaryote"}
    lines = [f"{name}\t{kinds.get(name, 'bacterium')}\n" for name in bins]
    (tmp_path / "contigs.tsv").write_text("contig\tkind\n" + "".join(lines))
    found = foreign.judge(tmp_path, bins, GOLD, [phage, plasmid, yeast])
    assert found["near-complete"] == 0
    assert found["without viruses and plasmids that are called so"] == 1
    assert found["without any"] == 2
    assert found["eukaryote"]["share"] == 1
    assert found["called, bases from 3 kb"]["plasmid"] == {"bacterium": 60_000}
