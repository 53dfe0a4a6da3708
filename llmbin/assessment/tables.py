"""Assessments as files: a table that reads as CheckM2's, JSON, and dRep's ``genomeInfo``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..estimator.estimate import Interval
from ..genes.rna import AMINO_ACIDS, KINDS
from ..kinds.contigs import KINDS as CONTIG_KINDS
from ..results.tables import ESTIMATE_TITLES, KIND_TITLES, estimate_fields
from .assess import Assessment

# The columns of CheckM2's quality_report.tsv (1.0.1 to 1.1.0), in its order.
CHECKM2_TITLES = (
    "Name",
    "Completeness",
    "Contamination",
    "Completeness_Model_Used",
    "Translation_Table_Used",
    "Coding_Density",
    "Contig_N50",
    "Average_Gene_Length",
    "Genome_Size",
    "GC_Content",
    "Total_Coding_Sequences",
    "Total_Contigs",
    "Max_Contig_Length",
    "Additional_Notes",
)
OWN_TITLES = (
    *ESTIMATE_TITLES[2:],
    "quality",
    *(f"rrna_{kind.lower()}" for kind in KINDS),
    *(f"rrna_{kind.lower()}_whole" for kind in KINDS),
    "trna_genes",
    "trna_amino_acids",
    "mimag",
    "kind",
    *KIND_TITLES,
)
NOT_MEASURED = "NA"  # genes are not called


def quality_table(bins: Sequence[Assessment]) -> str:
    """Tab-separated, a row a bin: CheckM2's columns, then ours."""
    lines = [[*CHECKM2_TITLES, *OWN_TITLES]]
    lines += [[*_checkm2_fields(b), *_own_fields(b)] for b in bins]
    return "".join("\t".join(line) + "\n" for line in lines)


def genome_info(bins: Sequence[Assessment]) -> str:
    """The CSV file that dRep and galah take as ``--genomeInfo``: genomes by their file's name."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["genome", "completeness", "contamination"])
    writer.writerows([b.file, *estimate_fields(b.estimate)[:2]] for b in bins)
    return out.getvalue()


def quality_json(bins: Sequence[Assessment]) -> str:
    """The same, with all RNA genes; in percent as the table."""
    record = {
        "program": "llmbin-fast",
        "version": __version__,
        "bins": [_record(b) for b in bins],
    }
    return json.dumps(record, indent=1) + "\n"


def _checkm2_fields(b: Assessment) -> list[str]:
    completeness, contamination, *_ = estimate_fields(b.estimate)
    return [
        b.name,
        completeness,
        contamination,
        b.basis,
        NOT_MEASURED,
        NOT_MEASURED,
        str(b.n50),
        NOT_MEASURED,
        str(b.bp),
        f"{b.gc:.2f}",
        NOT_MEASURED,
        str(b.contigs),
        str(b.longest),
        "None",
    ]


def _own_fields(b: Assessment) -> list[str]:
    rna = b.rna
    return [
        *estimate_fields(b.estimate)[2:],
        b.quality_class,
        *(str(genes) for genes in (*rna.rrna[0], *rna.whole[0])),
        str(rna.trna.sum()),
        str(rna.amino_acids[0]),
        b.draft,
        b.kind.name,
        *map(str, b.kind.bases.tolist()),
    ]


def _record(b: Assessment) -> dict[str, Any]:
    estimate, rna = b.estimate, b.rna

    def interval(found: Interval) -> list[float]:
        return [round(100 * found.low, 4), round(100 * found.high, 4)]

    return {
        "name": b.name,
        "file": b.file,
        "contigs": b.contigs,
        "bp": b.bp,
        "n50": b.n50,
        "longest": b.longest,
        "gc": round(b.gc, 6),
        "completeness": round(100 * estimate.completeness, 4),
        "completeness_interval": interval(estimate.completeness_interval),
        "contamination": round(100 * estimate.contamination, 4),
        "contamination_interval": interval(estimate.contamination_interval),
        "quality_basis": b.basis,
        "quality": b.quality_class,
        "kind": b.kind.name,
        "bp_of_kinds": dict(zip(CONTIG_KINDS, b.kind.bases.tolist(), strict=True)),
        "rrna": dict(zip(KINDS, rna.rrna[0].tolist(), strict=True)),
        "rrna_whole": dict(zip(KINDS, rna.whole[0].tolist(), strict=True)),
        "trna": dict(zip(AMINO_ACIDS, rna.trna[0].tolist(), strict=True)),
        "mimag": b.draft,
    }
