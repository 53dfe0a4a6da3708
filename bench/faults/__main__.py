"""A campaign of faults: so many minutes of kills, failing writes, strange places and little memory.

python -m bench.faults --minutes 30 [--seed 1] [--kinds kill write ...] [--jobs run depth ...]
                       [--signals SIGKILL ...] [--every [--kept FILE]]

Every trial is a whole command with a fault, and where it has begun something the command that goes
on; docs/reliability.md says what counts as right. Kills get most of the minutes.
--every lets each call that writes fail in each way once, in a random order, and counts what is
left; with --kept a later campaign goes on where the minutes ended.
Status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .. import record
from . import disks, groups, hostile, kills, memory, places, together, writes
from .jobs import Job, make_jobs
from .shim import Shim, build_shim
from .trials import Trial

# Shares of the time.
KINDS = {
    "kill": 4,
    "write": 3,
    "disk": 1,
    "place": 1,
    "together": 1,
    "memory": 1,
    "group": 1,
    "hostile": 1,
}
OF_KIND = {
    "disk": disks.trials,
    "place": places.trials,
    "together": together.trials,
    "memory": memory.trials,
    "group": groups.trials,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--jobs", nargs="+", default=[], metavar="NAME", help="(default: all)")
    parser.add_argument(
        "--signals",
        nargs="+",
        choices=sorted({s.name for s in kills.SIGNALS}),
        help="(default: all)",
    )
    parser.add_argument("--name", default="faults", help="of the result (default: %(default)s)")
    parser.add_argument("--add", action="store_true", help="to what earlier campaigns counted")
    parser.add_argument("--every", action="store_true", help="all faults of calls that write")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="trials of --every so far")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llmbin-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shim, jobs = build_shim(folder), make_jobs(folder, options.jobs)
        print(f"jobs: {', '.join(job.name for job in jobs)}", flush=True)
        if options.every:
            found, more = every(options, jobs, shim, folder)
        else:
            found, more = at_random(options, jobs, shim, folder), {}
    result = summary(found, options.seed, options.minutes) | more
    kept = record.RESULTS / f"{options.name}.json"
    if options.add and kept.exists():
        result = joined(json.loads(kept.read_text()), result)
    record.write(options.name, result)
    sys.exit(any(trial.wrong for trial in found))


def at_random(
    options: argparse.Namespace, jobs: list[Job], shim: Shim | None, folder: Path
) -> list[Trial]:
    """Each kind for its share of the minutes."""
    signals = [signal.Signals[s] for s in options.signals] if options.signals else kills.SIGNALS
    found: list[Trial] = []
    shares = sum(KINDS[kind] for kind in options.kinds)
    for kind in options.kinds:
        chance = random.Random(f"{options.seed} {kind}")
        trials = trials_of(kind, jobs, shim, chance, folder, signals)
        found += until(60 * options.minutes * KINDS[kind] / shares, trials)
        print(f"{kind}: {sum(t.kind == kind for t in found)} trials", flush=True)
    return found


def every(
    options: argparse.Namespace, jobs: list[Job], shim: Shim | None, folder: Path
) -> tuple[list[Trial], dict[str, Any]]:
    """Each call that writes with each fault once, as the minutes go, and how many there are."""
    if shim is None:
        raise SystemExit("--every needs Linux and a C compiler")
    exhaustive = writes.Exhaustive(jobs, shim, folder, options.kept)
    found = exhaustive.done()
    trials = exhaustive.trials(random.Random(options.seed))
    found += until(60 * options.minutes, trials)
    exhaustive.close()
    there = Counter(fault.what for fault in exhaustive.faults)
    print(f"{len(found)} of {there.total()} faults", flush=True)
    return found, {"possible": dict(sorted(there.items()))}


def until(seconds: float, trials: Iterator[Trial]) -> list[Trial]:
    """Trials for so long; what was wrong is shown as it comes."""
    end = time.monotonic() + seconds
    found: list[Trial] = []
    while time.monotonic() < end and (trial := next(trials, None)):
        found.append(trial)
        if trial.wrong:
            print(f"{trial.what} {trial.where}: {trial.wrong}", flush=True)
    return found


def trials_of(
    kind: str,
    jobs: list[Job],
    shim: Shim | None,
    chance: random.Random,
    folder: Path,
    signals: Sequence[signal.Signals] = kills.SIGNALS,
) -> Iterator[Trial]:
    """Trials of a kind without end; none where the machine cannot do it."""
    if kind == "hostile":
        return hostile.trials(chance, folder)
    jobs = [job for job in jobs if kind in job.kinds]
    if not jobs:
        return iter(())
    if kind == "kill":
        return kills.trials(jobs, shim, chance, folder, signals)
    if kind == "write":
        return writes.trials(jobs, shim, chance, folder) if shim else iter(())
    return OF_KIND[kind](jobs, chance, folder)


def summary(found: list[Trial], seed: int, minutes: float) -> dict[str, Any]:
    """Counts of trials by what was done, and all that was wrong."""
    done = Counter((t.kind, t.what) for t in found)
    wrong = Counter((t.kind, t.what) for t in found if t.wrong)
    rows = [
        {"kind": kind, "what": what, "trials": n, "wrong": wrong[kind, what]}
        for (kind, what), n in sorted(done.items())
    ]
    faults = [
        {"kind": t.kind, "what": t.what, "where": t.where, "wrong": plain(t.wrong)}
        for t in found
        if t.wrong
    ]
    return {
        "seed": seed,
        "minutes": minutes,
        "trials": len(found),
        "wrong": len(faults),
        "rows": rows,
        "faults": faults,
    }


def plain(text: str) -> str:
    """A message without the folders of this machine."""
    return re.sub(r"/\S*/llmbin-faults-\w+/", "", text.replace(sys.prefix, ""))


def joined(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """An earlier campaign and this one, counted together."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in (*before["rows"], *now["rows"]):
        counts.setdefault((row["kind"], row["what"]), Counter()).update(
            {name: row[name] for name in ("trials", "wrong")}
        )
    rows = [
        {"kind": kind, "what": what, "trials": c["trials"], "wrong": c["wrong"]}
        for (kind, what), c in sorted(counts.items())
    ]
    sums = {name: before[name] + now[name] for name in ("trials", "wrong", "minutes", "faults")}
    earlier = [*before.get("earlier_commands", []), before["command"]]
    return now | sums | {"rows": rows, "earlier_commands": earlier}


if __name__ == "__main__":
    main()
