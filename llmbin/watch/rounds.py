"""Rounds and where their results go: each in a folder of its own, the last one as ``current``.

A round is published by one rename of a link. What a kill leaves unpublished is used by the next
try, as `run --resume` would.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import OutputError
from ..io.outputs import lock, whole_file, writing
from ..options import RunOptions
from ..pipeline import run as run_pipeline
from ..proof.energy import Meter
from .events import Event, append, read_events
from .folder import Snapshot
from .following import Following
from .names import read_known, write_known
from .worth import Progress, gain

CURRENT, RUNS, EVENTS, LOCK = "current", "runs", "events.jsonl", ".llmbin-watch-lock"
MOST = 1 << 31  # rounds or genomes: a line that says more is damaged
NAMES, ROUND = "names.npz", "round.json"  # in a round's folder, beside the results


@dataclass(frozen=True)
class Keeping:
    """Rounds that are kept, and genomes a Gbp below which more sequencing does not pay."""

    rounds: int = 5
    worth: float = 0.2


class Rounds:
    """The rounds under an output folder, which one process at a time may add to.

    ``options`` are those of every round's run; its inputs and its folder are set by the round.

    Raises:
        OutputError: the folder cannot be used, or another process has it.
    """

    def __init__(self, options: RunOptions, keeping: Keeping) -> None:
        self._options, self._keeping, self.folder = options, keeping, options.outdir
        self._untold = False  # whether a published round may have no line
        self._number()  # before anything is written: somebody else's `current` stays alone
        with writing(self.folder):
            (self.folder / RUNS).mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / LOCK, "wb")
        if lock(self._lock) is False:
            raise OutputError(f"{self.folder}: another `watch` uses this folder; choose another")
        self._catch_up()

    def close(self) -> None:
        """Let others have the folder."""
        with suppress(OSError):  # nothing was written to it
            self._lock.close()

    def _number(self) -> int:
        """Of the round that is published, 0 before the first."""
        try:
            return int(Path(os.readlink(self.folder / CURRENT)).name)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except (OSError, ValueError):
            raise OutputError(
                f"{self.folder / CURRENT}: is no link that `watch` made; choose another folder"
            ) from None

    def made_from(self, snapshot: Snapshot) -> bool:
        """Whether the published round was made from these files, with these options."""
        if self._untold:
            self._catch_up()
        held = self._published()
        files = [list(stamp) for stamp in snapshot.stamps]
        return held.get("files") == files and held.get("settings") == self._settings()

    def _settings(self) -> str:
        """A digest of the options that decide bins, and of the version."""
        decisive = replace(
            self._options,
            contigs=self._options.contigs.resolve(),  # from wherever it is called
            outdir=Path(),
            threads=1,
            max_memory=0,
            cache=None,
            max_cache=0,
        )
        return blake2b(f"{__version__} {decisive!r}".encode(), digest_size=8).hexdigest()

    def _published(self) -> Event:
        """What the published round says of itself; nothing if that is damaged."""
        with suppress(FileNotFoundError, ValueError, RecursionError):
            held = json.loads((self.folder / CURRENT / ROUND).read_bytes())
            if isinstance(held, dict) and isinstance(held.get("round"), int):
                return held
        return {}

    def _catch_up(self) -> None:
        """The line of a round that a kill or a full disk left between publication and line."""
        published = self._published()
        if published and published["round"] not in self._told():
            append(self.folder / EVENTS, published)
        self._untold = False

    def _told(self) -> list[int]:
        """Numbers of the rounds that have a line."""
        told = [event.get("round") for event in read_events(self.folder / EVENTS)]
        return [number for number in told if isinstance(number, int) and 0 < number < MOST]

    def _last(self) -> Path:
        """The folder of the last round; if its link or what it leads to is gone, of one before."""
        if (self.folder / CURRENT / NAMES).exists():
            return self.folder / CURRENT
        rounds = (p.parent for p in (self.folder / RUNS).glob(f"*/{ROUND}"))
        whole = [path for path in rounds if path.name.isdigit()]
        return max(whole, key=lambda path: int(path.name), default=self.folder / CURRENT)

    def one(self, snapshot: Snapshot) -> Event:
        """Bin what a snapshot holds, publish it, and say what changed.

        Raises:
            LlmbinError: as of `pipeline.run`; nothing is published then.
        """
        number = 1 + max([self._number(), *self._told()])
        folder = self.folder / RUNS / f"{number:04d}"
        started, wall, cpu = time.time(), time.monotonic(), time.process_time()
        known = read_known(self._last() / NAMES)
        events = read_events(self.folder / EVENTS)
        following = Following(number, known, events, self._options.prefix)
        with Meter() as meter:
            run_pipeline(self._run_options(snapshot, folder), None, following)
            joules = meter.joules()
        event: Event = {
            "round": number,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            **following.counts,
        }
        event |= self._worth([*events, event]) | {
            "seconds": round(time.monotonic() - wall, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "joules": None if joules is None else round(joules, 1),
            "settings": self._settings(),
            "files": list(snapshot.stamps),
        }
        write_known(folder / NAMES, following.known)
        with whole_file(folder / ROUND) as handle:
            handle.write(json.dumps(event).encode())
        self._publish(folder)
        self._untold = True
        self._catch_up()
        self._prune(number)
        return event

    def _run_options(self, snapshot: Snapshot, folder: Path) -> RunOptions:
        return replace(
            self._options,
            contigs=snapshot.assembly,
            circles=snapshot.circles,
            outdir=folder,
            bams=snapshot.alignments,
            samples=snapshot.samples,
            pool=True,
            resume=True,
        )

    def _worth(self, rounds: Sequence[Event]) -> dict[str, Any]:
        gained = gain([stood for e in rounds if (stood := _progress(e)) is not None])
        pays = None if gained is None else gained >= self._keeping.worth
        return {"gain_per_gbp": None if gained is None else round(gained, 3), "pays": pays}

    def _publish(self, folder: Path) -> None:
        link = self.folder / f".{CURRENT}.part"
        with writing(self.folder / CURRENT):
            link.unlink(missing_ok=True)
            link.symlink_to(Path(RUNS) / folder.name)
            os.replace(link, self.folder / CURRENT)

    def _prune(self, number: int) -> None:
        for path in (self.folder / RUNS).iterdir():
            if path.name.isdigit() and int(path.name) <= number - self._keeping.rounds:
                shutil.rmtree(path, ignore_errors=True)


def _progress(event: Event) -> Progress | None:
    """Where a round stood; None if its line is damaged."""
    gbp, near_complete = event.get("gbp"), event.get("near_complete")
    if not isinstance(gbp, float) or not isinstance(near_complete, int):
        return None
    whole = math.isfinite(gbp) and 0 <= near_complete < MOST
    return Progress(gbp, near_complete) if whole else None
