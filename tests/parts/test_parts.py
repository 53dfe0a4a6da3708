"""Features of parts in files: the bins of the whole, whatever the cuts; what is told of others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmbin.errors import InputError
from llmbin.genes.homology import HomologySearch
from llmbin.genes.thresholds import HOMOLOGY, HomologyThresholds
from llmbin.io.contigs import Assembly, read_contigs
from llmbin.io.fasta import FastaRecord, read_fasta
from llmbin.options import PartOptions
from llmbin.parts.merge import add_words, begin_rate, merge, read_whole
from llmbin.parts.read import PartFile
from llmbin.parts.write import digests_of
from llmbin.stages.parting import make_part
from llmbin.tools.synthetic import Community

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

Cli = Callable[..., tuple[int, str, str]]
TABLES = ("contig2bin.tsv", "bins.tsv", "contigs.tsv")
PARTS = 3


def results(folder: Path) -> dict[str, bytes]:
    bins = sorted((folder / "bins").iterdir())
    return {path.name: path.read_bytes() for path in (*(folder / n for n in TABLES), *bins)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Bin some contigs; gives the folder of the results."""
    from llmbin.cli import main

    def go(*argv: object) -> Path:
        out = tmp_path_factory.mktemp("run") / "out"
        assert main(["run", *map(str, argv), "-o", str(out), "--no-report", "-q"]) == 0
        return out

    return go


@pytest.fixture(scope="module")
def whole(run: Callable[..., Path], community: Community) -> dict[str, bytes]:
    return results(run(community.contigs, "--depth", community.depth))


