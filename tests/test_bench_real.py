from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench import real, real_data
from bench.real_tables import real as real_table
from bench.real_tables import real_in_short
from llmbin.coverage.tables import read_depth_table
from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_bins, read_gold
from llmbin.tools.synthetic import synthetic_genome

RNG = np.random.default_rng(0)
CONTIGS = {f"c{i}": synthetic_genome(RNG, 120_000, []) for i in range(4)} | {"short": "ACGT" * 9}
DATA = real_data.Metagenome(
    CONTIGS,
    {name: [1.0 + i, 20.0 * (i % 2)] for i, name in enumerate(CONTIGS)},
    {name: f"g{i // 2}" for i, name in enumerate(CONTIGS)},
    {"Other": {"c0": "x", "c1": "x", "short": "x"}},
)


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, made: dict[str, str]) -> Path:
    """The data set as a folder, where so many checksums are expected."""
    sources = folder / "sources.json"
    sources.write_text(json.dumps({"set": {"made": made}}))
    monkeypatch.setattr(real_data, "SOURCES", sources)
    real_data.write("set", DATA, folder)
    return folder / "set"


def test_a_data_set_is_a_folder_that_all_binners_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path, monkeypatch, {})
    long = [name for name in CONTIGS if name != "short"]
    assert {r.name: r.sequence.decode() for r in read_fasta(folder / "contigs.fasta")} == {
        name: CONTIGS[name] for name in long
    }
    plain, metabat = (read_depth_table(folder / f"depth.{x}") for x in ("tsv", "txt"))
    np.testing.assert_array_equal(plain.mean, metabat.mean)
    np.testing.assert_array_equal(metabat.mean, [DATA.depths[name] for name in plain.names])
    assert np.isnan(plain.variance).all()
    assert read_gold(folder / "gold.tsv") == {
        name: (DATA.genomes[name], len(CONTIGS[name])) for name in long
    }
    assert read_bins(folder / "bins" / "Other.tsv") == {"c0": "x", "c1": "x"}


def test_other_data_than_the_results_came_from_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contigs = real_data.files_of(DATA)["contigs.fasta"].encode()
    written(tmp_path, monkeypatch, {"contigs.fasta": hashlib.sha256(contigs).hexdigest()})
    with pytest.raises(SystemExit, match=r"set/contigs\.fasta: sha256 is"):
        written(tmp_path, monkeypatch, {"contigs.fasta": "0" * 64})
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(SystemExit, match=r"set/gold\.tsv: sha256 is"):
        written(other, monkeypatch, {"gold.tsv": "0" * 64})
    assert not (other / "set").exists(), "half a data set is left"


def test_files_come_from_one_commit_and_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = tmp_path / "public" / "owner" / "name"
    public.mkdir(parents=True)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "file://{tmp_path}/public/"]\n\tinsteadOf = https://github.com/\n'
        "[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n"
        "[user]\n\tname = n\n\temail = e@example.org\n"
    )
    environment = os.environ | {"GIT_CONFIG_GLOBAL": str(config)}
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))

    def git(*words: str) -> str:
        command = ["git", "-C", str(public), *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout.strip()

    git("init", "-q")
    for text in ("old", "new"):
        (public / "a.txt").write_text(text)
        git("add", "a.txt")
        git("commit", "-qm", text)
    commit = git("rev-parse", "HEAD~1")
    about = {
        "repository": "owner/name",
        "commit": commit,
        "files": {"a.txt": hashlib.sha256(b"old").hexdigest()},
    }
    sources = tmp_path / "sources.json"
    monkeypatch.setattr(real_data, "SOURCES", sources)
    sources.write_text(json.dumps({"set": about}))
    (tmp_path / "work").mkdir()
    assert real_data.Source("set", tmp_path / "work").text("a.txt") == "old"
    about["files"] = {"a.txt": hashlib.sha256(b"new").hexdigest()}
    sources.write_text(json.dumps({"set": about}))
    (tmp_path / "again").mkdir()
    again = real_data.Source("set", tmp_path / "again")
    with pytest.raises(SystemExit, match=r"a\.txt: sha256 is"):
        again.text("a.txt")
    with pytest.raises(SystemExit, match=r"^https://github\.com/owner/name, commit .*b\.txt"):
        again.text("b.txt")
    for wrong in ({"commit": "0" * 40}, {"repository": "owner/gone"}):
        sources.write_text(json.dumps({"set": about | wrong}))
        (tmp_path / next(iter(wrong))).mkdir()
        with pytest.raises(
            SystemExit, match=r"^https://github\.com/owner/\w+, commit .*: (fatal|is not)"
        ):
            real_data.Source("set", tmp_path / next(iter(wrong)))


def test_all_sources_have_a_maker_and_checksums() -> None:
    sources = json.loads(real_data.SOURCES.read_text())
    assert set(sources) == set(real_data.MAKERS)
    for about in sources.values():
        sums = [*about["files"].values(), *about["made"].values()]
        assert sums and all(len(x) == 64 and int(x, 16) for x in sums)
        assert len(about["commit"]) == 40
        assert "contigs.fasta" in about["made"]


def test_what_is_missing_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path, monkeypatch, {})
    monkeypatch.setenv("PATH", str(tmp_path))
    for names, told in (([], "no data set"), (["x"], "no such data set"), (["set"], "fetchMGs")):
        with pytest.raises(SystemExit, match=told):
            real.check_sets(tmp_path, names)
    (folder / "markers.tsv").touch()
    real.check_sets(tmp_path, ["set"])


