from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import in_new_python

from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import Community

Cli = Callable[..., tuple[int, str, str]]
FILES = {
    "bins",
    "bins.tsv",
    "contig2bin.tsv",
    "contigs.tsv",
    "llmbin.log",
    "llmbin_bins_mqc.json",
    "llmbin_classes_mqc.json",
    "llmbin_general_mqc.json",
    "llmbin_quality_mqc.json",
    "places.tsv",
    "report.html",
    "run.json",
    "unbinned.fna.gz",
}


def rows(path: Path) -> list[dict[str, str]]:
    head, *body = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(head, line, strict=True)) for line in body]


@pytest.fixture(scope="module")
def finished(community: Community, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from llmbin.cli import main

    out = tmp_path_factory.mktemp("finished") / "made" / "here"
    assert (
        main(
            [
                "run",
                str(community.contigs),
                "--depth",
                str(community.depth),
                "-o",
                str(out),
                "-t",
                "2",
                "-q",
                "--format",
                "bioboxes",
            ]
        )
        == 0
    )
    return out


def test_outputs_agree_with_each_other(finished: Path, community: Community) -> None:
    assert {p.name for p in finished.iterdir()} == FILES | {"binning.bioboxes.tsv"}
    contig2bin = dict(
        line.split("\t") for line in (finished / "contig2bin.tsv").read_text().splitlines()
    )
    lengths = {r.name: len(r.sequence) for r in read_fasta(community.contigs)}
    sequences = {r.name: r.sequence for r in read_fasta(community.contigs)}
    bins = rows(finished / "bins.tsv")
    assert [b["bin"] for b in bins] == [f"bin.{i + 1:04d}" for i in range(len(bins))]
    sizes = [int(b["bp"]) for b in bins]
    assert sizes == sorted(sizes, reverse=True)
    for b in bins:
        records = list(read_fasta(finished / "bins" / f"{b['bin']}.fna.gz"))
        assert {r.name for r in records} == {
            c for c, name in contig2bin.items() if name == b["bin"]
        }
        assert all(r.sequence == sequences[r.name] for r in records)
        assert sum(lengths[r.name] for r in records) == int(b["bp"])
        assert float(b["depth_S1"]) > 0
        assert 0.5 < float(b["confidence"]) <= 1
        assert b["quality"] in {"near-complete", "high", "medium", "low"}
    unbinned = (
        {r.name for r in read_fasta(finished / "unbinned.fna.gz")}
        if set(lengths) - set(contig2bin)
        else set()
    )
    assert unbinned == set(lengths) - set(contig2bin)
    for row in rows(finished / "contigs.tsv"):
        assert bool(row["bin"]) != bool(row["why_unbinned"])
        assert row["bin"] == contig2bin.get(row["contig"], "")
    record = json.loads((finished / "run.json").read_text())
    assert record["bins"] == len(bins)
    assert record["device"]["device"] == "cpu"
    assert record["model"]["sha256"]
    stages = {
        "survey",
        "reading",
        "homology",
        "markers",
        "coverage",
        "kinds",
        "binning",
        "output",
        "map",
    }
    assert stages == set(record["stages"])
    assert len(record["inputs"]) == 2
    assert (finished / "binning.bioboxes.tsv").read_text().splitlines()[
        3
    ] == "@@SEQUENCEID\tBINID\t_LENGTH"


def test_bins_are_the_genomes(finished: Path, community: Community, cli: Cli) -> None:
    status, out, _ = cli("score", finished / "contig2bin.tsv", "--gold", community.gold, "--json")
    scores = json.loads(out)[str(finished / "contig2bin.tsv")]
    assert status == 0
    assert scores["near_complete"] >= 4
    assert scores["ari"] > 0.95


def test_quality_of_its_bins_is_what_a_run_says(finished: Path, cli: Cli, tmp_path: Path) -> None:
    assert cli("quality", finished / "bins", "-o", tmp_path / "q.tsv", "-q")[0] == 0
    same = {
        "bin": "Name",
        "contigs": "Total_Contigs",
        "bp": "Genome_Size",
        "n50": "Contig_N50",
        "completeness": "Completeness",
        "contamination": "Contamination",
        "quality_basis": "Completeness_Model_Used",
        "quality": "quality",
        "rrna_16s": "rrna_16s",
        "trna_amino_acids": "trna_amino_acids",
        "mimag": "mimag",
    }
    said, found = rows(finished / "bins.tsv"), rows(tmp_path / "q.tsv")
    assert [[b[title] for title in same] for b in said] == [
        [b[title] for title in same.values()] for b in found
    ]
    status, _, err = cli("quality", finished, "-o", tmp_path / "no.tsv")
    assert status == 1
    assert err == (
        f"llmbin-fast: error: {finished}: is the folder of a run; its bins are in "
        f"{finished / 'bins'}\n"
    )


@pytest.mark.parametrize(
    "options", [["-t", "1"], ["--batch-size", "1"], ["--batch-size", "7", "-t", "3"]]
)
def test_threads_and_batch_size_change_no_byte(
    finished: Path, community: Community, cli: Cli, tmp_path: Path, options: list[str]
) -> None:
    status, _, err = cli(
        "run", community.contigs, "--depth", community.depth, "-o", tmp_path, "-q", *options
    )
    assert (status, err) == (0, "")
    for name in ("contig2bin.tsv", "bins.tsv", "contigs.tsv", "places.tsv", "unbinned.fna.gz"):
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes()


def test_standard_input_and_no_coverage(
    community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = gzip.decompress(community.contigs.read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    status, _, err = cli("run", "-", "-o", tmp_path / "out", "-t", "2")
    assert status == 0
    assert "no coverage was given" in err
    assert "composition alone" in err
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES


def test_bam_and_its_depth_table_give_the_same_bins(
    community: Community, cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    lengths = {r.name: len(r.sequence) for r in read_fasta(community.contigs)}
    rng = np.random.default_rng(0)
    reads = [
        (n, int(p), "150M", 0, 0)
        for n, v in lengths.items()
        if v > 200
        for p in sorted(rng.integers(0, v - 150, v // 100))
    ]
    bam = write_bam(tmp_path / "s1.sorted.bam", lengths, reads)
    status, _, err = cli("depth", bam, "-o", tmp_path / "depth.tsv")
    assert (status, len(rows(tmp_path / "depth.tsv"))) == (0, len(lengths)), err
    status, _, err = cli(
        "run", community.contigs, "--bam", bam, "-o", tmp_path / "a", "--samples", "gut", "-q"
    )
    assert (status, err) == (0, "")
    assert "depth_gut" in (tmp_path / "a" / "bins.tsv").read_text()
    assert (
        cli(
            "run", community.contigs, "--depth", tmp_path / "depth.tsv", "-o", tmp_path / "b", "-q"
        )[0]
        == 0
    )
    # The table has six digits, so bins are alike though numbers are not.
    assert (tmp_path / "a" / "contig2bin.tsv").read_bytes() == (
        tmp_path / "b" / "contig2bin.tsv"
    ).read_bytes()


def test_used_folders_are_refused_and_forced(
    finished: Path, community: Community, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    arguments = ("run", community.contigs, "--depth", community.depth, "-o", tmp_path, "-q")
    status, _, err = cli(*arguments)
    assert status == 1
    assert "not empty" in err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    assert cli(*arguments, "--force")[0] == 0
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert (tmp_path / "contig2bin.tsv").read_bytes() == (finished / "contig2bin.tsv").read_bytes()


def test_an_interrupted_run_resumes(
    finished: Path, community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("llmbin.stages.clustering.bin_assemblies", stop)
        status, _, err = cli("run", community.contigs, "--depth", community.depth, "-o", out)
    assert status == 130
    assert "--resume" in err
    assert not (out / "contig2bin.tsv").exists()
    monkeypatch.setattr("llmbin.stages.embedding.profile_contigs", stop)  # must not be needed again
    status, _, err = cli(
        "run", community.contigs, "--depth", community.depth, "-o", out, "--resume"
    )
    assert status == 0, err
    assert "resuming" in err
    assert {p.name for p in out.iterdir()} == FILES
    assert (out / "contig2bin.tsv").read_bytes() == (finished / "contig2bin.tsv").read_bytes()


@pytest.mark.parametrize("n", [1, 2, 10, 50])
def test_few_contigs_give_bins_or_a_sentence(n: int, cli: Cli, tmp_path: Path) -> None:
    rng = np.random.default_rng(n)
    path = tmp_path / "c.fa"
    path.write_text(
        "".join(f">c{i}\n{''.join(rng.choice(list('ACGT'), 2000))}\n" for i in range(n))
    )
    status, _, err = cli("run", path, "-o", tmp_path / "out")
    assert status == 0
    assert "no bins: all contigs together hold" in err
    assert (tmp_path / "out" / "contig2bin.tsv").read_text() == ""
    assert len(rows(tmp_path / "out" / "contigs.tsv")) == n


GOOD = ">a\n" + "ACGTTGCA" * 300 + "\n>b\n" + "ACGGTGCA" * 300 + "\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no sequences"),
        ("@r\nACGT\n+\nIIII\n", "line 1: starts like FASTQ"),
        (">a\nMKLVPPQ\n", "line 2:.*protein"),
        (GOOD + ">a x\nACGT\n", "line 5: a second contig named 'a'"),
    ],
)
def test_bad_fasta_is_one_line_and_leaves_nothing(
    content: str, message: str, cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "bad.fa"
    path.write_text(content)
    check_error(cli("run", path, "-o", tmp_path / "deep" / "out", "-q"), str(path), message)
    assert not (tmp_path / "deep").exists()
    (tmp_path / "there").mkdir()
    check_error(cli("run", path, "-o", tmp_path / "there", "-q"), str(path), message)
    assert list((tmp_path / "there").iterdir()) == []


def test_a_full_disk_is_one_line_and_keeps_the_stages(
    community: Community, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "bins/bin.0001.fna.gz")

    monkeypatch.setattr("llmbin.stages.output.write_sequences", full)
    outcome = cli(
        "run", community.contigs, "--depth", community.depth, "-o", tmp_path / "out", "-q"
    )
    check_error(outcome, "bin.0001.fna.gz", "No space left on device")
    assert list((tmp_path / "out" / ".llmbin-work").glob("stage-*"))
    assert not list((tmp_path / "out").glob("*.tsv"))


def check_error(outcome: tuple[int, str, str], file: str, message: str) -> None:
    import re

    status, _, err = outcome
    assert status != 0
    assert len(err.splitlines()) == 1, err
    assert err.startswith("llmbin-fast: error: ")
    assert file in err
    assert re.search(message, err), err


def test_bad_coverage_is_one_line_and_leaves_nothing(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path]
) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text(GOOD)
    whole = write_bam(tmp_path / "s.bam", {"a": 2400, "b": 2400}, [("a", 1, "100M", 0, 0)])
    cut = tmp_path / "cut.bam"
    cut.write_bytes(whole.read_bytes()[:-10])
    other = write_bam(tmp_path / "other.bam", {"a": 2400, "c": 2400}, [])
    longer = write_bam(tmp_path / "longer.bam", {"a": 2401, "b": 2400}, [])
    table = tmp_path / "t.tsv"
    table.write_text("contigname\tS\na\t1\n")
    for option, path, message in (
        ("--bam", cut, "no end marker"),
        ("--bam", other, "first is 'b'; the nearest name"),
        ("--bam", longer, "2,401 bases here and 2,400"),
        ("--bam", contigs, "a BAM or CRAM file was expected"),
        ("--bam", tmp_path / "none.bam", "no such file"),
        ("--depth", table, "first is 'b'"),
        ("--depth", tmp_path, "not a file"),
    ):
        check_error(
            cli("run", contigs, option, path, "-o", tmp_path / "out", "-q"), str(path), message
        )
        assert not (tmp_path / "out").exists()


def test_options_that_contradict_each_other(cli: Cli, tmp_path: Path) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text(GOOD)
    base = ("run", contigs, "-o", tmp_path / "out", "-q")
    for options, message in (
        (["--bam", contigs, "--depth", contigs], "two ways"),
        (["--samples", "x"], "there are none"),
        (["--force", "--resume"], "give one of them"),
        (["--prefix", "a/b"], "file name"),
        (["--prefix", "."], "file name"),
        (["--prefix", "{}{}"], "file name"),
        (["--prefix", "x" * 300], "file name"),
        (["--sample-id", "a\tb"], "one line"),
        (["--min-length", "500", "--recruit-length", "900"], "more than --min-length"),
        (["--device", "cuda"], "CUDAExecutionProvider"),
        (["--model", "none"], "no such model pack"),
    ):
        check_error(cli(*base, *options), "", message)
        assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder(cli: Cli, tmp_path: Path) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text(GOOD)
    (tmp_path / "locked").mkdir(mode=0o500)
    check_error(
        cli("run", contigs, "-o", tmp_path / "locked" / "out"), "locked", "cannot be written"
    )


def test_output_is_a_file(cli: Cli, tmp_path: Path) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text(GOOD)
    check_error(cli("run", contigs, "-o", contigs), "c.fa", "is a file")


def test_an_output_that_is_an_input_or_no_file(
    cli: Cli, tmp_path: Path, write_bam: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bam = write_bam(tmp_path / "s.bam", {"a": 2400}, [("a", 0, "100M", 0, 0)])
    whole = bam.read_bytes()
    (tmp_path / "link").symlink_to(bam)
    monkeypatch.chdir(tmp_path)
    for output, message in (
        (bam, "is also an input"),
        ("link", "is also an input"),
        (".", "is a folder"),
        ("/", "is a folder"),
        ("none/d.tsv", "no such folder"),
    ):
        check_error(cli("depth", bam, "-o", output, "-q"), "", message)
    assert bam.read_bytes() == whole
    (tmp_path / "old.tsv").write_text("old\n")
    (tmp_path / "to").symlink_to("old.tsv")
    assert cli("depth", bam, "-o", "to", "-q")[0] == 0
    assert (tmp_path / "to").is_symlink()
    assert (tmp_path / "old.tsv").read_text().startswith("contigName")
    status, out, _ = cli("depth", bam, "-o", "-", "-q")
    assert (status, out) == (0, (tmp_path / "old.tsv").read_text())


def test_a_polite_kill_leaves_nothing(tmp_path: Path) -> None:
    program = [sys.executable, "-P", "-m", "llmbin"]
    run = [*program, "run", "-", "-o", str(tmp_path / "out")]
    process = subprocess.Popen(run, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "llmbin.log").exists():
        assert process.poll() is None
    process.terminate()
    assert process.wait() == -15  # before its input ends, which would be an error of its own
    _, err = process.communicate()
    assert err.splitlines()[-1].startswith("llmbin-fast: stopped")
    assert not list((tmp_path / "out").glob(".llmbin-lock"))


def test_a_wrong_table_or_separator_is_told_before_the_long_work(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long_work(*_: object) -> None:
        raise AssertionError("was begun")

    monkeypatch.setattr("llmbin.stages.embedding.profile_contigs", long_work)
    contigs, table = tmp_path / "c.fa", tmp_path / "d.tsv"
    contigs.write_text(GOOD + ">last\n" + "ACGTTGCA" * 300 + "\n")
    for text, options, message in (
        ("contigname\tS\na\t1\nb\t2\nother\t3\n", [], "first is 'last'"),
        ("contigName\tcontigLen\tS\na\t2400\t1\nb\t2400\t2\nlast\t9\t3\n", [], "has 9 bases"),
        ("contigname,S\na,1\n", [], "commas"),
        ("contigname\tS\na\t1\nb\t2\nlast\tx\n", [], "line 4: 'x' is not a number"),
        ("contigname\tS\na\t1\nb\t2\nlast\t3\n", ["--separator", "#"], "has no '#'"),
    ):
        table.write_text(text)
        arguments = ("run", contigs, "--depth", table, "-o", tmp_path / "out", "-q")
        check_error(cli(*arguments, *options), "", message)
        assert not (tmp_path / "out").exists()


def test_no_memory_is_137(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text(GOOD)
    unmapped = "scipy.so: failed to map segment from shared object"
    for error in (
        MemoryError(),
        RuntimeError("can't start new thread"),
        ImportError(unmapped),
    ):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr("llmbin.stages.embedding.profile_contigs", fail)
            outcome = cli("run", contigs, "-o", tmp_path / "out", "-q", "--force")
        status, out, err = outcome
        assert status == 137
        check_error((status, out, err.splitlines(keepends=True)[-1]), "", "out of memory")


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    from llmbin.cli import main
    from llmbin.errors import InputError

    with pytest.raises(InputError):
        main(["run", str(tmp_path / "none.fa"), "-o", str(tmp_path / "out"), "--debug"])


def test_embed(community: Community, cli: Cli, tmp_path: Path) -> None:
    status, _, err = cli("embed", community.contigs, "-o", tmp_path / "v.npz", "-q")
    assert (status, err) == (0, "")
    with np.load(tmp_path / "v.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"names", "vectors", "lm"}
        assert arrays["names"].tolist() == [r.name for r in read_fasta(community.contigs)]
        assert arrays["vectors"].shape[0] == arrays["lm"].shape[0] == len(arrays["names"])
        assert np.isfinite(arrays["vectors"]).all()
        plain = arrays["vectors"]
    assert cli("embed", community.contigs, "-o", tmp_path / "c.npz", "-q", "--centre")[0] == 0
    with np.load(tmp_path / "c.npz", allow_pickle=False) as arrays:
        lengths = [len(r.sequence) for r in read_fasta(community.contigs)]
        np.testing.assert_allclose(
            np.average(arrays["vectors"], axis=0, weights=lengths), 0, atol=1e-5
        )
        np.testing.assert_allclose(
            arrays["vectors"] - arrays["vectors"][0], plain - plain[0], atol=1e-4
        )


def test_samples_assembled_apart_are_binned_apart(
    community: Community, cli: Cli, tmp_path: Path
) -> None:
    both, depth = tmp_path / "both.fa", tmp_path / "depth.tsv"
    text, table = (
        gzip.decompress(community.contigs.read_bytes()).decode(),
        community.depth.read_text().splitlines(),
    )
    both.write_text(text.replace(">", ">SA#") + text.replace(">", ">SB#"))
    depth.write_text(
        "\n".join([table[0], *(f"{s}#{row}" for s in ("SA", "SB") for row in table[1:])]) + "\n"
    )
    status, _, err = cli("run", both, "--depth", depth, "-o", tmp_path / "out", "--separator", "#")
    assert status == 0
    assert "2 samples by the names" in err
    rows = [line.split("\t") for line in (tmp_path / "out" / "bins.tsv").read_text().splitlines()]
    sizes = [int(row[2]) for row in rows[1:]]
    assert sizes == sorted(sizes, reverse=True)
    for sample in ("SA", "SB"):
        assert sum(row[-1] == sample for row in rows[1:]) == 5
    pairs = [
        line.split("\t") for line in (tmp_path / "out" / "contig2bin.tsv").read_text().splitlines()
    ]
    assert len({(name[:2], bin) for name, bin in pairs}) == len({bin for _, bin in pairs}) == 10
    status, _, err = cli("run", both, "--depth", depth, "-o", tmp_path / "no", "--separator", "@")
    assert (status, "has no '@' in its name" in err) == (1, True)
    status, _, err = cli("run", both, "--depth", depth, "-o", tmp_path / "no", "--separator", "S")
    assert (status, "a sample without a name" in err) == (1, True)
    assert "embed" not in err  # it is told before the long work


def test_a_separator_that_some_contig_begins_with_is_refused(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "c.fa"
    path.write_text(GOOD.replace(">a", ">S1Ca").replace(">b", ">Cb"))
    check_error(
        cli("run", path, "-o", tmp_path / "out", "--separator", "C", "-q"),
        "'Cb'",
        "a sample without a name",
    )


def test_names_of_bins_and_of_the_sample(cli: Cli, tmp_path: Path) -> None:
    contigs = tmp_path / "c.fa"
    contigs.write_text(GOOD)
    base = (
        "run",
        contigs,
        "--markers",
        "off",
        "--min-bin-size",
        "2000",
        "--format",
        "bioboxes",
        "--force",
        "-q",
        "-o",
        tmp_path / "out",
    )
    for options, name, sample in (
        ([], "bin.0001", "c.fa"),
        (["--prefix", "mag_{}", "--sample-id", "gsa 1"], "mag_0001", "gsa 1"),
        (["--prefix", "{}"], "0001", "c.fa"),
        (["--prefix", "S1.{}x"], "S1.0001x", "c.fa"),
    ):
        assert cli(*base, *options)[0] == 0
        names = [name, name.replace("0001", "0002")]
        assert [
            line.split("\t")[1]
            for line in (tmp_path / "out" / "contig2bin.tsv").read_text().splitlines()
        ] == names
        assert sorted(p.name for p in (tmp_path / "out" / "bins").iterdir()) == [
            f"{n}.fna.gz" for n in names
        ]
        assert (tmp_path / "out" / "binning.bioboxes.tsv").read_text().splitlines()[
            1
        ] == f"@SampleID:{sample}"


NAMES = (b"caf\xe9", "é中\u2028x\u00a0y".encode(), b"#k1", b"a|b;c=d")


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C.UTF-8"}],
)
def test_names_come_out_as_they_went_in_whatever_the_locale(
    locale: dict[str, str], tmp_path: Path
) -> None:
    folder = os.fsencode(tmp_path) + "/é".encode()
    os.mkdir(folder)
    rng = np.random.default_rng(0)
    with open(folder + b"/\xe4.fa", "wb") as fasta, open(folder + b"/depth.tsv", "wb") as table:
        table.write(b"contigname\tS1\n")
        for i, name in enumerate(NAMES):
            fasta.write(
                b">%s more\n%s\n" % (name, rng.choice([b"A", b"C", b"G", b"T"], 4000).tobytes())
            )
            table.write(b"%s\t%d\n" % (name, i + 3))
    run = [
        sys.executable,
        "-P",
        "-m",
        "llmbin",
        "run",
        folder + b"/\xe4.fa",
        "--depth",
        folder + b"/depth.tsv",
    ]
    options = [
        "--min-bin-size",
        "3000",
        "--markers",
        "off",
        "--format",
        "bioboxes",
        "-t",
        "1",
        "-o",
        folder + b"/out",
    ]
    done = subprocess.run(
        [*run, *options], env={**os.environ, **locale}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    out = Path(os.fsdecode(folder + b"/out"))
    for file in ("contig2bin.tsv", "contigs.tsv", "binning.bioboxes.tsv"):
        found = [line.split(b"\t")[0] for line in (out / file).read_bytes().split(b"\n")]
        assert [name for name in found if name in NAMES] == list(NAMES)
    text = b"".join(gzip.decompress(path.read_bytes()) for path in (out / "bins").iterdir())
    found = [line[1:] for line in text.split(b"\n") if line[:1] == b">"]
    assert sorted(found) == sorted(NAMES)  # in one bin or more
    assert (out / "run.json").read_text()


def test_bench_measures_a_file_and_writes_json(
    community: Community, cli: Cli, tmp_path: Path
) -> None:
    status, out, _ = cli("bench", community.contigs, "--json", tmp_path / "b.json", "-t", 1, "-q")
    assert status == 0
    for word in ("padded length", "Mbp/s", "padding", "markers", "peak memory"):
        assert word in out
    found = json.loads((tmp_path / "b.json").read_text())
    assert found["padding_efficiency"] > 0.9
    assert set(found["stages"]) == {"reading", "composition", "encoding", "markers"}
    assert [b["bases"] for b in found["buckets"]] == list(range(256, 1025, 256))


def test_a_triton_repository_holds_the_graphs(cli: Cli, tmp_path: Path) -> None:
    from llmbin.model.pack import find_pack, load_pack
    from llmbin.options import DEFAULT_MODEL

    pack = load_pack(find_pack(DEFAULT_MODEL))
    assert cli("export", DEFAULT_MODEL, "-o", tmp_path / "t", "--format", "triton")[0] == 0
    assert {p.name for p in (tmp_path / "t").iterdir()} == {
        f"{pack.name}-{p}" for p in pack.encoders
    }
    folder = tmp_path / "t" / f"{pack.name}-fp16"
    assert (folder / "1" / "model.onnx").read_bytes() == pack.encoders["fp16"]
    assert f"dims: [ {pack.width} ]" in (folder / "config.pbtxt").read_text()
    status, _, err = cli("export", DEFAULT_MODEL, "-o", tmp_path / "t", "--format", "triton")
    assert (status, "not empty" in err) == (1, True)


def test_engines_cannot_be_built_for_what_does_not_exist(cli: Cli) -> None:
    for arguments, message in (
        (["--precision", "int8"], "made for CPUs"),
        (["--precision", "fp8"], "the model pack has"),
        (["--device", 99], ""),
    ):
        status, _, err = cli("build-engine", *arguments)
        assert status == 1
        assert message in err
        assert err.count("\n") == 1


def test_models_doctor_and_version(cli: Cli) -> None:
    assert "llmbin-edge" in cli("models")[1]
    status, out, _ = cli("doctor")
    assert status == 0, out
    assert "--device auto: cpu" in out
    assert cli("--version")[1].startswith("llmbin-fast ")


def test_inference_imports_neither_torch_nor_anything_heavy_early() -> None:
    loaded = in_new_python(
        "import sys, llmbin, llmbin.cli; llmbin.cli.build_parser().format_help(); "
        "print(*sys.modules)"
    ).split()
    assert not {"numpy", "torch", "onnxruntime", "pysam", "scipy", "rich"} & set(loaded)
    loaded = in_new_python(
        "import sys, llmbin.pipeline, llmbin.commands.embed, llmbin.tools.synthetic; "
        "print(*sys.modules)"
    ).split()
    assert "torch" not in loaded


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--separator=--", "has no '--' in its name"),
        ("--markers=--", "invalid choice: '--'"),
        ("--min-length=--", "invalid positive value: '--'"),
    ],
)
def test_two_dashes_are_a_value_like_others(
    option: str, message: str, cli: Cli, community: Community, tmp_path: Path
) -> None:
    status, _, err = cli("run", community.contigs, "-o", tmp_path / "out", option)
    assert status != 0 and message in err
