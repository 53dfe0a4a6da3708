"""Features of a part of the contigs as an Arrow file, which anybody's tools read.

A row is a contig (docs/outputs.md). Rows are in batches of some megabytes, so that who reads
them needs no memory for all.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..coverage.coverage import Coverage
from ..errors import InputError, UsageError, short
from ..features.composition import FRAMES
from ..features.profile import Features
from ..genes.rna import AMINO_ACIDS, KINDS
from ..io.outputs import whole_file
from ..model.pack import COMPOSITION
from .about import KEY, About, to_json
from .columns import (
    GENE_FIELDS,
    RECORDS,
    Array,
    Lists,
    digest,
    lists_type,
    number_type,
    row_type,
    to_array,
    to_column,
)
from .search import ContigWords

WORDS = "words"  # the column that is read apart
ROWS_DIGEST, WORDS_DIGEST = b"rows", b"words"  # keys of a batch's metadata
BATCH, BATCH_BASES = 1 << 12, 1 << 24  # contigs and bases of a batch, at most


@dataclass(frozen=True)
class Part:
    """All that a file holds; ``coverage`` is None where no depth was given."""

    about: About
    features: Features
    words: ContigWords
    coverage: Coverage | None


def check_arrow() -> None:
    """Whether there is what reads and writes such files.

    Raises:
        UsageError: pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError("files of features need pyarrow: `pip install 'llmbin-fast[arrow]'`")


def schema_of(about: About) -> Any:
    """The columns of a file and their types, with what it says of itself."""
    import pyarrow as pa

    samples = len(about.samples.names)
    columns = {
        "contig": pa.string(),
        "length": number_type("int64"),
        "gc": number_type("float32"),
        "checksum": number_type("uint32"),
        "composition": row_type("float32", COMPOSITION),
        "frames": row_type("uint32", FRAMES),
        "circular": number_type("bool"),
        "rrna": row_type("int16", len(KINDS)),
        "rrna_whole": row_type("int16", len(KINDS)),
        "trna": row_type("int16", len(AMINO_ACIDS)),
        "words": lists_type(RECORDS["words"]),
    }
    if about.origin.width:
        columns["lm"] = row_type("float32", about.origin.width)
    if about.origin.families is not None:
        columns |= {name: lists_type(RECORDS[name]) for name in ("markers", "genes")}
    if samples:
        columns |= {name: row_type("float64", samples) for name in ("depth", "depth_variance")}
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
    return pa.schema(fields, {KEY: to_json(about)})


def write_part(path: Path, part: Part) -> None:
    """Write it, whole or not at all.

    Raises:
        InputError: the name of a contig is no text (UTF-8).
        OutputError: the file cannot be written.
    """
    import pyarrow as pa

    _check_names(part.features.names)
    schema = schema_of(part.about)
    with whole_file(path) as handle, pa.ipc.new_file(handle, schema) as out:
        for a, b in _batches(part.features.lengths):
            held = _columns(part, a, b)
            columns = [to_column(held[name]).cast(schema.field(name).type) for name in schema.names]
            batch = pa.record_batch(columns, schema=schema)
            out.write_batch(batch, custom_metadata=digests_of(batch))


def digests_of(batch: Any) -> dict[bytes, bytes]:
    """Digests of a batch, as is kept beside it: of the words, and of all else."""
    columns = dict(zip(batch.schema.names, map(to_array, batch.columns), strict=True))
    words = {WORDS: columns.pop(WORDS)}
    return {ROWS_DIGEST: digest(columns), WORDS_DIGEST: digest(words)}


def _check_names(names: list[str]) -> None:
    for name in names:
        if not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise InputError(
                f"contig {short(name)}: its name is not UTF-8, as text in Arrow files is; "
                "rename it, in the contigs and in what was mapped to them"
            )


def _batches(lengths: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Rows, from and to, of each batch."""
    begin, bases = 0, 0
    for row, length in enumerate(lengths.tolist()):
        if row > begin and (row - begin == BATCH or bases + length > BATCH_BASES):
            yield begin, row
            begin, bases = row, 0
        bases += length
    if begin < len(lengths):
        yield begin, len(lengths)


def _columns(part: Part, a: int, b: int) -> dict[str, Array | Lists | list[str]]:
    """Values of some rows by column."""
    features, words, coverage = part.features, part.words, part.coverage
    rows = slice(a, b)
    out: dict[str, Array | Lists | list[str]] = {
        "contig": features.names[rows],
        "length": features.lengths[rows],
        "gc": features.gc[rows],
        "checksum": words.checksums[rows],
        "composition": features.composition[rows],
        "frames": features.frames[rows],
        "circular": features.circular[rows],
        "lm": features.lm[rows],
        "words": _words(words, a, b),
    }
    if features.rna is not None:
        rna = features.rna
        out |= {"rrna": rna.rrna[rows], "rrna_whole": rna.whole[rows], "trna": rna.trna[rows]}
    if features.markers is not None and features.genes is not None:
        row, family = np.nonzero(features.markers[rows])
        copies = features.markers[rows][row, family]
        held = {"family": family.astype(np.int16), "copies": copies}
        out["markers"] = Lists(np.bincount(row, minlength=b - a), held)
        genes = features.genes
        of_rows = slice(*np.searchsorted(genes.contig, [a, b]))
        held = {name: getattr(genes, name)[of_rows] for name in GENE_FIELDS}
        out["genes"] = Lists(np.bincount(genes.contig[of_rows] - a, minlength=b - a), held)
    if coverage is not None:
        out |= {"depth": coverage.mean[rows], "depth_variance": coverage.variance[rows]}
    return out


def _words(words: ContigWords, a: int, b: int) -> Lists:
    bounds = words.bounds[a : b + 1]
    held = words.words[bounds[0] : bounds[-1]]
    return Lists(np.diff(bounds), {"hash": held[:, 0], "place": held[:, 1]})