@pytest.fixture(scope="module")
def parts(community: Community, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of the whole, without depths."""
    from llmbin.cli import main

    folder = tmp_path_factory.mktemp("parts")
    paths = [folder / f"{k}.arrow" for k in range(1, PARTS + 1)]
    for k, path in enumerate(paths, 1):
        where = ["--part", f"{k}/{PARTS}", "-o", str(path), "-q"]
        assert main(["features", str(community.contigs), *where]) == 0
    return paths


def write(path: Path, records: list[FastaRecord]) -> Path:
    path.write_text("".join(f">{r.name}\n{r.sequence.decode()}\n" for r in records))
    return path


def test_parts_make_the_bins_of_the_whole(
    whole: dict[str, bytes], parts: list[Path], community: Community, run: Callable[..., Path]
) -> None:
    """In whatever order they are given; the record says what was put together."""
    depth = ("--depth", community.depth)
    out = run(community.contigs, *depth, "--features", *reversed(parts))
    assert results(out) == whole
    assert whole["contig2bin.tsv"]
    record = json.loads((out / "run.json").read_text())
    read = [Path(held["path"]).name for held in record["inputs"]]
    assert read[-PARTS:] == ["3.arrow", "2.arrow", "1.arrow"]


@pytest.mark.parametrize("model", ["llmbin-edge", "llmbin-lite"])
def test_any_split_will_do(
    model: str, community: Community, run: Callable[..., Path], cli: Cli, tmp_path: Path
) -> None:
    """Contigs dealt out at random, with the depths of each; long ones wherever they stand."""
    asked = ("--model", model, "--seed", "middle", "--markers", "off")
    records = list(read_fasta(community.contigs))
    draw = random.Random(5)
    hands: list[list[FastaRecord]] = [[], [], []]
    for record in records:
        draw.choice(hands[:2]).append(record)
    hands[2] = [hands[0].pop(3)]
    paths = []
    for k, hand in enumerate(hands):
        fasta, path = write(tmp_path / f"{k}.fasta", hand), tmp_path / f"{k}.arrow"
        depth = ("--depth", community.depth)
        status, _, err = cli("features", fasta, *depth, *asked, "-o", path)
        assert status == 0, err
        paths.append(path)
    out = run(community.contigs, *asked, "--features", *paths)
    assert results(out) == results(run(community.contigs, "--depth", community.depth, *asked))


def test_depths_of_bam_files_may_be_in_the_parts(
    community: Community,
    run: Callable[..., Path],
    cli: Cli,
    write_bam: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """With the reads that they are of; and once, in all parts alike."""
    lengths = {r.name: len(r.sequence) for r in read_fasta(community.contigs)}
    rows = (line.split("\t") for line in community.depth.read_text().splitlines()[1:])
    step = {row[0]: int(1 + 100 / max(float(row[3]), 0.5)) for row in rows}
    reads = [
        (name, at, "100M", 0, 0)
        for name, length in lengths.items()
        for at in range(0, length - 100, step[name])
    ]
    bam = write_bam(tmp_path / "S.bam", lengths, reads)
    asked = ("--model", "llmbin-lite", "--markers", "off")
    paths = [tmp_path / f"{k}.arrow" for k in (1, 2)]
    for k, path in enumerate(paths, 1):
        where = ("--part", f"{k}/2", "-o", path)
        assert cli("features", community.contigs, "--bam", bam, *asked, *where)[0] == 0
    alone = run(community.contigs, "--bam", bam, *asked)
    together = run(community.contigs, "--features", *paths, *asked)
    assert results(together) == results(alone)
    records = [json.loads((out / "run.json").read_text()) for out in (alone, together)]
    assert records[0]["reads"] == records[1]["reads"]
    assert records[0]["reads"]["S"]["counted"] == len(reads)
    for more, said in (
        (("--depth", community.depth), "holds depths already; leave out --bam and --depth"),
        (("--recruit-length", "1001"), "was made with --recruit-length 1000"),
    ):
        given = ("run", community.contigs, "--features", *paths, *more, *asked)
        status, _, err = cli(*given, "-o", tmp_path / "out")
        assert status
        assert said in err
    cli("features", community.contigs, "--part", "2/2", *asked, "-o", paths[1])
    given = ("run", community.contigs, "--features", *paths, *asked)
    assert "holds depths of other samples" in cli(*given, "-o", tmp_path / "out")[2]


def test_what_headers_of_the_whole_say_of_circles_counts(
    parts: list[Path], community: Community, run: Callable[..., Path], tmp_path: Path
) -> None:
    """Files of parts may have names alone, as those that nodes of Ray get."""
    records = [r for r in read_fasta(community.contigs) if len(r.sequence) >= 1000]
    told = tmp_path / "told.fasta"
    said = [f"{r.name} circular=yes" if k == 1 else r.name for k, r in enumerate(records)]
    write(told, [r._replace(name=name) for r, name in zip(records, said, strict=True)])
    titles, *rows = (run(told, "--features", *parts) / "contigs.tsv").read_text().splitlines()
    column = titles.split("\t").index("circular")
    circles = [row.split("\t")[0] for row in rows if row.split("\t")[column] == "yes"]
    assert circles == [records[1].name]


def test_a_part_may_have_a_fasta_file_of_its_own(
    whole: dict[str, bytes],
    community: Community,
    run: Callable[..., Path],
    cli: Cli,
    tmp_path: Path,
) -> None:
    """With its place, which decides where windows begin; without it the part is refused."""
    records = list(read_fasta(community.contigs))
    cut = len(records) // 2
    long_before = sum(len(r.sequence) >= 1000 for r in records[:cut])
    paths = [tmp_path / name for name in ("a.arrow", "b.arrow", "unplaced.arrow")]
    first = write(tmp_path / "a.fasta", records[:cut])
    second = write(tmp_path / "b.fasta", records[cut:])
    for fasta, path, place in zip((first, second, second), paths, (0, long_before, 0), strict=True):
        assert cli("features", fasta, "--first", place, "-o", path)[0] == 0
    depth = ("--depth", community.depth)
    assert results(run(community.contigs, *depth, "--features", *paths[:2])) == whole
    status, _, err = cli(
        "run", community.contigs, "--features", paths[0], paths[2], "-o", tmp_path / "out"
    )
    assert status == 1
    assert "unplaced.arrow: was made as if contig" in err
    assert not (tmp_path / "out").exists()


def pairs_of(
    parts: list[Path], community: Community, rules: HomologyThresholds
) -> tuple[np.ndarray, ...]:
    """Homologous pairs of parts that are put together, and how many words there were."""
    files = [PartFile(path) for path in parts]
    search = HomologySearch(thresholds=replace(rules, word_rate=begin_rate(files)))
    add_words(files, merge(files, read_whole(community.contigs, 1000)), search)
    found, rate = search.pairs(), search.word_rate
    return found.first, found.second, found.length, np.array(rate)


def test_words_are_thinned_as_in_one_go(
    parts: list[Path], community: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are too many for memory, also if parts keep few of them from the start.

    Where parts kept too few, that is said.
    """
    few = replace(HOMOLOGY, most_words=10_000)
    direct = HomologySearch(thresholds=few)
    for contig in read_contigs(community.contigs, 1000, Assembly()):
        direct.keep([contig], direct.look([contig]))
    pairs, rate = direct.pairs(), direct.word_rate
    assert rate > 16
    expected = (pairs.first, pairs.second, pairs.length, np.array(rate))
    monkeypatch.setattr("llmbin.stages.parting.first_rate", lambda bases: 16)
    thin = [tmp_path / f"{k}.arrow" for k in (1, 2)]
    for k, path in enumerate(thin, 1):
        make_part(PartOptions(community.contigs, path, part=(k, 2), markers="off"))
    assert {PartFile(path).about.word_rate for path in thin} == {16}
    for given in (parts, thin):
        for found, wanted in zip(pairs_of(given, community, few), expected, strict=True):
            assert np.array_equal(found, wanted)
    with pytest.raises(InputError, match="more are needed"):
        pairs_of(thin, community, HOMOLOGY)


def test_others_can_read_it(parts: list[Path], community: Community) -> None:
    """By the names of columns in docs/outputs.md, with plain pyarrow."""
    page = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text()
    tables = [pa.ipc.open_file(path).read_all() for path in parts]
    for name in tables[0].schema.names:
        assert f"`{name}`" in page
    names = [name for table in tables for name in table["contig"].to_pylist()]
    lengths = [length for table in tables for length in table["length"].to_pylist()]
    long = [r for r in read_fasta(community.contigs) if len(r.sequence) >= 1000]
    assert names == [r.name for r in long]
    assert lengths == [len(r.sequence) for r in long]
    sizes = [sum(table["length"].to_pylist()) for table in tables]
    assert max(sizes) < 2 * min(sizes)
    about = json.loads(tables[1].schema.metadata[b"llmbin-fast"])
    assert about["first"] == tables[0].num_rows
    assert len(tables[0]["markers"].combine_chunks().flatten()) > 0
    assert about["origin"]["families"]


def altered(path: Path, out: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    """A file whose rows are changed, with digests that fit."""
    table = change(pa.ipc.open_file(path).read_all())
    with pa.ipc.new_file(out, table.schema) as writer:
        for batch in table.combine_chunks().to_batches():
            writer.write_batch(batch, custom_metadata=digests_of(batch))
    return out


def with_column(name: str, change: Callable[[np.ndarray], None]) -> Callable[[pa.Table], pa.Table]:
    """Numbers of a column changed in their place."""

    def go(table: pa.Table) -> pa.Table:
        index = table.schema.get_field_index(name)
        column, field = table.column(index).combine_chunks(), table.schema.field(index)
        flat = column.flatten() if pa.types.is_fixed_size_list(field.type) else column
        numbers = flat.to_numpy(zero_copy_only=False).copy()
        change(numbers)
        new = pa.array(numbers)
        if pa.types.is_fixed_size_list(field.type):
            new = pa.FixedSizeListArray.from_arrays(new, field.type.list_size)
        return table.set_column(index, field, new)

    return go


def about_as(change: Callable[[dict], None]) -> Callable[[pa.Table], pa.Table]:
    """What it says of itself changed."""

    def go(table: pa.Table) -> pa.Table:
        held = json.loads(table.schema.metadata[b"llmbin-fast"])
        change(held)
        return table.replace_schema_metadata({b"llmbin-fast": json.dumps(held).encode()})

    return go


def first_to(value: float) -> Callable[[np.ndarray], None]:
    def go(numbers: np.ndarray) -> None:
        numbers[0] = value

    return go


CASES = {
    "NaN": (with_column("lm", first_to(np.nan)), "numbers in `lm` that are not finite"),
    "negative": (with_column("trna", first_to(-1)), "numbers in `trna` that cannot be"),
    "bases": (with_column("checksum", first_to(1)), "has other bases than in"),
    "rows": (lambda table: table.slice(0, len(table) - 1), "contigs, and it says"),
    "twice": (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "or one twice"),
    "order": (lambda table: table.take(list(range(len(table)))[::-1]), "stand in another order"),
    "columns": (lambda table: table.drop_columns(["gc"]), "its columns are not those of"),
    "build": (
        lambda table: about_as(lambda held: held["origin"].update(version="0.0.1"))(
            table.drop_columns(["gc"])
        ),
        "made by another build, which called itself '0.0.1'",
    ),
    "plain": (lambda table: table.replace_schema_metadata({}), "an Arrow file, but a file of"),
    "version": (
        about_as(lambda held: held["origin"].update(version="0.0.1")),
        "was made with another version",
    ),
    "format": (about_as(lambda held: held.update(format=99)), "its format is 99"),
    "type": (about_as(lambda held: held.update(first="0")), "its metadata is damaged (first)"),
    "tuple": (about_as(lambda held: held["origin"].update(model=["m"])), "is damaged (model)"),
    "title": (
        about_as(lambda held: held["samples"].update(names=["a\tb"], files=["f"])),
        "holds what cannot be",
    ),
    "size": (about_as(lambda held: held.update(contigs=-1)), "holds what cannot be"),
    "rate": (about_as(lambda held: held.update(word_rate=16)), "words that are not one in 16"),
    "samples": (
        about_as(lambda held: held["samples"].update(names=["S"], files=["f"])),
        "its columns are not those of",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_part_is_told(
    case: str, parts: list[Path], community: Community, cli: Cli, tmp_path: Path
) -> None:
    change, said = CASES[case]
    bad = altered(parts[1], tmp_path / "bad.arrow", change)
    given = ("--features", parts[0], bad, parts[2], "-o", tmp_path / "out")
    status, _, err = cli("run", community.contigs, *given, "--no-report", "-q")
    assert status == 1, err
    assert said in err
    assert "bad.arrow" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def cuts(path: Path) -> Iterator[bytes]:
    whole = path.read_bytes()
    yield b""
    yield b">c1\nACGT\n"
    for share in (0.001, 0.3, 0.99):
        yield whole[: int(share * len(whole))]
    yield whole[:-100] + random.Random(1).randbytes(100)
    for share in (0.2, 0.4, 0.6, 0.8):
        at = int(share * len(whole))
        yield whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


def test_cut_and_damaged_files_are_told(
    parts: list[Path], community: Community, cli: Cli, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.arrow"
    for content in cuts(parts[1]):
        bad.write_bytes(content)
        given = ("--features", parts[0], bad, parts[2], "-o", tmp_path / "out", "-q")
        status, _, err = cli("run", community.contigs, *given)
        assert status == 1
        assert "bad.arrow" in err
        assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("arrow", [True, False])
def test_a_part_that_finds_no_memory_is_not_damaged(
    arrow: bool, parts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Failed to read message body, error IOError: . Detail: Python exception: MemoryError"

    def open_file(*_: object, **__: object) -> None:
        raise pa.ArrowMemoryError("malloc of size 64 failed") if arrow else OSError(said)

    monkeypatch.setattr(pa.ipc, "open_file", open_file)
    with pytest.raises(MemoryError, match=r"malloc|MemoryError"):
        PartFile(parts[0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("0", "1", "1", "2"), "is in"),
        (("0", "2"), "contigs are in no part, the first is"),
        (("0", "1", "2", "--seed", "2"), "was made with --windows"),
        (("0", "1", "2", "--recruit-length", "500"), "was made with --recruit-length 1000"),
        (("0", "1", "2", "--markers", "off"), "was made with marker genes"),
        (("0", "1", "2", "--model", "llmbin-lite"), "was made with --model llmbin-edge"),
        (("0", "1", "2", "--precision", "fp32"), "was made with --precision int8"),
    ],
)
def test_parts_that_do_not_go_together_are_told(
    given: tuple[str, ...],
    said: str,
    parts: list[Path],
    community: Community,
    cli: Cli,
    tmp_path: Path,
) -> None:
    words = [parts[int(word)] if word in "012" else word for word in given[:4]]
    numbers = [word for word in words if isinstance(word, Path)]
    rest = [word for word in (*words, *given[4:]) if not isinstance(word, Path)]
    argv = (community.contigs, "--features", *numbers, *rest, "-o", tmp_path / "out")
    status, _, err = cli("run", *argv, "--no-report", "-q")
    assert status == 1, err
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_go_with_parts_are_told(
    parts: list[Path], community: Community, cli: Cli, tmp_path: Path
) -> None:
    for argv, said in (
        (("--features", parts[0], "--ray", "auto"), "--features are found already"),
        (("--ray", "auto", "--cache", tmp_path / "cache"), "--cache is kept by one machine"),
        (("--features", tmp_path / "none.arrow"), "none.arrow: no such file"),
    ):
        status, _, err = cli("run", community.contigs, *argv, "-o", tmp_path / "out")
        assert status
        assert said in err
    assert not list(tmp_path.iterdir())


def test_options_that_make_no_part_are_told(community: Community, cli: Cli, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "a.arrow")
    for argv, said in (
        (("--part", "1/2", "--first", 3, *out), "--part knows where it begins"),
        (("--part", "3/2", *out), "1/16 to 16/16 were expected"),
        (("-o", "-"), "not to standard output"),
        (("--samples", "S", *out), "--samples names the samples"),
    ):
        status, _, err = cli("features", community.contigs, *argv)
        assert status == 2
        assert said in err
    assert not list(tmp_path.iterdir())
