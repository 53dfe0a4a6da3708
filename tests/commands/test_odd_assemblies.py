"""Assemblies and reads as the world has them, with the right values in the results."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.tools.synthetic import synthetic_genome

Cli = Callable[..., tuple[int, str, str]]
QUICK = ("-q", "-t", "1", "--markers", "off")


def bases(n: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


def fasta(path: Path, contigs: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    return path


def rows(path: Path) -> list[dict[str, str]]:
    head, *lines = path.read_text().splitlines()
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]


def test_contigs_of_the_bam_file_that_were_filtered_and_short_ones_that_it_lacks(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    """Reads are mapped to all contigs; those binned are some, and the depths their own."""
    contigs = fasta(tmp_path / "c.fa", {"k1": bases(3000), "short": "ACGT", "k2": bases(2500, 1)})
    reads = [("k2", 10 * i, "150=", -1, 0) for i in range(100)]
    reads += [("dropped", 10 * i, "150M", 0, 0) for i in range(50)]
    reads += [("k1", 20 * i, "75=1X74=", -1, 0) for i in range(100)]
    bam = write_bam(tmp_path / "s.bam", {"k2": 2500, "dropped": 900, "k1": 3000}, reads)
    status, _, err = cli("run", contigs, "--bam", bam, "-o", tmp_path / "out", *QUICK)
    assert status == 0, err
    found = {row["contig"]: float(row["depth_s"]) for row in rows(tmp_path / "out" / "contigs.tsv")}
    want = {}
    for name, length, step in (("k1", 3000, 20), ("k2", 2500, 10)):
        depth = np.zeros(length)
        for i in range(100):
            depth[step * i : step * i + 150] += 1
        want[name] = depth[75:-75].mean()
    assert found == pytest.approx(want, rel=1e-4)


def test_gaps_make_no_contig_long_and_no_bin_large(cli: Cli, tmp_path: Path) -> None:
    """Scaffolds of N: one is of nothing else, one is too short without, one is long enough."""
    genome = synthetic_genome(np.random.default_rng(5), 300_000, [])
    gap = "N" * 150_000
    scaffolds = {
        "genome": genome,
        "gap": gap,
        "ends": bases(600) + gap + bases(399, 1),
        "codes": bases(600) + "NNNNNNNNN" + bases(391, 1),  # so few are no gap
        "half": bases(30_000, 2) + gap + gap.lower(),
    }
    path = fasta(tmp_path / "c.fa", scaffolds)
    status, _, err = cli("run", path, "-o", tmp_path / "out", *QUICK[1:])
    assert status == 0, err
    assert "shorter contigs left out (gaps do not count): 2 (300,999 bases)" in err
    found = {row["contig"]: row for row in rows(tmp_path / "out" / "contigs.tsv")}
    assert list(found) == ["genome", "codes", "half"]
    assert found["half"]["length"] == "330000"
    (bin_,) = rows(tmp_path / "out" / "bins.tsv")  # which says what its file holds
    assert found["genome"]["bin"] == bin_["bin"]
    inside = [int(row["length"]) for row in found.values() if row["bin"]]
    assert int(bin_["bp"]) == sum(inside)

    path = fasta(tmp_path / "d.fa", {"half": scaffolds["half"]})
    status, _, err = cli("run", path, "-o", tmp_path / "none", *QUICK)
    assert status == 0, err
    assert "all contigs together hold 30,000 bp without gaps, and a bin needs 200,000" in err


def test_a_sample_without_mapped_reads_is_told_and_the_others_count(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    lengths = {f"k{i}": 2000 for i in range(4)}
    contigs = fasta(tmp_path / "c.fa", {name: bases(2000, i) for i, name in enumerate(lengths)})
    reads = [(f"k{i}", 10 * j, "150M", 0, 0) for i in range(4) for j in range(20 * (i + 1))]
    some = write_bam(tmp_path / "some.bam", lengths, reads)
    unmapped = write_bam(tmp_path / "none.bam", lengths, [("", -1, None, -1, 4)] * 30)
    status, _, err = cli("run", contigs, "--bam", some, unmapped, "-o", tmp_path / "out", *QUICK)
    assert status == 0
    assert "none.bam, sample none: none of 30 records is a mapped read" in err
    assert "NaN" not in (tmp_path / "out" / "run.json").read_text()
    for row in rows(tmp_path / "out" / "contigs.tsv"):
        assert float(row["depth_none"]) == 0 < float(row["depth_some"])
    status, _, err = cli("run", contigs, "--bam", unmapped, "-o", tmp_path / "no", *QUICK)
    assert status == 1 and "none of 30 records is a mapped read" in err
    assert not (tmp_path / "no").exists()


def test_zero_coverage_everywhere_is_an_error(cli: Cli, tmp_path: Path) -> None:
    contigs = {f"k{i}": bases(2000, i) for i in range(12)}
    table = tmp_path / "t.tsv"
    table.write_text("contigname\tA\n" + "".join(f"{name}\t0\n" for name in contigs))
    path = fasta(tmp_path / "c.fa", contigs)
    status, _, err = cli("run", path, "--depth", table, "-o", tmp_path / "out", *QUICK)
    assert status == 1 and "0 of 12 contigs have depth" in err
    assert len(err.splitlines()) == 1


NAMES = (b"gi|1|ref", b"a/b", b"k=v;w=x", b"#hash", "ä~é".encode(), b"'q'", b"a,b", b"\xff\xfe")


def test_names_of_all_kinds_in_contigs_and_table(tmp_path: Path, cli: Cli) -> None:
    with open(tmp_path / "c.fa", "wb") as out, gzip.open(tmp_path / "t.tsv", "wb") as table:
        table.write(b"contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\r\n")
        for i, name in enumerate(NAMES):
            out.write(b">%s and more words\r\n%s\r\n" % (name, bases(2000, i).encode()))
            table.write(b"%s\t2000\t%d\t%d\t1\r\n" % (name, i + 1, i + 1))
    status, _, err = cli(
        "run", tmp_path / "c.fa", "--depth", tmp_path / "t.tsv", "-o", tmp_path / "out", *QUICK
    )
    assert status == 0, err
    lines = (tmp_path / "out" / "contigs.tsv").read_bytes().splitlines()
    column = lines[0].split(b"\t").index(b"depth_A")
    found = {line.split(b"\t")[0]: float(line.split(b"\t")[column]) for line in lines[1:]}
    assert found == {name: i + 1 for i, name in enumerate(NAMES)}


@pytest.mark.parametrize("kind", ["plasmids", "one of 99 %", "whole chromosomes"])
def test_assemblies_of_odd_sizes(kind: str, cli: Cli, tmp_path: Path) -> None:
    """What is large enough for a bin is one, and every contig is somewhere."""
    genome = synthetic_genome(np.random.default_rng(5), 600_000, [])
    contigs, bins = {
        "plasmids": ({f"p{i}": bases(5_000 + 999 * i, i) for i in range(12)}, set()),
        "one of 99 %": ({"big": genome, **{f"s{i}": bases(2_000, i) for i in range(3)}}, {"big"}),
        "whole chromosomes": (
            {"a": genome, "b": synthetic_genome(np.random.default_rng(6), 500_000, [])},
            {"a", "b"},
        ),
    }[kind]
    path = fasta(tmp_path / "c.fa", contigs)
    status, _, err = cli("run", path, "-o", tmp_path / "out", *QUICK)
    assert status == 0, err
    lines = (tmp_path / "out" / "contig2bin.tsv").read_text().splitlines()
    found = dict(line.split("\t") for line in lines)
    assert bins <= found.keys()
    assert len({found[name] for name in bins}) == len(bins)
    unbinned = gzip.decompress((tmp_path / "out" / "unbinned.fna.gz").read_bytes()).decode()
    left = {line[1:] for line in unbinned.splitlines() if line.startswith(">")}
    assert left | found.keys() == set(contigs) and not left & found.keys()


def test_scaffolds_with_long_gaps(cli: Cli, tmp_path: Path) -> None:
    """A gap has no composition, no words and no markers; what is around it counts."""
    left, right = bases(3000, 1), bases(3000, 2)
    contigs = {
        "whole": left + right,
        "gap": left + "N" * 200_000 + right,
        "nothing": "N" * 5_000,
        "lower": (left + right).lower(),
    }
    path = fasta(tmp_path / "c.fa", contigs)
    status, _, err = cli("run", path, "-o", tmp_path / "out", "-q", "-t", "1")
    assert status == 0, err
    found = {row["contig"]: row for row in rows(tmp_path / "out" / "contigs.tsv")}
    del contigs["nothing"]
    assert [int(row["length"]) for row in found.values()] == [len(s) for s in contigs.values()]
    gc = {name: float(row["gc"]) for name, row in found.items()}
    assert gc["whole"] == gc["lower"] == gc["gap"]
