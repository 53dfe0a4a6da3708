"""What the best cut of our own tree could give, beside what the program makes of it.

python -m bench.oracle NAME=FOLDER ...

The truth is in hand. Every contig that is not in the tree stands with the core contig next to it.
A genome counts as found if any node of the tree holds more than 90 % of it, and less than 5 % of
anything else. The program may find more: after the cut, bins are split, joined, and recruited for
anew.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from llmbin.cluster.binning import tree_rows
from llmbin.cluster.neighbours import nearest
from llmbin.cluster.placing import make_points
from llmbin.cluster.tree import Tree, build_tree
from llmbin.coverage.coverage import coverage_from_tables
from llmbin.features.profile import Reading, profile_contigs
from llmbin.model.embedder import open_embedder
from llmbin.model.projector import project
from llmbin.options import ModelOptions
from llmbin.resources import Resources
from llmbin.tools.scoring import read_gold, score_bins

from . import record
from .peers import SMALLEST_BIN, ours

SHORTEST, SHORTEST_IN_TREE = 1_000, 1_500


def bases_of_genomes(
    tree: Tree, leaf: np.ndarray, genome: np.ndarray, lengths: np.ndarray, genomes: int
) -> np.ndarray:
    """Bases of each genome under each node: float64 [nodes, genomes]."""
    n = tree.leaves
    bases = np.zeros((2 * n - 1, genomes))
    np.add.at(bases, (leaf, genome), lengths)
    for k in range(n - 1):
        bases[n + k] = bases[tree.left[k]] + bases[tree.right[k]]
    return bases


def best_cut(folder: Path) -> tuple[int, int]:
    """Genomes that some node holds near-complete, and all genomes."""
    embedder = open_embedder(ModelOptions(device="cpu"))
    pack, reading = embedder.pack, Reading(embedder.plan, SHORTEST)
    features = profile_contigs(folder / "contigs.fasta", embedder.encoder, reading)
    coverage = coverage_from_tables([folder / "depth.txt"], features.names)
    points = make_points(
        project(features.composition, features.lm, pack.projector),
        features.lengths,
        coverage,
        pack.projector,
    )
    rows = tree_rows(features.lengths, SHORTEST_IN_TREE).astype(np.int32)
    tree = build_tree(points.take(rows), features.lengths[rows], Resources())
    gold = read_gold(folder / "gold.tsv")
    number = {name: i for i, name in enumerate(sorted({genome for genome, _ in gold.values()}))}
    whole = np.zeros(len(number))
    for genome, length in gold.values():
        whole[number[genome]] += length
    known = np.array([name in gold for name in features.names])
    genome = np.array([number[gold[name][0]] if name in gold else 0 for name in features.names])
    leaf = np.full(len(known), -1)
    leaf[rows] = np.arange(len(rows))
    loose = np.flatnonzero(leaf < 0).astype(np.int32)
    index, _ = nearest(points, loose, rows, 1, Resources())
    leaf[loose] = leaf[index[:, 0]]
    bases = bases_of_genomes(tree, leaf[known], genome[known], features.lengths[known], len(number))
    main, size = bases.argmax(1), bases.sum(1)
    good = (
        (bases.max(1) > 0.9 * whole[main]) & (bases.max(1) > 0.95 * size) & (size >= SMALLEST_BIN)
    )
    return len(set(main[good].tolist())), len(number)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    rows = []
    for item in parser.parse_args().communities:
        name, _, path = item.partition("=")
        possible, genomes = best_cut(Path(path))
        with tempfile.TemporaryDirectory() as scratch:
            bins, _ = ours(Path(path), Path(scratch) / "out", [], "depth")
        found = score_bins(bins, read_gold(Path(path) / "gold.tsv"), SMALLEST_BIN).near_complete
        rows.append(
            {"community": name, "genomes": genomes, "best_cut": possible, "llmbin_fast": found}
        )
        print(
            f"{name}: {found} near-complete genomes of {genomes}; "
            f"the best cut of the tree holds {possible}",
            flush=True,
        )
    print(record.write("oracle", {"rows": rows}))


if __name__ == "__main__":
    main()
