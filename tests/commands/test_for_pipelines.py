"""What pipelines ask of the command line: names of files, compression, statuses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import synthetic_genome

Cli = Callable[..., tuple[int, str, str]]
QUICK = ("-q", "-t", "1", "--markers", "off", "--no-report")


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One contig that is a bin, and one too short to be looked at."""
    genome = synthetic_genome(np.random.default_rng(5), 300_000, [])
    path = tmp_path_factory.mktemp("assembly") / "contigs.fa"
    path.write_text(f">long\n{genome}\n>short\n{'ACGGT' * 50}\n")
    return path


def names(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("extension", ["fna.gz", "fa.gz", ".fa", "fasta"])
def test_bins_end_in_what_is_asked_for(
    extension: str, assembly: Path, cli: Cli, tmp_path: Path
) -> None:
    given = ("--prefix", "MEGAHIT-x", "--bin-extension", extension)
    status, _, err = cli("run", assembly, "-o", tmp_path, *given, *QUICK)
    assert status == 0, err
    ending = extension.removeprefix(".")
    files = {"MEGAHIT-x.unbinned": "short", "bins/MEGAHIT-x.0001": "long"}
    sequences = {r.name: r.sequence for r in read_fasta(assembly)}
    for name, contig in files.items():
        data = (tmp_path / f"{name}.{ending}").read_bytes()
        text = gzip.decompress(data) if ending.endswith(".gz") else data
        head, *lines = text.split(b"\n")
        assert head == f">{contig}".encode() and b"".join(lines) == sequences[contig]


def test_names_without_a_prefix_stay(assembly: Path, cli: Cli, tmp_path: Path) -> None:
    assert cli("run", assembly, "-o", tmp_path / "a", *QUICK)[0] == 0
    assert {"unbinned.fna.gz", "bins/bin.0001.fna.gz"} <= names(tmp_path / "a")
    assert cli("run", assembly, "-o", tmp_path / "b", "--no-unbinned", *QUICK)[0] == 0
    assert names(tmp_path / "a") - names(tmp_path / "b") == {"unbinned.fna.gz"}


def test_an_ending_that_is_none_is_refused(assembly: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, _, err = cli("run", assembly, "-o", out, "--bin-extension", "txt")
    assert status == 2 and "fna.gz" in err and not out.exists()


def test_force_takes_away_what_had_other_names(assembly: Path, cli: Cli, tmp_path: Path) -> None:
    first = ("--prefix", "old_{}", "--bin-extension", "fa", "--format", "bioboxes")
    assert cli("run", assembly, "-o", tmp_path, *first, *QUICK)[0] == 0
    before = names(tmp_path)
    assert {"old.unbinned.fa", "bins/old_0001.fa"} <= before
    foreign = {"mine.unbinned.fa", "bins/metabat.1.fa", "bins/old_0001.fna.gz"}
    for name in foreign:
        (tmp_path / name).write_text(">mine\nACGT\n")
    assert cli("run", assembly, "-o", tmp_path, "--force", *QUICK)[0] == 0
    gone = {"old.unbinned.fa", "bins/old_0001.fa", "binning.bioboxes.tsv"}
    new = {"unbinned.fna.gz", "bins/bin.0001.fna.gz"}
    assert names(tmp_path) == (before - gone) | new | foreign
    assert all((tmp_path / name).read_text() == ">mine\nACGT\n" for name in foreign)


@pytest.mark.parametrize("parameters", [{"prefix": "../x"}, {"prefix": 1}, {}, [], None])
def test_a_record_that_no_run_wrote_takes_nothing_away(
    parameters: object, assembly: Path, cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    foreign = [tmp_path / "x.unbinned.fna.gz", out / "x.unbinned.fna.gz"]
    for path in foreign:
        path.write_text("mine\n")
    (out / "run.json").write_text(json.dumps({"parameters": parameters}))
    assert cli("run", assembly, "-o", out, "--force", *QUICK)[0] == 0
    assert [path.read_text() for path in foreign] == ["mine\n", "mine\n"]


@pytest.mark.parametrize("size", [400, 1200])
@pytest.mark.parametrize("depth", ["none", "table", "sparse table", "bam"])
def test_contigs_that_are_all_short_are_a_run_without_bins(
    size: int, depth: str, cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    """One sample that failed must not end a cohort: status 0, and files that can be read."""
    rng, count = np.random.default_rng(1), 4
    contigs, out, given = tmp_path / "c.fa", tmp_path / "out", []
    sequences = {f"k{i}": "".join(rng.choice(list("ACGT"), size)) for i in range(count)}
    contigs.write_text("".join(f">{n}\n{s}\n" for n, s in sequences.items()))
    table = tmp_path / "s1.tsv"
    if depth == "table":
        table.write_text("contigname\ts1\n" + "".join(f"k{i}\t{i + 1}\n" for i in range(count)))
        given = ["--depth", table]
    elif depth == "sparse table":
        rows = (f"k{i}\t{size}\t9\t{i + 1}\t0\t9\n" for i in range(count))
        table.write_text("chrom\tlength\tbases\tmean\tmin\tmax\n" + "".join(rows))
        given = ["--depth", table]
    elif depth == "bam":
        reads = [(f"k{i % count}", i, "100M", 0, 0) for i in range(200)]
        given = ["--bam", write_bam(tmp_path / "s1.bam", dict.fromkeys(sequences, size), reads)]
    status, _, err = cli("run", contigs, "-o", out, "-q", "-t", "1", "--format", "bioboxes", *given)
    assert status == 0, err
    last = err.splitlines()[-1]
    told = "none of the 4 contigs has 1,500 bases or more, gaps not counted (--min-length)"
    assert f"no bins: {told}" in last
    assert {r.name for r in read_fasta(out / "unbinned.fna.gz")} == set(sequences)
    assert (out / "contig2bin.tsv").read_text() == "" and list((out / "bins").iterdir()) == []
    head, *rows = [line.split("\t") for line in (out / "bins.tsv").read_text().splitlines()]
    assert head[0] == "bin" and rows == [] and ("depth_s1" in head) == (depth != "none")
    assert (out / "binning.bioboxes.tsv").read_text().endswith("@@SEQUENCEID\tBINID\t_LENGTH\n")
    listed = (out / "contigs.tsv").read_text().splitlines()[1:]
    assert len(listed) == (count if size > 1000 else 0)
    assert json.loads((out / "run.json").read_text())["bins"] == 0
    assert (out / "report.html").is_file()
    again = ("run", contigs, "-o", out, "-q", "-t", "1", "--resume", *given)
    status, _, err = cli(*again)
    assert status == 0 and "damaged" not in err


def test_a_depth_table_is_compressed_by_its_name(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    lengths = {"k1": 3000, "k2": 2000}
    reads = [("k1", 10 * i, "100M", 0, 0) for i in range(200)] + [("k2", 5, "100M", 0, 0)]
    bam = write_bam(tmp_path / "s1.bam", lengths, reads)
    plain, packed, again = (tmp_path / name for name in ("d.txt", "d.txt.gz", "e.tsv.gz"))
    for path in (plain, packed, again):
        assert cli("depth", bam, "-o", path, "-q")[0] == 0
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()
    assert plain.read_bytes().startswith(b"contigName\tcontigLen\ttotalAvgDepth\ts1.bam\t")


def test_the_version_is_one_line(cli: Cli) -> None:
    status, out, err = cli("--version")
    program, version = out.split()
    assert (status, err, program) == (0, "", "llmbin-fast") and version[0].isdigit()
