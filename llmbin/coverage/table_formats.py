"""What a table of depths is, told by its titles.

Some columns are depths, some variances or lengths, and some are nothing to us. A column is a
sample only where nothing says otherwise. Lengths, counts and normalised abundances look like
depths, and binning by them is worse than binning without.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from ..errors import CoverageError, short
from ..io.inputs import InputFile
from .titles import (
    COVERM,
    COVERM_DEPTHS,
    IGNORED,
    LENGTHS,
    NO_DEPTH,
    NO_DEPTH_ENDING,
    VARIANCES,
    names_contigs,
    title_key,
)

MAKE = (
    "make one with `llmbin-fast depth *.bam -o depth.tsv` or "
    "`coverm contig -m metabat -b *.bam -o depth.tsv`"
)
KNOWN = (
    "known are those of MetaBAT (jgi), CoverM, strobealign --aemb, fairy, VAMB, mosdepth, "
    "samtools coverage and BBMap, tab-separated"
)
INTERVAL_NAMES = ("chrom", "chr", "chromosome", "contig", "rname")  # first columns, as keys


@dataclass(frozen=True)
class Columns:
    """Where a table holds what.

    ``sparse``: the tool may leave out contigs without reads. ``plain``: nothing but titles of
    the user's own says that the columns are depths. ``squared``: a column of variances holds
    standard deviations. ``extra`` and ``extra_ending`` are rows that are no contigs.
    """

    samples: list[str]
    mean: list[int]
    variance: list[int | None]
    length: int | None = None
    header: bool = True
    sparse: bool = False
    plain: bool = False
    squared: bool = False
    extra: frozenset[str] = frozenset()
    extra_ending: str = ""


def recognise(path: InputFile, rows: Sequence[Sequence[str]], contigs: Container[str]) -> Columns:
    """The columns of a table, by its first rows: one to four, with the header if there is one.

    Raises:
        CoverageError: the table holds no depths of contigs, or not for certain. The message says
            which command makes the right one.
    """
    titles = [title.strip() for title in rows[0]]
    if not _has_header(path, titles, contigs):
        return _headerless(path, rows)
    keys = [title_key(title) for title in titles]
    _refuse_foreign(path, titles, keys)
    columns = (
        _one_sample(path, keys)
        or _metabat(path, titles, keys)
        or _coverm(path, titles, keys)
        or _plain(path, titles, keys)
    )
    _check_samples(path, columns, titles)
    return columns


def first_word(name: str) -> str:
    """What a contig is called: the first word of its header, by the white space of ASCII."""
    return next((word for word in re.split(r"[ \t\n\r\x0b\x0c]+", name, maxsplit=2) if word), "")


def is_number(text: str) -> bool:
    """Whether a cell of a first line is a value rather than a title."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text  # Python reads 1_000, tables do not


def _has_header(path: InputFile, titles: list[str], contigs: Container[str]) -> bool:
    first, known = first_word(titles[0]), names_contigs(titles[0])
    if all(is_number(title) for title in titles[1:]):
        return known and first not in contigs  # samples may be called 1, 2, 3
    if first in contigs and not known:
        wrong = next(title for title in titles[1:] if not is_number(title))
        raise CoverageError(
            f"{path}: the first line is a contig ({short(first)}) and no header, "
            f"but {short(wrong)} is not a number; mend it or begin with a header"
        )
    return True


def _headerless(path: InputFile, rows: Sequence[Sequence[str]]) -> Columns:
    """Contig and depth; whatever has more columns could be anything."""
    width, remedy = len(rows[0]), MAKE
    if width == 2:
        return Columns(
            [path.name.split(".")[0] or path.name], [1], [None], header=False, plain=True
        )
    if len({row[0] for row in rows}) < len(rows) or (
        width in (4, 5) and rows[0][1] == "0" and rows[0][2].isdigit()
    ):
        what = (
            "positions or intervals, as of `samtools depth`, `bedtools genomecov` "
            "or mosdepth's bed files"
        )
    elif width == 4 and all(cell.isdigit() for row in rows for cell in row[1:]):
        what = "counts of reads, as of `samtools idxstats`"
    else:
        what = "anything"
        remedy = (
            "name the columns in a first line "
            f"(contig, then the samples; length for lengths), or {MAKE}"
        )
    raise CoverageError(
        f"{path}: a table of {width} columns without a header, which may be {what}, "
        f"and no depth of coverage a contig; {remedy}"
    )


