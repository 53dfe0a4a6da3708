from __future__ import annotations

import numpy as np
from builders import homology_of, plain

from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.reassign import reassign
from llmbin.cluster.recruit import Membership
from llmbin.genes.homology import no_homology
from llmbin.resources import Resources


def test_a_short_contig_is_not_recruited_beside_its_ortholog() -> None:
    """Two genomes side by side; a short contig between them.

    It is homologous to a long contig of the nearer one.
    """
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.2, (7, 4)), rng.normal(2, 0.2, (7, 4)), [[0.9] * 4]])
    n = len(x)
    points = plain(x, 1.0)
    lengths = np.array([40_000] * 14 + [1200])
    in_tree = lengths > 2500
    label = np.array([0] * 7 + [1] * 7 + [0], np.int32)
    before = Membership(
        label, np.full(n, 0.9), in_tree, np.zeros(n, np.float32), label, np.zeros(n)
    )
    near = find_neighbours(points, np.flatnonzero(in_tree).astype(np.int32), Resources())
    after = reassign(near, lengths, before, in_tree, homology_of((3, 14, 1100)))
    assert after.label[14] != 0 and (after.label[:14] == label[:14]).all()
    assert (reassign(near, lengths, before, in_tree, no_homology()).label == label).all()
    elsewhere = reassign(near, lengths, before, in_tree, homology_of((9, 14, 1100)))
    assert elsewhere.label[14] == 0
