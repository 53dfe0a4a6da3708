from __future__ import annotations

import logging
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from llmbin.cluster.points import Points
from llmbin.coverage.coverage import Coverage
from llmbin.model.pack import find_pack, load_pack
from llmbin.stages import clustering

CONTIGS = 600


def placed(monkeypatch: pytest.MonkeyPatch, factor: float, file: str) -> Points:
    """Points of some contigs of five genomes whose depths were multiplied."""
    rng = np.random.default_rng(0)
    projector = load_pack(find_pack("llmbin-edge")).projector
    genome = rng.integers(0, 5, CONTIGS)
    vectors = rng.normal(0, 2, (5, 32))[genome] + rng.normal(0, 0.1, (CONTIGS, 32))
    lengths = rng.integers(2_000, 20_000, CONTIGS)
    reads = rng.poisson(np.array([0.2, 1.0, 4.0, 9.0, 25.0])[genome] * lengths / 150)
    mean = (reads * 150 / lengths)[:, None]
    table = Coverage(["A"], factor * mean, np.full_like(mean, np.nan), files=[file])
    monkeypatch.setattr(clustering, "project", lambda *_: vectors.astype(np.float32))
    features: Any = SimpleNamespace(lengths=lengths, composition=None, lm=None)
    embedder: Any = SimpleNamespace(pack=SimpleNamespace(projector=projector))
    return clustering.place_contigs(features, table, embedder, 1)


def test_points_are_the_same_in_any_unit_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "llmbin"):
        times = placed(monkeypatch, 1, "times.tsv")
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "llmbin"):
        scaled = placed(monkeypatch, 50, "scaled.tsv")
    assert "scaled.tsv: contigs of like composition do not differ" in caplog.text
    assert "1 unit of A counts for 0.0" in caplog.text
    np.testing.assert_allclose(scaled.variance, times.variance, rtol=0.5)
    apart = scaled.log_depth - times.log_depth
    deep = times.log_depth > 0
    assert np.ptp(apart[deep]) < 0.3  # a shift: no difference between contigs is another
    smaller = placed(monkeypatch, 0.02, "scaled.tsv")
    np.testing.assert_allclose(smaller.variance, scaled.variance, rtol=0.02)


def test_units_of_many_samples_are_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    none = np.empty((3, 12))
    coverage = Coverage(
        [f"S{i}" for i in range(12)], none, none, files=["a.tsv"] * 10 + ["b.tsv"] * 2
    )
    units = np.array([48.2] * 10 + [1.0, 1.0])
    with caplog.at_level(logging.WARNING, "llmbin"):
        clustering.tell_units(coverage, units)
        clustering.tell_units(replace(coverage, files=()), np.ones(12))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("a.tsv: ") and line.endswith("S7 counts for 48 times, and 2 more")
