"""``python -m bench.fuzzing``: a campaign, and ``bench/results/fuzzing.json``."""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

from .. import record
from .campaign import Campaign, all_targets, table

log = logging.getLogger("bench")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--targets", nargs="+", default=all_targets(), choices=all_targets())
    parser.add_argument("--work", type=Path, help="a folder for inputs that failed, which is kept")
    parser.add_argument("--name", default="fuzzing", help="of the result (default: %(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    work = options.work or Path(tempfile.mkdtemp(prefix="llmbin-fuzz-"))
    work.mkdir(parents=True, exist_ok=True)
    seconds = 60 * options.minutes / len(options.targets)
    found = []
    for one in Campaign(work, seconds, options.seed).run(options.targets):
        log.info(
            "%-18s %10s inputs, %5d edges, %d faults",
            one.target,
            f"{one.executions:,}",
            one.coverage,
            len(one.faults),
        )
        for fault in one.faults:
            log.info("    %s: %s (%s)", fault["kind"], fault["message"], fault["input"])
        found.append(one)
    total, faults = sum(one.executions for one in found), sum(len(one.faults) for one in found)
    log.info("%s inputs, %d faults", f"{total:,}", faults)
    record.write(options.name, {"inputs": total, "faults": faults, "targets": table(found)})
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
