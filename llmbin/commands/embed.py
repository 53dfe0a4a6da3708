"""The parts of a run that are useful alone: vectors of contigs, and depth tables."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..depth.bam import check_alignments, read_depth
from ..depth.check import check_reads
from ..depth.coverage import Coverage, reads_of, sample_names
from ..depth.reads import DepthRules
from ..depth.tables import DepthTable, write_depth_table
from ..errors import CoverageError, InputError
from ..features.profile import profile_contigs
from ..io.inputs import check_inputs, stored
from ..io.workspace import check_output, whole_file
from ..model.budget import choose_budget
from ..model.encoder import open_encoder
from ..model.pack import find_pack, load_pack
from ..model.projector import project
from ..progress import bar, log


def embed(
    contigs: Path, output: Path, model: str = "llmbin-edge", device: str = "auto", precision: str = "auto", threads: int = 1,
    batch_size: int = 0, windows: int = 0, min_length: int = 1, seed: int = 1, centre: bool = False,
) -> None:  # fmt: skip
    """Write ``names`` (str), ``vectors`` float32 [n, dims] and ``lm`` float32 [n, width] of contigs, in file order.

    ``centre`` takes the mean over all contigs, by length, from the vectors: cosines then compare directions from the middle of this assembly
    (distances are what they were), and a vector depends on what else is in the file.
    """
    check_inputs([contigs])
    check_output(output, [contigs])
    pack = load_pack(find_pack(model))
    chosen, encoder = open_encoder(pack, device, precision)
    plan = pack.plan(windows, seed)
    budget = batch_size * pack.window or choose_budget(encoder, chosen, plan)
    with bar("embedding", None, True) as advance:
        features = profile_contigs(
            contigs,
            encoder,
            plan,
            min_length=min_length,
            threads=threads,
            budget=budget,
            progress=advance,
        )
    if not features.names:
        raise InputError(
            f"{contigs}: no contig has {min_length:,} bases or more; lower --min-length"
        )
    vectors = project(features.composition, features.lm, pack.projector)
    if centre:
        vectors = (
            vectors - np.average(vectors.astype(np.float64), axis=0, weights=features.lengths)
        ).astype(np.float32)
    with whole_file(output) as handle:
        np.savez(handle, names=np.array(features.names), vectors=vectors, lm=features.lm)
    log.info(
        "%s vectors of %d dimensions in %s", f"{len(features.names):,}", vectors.shape[1], output
    )


def depth(
    bams: Sequence[Path], output: Path, samples: Sequence[str] | None = None, min_identity: float | None = None, threads: int = 1,
    reference: Path | None = None,
) -> None:  # fmt: skip
    """Write the depth of every reference of the BAM or CRAM files as MetaBAT's table.

    ``reference`` is the FASTA file that the reads were mapped to, which CRAM may need.

    Raises:
        CoverageError: a file is damaged, the files have different references, or none says anything of them.
    """
    rules = DepthRules(min_identity=min_identity)
    given = [*bams, *([reference] if reference else [])]
    check_inputs(given)
    check_output(output, given)
    with tempfile.TemporaryDirectory(prefix="llmbin-depth-") as folder:
        files = stored(bams, Path(folder), "pipe-sample")
        sequences = stored([reference], Path(folder), "pipe-reference")[0] if reference else None
        titles = sample_names(files, samples)
        for path in files:
            check_alignments(path)
        found = []
        for title, path in zip(titles, files, strict=True):
            found.append(read_depth(path, rules, threads, reference=sequences))
            if found[-1].names != found[0].names or (found[-1].lengths != found[0].lengths).any():
                raise CoverageError(
                    f"{path}: its references differ from those of {files[0]}; "
                    "map all samples to the same contigs"
                )
            log.info("%s: %s", title, reads_of(found[-1]))
    mean, variance = np.stack([d.mean for d in found], 1), np.stack([d.variance for d in found], 1)
    names = [str(path) for path in files]
    check_reads(Coverage(titles, mean, variance, [reads_of(d) for d in found], names))
    table = DepthTable(output, found[0].names, found[0].lengths, titles, mean, variance)
    with whole_file(output) as handle:
        write_depth_table(table, lambda text: handle.write(text.encode("utf-8", "surrogateescape")))
