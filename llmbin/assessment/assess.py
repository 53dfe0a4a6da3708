"""What can be said of a bin: sizes, estimated completeness and contamination, RNA genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ..errors import UsageError, short
from ..estimator.classes import NOT_JUDGED, draft_class, quality_class
from ..estimator.estimate import Estimate, estimate_bins
from ..features.profile import Features, Searches, profile_without_lm
from ..genes.hallmarks import Mask
from ..genes.markers import MarkerSearch, load_marker_set, markers_available
from ..genes.rna import RnaGenes, RnaSearch
from ..io.inputs import unchanged
from ..kinds.bins import BinKind, judged_contigs, kinds_of_bins, with_their_bins
from ..kinds.contigs import kinds_of_contigs
from ..progress import Monitor, Tell, counted, log
from ..results.summary import n50
from ..stages.families import families_of
from .bins import BinReader, GivenBins, to_read_again

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Assessment:
    """One bin; sizes in bp, ``gc`` a fraction of known bases, ``rna`` of one row."""

    name: str
    file: str
    contigs: int
    bp: int
    n50: int
    longest: int
    gc: float
    kind: BinKind
    estimate: Estimate
    rna: RnaGenes

    @property
    def basis(self) -> str:
        """What its quality rests on, or why it says nothing."""
        return self.kind.why_not_judged or self.estimate.basis

    @property
    def quality_class(self) -> str:
        """See `estimator.classes.quality_class`."""
        return quality_class(self.estimate) if self.kind.judged else NOT_JUDGED

    @property
    def draft(self) -> str:
        """See `estimator.classes.draft_class`."""
        return draft_class(self.estimate, self.rna) if self.kind.judged else NOT_JUDGED


def assess_bins(given: GivenBins, threads: int = 1, tell: Tell | None = None) -> list[Assessment]:
    """Read all bins and assess each; in the order of their names.

    They are read once more where contigs may be viruses. ``tell`` is called with the bases so far.

    Raises:
        UsageError: pyhmmer is not installed.
        InputError: a bin cannot be read, is empty or has changed meanwhile, or a contig is missing.
    """
    if not markers_available():
        raise UsageError("quality needs pyhmmer: `pip install 'llmbin-fast[markers]'`")
    with unchanged(given.files) as check, to_read_again(given.files) as files:
        assessed = _assessed(BinReader(given, files), threads, tell)
        check()
    return assessed


def _assessed(reader: BinReader, threads: int, tell: Tell | None) -> list[Assessment]:
    given, markers = reader.given, load_marker_set()
    searches = Searches(MarkerSearch(markers, threads), None, RnaSearch())
    features = profile_without_lm(
        iter(reader), reader.assembly, threads, searches, Monitor(counted(tell))
    )
    bins = reader.rows()
    _tell_of_gaps(features, bins, given)
    alone = kinds_of_contigs(features, families=partial(_families, reader, threads))
    kinds = with_their_bins(features, alone, bins, markers)
    found = zip(
        kinds_of_bins(features, kinds, bins, markers),
        estimate_bins(features, judged_contigs(kinds, bins), markers),
        strict=True,
    )
    return [
        _assessment(features, rows, of_bin, name, file)
        for rows, of_bin, name, file in zip(bins, found, given.names, given.file_names, strict=True)
    ]


def _tell_of_gaps(features: Features, bins: Sequence[Rows], given: GivenBins) -> None:
    """Bins without a base outside of gaps: they stay in the tables as they are."""
    for name, rows in zip(given.names, bins, strict=True):
        if features.lengths[rows].sum() > features.ungapped[rows].sum() == len(rows):
            log.warning("bin %s is nothing but gaps, runs of ten N and more", short(name))


def _families(reader: BinReader, threads: int, rows: Rows) -> Mask:
    """Which families of viruses contigs have, given by their rows: these are read once more."""
    place = {row: k for k, row in enumerate(rows.tolist())}
    every = BinReader(reader.given, reader.files)
    contigs = (replace(c, index=place[c.index]) for c in every if c.index in place)
    return families_of(contigs, len(rows), threads)


def _assessment(
    features: Features, rows: Rows, found: tuple[BinKind, Estimate], name: str, file: str
) -> Assessment:
    lengths = features.lengths[rows]
    if features.rna is None:
        raise ValueError("RNA genes were not looked for")
    return Assessment(
        name=name,
        file=file,
        contigs=len(rows),
        bp=int(lengths.sum()),
        n50=n50(lengths),
        longest=int(lengths.max()),
        gc=float(np.average(features.gc[rows], weights=features.ungapped[rows])),
        kind=found[0],
        estimate=found[1],
        rna=features.rna.together(rows),
    )
