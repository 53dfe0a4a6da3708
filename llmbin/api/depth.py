"""`llmbin.depth`: depth of contigs from BAM or CRAM files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..coverage.bam import SampleDepth, check_alignments, read_depth
from ..coverage.check import check_reads
from ..coverage.coverage import Coverage, SampleReads, reads_of, sample_names
from ..coverage.reads import DepthRules
from ..coverage.samtools import named_reference
from ..coverage.tables import DepthTable, write_depth_table
from ..errors import CoverageError
from ..io.inputs import InputFile, check_inputs, stored
from ..io.outputs import check_output, scratch_folder, whole_table
from ..progress import log
from .given import PathLike, Paths, cores, path_or_none, some_files, words_of
from .table import Columns, Doubles, Integers, Table, Texts, texts


@dataclass(frozen=True, eq=False, repr=False)
class Depths(Table):
    """Depth of n contigs in some samples.

    Attributes:
        names: object [n].
        lengths: in bp, int64 [n].
        samples: names of the samples.
        mean: reads on a base in the mean, float64 [n, samples].
        variance: over the bases of a contig, float64 [n, samples].
        reads: those of each sample; empty for depths that were not measured here.
    """

    names: Texts
    lengths: Integers
    samples: Sequence[str]
    mean: Doubles
    variance: Doubles
    reads: Sequence[SampleReads] = ()

    def columns(self) -> Columns:
        """Arrays by title: contig, length, and for each sample its depth and the variance."""
        pairs = zip(self.samples, self.mean.T, self.variance.T, strict=True)
        depths: Columns = {}
        for sample, mean, variance in pairs:
            depths |= {f"depth_{sample}": mean, f"variance_{sample}": variance}
        return {"contig": self.names, "length": self.lengths, **depths}

    def write(self, path: PathLike) -> None:
        """Write MetaBAT's table, six significant digits.

        Raises:
            OutputError: it cannot be written.
        """
        table = DepthTable(
            Path(path),
            self.names.tolist(),
            self.lengths,
            list(self.samples),
            self.mean,
            self.variance,
        )
        with whole_table(Path(path)) as handle:
            write_depth_table(
                table, lambda text: handle.write(text.encode("utf-8", "surrogateescape"))
            )


def depth(
    bams: Paths,
    *,
    out: PathLike | None = None,
    samples: str | Sequence[str] | None = None,
    min_identity: float | None = None,
    reference: PathLike | None = None,
    threads: int | None = None,
) -> Depths:
    """Measure the depth of every reference of BAM or CRAM files, as ``llmbin-fast depth``.

    Args:
        bams: one file a sample, in any order of reads.
        out: MetaBAT's table is written there, if it is given.
        samples: their names (from the names of the files by default).
        min_identity: reads below this identity do not count (None: as the reads are).
        reference: the FASTA file that reads were mapped to, which CRAM may need.
        threads: CPU threads (None: all cores that the process may use).

    Raises:
        CoverageError: a file is damaged, the files have different references, or hardly a read
            counts in any.
        UsageError: arguments are none, or names of samples do not fit the files.
        OutputError: the table cannot be written.
    """
    files, output = some_files(bams, "bams"), path_or_none(out)
    given_reference = path_or_none(reference, "reference")
    rules, threads = DepthRules(min_identity=min_identity), cores(threads)
    given = [*files, *([given_reference] if given_reference else [])]
    check_inputs(given)
    if output:
        check_output(output, given)
    with scratch_folder("llmbin-depth-") as folder:
        held = stored(files, folder, "pipe-sample")
        sequences = (
            stored([given_reference], folder, "pipe-reference")[0] if given_reference else None
        )
        titles = sample_names(held, None if samples is None else words_of(samples, "samples"))
        for path in held:
            if check_alignments(path) == "CRAM" and output and (fasta := named_reference(path)):
                check_output(output, [fasta])
        found = []
        for title, path in zip(titles, held, strict=True):
            found.append(read_depth(path, rules, threads, reference=sequences))
            _check_same(path, found[-1], held[0], found[0])
            log.info("%s: %s", title, reads_of(found[-1]))
    measured = _together(titles, found)
    check_reads(
        Coverage(titles, measured.mean, measured.variance, measured.reads, list(map(str, held)))
    )
    if output:
        measured.write(output)
    return measured


def _check_same(path: InputFile, depth: SampleDepth, first: InputFile, other: SampleDepth) -> None:
    if depth.names != other.names or (depth.lengths != other.lengths).any():
        raise CoverageError(
            f"{path}: its references differ from those of {first}; "
            "map all samples to the same contigs"
        )


def _together(titles: Sequence[str], found: Sequence[SampleDepth]) -> Depths:
    return Depths(
        names=texts(found[0].names),
        lengths=found[0].lengths,
        samples=titles,
        mean=np.stack([d.mean for d in found], axis=1),
        variance=np.stack([d.variance for d in found], axis=1),
        reads=[reads_of(d) for d in found],
    )
