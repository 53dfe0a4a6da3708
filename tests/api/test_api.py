"""What `import llmbin` offers: the same as the command line, in memory, and nothing besides."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import inspect
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import in_new_python

import llmbin
from llmbin.errors import CoverageError, InputError, LlmbinError, UsageError
from llmbin.io.fasta import read_fasta
from llmbin.tools.synthetic import Community, make_community

SMALL = {"threads": 2}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Community:
    """Three synthetic genomes of about 300 kb in two samples."""
    return make_community(tmp_path_factory.mktemp("small"), genomes=3, size=300_000, seed=4)


@pytest.fixture(scope="module")
def binned(small: Community) -> llmbin.Run:
    return llmbin.run(small.contigs, depth=small.depth, **SMALL)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def sequences(path: Path) -> Iterator[tuple[str, bytes]]:
    return ((record.name, record.sequence) for record in read_fasta(path))


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def assert_same(a: Any, b: Any) -> None:
    """Tables with the same numbers, bit for bit."""
    for field in dataclasses.fields(a):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, field.name)
        else:
            assert one == other, field.name


def assert_like_table(table: Any, path: Path) -> None:
    """All that a table of a run says, in its order, and to its digits."""
    columns, written = table.columns(), rows(path)
    assert list(columns) == list(written[0])
    for title, column in columns.items():
        said = [row[title] for row in written]
        if column.dtype == object:
            assert column.tolist() == said
        elif column.dtype == bool:
            assert [("no", "yes")[value] for value in column.tolist()] == said
        else:
            np.testing.assert_allclose(column, [float(s) for s in said], rtol=0, atol=0.006)


PUBLIC = {
    "AssessedBins": "names contigs bp n50 gc completeness contamination completeness_low "
    "completeness_high contamination_low contamination_high quality_basis quality rrna rrna_whole "
    "trna mimag kind bp_of_kinds files longest",
    "BinnedContigs": "names lengths gc samples depth depth_variance bin bin_names probability core "
    "why_unbinned kind kind_probability probably_of doubt circular vectors lm",
    "Depths": "names lengths samples mean variance reads",
    "Embeddings": "names lengths vectors lm",
    "Run": "contigs bins record out",
    "RunBins": "names contigs bp n50 gc completeness contamination completeness_low "
    "completeness_high contamination_low contamination_high quality_basis quality rrna rrna_whole "
    "trna mimag kind bp_of_kinds samples depth confidence assembly",
    "Scores": "bins genomes near_complete hq_50_5 hq_70_5 hq_90_5 hq_50_10 hq_70_10 hq_90_10 "
    "purity completeness f1 f1_sample ari binned_percent",
    "depth": "bams, *, out=None, samples=None, min_identity=None, reference=None, threads=None",
    "embed": "contigs, *, out=None, min_length=1, centre=False, model='llmbin-edge', "
    "device='auto', precision='auto', threads=None, batch_size=0, windows=4, seed=1, progress=None",
    "quality": "paths, *, bins=None, extension='', out=None, json=None, genome_info=None, "
    "threads=None, progress=None",
    "run": "contigs, *, bam=(), depth=(), samples=None, pool=False, min_identity=None, "
    "out=None, prefix='bin', format=(), sample_id='', bin_extension='fna.gz', unbinned=True, "
    "report=True, force=False, resume=False, "
    "min_length=1500, recruit_length=None, min_bin_size=200000, separator='', circles=None, "
    "markers='auto', model='llmbin-edge', device='auto', precision='auto', threads=None, "
    "batch_size=0, windows=0, seed=1, max_memory=0, cache=None, max_cache=2000000000, "
    "features=(), ray='', progress=None",
    "score": "bins, *, gold, min_bin_size=0",
}


@pytest.mark.parametrize("name", [n for n in llmbin.__all__ if n != "LlmbinError"])
def test_what_is_public_stays_as_it_is(name: str) -> None:
    """Covered by semantic versioning (docs/api.md): more may come, nothing may go or change."""
    public = getattr(llmbin, name)
    if dataclasses.is_dataclass(public):
        found = " ".join(field.name for field in dataclasses.fields(public))
    else:
        parameters = inspect.signature(public).parameters.values()
        plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
        found = str(inspect.Signature(plain))[1:-1]
    assert found == PUBLIC[name]


@pytest.mark.parametrize("command", ["run", "embed", "depth", "quality", "score"])
def test_arguments_are_the_options_of_the_command(command: str) -> None:
    from llmbin.cli import build_parser

    (commands,) = [a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    words = {"outdir": "out", "output": "out", "no_report": "report", "no_unbinned": "unbinned"}
    not_here = {"help", "quiet", "verbose", "debug"} | ({"json"} if command == "score" else set())
    options = {}
    for action in commands.choices[command]._actions:
        long = [o[2:] for o in action.option_strings if o.startswith("--")] or [action.dest]
        name = long[0].replace("-", "_")
        if name not in not_here:
            options[words.get(name, name)] = action
    arguments = dict(inspect.signature(getattr(llmbin, command)).parameters)
    if command != "score":
        arguments.pop("progress", None)
    assert set(arguments) == set(options)
    parser = commands.choices[command]
    for name, argument in arguments.items():
        default = parser.get_default(options[name].dest)
        if not options[name].required and name not in ("threads", "report", "unbinned", "out"):
            assert argument.default == (default if not isinstance(default, list) else ())
        keyword = argument.kind == inspect.Parameter.KEYWORD_ONLY
        assert keyword == bool(options[name].option_strings)


def test_importing_loads_nothing_and_shows_all() -> None:
    said = in_new_python(
        "import sys, llmbin; before = 'numpy' in sys.modules; "
        "print(before, set(llmbin.__all__) <= set(dir(llmbin)), callable(llmbin.depth))"
    )
    assert said == "False True True"
    with pytest.raises(AttributeError, match="no attribute 'bins'"):
        llmbin.bins  # noqa: B018


def test_functions_stay_functions_whatever_is_loaded() -> None:
    said = in_new_python(
        "import pkgutil, importlib, llmbin\n"
        "for m in pkgutil.iter_modules(llmbin.__path__):\n"
        "    assert m.name not in llmbin.__all__, m\n"
        "import llmbin.cli, llmbin.pipeline, llmbin.assessment.assess\n"
        "print([callable(getattr(llmbin, n)) for n in ('run', 'depth', 'quality')])"
    )
    assert said == "[True, True, True]"


def test_a_run_in_memory_is_the_run_of_the_command_line(
    binned: llmbin.Run,
    small: Community,
    cli: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
) -> None:
    assert cli("run", small.contigs, "--depth", small.depth, "-o", tmp_path / "o", "-q")[0] == 0
    lines = (tmp_path / "o" / "contig2bin.tsv").read_text().splitlines()
    assert [f"{contig}\t{name}" for contig, name in binned.contig2bin.items()] == lines
    assert_like_table(binned.bins, tmp_path / "o" / "bins.tsv")
    assert_like_table(binned.contigs, tmp_path / "o" / "contigs.tsv")
    assert (binned.out, len(binned.bins), repr(binned)) == (
        None,
        3,
        f"<Run: 3 bins of {len(binned.contigs)} contigs>",
    )
    assert binned.record["contigs"] == len(binned.contigs)
    vectors = llmbin.embed(small.contigs, min_length=1000, windows=0, **SMALL)
    np.testing.assert_array_equal(vectors.vectors, binned.contigs.vectors)
    np.testing.assert_array_equal(vectors.names, binned.contigs.names)


def test_sequences_and_depths_may_be_in_memory(
    binned: llmbin.Run, small: Community, scratch: Path
) -> None:
    pairs = dict(sequences(small.contigs))
    of = {name: i for i, name in enumerate(binned.contigs.names)}
    names = [name for name in pairs if name in of]
    order = [of[name] for name in names]
    depths = llmbin.Depths(
        np.array(names, object),
        binned.contigs.lengths[order],
        binned.contigs.samples,
        binned.contigs.depth[order],
        binned.contigs.depth_variance[order],
    )
    kept = {name: pairs[name].decode() for name in names}
    again = llmbin.run(iter(kept.items()), depth=depths, **SMALL)
    assert_same(again.contigs, binned.contigs)
    assert again.contig2bin == binned.contig2bin
    assert list(scratch.iterdir()) == []


def test_numbers_may_be_those_of_numpy(small: Community, binned: llmbin.Run) -> None:
    of_numpy = {"seed": np.int64(1), "threads": np.uint8(2), "min_length": np.float32(1000)}
    found = llmbin.run(small.contigs, depth=small.depth, **of_numpy)  # type: ignore[arg-type]
    assert json.dumps(found.record["parameters"])
    assert found.contig2bin == binned.contig2bin


def test_no_bins_and_no_markers_have_their_arrays_too(small: Community) -> None:
    none = llmbin.run(small.contigs, min_bin_size=10**8, **SMALL)
    assert (len(none.bins), none.bins.depth.shape, none.bins.trna.shape) == (0, (0, 0), (0, 20))
    assert (none.contigs.bin < 0).all()
    assert all(none.contigs.why_unbinned)
    assert none.contig2bin == {}
    short = llmbin.run({"a": "ACGT" * 100, "b": "ACGTTAGC" * 150})
    assert (len(short.contigs), len(short.bins), short.contigs.vectors.shape) == (1, 0, (1, 32))
    assert len(llmbin.run({"a": "ACGT" * 100}).contigs) == 0
    off = llmbin.run(small.contigs, depth=small.depth, markers="off", **SMALL)
    assert np.isnan(off.bins.completeness).all()
    assert set(off.bins.quality) == {"unknown"}
    assert set(off.bins.quality_basis) == {"markers off"}


def test_with_a_folder_it_has_the_files(
    binned: llmbin.Run, small: Community, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    found = llmbin.run(small.contigs, depth=[small.depth], out=str(out), **SMALL)
    assert found.out == out
    assert (out / "report.html").is_file()
    assert len(list((out / "bins").iterdir())) == len(found.bins)
    assert_same(found.bins, binned.bins)
    with pytest.raises(LlmbinError, match="not empty"):
        llmbin.run(small.contigs, depth=small.depth, out=out)
    given = llmbin.quality(out / "bins", json=tmp_path / "q.json", **SMALL)
    for field in dataclasses.fields(given):
        if hasattr(found.bins, field.name) and field.name != "gc":
            mine, theirs = getattr(given, field.name), getattr(found.bins, field.name)
            np.testing.assert_array_equal(mine, theirs, field.name)
    assert given.files.tolist() == [f"{name}.fna.gz" for name in given.names]
    assert (tmp_path / "q.json").is_file()


def test_it_says_nothing_and_leaves_the_process_as_it_was(small: Community, scratch: Path) -> None:
    handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    told: list[tuple[int, int | None]] = []
    code = f"import llmbin; print(llmbin.run({str(small.contigs)!r}, threads=1))"
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("<Run: ")
    assert done.stderr == ""  # not even the warning that there is no depth
    llmbin.run(small.contigs, progress=lambda *seen: told.append(seen), **SMALL)
    assert told[-1][0] == told[-1][1] > 0
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert handlers == [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    kinds = {type(handler) for handler in logging.getLogger("llmbin").handlers}
    assert kinds <= {logging.NullHandler}
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_run_that_is_stopped_leaves_nothing(
    small: Community, scratch: Path, tmp_path: Path, error: type[BaseException]
) -> None:
    def stop(_done: int, _total: int | None) -> None:
        raise error

    with pytest.raises(error):
        llmbin.run(small.contigs, depth=small.depth, progress=stop, **SMALL)
    with pytest.raises(error):
        llmbin.embed(small.contigs, progress=stop, out=tmp_path / "v.npz", **SMALL)
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "v.npz").exists()
    out = tmp_path / "out"
    with pytest.raises(error):
        llmbin.run(small.contigs, depth=small.depth, out=out, progress=stop, **SMALL)
    assert {path.name for path in out.iterdir()} == {".llmbin-work", "llmbin.log"}
    assert len(llmbin.run(small.contigs, depth=small.depth, out=out, resume=True).bins) == 3


def test_two_threads_may_run_at_once(binned: llmbin.Run, small: Community) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(llmbin.run, small.contigs, depth=small.depth) for _ in range(2)]
    for found in runs:
        assert_same(found.result().bins, binned.bins)
        assert_same(found.result().contigs, binned.contigs)


def test_vectors_are_those_that_are_written(small: Community, tmp_path: Path) -> None:
    found = llmbin.embed(small.contigs, out=tmp_path / "v.npz", centre=True, **SMALL)
    with np.load(tmp_path / "v.npz", allow_pickle=False) as held:
        assert sorted(held) == ["lm", "names", "vectors"]
        assert held["names"].tolist() == found.names.tolist()
        np.testing.assert_array_equal(held["vectors"], found.vectors)
    plain = llmbin.embed(dict(sequences(small.contigs)), **SMALL)
    np.testing.assert_array_equal(plain.centred().vectors, found.vectors)
    assert np.abs(np.average(found.vectors, axis=0, weights=found.lengths)).max() < 1e-5
    assert found.columns()["v1"].shape == (len(found),)


def test_depths_are_those_of_the_table(write_bam: Callable[..., Path], tmp_path: Path) -> None:
    lengths = {"a": 2000, "b": 1000}
    reads = [("a", 10 * i, "100M", 0, 0) for i in range(150)] + [("b", 300, "100M", 0, 0)]
    bams = [write_bam(tmp_path / f"{s}.bam", lengths, reads) for s in ("s1", "s2")]
    found = llmbin.depth(bams, out=tmp_path / "d.tsv", samples=["x", "y"])
    assert (found.names.tolist(), found.lengths.tolist()) == (["a", "b"], [2000, 1000])
    assert list(found.samples) == ["x", "y"]
    assert [r.counted for r in found.reads] == [151, 151]
    table = rows(tmp_path / "d.tsv")
    said = [[float(row["x.bam"]), float(row["y.bam"])] for row in table]
    np.testing.assert_allclose(found.mean, said, rtol=1e-5)
    assert list(found.columns())[2:4] == ["depth_x", "variance_x"]
    assert list(llmbin.depth(bams[0], samples="gut").samples) == ["gut"]
    other = write_bam(tmp_path / "o.bam", {"a": 2000}, reads[:150])
    with pytest.raises(CoverageError, match="map all samples to the same contigs"):
        llmbin.depth([bams[0], other])


def test_scores_of_a_run_a_table_and_a_mapping(
    binned: llmbin.Run, small: Community, tmp_path: Path
) -> None:
    scores = llmbin.score(binned, gold=small.gold)
    assert (scores.genomes, scores.near_complete) == (3, 3)
    assert llmbin.score(binned.contig2bin, gold=small.gold) == scores
    table = tmp_path / "c2b.tsv"
    table.write_text("".join(f"{c}\t{b}\n" for c, b in binned.contig2bin.items()))
    assert llmbin.score(table, gold=small.gold) == scores
    swapped = dict.fromkeys(binned.contig2bin, "all")
    assert llmbin.score(swapped, gold=small.gold).near_complete == 0


def test_circles_without_genes_of_cells_are_plasmids(
    binned: llmbin.Run, small: Community, tmp_path: Path
) -> None:
    contigs = binned.contigs
    info = tmp_path / "assembly_info.txt"
    for circles in ("Y", "N"):
        rows = (
            f"{name}\t{length}\t9\t{circles}\n"
            for name, length in zip(contigs.names, contigs.lengths, strict=True)
        )
        info.write_text("#seq_name\tlength\tcov.\tcirc.\n" + "".join(rows))
        found = llmbin.run(small.contigs, depth=small.depth, circles=info, **SMALL)
        assert ("plasmid" in found.contigs.kind) == (circles == "Y")
        assert found.contig2bin == binned.contig2bin
    assert [file["path"] for file in found.record["inputs"]][-1] == str(info)
    (tmp_path / "others.txt").write_text("contig_999\n")
    with pytest.raises(llmbin.LlmbinError, match=r"others\.txt: lists none of the contigs of"):
        llmbin.run(small.contigs, depth=small.depth, circles=tmp_path / "others.txt", **SMALL)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"threads": 0}, "threads=0: a whole number from 1 on"),
        ({"threads": "two"}, "threads='two': a whole number from 1 on"),
        ({"seed": "1"}, "seed='1': a whole number"),
        ({"min_length": float("nan")}, "min_length=nan: a whole number"),
        ({"max_memory": "1G"}, "max_memory='1G': a whole number"),
        ({"markers": True}, "markers=True: one of"),
        ({"bam": 5}, "bam: one path or several were expected, not 5"),
        ({"depth": [1]}, "depth: a path was expected, not 1"),
        ({"separator": 5}, "separator=5: a word"),
        ({"prefix": None}, "prefix=None: a word"),
        ({"device": 0}, "device=0: a word"),
        ({"samples": 5}, "samples: one word or several were expected, not 5"),
        ({"format": None}, "format: one word or several were expected, not None"),
        ({"out": 5}, "out: a path was expected, not 5"),
        ({"min_length": -5}, "min_length=-5"),
        ({"windows": -1}, "windows=-1"),
        ({"recruit_length": 0}, "recruit_length=0"),
        ({"min_bin_size": 0.5}, "min_bin_size=0.5"),
        ({"markers": "yes"}, "markers='yes': one of 'auto', 'on', 'off'"),
        ({"bin_extension": "txt"}, "bin_extension='txt': one of 'fna.gz'"),
        ({"format": ["tsv"]}, "format='tsv': one of 'bioboxes'"),
        ({"format": "tsv"}, "format='tsv': one of 'bioboxes'"),
        ({"bam": "no.bam", "samples": "gut"}, "no.bam: no such file"),
        ({"device": "gpu"}, "--device gpu: unknown"),
        ({"model": "no-such-model"}, "no-such-model"),
        ({"prefix": "a/b"}, "--prefix 'a/b'"),
    ],
)
def test_wrong_arguments_are_told(
    small: Community, arguments: dict[str, Any], said: str, scratch: Path
) -> None:
    with pytest.raises(LlmbinError) as told:
        llmbin.run(small.contigs, **arguments)
    assert said in str(told.value)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "sequence", "said"),
    [
        ("a b", "ACGT", "'a b': a name without spaces"),
        ("", "ACGT", "a name without spaces"),
        ("a", "AC\nGT", "line ends"),
        ("a", "AC>GT", "'>'"),
        ("a", "ACGÜT", "contig 'a': '?' is not a nucleotide code"),
        ("a", "MKLV", "contig 'a': 'L' is not a nucleotide code"),
        ("a", "", "contigs: no contig has 1 bases or more"),
        ("a", "N" * 10, "bases or more (gaps do not count); contigs were expected"),
        (b"a", "ACGT", "contig b'a': a name without spaces"),
        (1, "ACGT", "contig 1: a name"),
        ("a", 5, "contig 'a': its sequence is 5; str or bytes"),
        ("a", None, "contig 'a': its sequence is None; str or bytes"),
    ],
)
def test_wrong_sequences_are_told(name: Any, sequence: Any, said: str) -> None:
    with pytest.raises(LlmbinError) as told:
        llmbin.embed({name: sequence})
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("contigs", "said"),
    [
        ({}, "contigs: none were given"),
        (iter(()), "contigs: none were given"),
        (None, "not None"),
        (5, "contigs: a path, a mapping of name to sequence, or pairs of these were expected"),
        (b"contigs.fasta", "not b'contigs.fasta'"),
        (["a.fasta", "b.fasta"], "not 'a.fasta'"),
        ([("a", "ACGT", "II")], "not a tuple"),
        ([("a", "ACGT"), ("a", "ACGA")], "contig 'a': is given twice"),
        ([("a", "ACGT"), ("b", "ACGT"), ("c", "AC*T")], "contig 'c': '*' is not"),
    ],
)
def test_what_are_no_contigs_is_told(contigs: Any, said: str, scratch: Path) -> None:
    for call in (llmbin.embed, llmbin.run):
        if not hasattr(contigs, "__next__") or call is llmbin.embed:
            with pytest.raises(LlmbinError) as told:
                call(contigs)
            assert said in str(told.value)
            assert str(scratch) not in str(told.value)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: llmbin.depth([]), "bams: no file was given"),
        (lambda: llmbin.depth(None), "bams: one path or several were expected, not None"),
        (lambda: llmbin.depth(["a.bam", 5]), "bams: a path was expected, not 5"),
        (lambda: llmbin.depth("a.bam", out=5), "out: a path was expected, not 5"),
        (lambda: llmbin.quality([]), "paths: no file was given"),
        (lambda: llmbin.quality(object()), "paths: one path or several were expected"),
        (lambda: llmbin.score(None, gold={}), "bins: a table, a run, or a mapping"),
        (lambda: llmbin.score({}, gold=[1]), "gold: a file, or a mapping"),
        (lambda: llmbin.score({"a": "b"}, gold={"a": "g"}), "gold['a']='g': of contig to genome"),
        (lambda: llmbin.score({"a": "b"}, gold={"a": ("g", 0)}), "gold['a'], its length=0"),
    ],
)
def test_arguments_of_a_wrong_kind_are_named(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError) as told:
        call()
    assert said in str(told.value)


def test_wrong_files_and_words_are_told(tmp_path: Path, small: Community) -> None:
    with pytest.raises(InputError, match="no such file"):
        llmbin.run(tmp_path / "gone.fasta")
    with pytest.raises(UsageError, match="does not go with --bins"):
        llmbin.quality(small.contigs, bins=small.gold, extension="fa")
    with pytest.raises(TypeError, match="unexpected keyword argument 'thread'"):
        llmbin.run(small.contigs, thread=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        llmbin.score({}, {})  # type: ignore[misc]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_have_the_columns(binned: llmbin.Run, library: Any) -> None:
    pytest.importorskip(library)
    for table in (binned.bins, binned.contigs):
        frame = table.to_frame(library)
        assert list(frame.columns) == list(table.columns())
        assert len(frame) == len(table)
        for title, column in table.columns().items():
            assert frame[title].to_list() == column.tolist()
    odd = llmbin.Embeddings(
        np.array(["k\udcff"], object), np.ones(1, int), np.ones((1, 2)), np.ones((1, 2))
    )
    assert odd.to_frame(library)["contig"].to_list() == ["k\\xff"]


def test_a_library_that_is_not_there_is_told(
    binned: llmbin.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="`pip install pandas`"):
        binned.bins.to_frame()
    with pytest.raises(UsageError, match="'pandas' or 'polars' was expected"):
        binned.bins.to_frame("arrow")  # type: ignore[call-overload]
