"""The third stage: contigs as points of one metric, and bins of points."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..cluster.binning import Binning, bin_assemblies
from ..cluster.contig_set import BinLimits, ContigSet
from ..cluster.missing import missing_depth, without_missing
from ..cluster.neighbours import gpu_for
from ..cluster.placing import make_points
from ..cluster.points import Points
from ..coverage.coverage import Coverage
from ..features.profile import Features
from ..genes.evidence import Evidence
from ..genes.markers import MarkerSet
from ..model.devices import Device
from ..model.embedder import Embedder
from ..model.projector import project
from ..options import RunOptions
from ..resources import Resources

log = logging.getLogger("llmbin")


def place_contigs(
    features: Features, coverage: Coverage, embedder: Embedder, threads: int
) -> Points:
    """Points of the metric; where depth is missing it says nothing, which is told."""
    projector = embedder.pack.projector
    vectors = project(features.composition, features.lm, projector)
    points = make_points(vectors, features.lengths, coverage, projector)
    missing = missing_depth(points, features.lengths, coverage, threads)
    if missing.any():
        log.warning(
            "%s of %s contigs have no depth in any sample, and others of like composition do: "
            "they are placed by composition",
            f"{int(missing.sum()):,}",
            f"{len(missing):,}",
        )
    return without_missing(points, features.lengths, missing)


def bin_points(
    points: Points,
    features: Features,
    markers: MarkerSet | None,
    assemblies: Sequence[str],
    options: RunOptions,
    device: Device,
) -> Binning:
    """Bins of the contigs of each assembly."""
    evidence = Evidence(features.markers, markers, features.homology)
    contigs = ContigSet(points, features.lengths, evidence)
    limits = BinLimits(options.min_length, options.min_bin_size)
    resources = Resources(options.threads, gpu_for(device))
    return bin_assemblies(contigs, assemblies, limits, resources)
