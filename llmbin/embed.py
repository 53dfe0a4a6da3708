"""The parts of a run that are useful alone: vectors of contigs, and depth tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .bam import DepthRules, read_depth
from .budget import choose_budget
from .coverage import sample_names
from .depth_tables import DepthTable, write_depth_table
from .encoder import open_encoder
from .errors import CoverageError, InputError
from .features import profile_contigs
from .pack import find_pack, load_pack
from .progress import bar, log
from .projector import project
from .workspace import whole_file


def embed(
    contigs: Path, output: Path, model: str = "llmbin-edge", device: str = "auto", precision: str = "auto", threads: int = 1,
    batch_size: int = 0, windows: int = 0, min_length: int = 1, seed: int = 1, centre: bool = False,
) -> None:  # fmt: skip
    """Write ``names`` (str), ``vectors`` float32 [n, dims] and ``lm`` float32 [n, width] of contigs, in file order.

    ``centre`` takes the mean over all contigs, by length, from the vectors: cosines then compare directions from the middle of this assembly
    (distances are what they were), and a vector depends on what else is in the file.
    """
    pack = load_pack(find_pack(model))
    chosen, encoder = open_encoder(pack, device, precision)
    plan = pack.plan(windows, seed)
    budget = batch_size * pack.window or choose_budget(encoder, chosen, plan)
    with bar("embedding", None, True) as advance:
        features = profile_contigs(contigs, encoder, plan, min_length=min_length, threads=threads, budget=budget, progress=advance)
    if not features.names:
        raise InputError(f"{contigs}: no contig has {min_length:,} bases or more; lower --min-length")
    vectors = project(features.composition, features.lm, pack.projector)
    if centre:
        vectors = (vectors - np.average(vectors.astype(np.float64), axis=0, weights=features.lengths)).astype(np.float32)
    with whole_file(output) as handle:
        np.savez(handle, names=np.array(features.names), vectors=vectors, lm=features.lm)
    log.info("%s vectors of %d dimensions in %s", f"{len(features.names):,}", vectors.shape[1], output)


def depth(bams: Sequence[Path], output: Path, samples: Sequence[str] | None = None, min_identity: float = 0.97, threads: int = 1) -> None:
    """Write the depth of every reference of the BAM or CRAM files as MetaBAT's table.

    Raises:
        CoverageError: a file is damaged, or the files have different references.
    """
    titles = sample_names(bams, samples)
    rules = DepthRules(min_identity=min_identity)
    found = []
    for path in bams:
        found.append(read_depth(path, rules, threads))
        log.info("%s: %s reads, %s counted", path, f"{found[-1].reads:,}", f"{found[-1].counted:,}")
        if found[-1].names != found[0].names or (found[-1].lengths != found[0].lengths).any():
            raise CoverageError(f"{path}: its references differ from those of {bams[0]}; map all samples to the same contigs")
    table = DepthTable(
        output, found[0].names, found[0].lengths, titles, np.stack([d.mean for d in found], 1), np.stack([d.variance for d in found], 1)
    )
    with whole_file(output) as handle:
        write_depth_table(table, lambda text: handle.write(text.encode()))
