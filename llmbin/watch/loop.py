"""Look, wait until all is settled, bin, publish; and again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from ..errors import InputError, MemoryLimitError, StorageError
from ..io.outputs import show
from .events import Event
from .folder import Folder, Stamp
from .rounds import Rounds
from .waiting import Waiting

log = logging.getLogger("llmbin")


class Look(Enum):
    """What came of one look at the folder."""

    SAME = "same"
    WAITING = "waiting"
    PUBLISHED = "published"


@dataclass
class Watch:
    """A folder, and the rounds that are made of it."""

    folder: Folder
    rounds: Rounds
    _said: str = ""
    _failed: tuple[Stamp, ...] = ()

    def look(self) -> Look:
        """One look: a round if there is something new and all of it is whole.

        Raises:
            LlmbinError: what no change of the folder could mend: an option, a device, the output.
        """
        stamps: list[Stamp] = []
        try:
            stamps = self.folder.stamps()
            if moving := self.folder.unsettled(stamps):
                return self._wait(f"{moving[0]}: is still written to")
            if stamps and tuple(stamps) == self._failed:
                return Look.WAITING
            snapshot = self.folder.snapshot(stamps)
            if self.rounds.made_from(snapshot):
                return Look.SAME
            event = self.rounds.one(snapshot)
        except (InputError, MemoryLimitError, StorageError) as error:
            # A round is tried again when the folder has changed; a full disk may be mended anyhow.
            self._failed = () if isinstance(error, StorageError) else tuple(stamps)
            return self._wait(str(error))
        except OSError as error:  # a file went away, or its server
            return self._wait(f"{error.filename or 'a file'}: {error.strerror or error}")
        self._said = ""
        show(told(event))
        return Look.PUBLISHED

    def _wait(self, why: str) -> Look:
        if why != self._said:
            log.warning("waiting: %s", why)
        self._said = why
        return Look.WAITING

    def forever(self) -> None:
        """Look whenever something may have changed. A round is over before the next look.

        Raises:
            LlmbinError: see `look`.
        """
        rules = self.folder.rules
        waiting = Waiting(rules.folder, max(0.1, rules.settle / 2))
        while True:
            waiting.wait(quiet=self.look() is not Look.WAITING)


def told(event: Event) -> str:
    """The line of a round."""
    line = (
        f"round {event['round']}: {event['near_complete']} near-complete of {event['bins']} bins "
        f"({event['kept']} kept, {len(event['new'])} new, {len(event['gone'])} gone), "
        f"{event['contigs']:,} contigs, {event['gbp']:.2f} Gbp, {event['seconds']:.1f} s"
    )
    if event["joules"] is not None:
        line += f", {event['joules']:,.0f} J"
    if event["gain_per_gbp"] is not None:
        line += f"; {event['gain_per_gbp']:+.2f} near-complete genomes a Gbp lately"
    if event["pays"] is False:
        line += ": more sequencing hardly pays"
    if event["round"] == 1:
        line += "; report.html names the run that makes the same bins"
    return line
