"""Which contigs are circles, as assemblers say it: in the lines that name them, or in a table.

metaMDBG and Unicycler write ``circular=yes`` and ``circular=true`` behind the name, Dragonflye
``circular=Y``, Canu ``suggestCircular=yes``, Raven ``XO:i:1``, NCBI ``[topology=circular]``;
myloasm writes ``_circular-yes_`` into it (``-possibly`` is none); names of hifiasm, hifiasm-meta
and miniasm end in ``c``, ``s0.ctg000001c``, and so do those of metaMDBG before version 1,
``ctg2_678x_c`` (``_rc`` is none).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

from ..errors import InputError
from .inputs import InputFile
from .lines import read_lines
from .names import text_of

SAID = re.compile(
    r"(?:(?<![a-z])(?:suggest)?circular[=-](?:yes|true|y)|(?<![a-z])topology=circular)(?![a-z])",
    re.IGNORECASE,
)
NAMED = re.compile(r"(?<![a-z])(?:[a-z]\d?tg\d{6,}|ctg\d+_\d+x_)c$")
RAVEN = " XO:i:1"

CIRCULAR, YES, NO = "circ.", ("Y", "+"), ("N", "-")  # in Flye's table


def says_circle(name: str, description: str) -> bool:
    """Whether a contig's name, or what stands behind it, says that it is a circle."""
    said = f"{name} {description}"
    # Nearly all contigs say nothing: looking for a pattern takes ten times as long.
    if "ircular" in said and SAID.search(said):
        return True
    if name.endswith("c") and NAMED.search(name):
        return True
    return said.endswith(RAVEN)


def read_circles(path: InputFile) -> dict[str, bool]:
    """Contigs that a file lists, and whether they are circles.

    It has the name of a circle in each line, or is Flye's ``assembly_info.txt``, whose column
    ``circ.`` says ``Y`` or, in old versions, ``+``.

    Raises:
        InputError: it is neither, or cannot be read.
    """
    lines = read_lines(path)
    first = next(lines, (1, b""))
    titles = _fields(first[1])
    if titles[0].lstrip("#") == "seq_name":
        found = _of_flye(path, titles, lines)
    else:
        names = (_only_name(path, *each) for each in chain([first], lines))
        found = {name: True for name in names if name}
    if not found:
        raise InputError(f"{path}: lists no contig; leave --circles out if no contig is a circle")
    return found


def _of_flye(
    path: InputFile, titles: list[str], lines: Iterable[tuple[int, bytes]]
) -> dict[str, bool]:
    if CIRCULAR not in titles:
        raise InputError(f"{path}, line 1: has no column {CIRCULAR!r}, as Flye's table has")
    column, found = titles.index(CIRCULAR), {}
    for number, line in lines:
        fields = _fields(line)
        if len(fields) <= column or fields[column] not in (*YES, *NO):
            raise InputError(
                f"{path}, line {number}: {CIRCULAR!r} is neither Y nor N; Flye's "
                "assembly_info.txt was expected, or a name in each line"
            )
        found[fields[0]] = fields[column] in YES
    return found


def _only_name(path: InputFile, number: int, line: bytes) -> str:
    words = line.split()  # a name has no space: what follows one in a header is none of it
    if len(words) > 1:
        raise InputError(
            f"{path}, line {number}: has {len(words)} words; a name in each line was expected, "
            "or Flye's assembly_info.txt"
        )
    return text_of(b"".join(words)).removeprefix(">")


def _fields(line: bytes) -> list[str]:
    return [field.strip() for field in text_of(line).split("\t")]
