from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from known_contigs import features_of, random_contigs

from llmbin.cluster.binning import Binning
from llmbin.genes.markers import load_marker_set
from llmbin.kinds.contigs import BACTERIUM, EUKARYOTE, UNCLEAR, VIRUS, ContigKinds
from llmbin.stages import clustering

# Three contigs of a eukaryote; one that may be, one that may be and is in a bin of bacteria, a
# virus that may be, and one that hardly is.
KIND = [EUKARYOTE, EUKARYOTE, EUKARYOTE, UNCLEAR, BACTERIUM, VIRUS, BACTERIUM]
PERHAPS = [0.99, 0.99, 0.99, 0.3, 0.3, 0.3, 0.01]
FIRST = [0, 0, 0, -1, 1, -1, -1]


def kinds_of(kind: list[int], perhaps: list[float]) -> ContigKinds:
    likely = np.column_stack([1 - np.array(perhaps), np.zeros((len(kind), 3))])
    likely[:, EUKARYOTE] = perhaps
    return ContigKinds(np.array(kind, np.int8), likely.max(1), likely)


def binning_of(label: list[int]) -> Binning:
    n = len(label)
    numbers = np.array(label, np.int32)
    return Binning(numbers, np.ones(n), np.ones(n, bool), [""] * n, numbers, max(label) + 1)


@pytest.mark.parametrize(("second", "kind"), [(0, EUKARYOTE), (-1, UNCLEAR)])
def test_what_may_be_a_eukaryote_and_has_no_bin_is_tried_among_them(
    second: int, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    contigs = random_contigs(np.random.default_rng(1), [4_000] * len(KIND))
    known = clustering.Known(features_of(contigs), kinds_of(KIND, PERHAPS), load_marker_set())
    points: Any = KIND  # which nobody looks at, but for how many they are
    labels = iter([FIRST, [0, 0, 0, second, 1, -1, -1]])
    asked = []

    def bins(*arguments: Any) -> Binning:
        asked.append(arguments[-1].tolist())
        return binning_of(next(labels))

    monkeypatch.setattr(clustering, "bin_assemblies", bins)
    monkeypatch.setattr(clustering, "with_their_bins", lambda _, kinds, *__: (kinds, True))
    device: Any = SimpleNamespace(kind="cpu", gpu=None)
    monkeypatch.setattr(clustering, "gpu_for", lambda _: None)
    options: Any = SimpleNamespace(min_length=1, min_bin_size=1, threads=1)
    found, kinds = clustering.bin_contigs(points, known, [""] * 7, options, device)
    assert asked == [[True] * 3 + [False] * 4, [True] * 4 + [False] * 3]
    assert found.label[3] == second
    assert kinds.kind.tolist() == [*KIND[:3], kind, *KIND[4:]]
    assert kinds.probability[3] == pytest.approx(0.3 if kind == EUKARYOTE else 0.7)