def _refuse_foreign(path: InputFile, titles: list[str], keys: list[str]) -> None:
    """Tables that are well known and have no row a contig."""
    why = ""
    if keys[0] == "sample" and keys[1] in ("contig", "genome"):
        why = (
            "CoverM's sparse form has a row a sample and contig; "
            "make it with `coverm contig -m metabat` or `--output-format dense`"
        )
    elif keys[0] == "genome" and any(_coverm_sample(title) for title in titles[1:]):
        why = (
            "its rows are genomes, not contigs; "
            "use `coverm contig -m metabat -b *.bam -o depth.tsv`"
        )
    elif keys[0] == "geneid" or {"chr", "strand"} <= set(keys):
        why = f"featureCounts counts reads, it gives no depth of coverage; {MAKE}"
    elif {"start", "end"} <= set(keys) and keys[0] in INTERVAL_NAMES:
        why = f"its rows are intervals, not contigs; {MAKE}"
    elif keys[:3] == ["seqname", "length", "cov"]:
        why = (
            "Flye's assembly_info.txt is no depth table "
            f"(one depth for all reads of the assembly); {MAKE}"
        )
    if why:
        raise CoverageError(f"{path}: {why}")


def _one_sample(path: InputFile, keys: list[str]) -> Columns | None:
    """Tools that write a file a sample, which has its name from the file."""
    sample = [path.name.split(".")[0] or path.name]
    if keys[:4] == ["chrom", "length", "bases", "mean"]:
        return Columns(
            sample, [3], [None], 1, sparse=True, extra=frozenset({"total"}), extra_ending="_region"
        )
    if keys[:3] == ["rname", "startpos", "endpos"] and "meandepth" in keys:
        return Columns(sample, [keys.index("meandepth")], [None], 2)
    if keys[:2] == ["id", "avgfold"]:
        spread = keys.index("stddev") if "stddev" in keys else None
        return Columns(
            sample,
            [1],
            [spread],
            keys.index("length") if "length" in keys else None,
            sparse=True,
            squared=True,
        )
    return None


def _metabat(path: InputFile, titles: list[str], keys: list[str]) -> Columns | None:
    total = keys.index("totalavgdepth") if "totalavgdepth" in keys[2:3] else None
    if (
        len(keys) < 3
        or keys[1] not in LENGTHS
        or (total is None and keys[:2] != ["contigname", "contiglen"])
    ):
        return None
    pairs = _with_variances(
        path, titles, _depths(path, titles, keys, range(2 if total is None else 3, len(titles)))
    )
    names = [titles[i].removesuffix("-avg_depth").removesuffix(".bam") for i, _ in pairs]
    return Columns(names, [i for i, _ in pairs], [v for _, v in pairs], 1)


def _coverm_sample(title: str) -> tuple[str, str] | None:
    """The sample of a title of CoverM and what the column is."""
    small = title.lower()
    what = next((ending for ending in COVERM if small.endswith(ending)), "")
    return (title[: -len(what)], what) if what and len(title) > len(what) else None


