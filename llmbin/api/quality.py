"""`llmbin.quality`: quality of the bins of any binner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..assessment import tables
from ..assessment.assess import Assessment, assess_bins
from ..assessment.bins import bins_of_table, find_bins
from ..errors import UsageError
from ..io.outputs import check_output, write_tables
from ..progress import Tell
from .bins import Bins, estimate_arrays, kind_arrays, rna_arrays
from .given import PathLike, Paths, cores, some_files
from .table import Columns, Integers, Texts, texts


@dataclass(frozen=True, eq=False, repr=False)
class AssessedBins(Bins):
    """Bins that were given, in the order of their names; all fields of `Bins`, and two more.

    Attributes:
        files: names of their files, or of the bins where they have none, object [n].
        longest: contig, in bp, int64 [n].
    """

    files: Texts
    longest: Integers

    def columns(self) -> Columns:
        """Arrays by title."""
        own: Columns = {"longest": self.longest, "file": self.files}
        return {**self._size_columns(), **own, **self._quality_columns()}


def quality(  # noqa: PLR0913 (the options of the command)
    paths: Paths,
    *,
    bins: PathLike | None = None,
    extension: str = "",
    out: PathLike | None = None,
    json: PathLike | None = None,
    genome_info: PathLike | None = None,
    threads: int | None = None,
    progress: Tell | None = None,
) -> AssessedBins:
    """Estimate the quality of bins and look for their RNA genes, as ``llmbin-fast quality``.

    Args:
        paths: folders of bins, or FASTA files of a bin each; with ``bins`` that of all contigs.
        bins: a table of contig and bin, or a bioboxes file.
        extension: what names of bins end in, in folders.
        out: a table in the form of CheckM2's is written there, if it is given.
        json: the same as JSON, and more.
        genome_info: a CSV file for dRep and galah.
        threads: CPU threads (None: all cores that the process may use).
        progress: called with the bases so far, and None.

    Raises:
        UsageError: arguments do not go together, or pyhmmer is not installed.
        InputError: a bin cannot be read, is empty or there twice, or a contig is missing.
        OutputError: an output cannot be written, or is one of the inputs.
    """
    threads = cores(threads)
    if bins is not None and extension:
        raise UsageError("--extension is for folders of bins, and does not go with --bins")
    given = (
        find_bins(some_files(paths, "paths"), extension)
        if bins is None
        else bins_of_table(some_files(paths, "paths"), Path(bins))
    )
    asked: tuple[tuple[PathLike | None, Callable[[Sequence[Assessment]], str]], ...] = (
        (out, tables.quality_table),
        (json, tables.quality_json),
        (genome_info, tables.genome_info),
    )
    writers = [(Path(path), write) for path, write in asked if path is not None]
    outputs = [path for path, _ in writers]
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise UsageError("the outputs must be different files")
    for output in outputs:
        check_output(output, given.inputs)
    assessed = assess_bins(given, threads, progress)
    write_tables(
        {path: write(assessed).encode("utf-8", "surrogateescape") for path, write in writers}
    )
    return _arrays(assessed)


def _arrays(assessed: Sequence[Assessment]) -> AssessedBins:
    return AssessedBins(
        names=texts(b.name for b in assessed),
        files=texts(b.file for b in assessed),
        contigs=np.array([b.contigs for b in assessed], np.int64),
        bp=np.array([b.bp for b in assessed], np.int64),
        n50=np.array([b.n50 for b in assessed], np.int64),
        longest=np.array([b.longest for b in assessed], np.int64),
        gc=np.array([b.gc for b in assessed], np.float64),
        quality=texts(b.quality_class for b in assessed),
        mimag=texts(b.draft for b in assessed),
        **estimate_arrays([b.estimate for b in assessed], [b.basis for b in assessed]),
        **rna_arrays([b.rna for b in assessed]),
        **kind_arrays([b.kind for b in assessed]),
    )
