"""``llmbin-fast depth``: depth of every contig from BAM or CRAM files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import CoverageError
from .common import Commands, add_command, add_identity, add_threads


def add(commands: Commands) -> None:
    """The parser."""
    text = "measure the depth of every contig from BAM or CRAM files, as MetaBAT's table"
    parser = add_command(commands, "depth", run, text)
    parser.add_argument("bams", nargs="+", type=Path, metavar="BAM")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="the table (jgi format, which other binners read too)",
    )
    parser.add_argument(
        "--samples",
        nargs="+",
        metavar="NAME",
        help="names of the samples (default: from the file names)",
    )
    add_identity(parser)
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="FASTA",
        help="what the reads were mapped to, for CRAM whose reference is not where it was",
    )
    add_threads(parser)


def run(options: argparse.Namespace) -> None:
    """Do it."""
    depth(
        options.bams,
        options.output,
        options.samples,
        options.min_identity,
        options.threads,
        options.reference,
    )


def depth(
    bams: Sequence[Path],
    output: Path,
    samples: Sequence[str] | None = None,
    min_identity: float | None = None,
    threads: int = 1,
    reference: Path | None = None,
) -> None:
    """Write the depth of every reference of the BAM or CRAM files as MetaBAT's table.

    ``reference`` is the FASTA file that the reads were mapped to, which CRAM may need.

    Raises:
        CoverageError: a file is damaged, the files have different references, or hardly a read
            counts in any.
        OutputError: the table cannot be written.
    """
    import numpy as np

    from ..coverage.bam import check_alignments, read_depth
    from ..coverage.check import check_reads
    from ..coverage.coverage import Coverage, reads_of, sample_names
    from ..coverage.reads import DepthRules
    from ..coverage.samtools import named_reference
    from ..coverage.tables import DepthTable, write_depth_table
    from ..io.inputs import check_inputs, stored
    from ..io.outputs import check_output, scratch_folder, whole_file
    from ..progress import log

    rules = DepthRules(min_identity=min_identity)
    given = [*bams, *([reference] if reference else [])]
    check_inputs(given)
    check_output(output, given)
    with scratch_folder("llmbin-depth-") as folder:
        files = stored(bams, folder, "pipe-sample")
        sequences = stored([reference], folder, "pipe-reference")[0] if reference else None
        titles = sample_names(files, samples)
        for path in files:
            if check_alignments(path) == "CRAM" and (fasta := named_reference(path)):
                check_output(output, [fasta])
        found = []
        for title, path in zip(titles, files, strict=True):
            found.append(read_depth(path, rules, threads, reference=sequences))
            if found[-1].names != found[0].names or (found[-1].lengths != found[0].lengths).any():
                raise CoverageError(
                    f"{path}: its references differ from those of {files[0]}; "
                    "map all samples to the same contigs"
                )
            log.info("%s: %s", title, reads_of(found[-1]))
    mean = np.stack([d.mean for d in found], axis=1)
    variance = np.stack([d.variance for d in found], axis=1)
    names = [str(path) for path in files]
    check_reads(Coverage(titles, mean, variance, [reads_of(d) for d in found], names))
    table = DepthTable(output, found[0].names, found[0].lengths, titles, mean, variance)
    with whole_file(output) as handle:
        write_depth_table(table, lambda text: handle.write(text.encode("utf-8", "surrogateescape")))
