from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from llmbin.assessment.assess import Assessment
from llmbin.assessment.tables import CHECKM2_TITLES, genome_info, quality_json, quality_table
from llmbin.estimator.estimate import Estimate, Interval
from llmbin.genes.rna import AMINO_ACIDS, KINDS, RnaGenes
from llmbin.kinds.bins import BinKind
from llmbin.kinds.contigs import BACTERIUM, EUKARYOTE, PLASMID, VIRUS


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    estimate = Estimate(0.61, 0.02, Interval(0.5, 0.7), Interval(0.0, 0.1), "30 of 98 families")
    none = np.zeros((1, len(KINDS)), np.int16)
    rna = RnaGenes(none, none, np.zeros((1, len(AMINO_ACIDS)), np.int16))
    kind = BinKind(BACTERIUM, np.array([18_000, 0, 0, 0, 0, 0]))
    return Assessment("a", "a.fa", 2, 18_000, 9_000, 9_000, 0.5, kind, estimate, rna)


@pytest.mark.parametrize("kind", [EUKARYOTE, VIRUS, PLASMID])
def test_what_is_not_judged_says_why_and_keeps_numbers_for_their_readers(
    assessment: Assessment, kind: int
) -> None:
    bases = np.zeros(6, np.int64)
    bases[kind] = 18_000
    other = replace(assessment, kind=BinKind(kind, bases))
    table = quality_table([assessment, other])
    judged, not_judged = csv.DictReader(table.splitlines(), delimiter="\t")
    assert tuple(judged)[: len(CHECKM2_TITLES)] == CHECKM2_TITLES
    basis = "Completeness_Model_Used"
    assert judged[basis] == assessment.estimate.basis
    assert not_judged[basis].startswith(f"{not_judged['kind']}: marker genes")
    assert (not_judged["quality"], not_judged["mimag"]) == ("not judged", "not judged")
    for row in (judged, not_judged, *csv.DictReader(genome_info([other]).splitlines())):
        numbers = {title.lower(): value for title, value in row.items()}
        assert 0 <= float(numbers["completeness"]) <= 100
        assert 0 <= float(numbers["contamination"]) <= 100
    (record,) = json.loads(quality_json([other]))["bins"]
    assert record["quality_basis"] == not_judged[basis]
