"""Streaming FASTA reader, exact about where an error is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..errors import FastaError
from .inputs import InputFile
from .names import text_of
from .streams import read_chunks

if TYPE_CHECKING:
    from .._kernels import FastaParser


# A tuple: there may be millions, and a dataclass takes a microsecond.
class FastaRecord(NamedTuple):
    """One record: ``name`` is the first word of its header, ``line`` the header's number.

    ``description`` is what stands behind the name. Bytes of both that are not UTF-8 are surrogates
    (PEP 383). ``sequence`` is as written, without line ends.
    """

    name: str
    sequence: bytes
    line: int
    description: str = ""


def read_fasta(path: InputFile) -> Iterator[FastaRecord]:
    """Records of a nucleotide FASTA file, in order; memory holds one chunk and the record in hand.

    Lower case, IUPAC codes, CRLF, blank lines and headers with further words are fine.

    Raises:
        FastaError: the file is not nucleotide FASTA (names the line), or has no records.
        InputError: the file cannot be read.
    """
    from .._kernels import FastaParser

    parser, found = FastaParser(), False
    for chunk in read_chunks(path):
        good = parser.feed(chunk)
        for record in _taken(parser):
            found = True
            yield record
        if not good:
            break
    if parser.finish():
        for record in _taken(parser):
            found = True
            yield record
    if parser.error:
        raise FastaError(f"{path}, line {parser.error_line}: {parser.error}")
    if not found:
        raise FastaError(f"{path}: no sequences; a FASTA file of contigs was expected")


def _taken(parser: FastaParser) -> Iterator[FastaRecord]:
    """Records that are whole."""
    for name, sequence, line, description in parser.take():
        yield FastaRecord(text_of(name), sequence, line, text_of(description))
