"""Contigs of several assemblies in one file, told apart by their names."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from ..errors import InputError, short

log = logging.getLogger("llmbin")


def assembly_of(name: str, separator: str) -> str:
    """The part of a contig's name before the separator; nothing where there is no separator."""
    return sys.intern(name.split(separator, 1)[0]) if separator else ""


def assemblies_of(names: Sequence[str], separator: str) -> list[str]:
    """The assembly that each contig is from; one for all without a separator.

    Raises:
        InputError: a contig's name has no separator, or nothing in front of it.
    """
    if not separator:
        return [""] * len(names)
    for name in names:
        if separator not in name:
            raise InputError(
                f"contig {short(name)} has no {separator!r} in its name; "
                f"--separator is for names like S1{separator}contig1"
            )
        if name.startswith(separator):
            raise InputError(
                f"by --separator {separator!r} contig {short(name)} is of a sample without a name, "
                f"the part in front of the first {separator!r}; choose a separator that comes "
                "behind the name of the sample"
            )
    return [assembly_of(name, separator) for name in names]


def describe_assemblies(assemblies: Sequence[str], separator: str) -> None:
    """Say how many there are, and if that is unlikely."""
    count = len(set(assemblies))
    if not separator:
        return
    log.info("%d samples by the names of their contigs, each binned by itself", count)
    if 2 * count > len(assemblies):
        log.warning(
            "--separator %r leaves most contigs alone in a sample of their own; "
            "it is for names like S1%scontig1",
            separator,
            separator,
        )
