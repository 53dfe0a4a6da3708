"""What lies in a folder that is followed, and whether somebody still writes to it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeAlias

from ..coverage.coverage import sample_names
from ..errors import InputError

ASSEMBLIES = tuple(
    f"*.{kind}{packed}"
    for kind in ("fasta", "fa", "fna")
    for packed in ("", ".gz", ".bgz", ".zst", ".xz", ".bz2")
)
ALIGNMENTS = ("*.bam", "*.cram")
CIRCLES = "assembly_info.txt"  # beside Flye's assembly

Stamp: TypeAlias = tuple[str, int, int]  # a file below the folder, its bytes and nanoseconds


@dataclass(frozen=True)
class FolderRules:
    """What is looked for in a folder.

    ``assembly`` are patterns of the assembly's name, and ``sample`` is what finds the name of a
    sample in a BAM file's path: its first group, or all of it; None for the usual rule.
    ``settle`` are seconds without a change after which a file is taken for whole.
    """

    folder: Path
    assembly: Sequence[str] = ASSEMBLIES
    sample: re.Pattern[str] | None = None
    settle: float = 10.0


@dataclass(frozen=True)
class Snapshot:
    """An assembly, the files of reads mapped to it, and their samples; ``stamps`` tell changes.

    ``circles`` is Flye's table beside the assembly, if there is one.
    """

    assembly: Path
    alignments: Sequence[Path]
    samples: Sequence[str]
    stamps: Sequence[Stamp]
    circles: Path | None = None


class Folder:
    """A folder that is looked at again and again.

    A file has settled when its size and time were the same for ``settle`` seconds: by its own time,
    or, as clocks of file servers differ and are set back, since it was first seen so.
    """

    def __init__(self, rules: FolderRules, clock: Callable[[], float] = time.time) -> None:
        self.rules, self._clock = rules, clock
        self._since: dict[Stamp, float] = {}

    def stamps(self) -> list[Stamp]:
        """The files that matter, by path; hidden ones are of programs that still write to them.

        Raises:
            InputError: the folder is not there.
        """
        folder = self.rules.folder
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        found = []
        for where, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in files:
                if name.startswith(".") or not self._matters(name):
                    continue
                path = Path(where) / name
                with suppress(OSError):  # it was taken away just now
                    about = path.stat()
                    place = path.relative_to(folder).as_posix()
                    found.append((place, about.st_size, about.st_mtime_ns))
        return sorted(found)

    def _matters(self, name: str) -> bool:
        return any(fnmatch(name, p) for p in (*self.rules.assembly, *ALIGNMENTS, CIRCLES))

    def unsettled(self, stamps: Sequence[Stamp]) -> list[str]:
        """Files that changed a moment ago."""
        now = self._clock()
        since_when = self._since
        self._since = {stamp: min(now, since_when.get(stamp, now)) for stamp in stamps}
        settle = self.rules.settle
        return [
            stamp[0]
            for stamp, since in self._since.items()
            if now - since < settle and not settle <= now - stamp[2] / 1e9
        ]

    def snapshot(self, stamps: Sequence[Stamp]) -> Snapshot:
        """The newest assembly, and the reads.

        Raises:
            InputError: there is no assembly, or nothing is mapped to it yet, or a path has no
                sample.
        """
        rules = self.rules
        reads = [s for s in stamps if any(fnmatch(Path(s[0]).name, p) for p in ALIGNMENTS)]
        tables = [stamp for stamp in stamps if Path(stamp[0]).name == CIRCLES]
        assemblies = [stamp for stamp in stamps if stamp not in (*reads, *tables)]
        if not assemblies:
            raise InputError(f"{rules.folder}: no assembly yet ({', '.join(rules.assembly[:3])})")
        if not reads:
            raise InputError(f"{rules.folder}: no BAM or CRAM files yet")
        newest = max(assemblies, key=lambda stamp: (stamp[2], stamp[0]))
        beside = [s for s in tables if Path(s[0]).parent == Path(newest[0]).parent]
        return Snapshot(
            rules.folder / newest[0],
            [rules.folder / place for place, _, _ in reads],
            [self._sample(place) for place, _, _ in reads],
            [newest, *beside, *reads],
            rules.folder / beside[0][0] if beside else None,
        )

    def _sample(self, place: str) -> str:
        """By the pattern, or else the folder that a file is in, or else its name."""
        pattern, path = self.rules.sample, Path(place)
        if pattern is None:
            named = path.parent if path.parent.name else path
            return sample_names([Path(named.name)])[0]
        match = pattern.search(place)
        if match is None or not (name := match[1] if pattern.groups else match[0]):
            raise InputError(
                f"{self.rules.folder / place}: --sample-pattern {pattern.pattern!r} finds no "
                "sample in it"
            )
        return name
