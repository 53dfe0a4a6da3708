"""The Snakemake workflow on two small samples, its dry runs, and the wrapper on its own test."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import Community, make_community, reverse_complement

pytest.importorskip("snakemake", reason="snakemake is not installed")
SOURCE = Path(__file__).parents[2] / "docs" / "pipelines" / "snakemake"
READ, INSERT, COVERAGE = 100, 300, 0.5  # bases, and the share of the depths that is simulated
TITLES = "sample assembly platform reads1 reads2"
PROGRAMS = str(Path(sys.executable).parent)


def snakemake(folder: Path, *options: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *options],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={
            "PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def simulate_reads(community: Community, sample: int, path: Path) -> None:
    """Pairs of reads without errors, as many as the depth of each contig in a sample asks for."""
    rng = np.random.default_rng(sample)
    rows = [line.split("\t") for line in community.depth.read_text().splitlines()[1:]]
    depth = {row[0]: float(row[3 + 2 * sample]) for row in rows}
    with (
        gzip.open(f"{path}_1.fq.gz", "wt", compresslevel=1) as first,
        gzip.open(f"{path}_2.fq.gz", "wt", compresslevel=1) as second,
    ):
        for record in read_fasta(community.contigs):
            text, pairs = record.sequence.decode(), 0
            if len(text) > INSERT:
                pairs = rng.poisson(COVERAGE * depth[record.name] * len(text) / (2 * READ))
            for i, at in enumerate(rng.integers(0, max(len(text) - INSERT, 1), pairs).tolist()):
                forward = text[at : at + READ]
                back = reverse_complement(text[at + INSERT - READ : at + INSERT])
                first.write(f"@{record.name}:{i}/1\n{forward}\n+\n{'I' * READ}\n")
                second.write(f"@{record.name}:{i}/2\n{back}\n+\n{'I' * READ}\n")


def write_table(path: Path, *rows: str) -> None:
    """Columns are apart by blanks, and ~ is a blank."""
    path.write_text("".join(row.replace(" ", "\t").replace("~", " ") + "\n" for row in rows))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflow with two samples of one community, and an assembly of short contigs alone.

    A folder has a blank in its name, and a third sample has no reads.
    """
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    community = make_community(folder / "A", genomes=3, size=300_000, samples=2, seed=4)
    (folder / "my reads").mkdir()
    for sample in range(2):
        simulate_reads(community, sample, folder / "my reads" / f"S{sample + 1}")
    for mate in (1, 2):
        (folder / "my reads" / f"none_{mate}.fq.gz").write_bytes(gzip.compress(b""))
    texts = [r.sequence.decode()[:1200] for r in read_fasta(community.contigs)][:5]
    (folder / "my reads" / "B.fa").write_text(
        "".join(f">b{i}\n{text}\n" for i, text in enumerate(texts))
    )
    samples = [("S1", "A", "S1"), ("S2", "A", "S2"), ("none", "B", "none")]
    reads = [
        f"{name} {of} short my~reads/{r}_1.fq.gz my~reads/{r}_2.fq.gz" for name, of, r in samples
    ]
    write_table(folder / "config/samples.tsv", TITLES, *reads)
    contigs = ["A A/contigs.fasta.gz", "B my~reads/B.fa"]
    write_table(folder / "config/assemblies.tsv", "assembly contigs", *contigs)
    config = (folder / "config/config.yaml").read_text()
    if shutil.which("multiqc", path=PROGRAMS) is None:
        config = config.replace("multiqc: true", "multiqc: false")
    (folder / "config/config.yaml").write_text(config.replace("memory: 8000", "memory: 1000"))
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    head, *lines = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_from_reads_to_bins(project: Path) -> None:
    missing = [name for name in ("minimap2", "samtools") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not on the PATH")
    snakemake(project)
    results = project / "results"
    bins = rows(results / "A/run/bins.tsv")
    assert [b["bin"] for b in bins] == ["A.0001", "A.0002", "A.0003"]
    assert all(b["quality"] == "near-complete" for b in bins)
    assert all((results / f"A/run/bins/{b['bin']}.fa.gz").is_file() for b in bins)
    judged = rows(results / "A/quality.tsv")
    assert {b["bin"]: b["completeness"] for b in bins} == {
        q["Name"]: q["Completeness"] for q in judged
    }
    truth = rows(project / "A/depth.tsv")
    found = {row["contig"]: row for row in rows(results / "A/run/contigs.tsv")}
    for sample in ("S1", "S2"):
        long = [t for t in truth if int(t["contigLen"]) > 10_000]
        ratio = [
            float(found[t["contigName"]][f"depth_{sample}"]) / float(t[f"{sample}.bam"])
            for t in long
        ]
        assert np.mean(ratio) == pytest.approx(COVERAGE, rel=0.1)
    assert rows(results / "B/run/bins.tsv") == []
    assert rows(results / "B/quality.tsv") == []
    if "multiqc: true" in (project / "config/config.yaml").read_text():
        assert "llmbin" in (results / "multiqc.html").read_text()
    assert not list(results.glob("*/mapped/*.bam"))
    assert "Nothing to be done" in snakemake(project)


@pytest.mark.parametrize("options", [["mapper=bwa-mem2"], ["map=own"]])
def test_other_choices_can_be_planned(options: list[str], project: Path) -> None:
    told = snakemake(project, "-n", "-p", "--forceall", "--config", *options)
    assert ("bwa-mem2 mem" in told) == (options == ["mapper=bwa-mem2"])
    jobs = 3 if options == ["map=own"] else 6
    assert f"map_reads {jobs}" in " ".join(told.split())


def test_parts_give_the_same_bins(project: Path) -> None:
    """A job for each part of an assembly; in a folder of their own, from the same depths."""
    pytest.importorskip("pyarrow")
    folder = project / "in parts"
    shutil.copytree(SOURCE, folder)
    community = make_community(folder / "A", genomes=3, size=300_000, samples=2, seed=4)
    write_table(folder / "config/samples.tsv", TITLES, "S1 A short none.fq -")
    write_table(folder / "config/assemblies.tsv", "assembly contigs", "A A/contigs.fasta.gz")
    (folder / "none.fq").touch()
    (folder / "results/A").mkdir(parents=True)
    with gzip.open(folder / "results/A/depth.txt.gz", "wb") as handle:
        handle.write(community.depth.read_bytes())
    bins = []
    for parts in (1, 3):
        asked = ["--config", f"parts={parts}", "multiqc=False", "memory=1000"]
        rules = ["--allowed-rules", "find_features", "bin_contigs"]  # the depths are there
        snakemake(folder, "results/A/run", *asked, "--forcerun", "bin_contigs", *rules)
        bins.append((folder / "results/A/run/contig2bin.tsv").read_bytes())
    assert bins[0] == bins[1] != b""
    assert (folder / "logs/A/features_3.log").is_file()
    assert not list((folder / "results/A").glob("parts/*"))


@pytest.mark.parametrize("name", ["default", "slurm", "kubernetes"])
@pytest.mark.parametrize("parts", [1, 3])
def test_profiles_can_be_planned(name: str, parts: int, project: Path) -> None:
    if name != "default":
        pytest.importorskip(f"snakemake_executor_plugin_{name}")
    options = ["-n", "--forceall", "--profile", f"profiles/{name}", "--config", f"parts={parts}"]
    if name == "kubernetes":  # of a folder instead of a bucket
        pytest.importorskip("snakemake_storage_plugin_fs")
        options += ["--default-storage-provider", "fs", "--default-storage-prefix", "."]
    told = snakemake(project, *options)
    assert "bin_contigs" in told
    assert ("find_features 6" in " ".join(told.split())) == (parts == 3)


def test_nothing_to_lint(project: Path) -> None:
    assert "Congratulations" in snakemake(project, "--lint")


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("S1 A nanopore r.fq -", "'nanopore' is not one of ['short', 'ont', 'hifi']"),
        ("S1 C short r.fq -", "assembly C is not in config/assemblies.tsv"),
        ("S1 A short r.fq - more", "S1 has more columns than there are titles"),
        ("S1 A short r.fq -\nS1 B short r.fq -", "sample S1 is there twice"),
        ("# S1 A short r.fq -", "no sample is mapped to assembly A"),
    ],
)
def test_wrong_tables_are_told(sample: str, message: str, project: Path) -> None:
    table = project / "config" / "wrong.tsv"
    write_table(table, TITLES, sample)
    told = snakemake(project, "-n", "--config", f"samples={table}", status=1)
    assert message in told


def test_the_wrapper_on_its_own_example(tmp_path: Path) -> None:
    wrapper = tmp_path / "master" / "bio" / "llmbin-fast" / "run"
    shutil.copytree(SOURCE / "wrappers" / "llmbin-fast" / "run", wrapper)
    targets = ["bins", "contig2bin.tsv", "bins.tsv", "unbinned.fa", "report.html"]
    wanted = [f"results/toy/{name}" for name in targets]
    snakemake(wrapper / "test", "--wrapper-prefix", f"file://{tmp_path}/", *wanted)
    results = wrapper / "test" / "results" / "toy"
    assert {path.name for path in results.iterdir()} == set(targets)
    bins = {path.name for path in (results / "bins").iterdir()} - {".snakemake_timestamp"}
    assert bins == {"toy.0001.fa"}
    assert (results / "contig2bin.tsv").read_text() == "k1\ttoy.0001\n"
