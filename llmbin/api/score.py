"""`llmbin.score`: bins against a gold standard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from ..errors import UsageError
from ..io.inputs import check_inputs
from ..tools.scoring import Scores, read_bins, read_gold, score_bins
from .given import PathLike, at_least, mapping_of
from .run import Run

Bins: TypeAlias = "PathLike | Mapping[str, str] | Run"
Gold: TypeAlias = "PathLike | Mapping[str, tuple[str, int]]"

GENOMES = "contig to genome and length in bp"


def score(bins: Bins, *, gold: Gold, min_bin_size: int = 0) -> Scores:
    """Compare bins with the truth, as ``llmbin-fast score``.

    Args:
        bins: a table of contig and bin, a bioboxes file, a mapping of contig to bin, or what
            `llmbin.run` gave.
        gold: a gold standard in the format of CAMI, or contig to genome and length in bp.
        min_bin_size: smaller bins do not count, in bp.

    Raises:
        InputError: a file cannot be read or is none of the kind, or no contig with a bin is in
            the gold standard.
        UsageError: a size is negative, or an argument is none of these.
    """
    at_least(0, min_bin_size=min_bin_size)
    check_inputs([Path(given) for given in (gold, bins) if isinstance(given, (str, os.PathLike))])
    truth = read_gold(Path(gold)) if isinstance(gold, (str, os.PathLike)) else _truth(gold)
    if isinstance(bins, Run):
        bins = bins.contig2bin
    found = (
        read_bins(Path(bins))
        if isinstance(bins, (str, os.PathLike))
        else mapping_of(bins, "bins", "a table, a run, or a mapping of contig to bin was")
    )
    return score_bins(found, truth, min_bin_size)


def _truth(gold: Mapping[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    given = mapping_of(gold, "gold", f"a file, or a mapping of {GENOMES} was")
    for contig, entry in given.items():
        if not (isinstance(entry, tuple | list) and len(entry) == 2):
            raise UsageError(f"gold[{contig!r}]={entry!r}: of {GENOMES}, a pair was expected")
        at_least(1, **{f"gold[{contig!r}], its length": entry[1]})
    return given