def test_bins_are_judged_by_universal_genes() -> None:
    cogs = [("a", f"COG{i}") for i in range(37)] + [("b", "COG0"), ("c", "COG1"), ("c", "COG1")]
    bins = {"a": "x", "b": "x", "c": "y"}
    qualities = real.by_cogs(bins, cogs)
    assert qualities == [(92.5, 2.5), (2.5, 2.5)]
    assert real.count(qualities, real.NEAR_COMPLETE) == 1
    assert real.count(qualities, (0.0, 5.0)) == 2


def test_small_bins_are_left_out_and_agreement_is_by_bases() -> None:
    lengths = {"a": 150_000, "b": 150_000, "c": 250_000, "d": 1_000}
    data = real.RealSet(Path("nowhere"), lengths)
    bins = {"a": "x", "b": "x", "c": "y", "d": "z"}
    assert data.large(bins) == {"a": "x", "b": "x", "c": "y"}
    assert real.agreement(data, bins, {"a": "1", "b": "1", "c": "2"}) == pytest.approx(1)
    assert real.agreement(data, bins, {"a": "1", "b": "2", "c": "1"}) < 0.3
    assert real.agreement(data, bins, {}) == 0


def test_a_binner_of_one_sample_gets_that_with_depth_on_most_bases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path, monkeypatch, {})
    one = real.one_sample(real.open_set(folder), tmp_path)
    table = read_depth_table(one / "depth.txt")
    assert table.samples == ["S1"]  # the other has depth on half of them
    np.testing.assert_array_equal(table.mean[:, 0], [1, 2, 3, 4])
    assert len(list(read_fasta(one / "contigs.fasta"))) == 4


def test_tables_say_what_the_results_say() -> None:
    row = {
        "community": "infant-gut",
        "binner": "llmbin-fast",
        "samples": 11,
        "bases": 35_800_000,
        "bins": 15,
        "binned_percent": 88.1,
        "estimate": {"near_complete": 5, "good": 7},
        "cogs": {"near_complete": 4, "good": 6},
        "agreement": 1.0,
        "cpu_seconds": 12.3,
    }
    none = row | {"community": "x", "samples": 0, "truth": {"near_complete": 3, "genomes": 5}}
    lines = real_table({"rows": [row, none]}).splitlines()
    assert "| infant-gut, 11 samples | llmbin-fast | 15 | 88.1 | 5 (7) | 4 (6) |  |" in lines[2]
    assert "x, no depth" in lines[3] and "3 of 5" in lines[3]
    assert "36 Mbp in 11 samples" in real_in_short({"rows": [row, none]})
    assert "llmbin-fast 5 and 4. Of 5 genomes" in real_in_short({"rows": [row, none]})
    assert "known: llmbin-fast 3 (" in real_in_short({"rows": [row, none]})
