"""Whether a command that was disturbed ended as it should."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from .jobs import Ending, Job

SECONDS = 5.0  # in which a signal must end a command


def after_an_error(
    job: Job, out: Path, whole: dict[str, str], ending: Ending, heard: bool = True
) -> str:
    """What is wrong after a fault that the program saw: nothing, or a sentence.

    Right are whole results, or one line and an exit status, and nothing half. What is said may not
    be ``heard``.
    """
    found = job.results(out)
    if ending.status == 0:
        return "" if found == whole else "status 0 without whole results"
    if ending.status < 0:
        return f"died of {signal.Signals(-ending.status).name}: {ending.said[-200:]!r}"
    said = _not_told(job, ending) if heard else ""
    if not said and _half(job, found, whole):
        return f"half of the results: {sorted(found)}"
    return said


def _not_told(job: Job, ending: Ending) -> str:
    """What is wrong with what is said of an error."""
    lines = ending.said.splitlines()[-1 if job.talks else 0 :]
    told = r"llmbin-fast: error: " + r"|\S+ WARNING waiting: " * job.waits
    if len(lines) != 1 or not re.match(told, lines[0]):
        return f"no single line of an error: {ending.said[-300:]!r}"
    if lines[0].startswith("llmbin-fast: error: a file: "):
        return f"an error that does not say which file: {lines[0]!r}"
    return ""


def names_cause(said: str, error: int) -> bool:
    """Whether a message says what failed: as the system does, or as SQLite does in its place."""
    others = ("database or disk is full", "disk I/O error", "unable to open database file")
    return any(text in said for text in (os.strerror(error), *others))


def _half(job: Job, found: dict[str, str], whole: dict[str, str]) -> bool:
    """Training keeps its table of figures, with which it goes on."""
    before = job.results(job.before) if job.before else {}
    return found not in ({}, before, whole) and not job.name.startswith("train")


def after_a_signal(
    job: Job, out: Path, whole: dict[str, str], ending: Ending, number: signal.Signals
) -> str:
    """What is wrong after a polite signal; ``ending.seconds`` count from it."""
    found = job.results(out)
    if ending.status == 0:
        return "" if found == whole else "status 0 without whole results"
    if ending.status != -number:
        return f"status {ending.status} after {number.name}: {ending.said[-200:]!r}"
    if ending.seconds > SECONDS:
        return f"took {ending.seconds:.1f} s to end"
    said = "".join(ending.said.splitlines(keepends=True)[-1 if job.talks else 0 :])
    if not before_it_began(ending) and not re.fullmatch(
        rf"llmbin-fast: stopped by {number.name}[^\n]*\n", said
    ):
        return f"no single line: {ending.said[-300:]!r}"
    if _half(job, found, whole):
        return f"half of the results: {sorted(found)}"
    return ""


def after_a_kill(job: Job, out: Path, whole: dict[str, str]) -> str:
    """What is wrong at once: what was there before is there still, or all that is new."""
    if job.before is None:
        return ""
    found = job.results(out)
    return "" if found in (job.results(job.before), whole) else f"lost or half: {sorted(found)}"


def before_it_began(ending: Ending) -> bool:
    """Whether Python itself was still starting: it says nothing, or where in itself it was."""
    return "llmbin-fast: " not in ending.said and not re.search(
        r"llmbin/(?!__init__|__main__|signals)", ending.said
    )


def after_going_on(job: Job, out: Path, whole: dict[str, str], ending: Ending) -> str:
    """What is wrong after the command that goes on."""
    if ending.status != 0:
        return f"cannot go on: status {ending.status}, {ending.said[-300:]!r}"
    found = job.results(out)
    if found != whole:
        names = sorted(n for n in {*found, *whole} if found.get(n) != whole.get(n))
        return f"other results after going on: {names}"
    hidden = sorted(p.name for p in out.rglob(".*") if not any(map(p.match, job.left)))
    return f"left behind: {hidden}" if hidden else ""
