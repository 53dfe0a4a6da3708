"""A guard against getting worse: one small synthetic community, made from a seed.

python -m bench.guard [--check]

Counts the near-complete genomes with and without markers, and the CPU seconds of a run in units of
a fixed piece of arithmetic that is timed beside it, so that a slow machine does not look like a
slow program. `--check` compares with the committed result: no genome may be lost, and the cost may
not double (machines differ by some tenths, and busy ones more).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from llmbin.tools.scoring import read_bins, read_gold, score_bins
from llmbin.tools.synthetic import make_community

from . import record
from .peers import SMALLEST_BIN, measured

GENOMES, SIZE, SAMPLES, SEED = 12, 700_000, 2, 11
SLACK = 2.0
TURNS = 3


def unit_of_work() -> float:
    """CPU seconds of matrix products and sorts that never change."""
    rng = np.random.default_rng(0)
    a, b = rng.random((192, 192), np.float32), rng.random(200_000)
    began = time.process_time()
    for _ in range(100):
        np.einsum("ij,jk->ik", a, a, optimize=False)
        np.sort(b)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        made = make_community(Path(scratch) / "community", GENOMES, SIZE, SAMPLES, SEED)
        gold = read_gold(made.gold)
        found: dict[str, float] = {"genomes": made.genomes}
        for title, extra in (("markers", []), ("no_markers", ["--markers", "off"])):
            ratios = []
            for turn in range(TURNS):
                out = Path(scratch) / f"{title}{turn}"
                run = ["llmbin-fast", "run", str(made.contigs), "--depth", str(made.depth)]
                run += ["-o", str(out), "-q", "-t", "1", *extra]
                usage = measured(run)
                ratios.append(usage["cpu_seconds"] / unit_of_work())
            found[f"near_complete_{title}"] = score_bins(
                read_bins(out / "contig2bin.tsv"), gold, SMALLEST_BIN
            ).near_complete
            found[f"cost_{title}"] = round(min(ratios), 2)
    print(found)
    if not check:
        print(record.write("guard", found))
        return
    held = json.loads((record.RESULTS / "guard.json").read_text())
    worse = [
        f"{k}: {found[k]}, was {held[k]}"
        for k in found
        if (k.startswith("near") and found[k] < held[k])
        or (k.startswith("cost") and found[k] > SLACK * held[k])
    ]
    sys.exit("worse than the committed result: " + "; ".join(worse) if worse else 0)


if __name__ == "__main__":
    main()
