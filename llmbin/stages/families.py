"""A second look at contigs in doubt: which families of viruses they have.

Which contigs these are is known when all have gone by, so they are read once more: few of the
bases, mostly. What is found depends on a contig alone; it is not kept, as it is soon found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ..features.profile import Features
from ..features.scan import watched
from ..genes.hallmarks import HallmarkSearch, Mask, load_hallmarks
from ..io.contigs import Assembly, Contig, read_contigs
from ..kinds.contigs import ContigKinds, kinds_of_contigs
from .setting import Setting


def kinds_with_families(setting: Setting, features: Features) -> ContigKinds:
    """The kind of every contig of a run, by a second look at those in doubt.

    Raises:
        FastaError: not nucleotide FASTA; it was when it was read first.
    """
    return kinds_of_contigs(features, setting.options.threads, partial(_look, setting, features))


def _look(setting: Setting, features: Features, rows: npt.NDArray[np.int64]) -> Mask:
    options = setting.options
    place = {features.names[row]: k for k, row in enumerate(rows.tolist())}
    shortest = options.recruit_length
    contigs = read_contigs(setting.inputs.contigs, shortest, Assembly(), place)
    return families_of(_placed(contigs, place), len(rows), options.threads)


def _placed(contigs: Iterable[Contig], place: Mapping[str, int]) -> Iterator[Contig]:
    return (replace(contig, index=place[contig.name]) for contig in contigs)


def families_of(contigs: Iterable[Contig], number: int, threads: int) -> Mask:
    """Which families so many contigs have: bool [contigs, families]."""
    search = HallmarkSearch(load_hallmarks().tools)
    for _ in watched(contigs, [search], threads):
        pass
    return search.result(number)
