"""The command `quality`: what is given, what comes out, and who can read it."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from llmbin.assessment.bins import bin_name_of
from llmbin.assessment.tables import CHECKM2_TITLES
from llmbin.genes.rna import DATA
from llmbin.tools.synthetic import synthetic_genome, universal_proteins

pytest.importorskip("pyhmmer")

Cli = Callable[..., tuple[int, str, str]]


def pieces(genome: str, name: str) -> Iterator[tuple[str, str]]:
    for number, begin in enumerate(range(0, len(genome), 90_000)):
        yield f"{name}_{number}", genome[begin : begin + 90_000]


def fasta(contigs: dict[str, str]) -> str:
    return "".join(f">{name} a word\n{sequence}\n" for name, sequence in contigs.items())


def rrnas() -> str:
    """A gene of each profile, with some bases between them."""
    with np.load(DATA, allow_pickle=False) as held:
        first, best = held["first"], held["profiles"].argmax(1)
    genes = ("".join("ACGT"[b] for b in best[a:e]) for a, e in pairwise(first))
    return ("AC" * 50).join(genes)


@pytest.fixture(scope="module")
def bins() -> dict[str, dict[str, str]]:
    """A whole genome with rRNA genes, half of another, and both together."""
    rng = np.random.default_rng(5)
    one, two = (synthetic_genome(rng, 300_000, universal_proteins()) for _ in range(2))
    whole, half = dict(pieces(one + rrnas(), "k1")), dict(pieces(two[:150_000], "k2"))
    return {"whole": whole, "half": half, "mixed": dict(pieces(one + two, "k3"))}


@pytest.fixture(scope="module")
def folder(bins: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bins")
    (out / "whole.fa").write_text(fasta(bins["whole"]))
    (out / "half.fna.gz").write_bytes(gzip.compress(fasta(bins["half"]).encode()))
    (out / "mixed.fasta").write_text(fasta(bins["mixed"]).lower())
    (out / "notes.txt").write_text("no bin")
    (out / ".hidden.fa").write_text("no bin")
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


@pytest.fixture(scope="module")
def report(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from llmbin.cli import main

    out = tmp_path_factory.mktemp("report")
    more = ["--json", str(out / "q.json"), "--genome-info", str(out / "info.csv")]
    assert main(["quality", str(folder), "-o", str(out / "q.tsv"), *more, "-t", "1", "-q"]) == 0
    return out


def test_a_bin_is_as_good_as_its_genome(report: Path, bins: dict[str, dict[str, str]]) -> None:
    half, mixed, whole = rows(report / "q.tsv")
    assert [row["Name"] for row in (half, mixed, whole)] == ["half", "mixed", "whole"]
    complete = [float(row["Completeness"]) for row in (half, mixed, whole)]
    contaminated = [float(row["Contamination"]) for row in (half, mixed, whole)]
    assert 20 < complete[0] < 80
    assert min(complete[1:]) > 90
    assert contaminated[1] > 25
    assert max(contaminated[0], contaminated[2]) < 5
    assert whole["quality"] == "near-complete"
    assert [row["mimag"] for row in (mixed, whole)] == ["contaminated", "medium-quality draft"]
    assert [whole[f"rrna_{kind}"] for kind in ("5s", "16s", "23s")] == ["2"] * 3
    assert [whole[f"rrna_{kind}_whole"] for kind in ("5s", "16s", "23s")] == ["2"] * 3
    assert whole["trna_amino_acids"] == mixed["rrna_16s"] == "0"
    lengths = sorted(map(len, bins["whole"].values()))
    assert int(whole["Genome_Size"]) == sum(lengths)
    assert int(whole["Max_Contig_Length"]) == int(whole["Contig_N50"]) == lengths[-1] == 90_000
    assert int(whole["Total_Contigs"]) == len(lengths)


def test_the_table_reads_as_checkm2s(report: Path) -> None:
    # Headers by place (galah and CoverM), numbers that parse, names once, "None" for no note
    # (MultiQC); what is not measured is NA, which pandas and R read as missing.
    titles = (report / "q.tsv").read_text().splitlines()[0].split("\t")
    assert tuple(titles[: len(CHECKM2_TITLES)]) == CHECKM2_TITLES
    assert titles[:3] == ["Name", "Completeness", "Contamination"]
    found = rows(report / "q.tsv")
    assert len({row["Name"] for row in found}) == len(found)
    for row in found:
        assert None not in row and None not in row.values()
        numbers = ("Completeness", "Contamination", "Contig_N50", "Genome_Size", "GC_Content")
        assert all(float(row[title]) >= 0 for title in numbers)
        assert row["Additional_Notes"] == "None"
        assert row["Coding_Density"] == row["Total_Coding_Sequences"] == "NA"


def test_drep_finds_genomes_by_their_files(report: Path) -> None:
    with open(report / "info.csv", newline="") as handle:
        found = list(csv.DictReader(handle))
    assert [row["genome"] for row in found] == ["half.fna.gz", "mixed.fasta", "whole.fa"]
    for row, other in zip(found, rows(report / "q.tsv"), strict=True):
        assert row["completeness"] == other["Completeness"]
        assert row["contamination"] == other["Contamination"]


def test_json_says_the_same(report: Path) -> None:
    found = json.loads((report / "q.json").read_text())["bins"]
    for record, row in zip(found, rows(report / "q.tsv"), strict=True):
        assert record["name"] == row["Name"]
        assert f"{record['completeness']:.2f}" == row["Completeness"]
        assert record["rrna"]["23S"] == int(row["rrna_23s"])
        assert sum(record["trna"].values()) == int(row["trna_genes"])
        low, high = record["completeness_interval"]
        assert (f"{low:.2f}", f"{high:.2f}") == (row["completeness_low"], row["completeness_high"])
        assert low <= record["completeness"] <= high


def test_files_in_any_order_on_any_threads(
    report: Path, folder: Path, cli: Cli, tmp_path: Path
) -> None:
    files = [folder / name for name in ("whole.fa", "mixed.fasta", "half.fna.gz")]
    status, out, _ = cli("quality", *files, "-o", "-", "-t", "3", "-q")
    assert (status, out) == (0, (report / "q.tsv").read_text())


def test_contigs_and_a_table_of_bins(
    report: Path, bins: dict[str, dict[str, str]], cli: Cli, tmp_path: Path
) -> None:
    contigs = {"unbinned": "ACGT" * 300} | {c: s for b in bins.values() for c, s in b.items()}
    (tmp_path / "c.fa").write_text(fasta(contigs))
    held = [(contig, name) for name, of in bins.items() for contig in of]
    (tmp_path / "bins.tsv").write_text("".join(f"{c}\t{b}\n" for c, b in reversed(held)))
    (tmp_path / "boxes.tsv").write_text(
        "@Version:0.9.1\n@SampleID:x\n\n@@BINID\tSEQUENCEID\n"
        + "".join(f"{b}\t{c}\n" for c, b in held)
    )
    for table in ("bins.tsv", "boxes.tsv"):
        args = (tmp_path / "c.fa", "--bins", tmp_path / table, "-o", tmp_path / "q.tsv", "-q")
        assert cli("quality", *args, "--genome-info", tmp_path / "info.csv") == (0, "", "")
        assert (tmp_path / "q.tsv").read_text() == (report / "q.tsv").read_text()
        assert "\nmixed," in (tmp_path / "info.csv").read_text()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["empty.fa"], "empty.fa: no sequences"),
        (["bases.fa"], "bases.fa: the bin is empty"),
        (["twice.fa"], "twice.fa, line 3: a second contig named 'a'"),
        (["protein.faa"], "protein.faa, line"),
        (["a/x.fa", "b/x.fna"], "b/x.fna: a second bin 'x', after"),
        (["a", "a/x.fa"], "a/x.fa: this bin is given twice"),
        (["none"], "none: no file ends in .fa"),
        (["a", "-x", "faa"], "a: no file ends in faa"),
        (["gone.fa"], "gone.fa: no such file"),
        (["ran"], "its bins are in"),
        (["a/x.fa", "--bins", "no.tsv"], "no.tsv: no contig is in a bin"),
        (["a/x.fa", "--bins", "other.tsv"], "other.tsv: 1 of its contigs are not in"),
        (["a/x.fa", "--bins", "double.tsv"], "double.tsv, line 2: contig 'a' is in a bin already"),
        (["a/x.fa", "b/x.fna", "--bins", "other.tsv"], "--bins goes with one FASTA file"),
        (["a/x.fa", "--bins", "other.tsv", "-x", "fa"], "--extension is for folders"),
        (["a/x.fa", "--json", "out.tsv"], "the outputs must be different files"),
        (["a/x.fa", "--json", "a/x.fa"], "is also an input"),
        (["a/x.fa", "--json", "nowhere/q.json"], "there is no such folder"),
    ],
)
def test_bad_input_is_one_line(
    args: list[str], message: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "none", "ran/bins"):
        (tmp_path / name).mkdir(parents=True)
    files = {
        "empty.fa": "",
        "bases.fa": ">a\n>b\n",
        "twice.fa": ">a\nACGT\n>a\nACGT\n",
        "protein.faa": ">a\nMKLVEFQ\n",
        "a/x.fa": ">a\nACGT\n",
        "b/x.fna": ">a\nACGT\n",
        "ran/contig2bin.tsv": "",
        "no.tsv": "\n",
        "other.tsv": "a\tx\nb\tx\n",
        "double.tsv": "a\tx\na\ty\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    before = sorted(tmp_path.rglob("*"))
    status, out, err = cli("quality", *args, "-o", "out.tsv", "-q")
    assert status in (1, 2)
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_without_bins_has_a_table_of_titles(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "bins").mkdir(parents=True)
    (run / "bins.tsv").write_text("bin\tcontigs\n")
    args = ("-o", tmp_path / "q.tsv", "--genome-info", tmp_path / "g.csv", "--json", tmp_path / "j")
    status, _, err = cli("quality", run / "bins", "-q", *args)
    assert status == 0 and "no bins" in err and err.count("\n") == 1
    (tmp_path / "one.fa").write_text(">a\nACGT\n")
    assert cli("quality", tmp_path / "one.fa", "-q", "-o", tmp_path / "one.tsv")[0] == 0
    head, _ = (tmp_path / "one.tsv").read_text().splitlines()
    assert (tmp_path / "q.tsv").read_text() == head + "\n"
    assert (tmp_path / "g.csv").read_text() == "genome,completeness,contamination\n"
    assert json.loads((tmp_path / "j").read_text())["bins"] == []
    (run / "bins.tsv").write_text("bin\tcontigs\nbin.0001\t1\n")  # which are not there
    assert cli("quality", run / "bins", "-q", "-o", tmp_path / "no.tsv")[0] == 1


@pytest.mark.parametrize("name", ['"b', "a\vb"])
def test_names_that_break_tables_are_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    file, table = tmp_path / f"{name}.fa", tmp_path / "bins.tsv"
    file.write_text(">k1\nACGT\n")
    table.write_text(f"k1\t{name}\n")
    for given in ([file], [file, "--bins", table]):
        code, _, err = cli("quality", *given, "-o", tmp_path / "q.tsv")
        assert code == 1
        assert "rename it" in err
        assert not (tmp_path / "q.tsv").exists()


def test_contigs_in_no_bin_are_left_out_as_metabat_writes_them(cli: Cli, tmp_path: Path) -> None:
    folder, table = tmp_path / "bins", tmp_path / "q.tsv"
    folder.mkdir()
    for name in ("bin.1.fa", "bin.unbinned.fa", "bin.lowDepth.fa", "unbinned.FA"):
        (folder / name).write_text(f">{name}\n{'ACGTT' * 300}\n")
    (folder / "bin.tooShort.fa").write_text("")
    status, _, err = cli("quality", folder, "-o", table, "-q")
    assert (status, err.count("\n")) == (0, 1)
    assert "bin.lowDepth.fa, bin.tooShort.fa, bin.unbinned.fa; a file that is given by its" in err
    assert [row["Name"] for row in rows(table)] == ["bin.1", "unbinned"]
    assert cli("quality", folder / "bin.unbinned.fa", "-o", table, "-q")[::2] == (0, "")
    assert [row["Name"] for row in rows(table)] == ["bin.unbinned"]
    for name in ("bin.1.fa", "unbinned.FA"):
        (folder / name).unlink()
    assert "no other file ends in .fa" in cli("quality", folder, "-o", table)[2]


def test_bins_of_nothing_but_gaps_are_told_and_stay(cli: Cli, tmp_path: Path) -> None:
    for name, bases in (("gap", "N" * 5_000), ("not", "N" * 9), ("most", "N" * 5_000 + "ACGT")):
        (tmp_path / f"{name}.fa").write_text(f">{name}\n{bases}\n")
    status, _, err = cli("quality", tmp_path, "-o", tmp_path / "q.tsv", "-q")
    assert (status, err.count("\n")) == (0, 1)
    assert "bin 'gap' is nothing but gaps" in err
    assert [(row["Name"], row["Genome_Size"]) for row in rows(tmp_path / "q.tsv")] == [
        ("gap", "5000"),
        ("most", "5004"),
        ("not", "9"),
    ]


def test_tiny_bins_are_assessed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "one.fa").write_text(">a\nA\n")
    (tmp_path / "unknown.fa").write_text(">a\n" + "N" * 500 + "\n")
    status, out, _ = cli("quality", tmp_path, "-o", "-", "-q")
    first, second = list(csv.DictReader(out.splitlines(), delimiter="\t"))
    assert status == 0
    assert (first["Completeness"], first["Genome_Size"], first["mimag"]) == (
        "0.00",
        "1",
        "low-quality draft",
    )
    assert second["GC_Content"] == "0.00"


@pytest.mark.parametrize(
    ("file", "extension", "name"),
    [
        ("bin.1.fa", "", "bin.1"),
        ("bin.1.fna.gz", "", "bin.1"),
        ("SAMPLE_2.fasta.zst", "", "SAMPLE_2"),
        ("genome", "", "genome"),
        ("GENOME.FNA.GZ", "", "GENOME"),
        ("bin.1.contigs.fa", ".contigs.fa", "bin.1"),
        ("bin.1.seq", "seq", "bin.1"),
        ("bin.1.fa.seq", "seq", "bin.1.fa"),
        (".fa", "", ".fa"),
    ],
)
def test_names_of_bins(file: str, extension: str, name: str) -> None:
    assert bin_name_of(Path(file), extension) == name
