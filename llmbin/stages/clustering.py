"""The third stage: contigs as points of one metric, and bins of points."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..cluster.binning import Binning, bin_assemblies
from ..cluster.contig_set import BinLimits, ContigSet
from ..cluster.depth_units import depth_units, in_times, smallest_depths
from ..cluster.missing import missing_depth, without_missing
from ..cluster.neighbours import gpu_for
from ..cluster.placing import make_points
from ..cluster.points import Points
from ..coverage.coverage import Coverage
from ..features.profile import Features
from ..genes.evidence import Evidence
from ..kinds.contigs import EUKARYOTE, ContigKinds
from ..model.devices import Device
from ..model.embedder import Embedder
from ..model.projector import project
from ..options import RunOptions
from ..resources import Resources
from .eukaryotes import of_eukaryotes, settled_kinds
from .kinds import Known

log = logging.getLogger("llmbin")

TOLD = 8  # samples of a table whose units are told
MANY = 0.02  # share of all bases: so many eukaryotes are no false calls


def place_contigs(
    features: Features, coverage: Coverage, embedder: Embedder, threads: int
) -> Points:
    """Points of the metric.

    Told are depths that are not in times, and such that are missing, which say nothing.
    """
    projector = embedder.pack.projector
    vectors = project(features.composition, features.lm, projector, threads)
    points = make_points(vectors, features.lengths, coverage, projector)
    units = depth_units(points, features.lengths, coverage, threads)
    if (units != 1).any():
        tell_units(coverage, units)
        coverage = in_times(coverage, units)
        smallest = smallest_depths(coverage, units, features.lengths)
        points = make_points(vectors, features.lengths, coverage, projector, smallest)
    missing = missing_depth(points, features.lengths, coverage, threads)
    if missing.any():
        log.warning(
            "%s of %s contigs have no depth in any sample, and others of like composition do: "
            "they are placed by composition",
            f"{int(missing.sum()):,}",
            f"{len(missing):,}",
        )
    return without_missing(points, features.lengths, missing)


def tell_units(coverage: Coverage, units: npt.NDArray[np.float64]) -> None:
    """A line for each depth table whose depths are not those of short reads in times."""
    files = list(coverage.files) or [""] * len(units)
    for file in dict.fromkeys(files):
        of_it = [
            f"1 unit of {sample} counts for {unit:.2g} times"
            for other, sample, unit in zip(files, coverage.samples, units, strict=True)
            if other == file and unit != 1
        ]
        if of_it:
            more = [f"and {len(of_it) - TOLD} more"] * (len(of_it) > TOLD)
            log.warning(
                "%s: contigs of like composition do not differ as depths of short reads in times "
                "do; %s",
                file,
                ", ".join(of_it[:TOLD] + more),
            )


def bin_contigs(
    points: Points, known: Known, assemblies: Sequence[str], options: RunOptions, device: Device
) -> tuple[Binning, ContigKinds]:
    """Bins of the contigs of each assembly, eukaryotes apart; and kinds, now that there are bins.

    A few contigs are always called eukaryotes, so these are apart from the start only if they are
    many. Where a bin is of a eukaryote, all is binned once more with its contigs apart, and with
    what was called so for nothing among the others. Which contigs these are is decided by what
    they are next to as well (`of_eukaryotes`).
    """
    features, kinds = known.features, known.kinds
    evidence = Evidence(features.markers, known.markers, features.homology)
    contigs = ContigSet(points, features.ungapped, evidence, features.lengths)
    limits = BinLimits(options.min_length, options.min_bin_size)
    resources = Resources(options.threads, gpu_for(device))

    def bins(apart: npt.NDArray[np.bool_]) -> Binning:
        return bin_assemblies(contigs, assemblies, limits, resources, apart)

    apart = kinds.kind == EUKARYOTE
    apart &= bool(features.ungapped[apart].sum() >= MANY * features.ungapped.sum())
    binning = bins(apart)
    now = of_eukaryotes(points, known, binning, resources)
    if (now != apart).any():
        binning = bins(now)
    return binning, settled_kinds(points, known, binning, resources)
