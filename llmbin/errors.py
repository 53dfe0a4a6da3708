"""The errors that users see: one line that names the file, the place and the remedy."""

from __future__ import annotations

import errno
import os
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


class StorageError(OutputError):
    """A file cannot be written: disk full, quota, folder gone. What was finished before is kept."""


class MemoryLimitError(LlmbinError):
    """More memory is needed than there is, or than is allowed."""

    exit_code = 137  # as of what the kernel kills for memory: pipelines then ask for more of it


class ModelPackError(LlmbinError):
    """A model pack is incomplete, altered, or asks for something that packs may not do."""


class InstallationError(LlmbinError):
    """A file that is part of the program is missing or damaged."""


class DeviceError(LlmbinError):
    """The device or precision that was asked for cannot be used here."""


class DeviceMemoryError(DeviceError):
    """The device's memory does not hold a batch; a smaller one may fit."""


class ClusterError(LlmbinError):
    """A cluster cannot be reached, or what it was given to do failed."""


def short(text: str) -> str:
    """The text in quotation marks, on one line, cut where a message would drown in it."""
    return repr(text) if len(text) <= 80 else f"{text[:60]!r}... ({len(text):,} characters)"


LONGEST_REASON = 300  # characters


def first_line(error: Exception) -> str:
    """What a library's error says, without the lines behind the first; cut if it is endless."""
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."


_REMEDIES = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "your quota is used up: free some, or ask for more",
    errno.EFBIG: "files may not be so large here: raise `ulimit -f`, or use another disk",
    errno.EIO: "the disk, or the network to it, fails: use another",
    errno.EROFS: "that disk is only for reading: choose another folder",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.ENOENT: "its folder is gone: was it deleted or moved meanwhile?",
    errno.EMFILE: "raise `ulimit -n`",
    errno.EPIPE: "who reads it has ended",
    errno.EBADF: "it is closed: leave it open, or give a file",
}


def cannot_write(path: object, error: OSError) -> str:
    """The sentence for a file that cannot be written: why, and what helps."""
    remedy = _REMEDIES.get(error.errno or 0, "")
    why = error.strerror or str(error)
    return (
        f"{os.fspath(path) if isinstance(path, os.PathLike) else path}: cannot be written "
        f"({why}){'; ' * bool(remedy)}{remedy}"
    )
