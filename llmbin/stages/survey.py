"""A first look at the contigs: what is wrong with them, or who they are, before the long work."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..io.contigs import unique_records
from ..io.inputs import InputFile
from ..io.names import packed_names, unpacked_names
from ..model.queue import beside
from .assemblies import assemblies_of
from .recalling import survey_recall
from .setting import Setting


@dataclass(frozen=True)
class Survey:
    """Contigs that are long enough: names, lengths int64 [n], assemblies."""

    names: list[str]
    lengths: npt.NDArray[np.int64]
    assemblies: list[str]

    @property
    def bases(self) -> int:
        """Of these contigs."""
        return int(self.lengths.sum())


def survey_contigs(setting: Setting) -> Survey:
    """Read the contigs once for their names and lengths; that takes half a second for 1 Gb.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs of one name.
        InputError: a name does not go with ``--separator``, an input has changed, or the list of
            circles is none, or of other contigs.
    """
    options, last = setting.options, survey_recall(setting)
    if last is not None and (held := last.known()) is not None:
        names, lengths = unpacked_names(held["names"]), held["lengths"]
    else:
        # All that is kept is kept under their digest: a store is for one thread, the file is not.
        early = options.threads if setting.store is None else 1
        with beside(early, lambda: setting.inputs.contigs_digest):
            names, lengths = long_contigs(setting.inputs.contigs, options.recruit_length)
        if last is not None:
            setting.check_inputs()
            last.keep({"names": packed_names(names), "lengths": lengths})
    check_circles(setting, names)
    return Survey(names, lengths, assemblies_of(names, options.separator))


def long_contigs(path: InputFile, shortest: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Names and lengths of the contigs of at least so many bases, not counting gaps.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs of one name.
    """
    from .._kernels import has_bases

    names, lengths = [], array("q")
    for record in unique_records(path):
        if has_bases(record.sequence, shortest):
            names.append(record.name)
            lengths.append(len(record.sequence))
    return names, np.array(lengths, np.int64)


def check_circles(setting: Setting, names: Sequence[str]) -> None:
    """Whether the list of circles, if there is one, is of these contigs.

    Raises:
        InputError: it is none, or of others.
    """
    told = setting.inputs.told_circles
    if told and not any(name in told for name in names):
        shortest = f"{setting.options.recruit_length:,}"
        raise InputError(
            f"{setting.inputs.circles[0]}: lists none of the contigs of {shortest} bases or more; "
            "is it of another assembly?"
        )
