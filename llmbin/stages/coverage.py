"""The first stage: coverage of the contigs, measured or read, or its stored outcome.

It comes before the long work, so that what is wrong with BAM files or tables is told at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import __version__
from ..coverage.check import check_depths
from ..coverage.coverage import (
    Coverage,
    Measuring,
    SampleReads,
    coverage_from_bams,
    coverage_from_tables,
    no_coverage,
)
from ..coverage.reads import DepthRules, ReadKind
from ..coverage.sparse import SparseTable, Table
from ..options import PartOptions, RunOptions
from .recalling import depth_recall
from .setting import Inputs, Setting
from .survey import Survey

log = logging.getLogger("llmbin")


def measure_coverage(setting: Setting, survey: Survey) -> Coverage:
    """Coverage from BAM or CRAM files or tables, or of no samples.

    Raises:
        CoverageError: a file is damaged, of another assembly, or no sample says anything.
    """
    if not (setting.inputs.bams or setting.inputs.tables):
        log.warning(
            "no coverage was given (--bam or --depth): binning by composition alone, "
            "which finds fewer genomes"
        )
        return no_coverage(len(survey.names))
    key = _key(setting)
    held = setting.work.load("coverage", key, _from_arrays) if setting.options.resume else None
    if held is not None:
        log.info("resuming: coverage was measured before")
    coverage = _measured(setting, survey) if held is None else held
    if held is None:
        setting.check_inputs()
        setting.work.save("coverage", key, _arrays(coverage))
    return judged(coverage, survey)


def judged(coverage: Coverage, survey: Survey) -> Coverage:
    """Say what there is, and warn of what says little; kept in as little memory as it takes.

    Raises:
        CoverageError: no sample says anything.
    """
    plural = "s" * (len(coverage.samples) > 1)
    names = ", ".join(coverage.samples[:8])
    log.info("coverage of %d sample%s: %s", len(coverage.samples), plural, names)
    check_depths(coverage, len(set(survey.assemblies)))
    return coverage.compact()


def _measured(setting: Setting, survey: Survey) -> Coverage:
    how = measuring(setting.options, setting.inputs, setting.work.staging)
    how = replace(how, recall=depth_recall(setting))
    return depths_of(setting.inputs, setting.options.samples, how, survey.names, survey.lengths)


def measuring(options: RunOptions | PartOptions, inputs: Inputs, scratch: Path) -> Measuring:
    """How options have depth measured."""
    return Measuring(
        rules=DepthRules(min_identity=options.min_identity),
        threads=options.threads,
        scratch=scratch,
        reference=inputs.contigs,
        pool=options.pool,
    )


def depths_of(
    inputs: Inputs,
    samples: Sequence[str] | None,
    how: Measuring,
    names: Sequence[str],
    lengths: npt.NDArray[np.int64],
) -> Coverage:
    """Coverage of some contigs from tables, or from BAM or CRAM files.

    Raises:
        CoverageError: a file is damaged, or of another assembly.
    """
    if inputs.tables:
        return coverage_from_tables(inputs.tables, names, samples, lengths)
    return coverage_from_bams(inputs.bams, names, lengths, samples, how)


def _key(setting: Setting) -> dict[str, Any]:
    return {
        "version": __version__,
        "contigs": setting.inputs.contigs_content,
        "shortest": setting.options.recruit_length,
        "files": setting.inputs.depth_digests,
        "contents": setting.inputs.depth_contents,
        "samples": list(setting.options.samples or []),
        "identity": setting.options.min_identity,
        "pool": setting.options.pool,
    }


def _arrays(coverage: Coverage) -> dict[str, Any]:
    rows = []
    for r in coverage.reads:
        k = r.kind
        kind = [k.long, k.length, k.identity, k.min_identity, k.long_identity]
        rows.append([r.records, r.mapped, r.counted, *kind])
    return {
        "samples": np.array(coverage.samples),
        "files": np.array(coverage.files),
        **_cells("mean", coverage.mean),
        **_cells("variance", coverage.variance),
        "reads": np.array(rows, np.float64).reshape(-1, 8),
    }


def _from_arrays(arrays: dict[str, Any]) -> Coverage:
    reads = [
        SampleReads(int(records), int(mapped), int(counted), ReadKind(bool(long), *rest))
        for records, mapped, counted, long, *rest in arrays["reads"].tolist()
    ]
    names, files = arrays["samples"].tolist(), arrays["files"].tolist()
    mean, variance = (_table(name, arrays) for name in ("mean", "variance"))
    if not (mean.shape == variance.shape and mean.shape[1:] == (len(names),)):
        raise ValueError("arrays of several lengths")
    return Coverage(names, mean, variance, reads, files)


def _cells(name: str, table: Table) -> dict[str, Any]:
    """A table as arrays."""
    if not isinstance(table, SparseTable):
        return {name: table}
    return {f"{name}_{field.name}": getattr(table, field.name) for field in fields(table)}


def _table(name: str, arrays: dict[str, Any]) -> Table:
    if name in arrays:
        return np.asarray(arrays[name], np.float64)
    table = SparseTable(*(arrays[f"{name}_{field.name}"] for field in fields(SparseTable)))
    if not (table.bounds[-1] == len(table.column) == len(table.value)):
        raise ValueError("arrays of several lengths")
    return table
