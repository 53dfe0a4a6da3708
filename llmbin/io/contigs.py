"""Contigs as the pipeline sees them: read once, streamed, and kept as numbers."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..errors import FastaError, short
from .circular import says_circle
from .fasta import FastaRecord, read_fasta
from .inputs import InputFile

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Contig:
    """One contig: its place among the kept contigs, its name, and its bases.

    ``codes`` uint8 [bases]: 0-3 for ACGT, 4 for all else.
    """

    index: int
    name: str
    codes: Codes

    @cached_property
    def gaps(self) -> int:
        """Bases in gaps: runs of ten unknown ones and more."""
        from .._kernels import gap_bases

        return gap_bases(self.codes)

    @property
    def ungapped(self) -> int:
        """Bases that are in no gap."""
        return len(self.codes) - self.gaps

    def without_gaps(self) -> Codes:
        """The codes without gaps; the same array where there are none."""
        from .._kernels import without_gaps

        return without_gaps(self.codes) if self.gaps else self.codes


@dataclass
class Assembly:
    """What is kept of an assembly: contigs that are long enough, in file order.

    Of the others only number and bases are kept. ``lengths`` and ``short_bases`` are as written;
    ``ungapped`` are bases without gaps, runs of ten N and more, or 1 if there is none. ``gc`` is
    the share of G and C among known bases; ``circular`` what names and headers say
    (`circular.says_circle`).
    """

    names: list[str] = field(default_factory=list)
    lengths: array[int] = field(default_factory=lambda: array("q"))
    ungapped: array[int] = field(default_factory=lambda: array("q"))
    gc: array[float] = field(default_factory=lambda: array("f"))
    circular: array[int] = field(default_factory=lambda: array("b"))
    too_short: int = 0
    short_bases: int = 0


def read_contigs(
    path: InputFile, min_length: int, assembly: Assembly, names: Container[str] | None = None
) -> Iterator[Contig]:
    """Contigs that are long enough, one at a time; ``assembly`` is filled on the way.

    Gaps do not count; with a ``min_length`` of 0 contigs of nothing else are among them. With
    ``names`` only those, as if the others were not in the file.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs with one name.
    """
    from .._kernels import base_counts, encode_bases, has_bases

    for record in unique_records(path):
        if names is not None and record.name not in names:
            continue
        if not (record.sequence and has_bases(record.sequence, min_length)):
            assembly.too_short += 1
            assembly.short_bases += len(record.sequence)
            continue
        codes = encode_bases(record.sequence)
        gc, known = base_counts(codes)
        contig = Contig(len(assembly.names), record.name, codes)
        assembly.names.append(record.name)
        assembly.lengths.append(len(codes))
        assembly.ungapped.append(max(1, known if known == len(codes) else contig.ungapped))
        assembly.gc.append(gc / known if known else 0.0)
        assembly.circular.append(says_circle(record.name, record.description))
        yield contig


def unique_records(path: InputFile) -> Iterator[FastaRecord]:
    """Records of a FASTA file in which every name comes once.

    Raises:
        FastaError: not nucleotide FASTA, or two contigs with one name.
    """
    seen: set[str] = set()
    for record in read_fasta(path):
        if record.name in seen:
            raise FastaError(
                f"{path}, line {record.line}: a second contig named {short(record.name)}; "
                "contig names must be unique"
            )
        seen.add(record.name)
        yield record
