"""Do precisions give the same bins? Runs of one community in each, compared with FP32's.

python -m bench.precision NAME=FOLDER ... [--precisions fp16 int8]

Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from sklearn.metrics import adjusted_rand_score

from llmbin.tools.scoring import read_gold, score_bins

from . import record
from .peers import SMALLEST_BIN, ours


def agreement(a: dict[str, str], b: dict[str, str]) -> float:
    """Adjusted Rand index over contigs; one that is in no bin is a bin of its own."""
    names = sorted(a.keys() | b.keys())
    return float(adjusted_rand_score([a.get(n, n) for n in names], [b.get(n, n) for n in names]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--precisions", nargs="+", default=["fp16", "int8"])
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for item in options.communities:
            name, _, path = item.partition("=")
            gold = read_gold(Path(path) / "gold.tsv")
            reference: dict[str, str] = {}
            for precision in ["fp32", *options.precisions]:
                bins, usage = ours(
                    Path(path), Path(temporary) / "out", ["--precision", precision], "depth"
                )
                reference = reference or bins
                found = {
                    "community": name,
                    "precision": precision,
                    "label_ari": agreement(reference, bins),
                    **usage,
                }
                rows.append(
                    found | {"near_complete": score_bins(bins, gold, SMALLEST_BIN).near_complete}
                )
                print(rows[-1], flush=True)
    print(record.write("precision", {"rows": rows}))


if __name__ == "__main__":
    main()
