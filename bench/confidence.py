"""Is a contig's probability what it says? And the weights that it is made with.

python -m bench.confidence three=/data/three one=/data/one           # against the truth
python -m bench.confidence --fit a=/data/a b=/data/b                 # weights for others

A community folder holds contigs.fasta, gold.tsv (CAMI format) and depth.txt (or *.bam). A contig is
right if it is of the genome that most of its bin is of. `--fit` learns the weights of
`llmbin.cluster.thresholds.CONFIDENCE` from communities, which must not be those that judge them: a
logistic regression in which a contig counts by the root of its length. Beside the probability
stands the share of votes that recruitment goes by, which it was before.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from llmbin.cli import main as llmbin
from llmbin.cluster import confidence
from llmbin.tools.scoring import read_gold

from . import record

VOTES, LENGTH = 0, 3  # columns of evidence
BOUNDS = (0, 0.5, 0.7, 0.9, 0.95, 0.98, 0.99, 1.01)
LEFT_OUT = 0.3  # of all foreign bases, for which one has to leave out how many?

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contigs:
    """Contigs in bins.

    evidence [n, 4]: see `confidence.evidence_of`; probability [n] that a run gives; right [n]: is
    it of its bin's genome?
    """

    evidence: Values
    probability: Values
    right: npt.NDArray[np.bool_]

    @property
    def bases(self) -> Values:
        out: Values = 10 ** self.evidence[:, LENGTH]
        return out

    @staticmethod
    def together(some: list[Contigs]) -> Contigs:
        return Contigs(
            np.concatenate([c.evidence for c in some]),
            np.concatenate([c.probability for c in some]),
            np.concatenate([c.right for c in some]),
        )


def binned(community: Path) -> Contigs:
    """Contigs of the bins that a run makes."""
    asked: list[Values] = []
    chance_of = confidence.chance_of

    def listen(evidence: Values) -> Values:
        asked.append(evidence)
        return chance_of(evidence)

    table = community / "depth.txt"
    depth = ["--depth", str(table)] if table.is_file() else ["--bam", *bams(community)]
    with tempfile.TemporaryDirectory() as work, patch.object(confidence, "chance_of", listen):
        out = Path(work) / "out"
        status = llmbin(["run", str(community / "contigs.fasta"), *depth, "-o", str(out)])
        if status:
            raise SystemExit(f"{community}: the run failed")
        with open(out / "contigs.tsv", newline="") as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
    (evidence,) = (e for e in asked if len(e) == len(rows))  # one part: no eukaryotes apart
    gold = read_gold(community / "gold.tsv")
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        held[row["bin"]][gold[row["contig"]][0]] += int(row["length"])
    main = {name: bases.most_common(1)[0][0] for name, bases in held.items()}
    right = np.array([gold[row["contig"]][0] == main[row["bin"]] for row in rows])
    inside = np.array([bool(row["bin"]) for row in rows])
    probability = np.array([float(row["probability"]) for row in rows])
    return Contigs(evidence[inside], probability[inside], right[inside])


def bams(community: Path) -> list[str]:
    return [str(path) for path in sorted(community.glob("*.bam"))]


def fitted(contigs: Contigs) -> dict[str, Any]:
    """Weights and bias of a logistic regression."""
    weight = np.sqrt(contigs.bases)
    model = LogisticRegression(C=100, max_iter=1_000)
    model.fit(contigs.evidence, contigs.right, sample_weight=weight / weight.mean())
    return {
        "contigs": len(contigs.right),
        "weights": [round(float(w), 3) for w in model.coef_[0]],
        "bias": round(float(model.intercept_[0]), 3),
    }


def judged(contigs: Contigs) -> dict[str, Any]:
    """How good the share of votes and the probability are, by contigs and by bases."""
    votes = 1 / (1 + np.exp(-contigs.evidence[:, VOTES]))
    return {
        "contigs": len(contigs.right),
        "right": round(float(contigs.right.mean()), 4),
        "right_bases": round(float(np.average(contigs.right, weights=contigs.bases)), 4),
        "votes": against_truth(votes, contigs),
        "probability": against_truth(contigs.probability, contigs),
    }


def against_truth(chance: Values, contigs: Contigs) -> dict[str, Any]:
    right, bases = contigs.right, contigs.bases

    def loss(weight: Values | None) -> float:
        return round(float(log_loss(right, chance, sample_weight=weight, labels=[False, True])), 4)

    def area(weight: Values | None) -> float | None:
        if right.all():
            return None
        return round(float(roc_auc_score(right, chance, sample_weight=weight)), 4)

    return {
        "mean": round(float(chance.mean()), 4),
        "mean_by_bases": round(float(np.average(chance, weights=bases)), 4),
        "log_loss": loss(None),
        "log_loss_by_bases": loss(bases),
        "area": area(None),  # that a contig which is right has the higher chance of two
        "area_by_bases": area(bases),
        "left_out_mbp": round(left_out(chance, contigs), 2),
        "steps": steps(chance, contigs),
    }


def left_out(chance: Values, contigs: Contigs) -> float:
    """Mbp of the least likely contigs, among which `LEFT_OUT` of all foreign bases are."""
    order = np.argsort(chance, kind="stable")
    bases = contigs.bases[order]
    foreign = np.cumsum(np.where(contigs.right[order], 0, bases))
    enough = int(np.searchsorted(foreign, LEFT_OUT * foreign[-1]))
    return float(bases[: enough + 1].sum()) / 1e6


def steps(chance: Values, contigs: Contigs) -> list[dict[str, float]]:
    """What is said, and what is so, of contigs between two `BOUNDS`."""
    place = np.searchsorted(BOUNDS, chance, side="right") - 1
    return [
        {
            "from": BOUNDS[step],
            "contigs": int((at := place == step).sum()),
            "mbp": round(float(contigs.bases[at].sum()) / 1e6, 2),
            "said": round(float(chance[at].mean()), 4),
            "right": round(float(contigs.right[at].mean()), 4),
            "right_bases": round(
                float(np.average(contigs.right[at], weights=contigs.bases[at])), 4
            ),
        }
        for step in np.unique(place).tolist()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--fit", action="store_true", help="find weights, judge nothing")
    parser.add_argument("--name", default="confidence", help="of the result")
    options = parser.parse_args()
    named = dict(argument.split("=", 1) for argument in options.communities)
    found = {name: binned(Path(folder)) for name, folder in named.items()}
    together = Contigs.together(list(found.values()))
    if options.fit:
        print(result := fitted(together))
        record.write(f"{options.name}-fit", result)
        return
    rows = [{"community": name, **judged(contigs)} for name, contigs in found.items()]
    print(record.write(options.name, {"rows": rows, "all": judged(together)}))


if __name__ == "__main__":
    main()
