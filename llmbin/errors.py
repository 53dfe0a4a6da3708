"""The errors that users see: one line that names the file, the place and the remedy."""

from __future__ import annotations

import re


class LlmbinError(Exception):
    """An expected error: the command line prints it as one line and exits with ``exit_code``."""

    exit_code = 1

    def __str__(self) -> str:
        """The message; line ends and other control characters of names are escaped."""
        return re.sub(r"[\x00-\x1f\x7f]", lambda c: repr(c[0])[1:-1], super().__str__())


class UsageError(LlmbinError):
    """Options that do not go together."""

    exit_code = 2


class InputError(LlmbinError):
    """An input file is missing, unreadable or not what it should be."""


class FastaError(InputError):
    """A FASTA file breaks the format; the message holds the file and the line."""


class CoverageError(InputError):
    """A BAM, CRAM or depth table is broken, or belongs to another assembly."""


class OutputError(LlmbinError):
    """The output folder cannot be used."""


class ModelPackError(LlmbinError):
    """A model pack is incomplete, altered, or asks for something that packs may not do."""


class DeviceError(LlmbinError):
    """The device or precision that was asked for cannot be used here."""


class DeviceMemoryError(DeviceError):
    """The device's memory does not hold a batch; a smaller one may fit."""


def short(text: str) -> str:
    """The text in quotation marks, on one line, cut where a message would drown in it."""
    return repr(text) if len(text) <= 80 else f"{text[:60]!r}... ({len(text):,} characters)"


def first_line(error: Exception) -> str:
    """What a library's error says, without the lines behind the first."""
    return next(iter(str(error).splitlines()), type(error).__name__)