def _coverm(path: InputFile, titles: list[str], keys: list[str]) -> Columns | None:
    said = {i: _coverm_sample(titles[i]) for i in range(1, len(titles))}
    depths = any(pair and pair[1] in COVERM_DEPTHS for pair in said.values())
    if not (names_contigs(titles[0]) and all(said.values())) and not (
        keys[0] == "contig" and depths
    ):
        return None
    found: dict[str, dict[str, int]] = {}
    length = None
    for i, pair in said.items():
        if pair is None:
            if keys[i] in LENGTHS:
                length = i
            elif not any(titles[i].startswith(name + " ") for name in found):
                # One that begins with a sample is a measure of a CoverM yet to come.
                raise CoverageError(
                    f"{path}: column {short(titles[i])} is no column of CoverM; "
                    f"take it out, or {MAKE}"
                )
            continue
        if pair[1] in found.setdefault(pair[0], {}):
            raise CoverageError(
                f"{path}: column {short(titles[i])} comes twice; name the samples apart"
            )
        found[pair[0]][pair[1]] = i
    depth = {
        name: next((has[d] for d in COVERM_DEPTHS if d in has), None) for name, has in found.items()
    }
    bare = [name for name, column in depth.items() if column is None]
    if bare:
        there = ", ".join(short(titles[i]) for i in found[bare[0]].values())
        raise CoverageError(
            f"{path}: no depth of coverage for sample {short(bare[0])}: "
            f"CoverM's Mean or Trimmed Mean is missing ({there}: no depth); {MAKE}"
        )
    if length is None:
        length = next((has[" length"] for has in found.values() if " length" in has), None)
    variance = [has.get(" variance") for has in found.values()]
    mean = [column for column in depth.values() if column is not None]
    return Columns(list(found), mean, variance, length, sparse=True, extra=frozenset({"unmapped"}))


def _plain(path: InputFile, titles: list[str], keys: list[str]) -> Columns:
    """Contig and a column a sample; lengths and GC may stand between them."""
    lengths = [i for i in range(1, len(titles)) if keys[i] in LENGTHS]
    others = [i for i in range(1, len(titles)) if i not in lengths]
    pairs = _with_variances(path, titles, _depths(path, titles, keys, others))
    names, mean = [titles[i] for i, _ in pairs], [i for i, _ in pairs]
    length = lengths[0] if lengths else None
    return Columns(names, mean, [v for _, v in pairs], length, plain=True)


def _depths(
    path: InputFile, titles: list[str], keys: list[str], columns: Sequence[int]
) -> list[int]:
    """The columns that are of use; one that looks like a depth and is none is refused."""
    columns = [i for i in columns if keys[i] not in IGNORED]
    wrong = next(
        (i for i in columns if keys[i] in NO_DEPTH or NO_DEPTH_ENDING.search(titles[i])), None
    )
    if wrong is not None:
        raise CoverageError(
            f"{path}: column {short(titles[wrong])} is no depth of coverage; "
            "leave only the contigs and their depths "
            f"(a sample of that name needs another title), or {MAKE}"
        )
    return columns


def _with_variances(
    path: InputFile, titles: list[str], columns: Sequence[int]
) -> list[tuple[int, int | None]]:
    """Depths, each with its variance if that is there too."""
    where = {titles[i]: i for i in columns}
    partner: dict[int, int] = {}
    for i in columns:
        ending, bases = next(
            ((e, b) for e, b in VARIANCES if titles[i].lower().endswith(e)), ("", ())
        )
        stem = titles[i][: len(titles[i]) - len(ending)]
        mean = next((where[stem + base] for base in bases if stem + base in where), None)
        if mean is not None:
            partner[i] = mean
        elif ending and ending not in ("_var", ".var"):
            raise CoverageError(
                f"{path}: column {short(titles[i])} is a variance, "
                f"and the depth of its sample {short(stem)} is missing; {MAKE}"
            )
    variance = {mean: i for i, mean in partner.items()}
    return [(i, variance.get(i)) for i in columns if i not in partner]


def _check_samples(path: InputFile, columns: Columns, titles: list[str]) -> None:
    if not columns.samples:
        raise CoverageError(
            f"{path}: the table has no sample, only {', '.join(map(short, titles[:5]))}; "
            f"a column of depths a sample is needed: {MAKE}"
        )
    for name, i in zip(columns.samples, columns.mean, strict=True):
        if not name:
            raise CoverageError(
                f"{path}: column {i + 1} has no title; "
                "name the sample in the first line, or take the column out"
            )
    if len(set(columns.samples)) < len(columns.samples):
        twice = next(name for name in columns.samples if columns.samples.count(name) > 1)
        raise CoverageError(
            f"{path}: two samples are called {short(twice)}; "
            "name them apart in the first line of the table"
        )
