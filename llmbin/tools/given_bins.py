"""A report of bins that another program has made: they are measured as a run measures its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..cluster.arrays import rows_of_bins
from ..cluster.binning import Binning
from ..cluster.layout import layout
from ..coverage.coverage import no_coverage
from ..errors import InputError, short
from ..io.inputs import check_inputs, unchanged
from ..io.outputs import check_output, scratch_folder, whole_file
from ..io.workspace import Workspace
from ..kinds.bins import with_their_bins
from ..model.embedder import open_embedder
from ..options import RunOptions, bin_names
from ..progress import Clock, log
from ..report.finished import FinishedRun, RunFiles, read_run
from ..report.page import page_of
from ..results.record import record_of, write_record
from ..results.summary import Outcome, summarise
from ..results.tables import write_bins_table, write_contigs_table
from ..stages.checks import check_options
from ..stages.clustering import place_contigs
from ..stages.coverage import measure_coverage
from ..stages.embedding import choose_markers, embed_contigs
from ..stages.families import kinds_with_families
from ..stages.output import write_map
from ..stages.setting import Setting, set_out
from ..stages.survey import survey_contigs
from .scoring import read_bins

NO_BIN = "in no bin of the table"


@dataclass(frozen=True)
class BinsToReport:
    """Bins of another program: their table, the page to write, and the command that asked."""

    bins: Path
    output: Path
    command: Sequence[str]


def report_given(given: BinsToReport, options: RunOptions) -> None:
    """Write the page. Of the options, those of contigs, depth, markers, model and threads count.

    Raises:
        LlmbinError: bad input, options, model pack or output.
    """
    check_options(options)
    check_inputs([given.bins])
    check_output(given.output, [*options.inputs, given.bins])
    with scratch_folder("llmbin-report-") as folder:
        options = replace(options, outdir=folder / "out")
        same = unchanged(options.inputs)
        with Workspace(options.outdir, hint="") as work, same as check:
            setting = set_out(options, work, Clock(), check)
            run = measure(setting, given)
            check()
    with whole_file(given.output) as handle:
        handle.write(page_of(run).encode("utf-8"))
    log.info("%d bins of %s in %s", len(run.bins.names), given.bins, given.output)


def measure(setting: Setting, given: BinsToReport) -> FinishedRun:
    """Depth, quality and place of the bins' contigs, as a run would have them."""
    options, place = setting.options, setting.work.result
    table = read_bins(given.bins)
    embedder = open_embedder(options.model)
    markers = choose_markers(options.markers)
    survey = survey_contigs(setting)
    given_depth = options.bams or options.depth
    coverage = measure_coverage(setting, survey) if given_depth else no_coverage(len(survey.names))
    features = embed_contigs(setting, embedder, markers)
    points = place_contigs(features, coverage, embedder, options.threads)
    binning, names = binning_of(table, features.names, features.lengths, given.bins)
    rows, assemblies = rows_of_bins(binning.label, binning.bins), [""] * len(features.names)
    kinds = with_their_bins(features, kinds_with_families(setting, features), rows, markers)
    outcome = Outcome(features, kinds, coverage, binning, assemblies, points.missing)
    numbered = bin_names(options.prefix, binning.bins)
    bins = summarise(outcome, numbered, markers)
    files = RunFiles(*map(place, ("run.json", "bins.tsv", "contigs.tsv", "places.tsv")))
    write_bins_table(files.bins, bins, coverage.samples)
    write_contigs_table(files.contigs, outcome, numbered)
    write_map(setting, outcome, layout(points, features.lengths, options.threads))
    _tell_of_others(set(table.values()) - set(names), options, given.bins)
    digests = [setting.inputs.contigs_digest, *setting.inputs.depth_digests]
    record = record_of(options, embedder, digests, outcome, bins)
    held = {"recruit_length": options.recruit_length}
    record |= {"title": given.bins.name, "command": list(given.command), "parameters": held}
    write_record(files.record, record)
    return _called(read_run(files), names)


def binning_of(
    table: dict[str, str], contigs: Sequence[str], lengths: np.ndarray, path: Path
) -> tuple[Binning, list[str]]:
    """Bins of the contigs, numbered by size, and their names.

    How likely a contig is to belong to its bin is not known: NaN.

    Raises:
        InputError: no contig is in any of the bins.
    """
    held = [table.get(name, "") for name in contigs]
    found = list(dict.fromkeys(filter(None, held)))
    if not found:
        raise InputError(
            f"{path}: holds none of the {len(contigs):,} contigs; "
            "give the contigs that were binned, or lower --min-length"
        )
    number = {name: i for i, name in enumerate(found)}
    label = np.array([number.get(name, -1) for name in held])
    inside = label >= 0
    size = np.bincount(label[inside], weights=lengths[inside], minlength=len(found))
    order = np.argsort(-size, kind="stable")
    rank = np.append(np.argsort(order), -1)  # the last is that of no bin, -1
    n = len(contigs)
    why = ["" if bin_ else NO_BIN for bin_ in held]
    labels = rank[label].astype(np.int32)
    unsure, core, doubt = np.full(n, np.nan), np.zeros(n, np.bool_), np.zeros(n)
    binning = Binning(labels, unsure, core, why, labels, doubt, len(found))
    return binning, [found[i] for i in order.tolist()]


def _tell_of_others(names: set[str], options: RunOptions, table: Path) -> None:
    """Bins that are not in the report: none of their contigs is looked at."""
    if others := names - {""}:
        log.warning(
            "%s: bins that are not in the report: %s, as %s; none of its contigs has %s bases or "
            "more in %s, gaps not counted (--min-length)",
            table,
            f"{len(others):,}",
            short(min(others)),
            f"{options.recruit_length:,}",
            options.contigs,
        )


def _called(run: FinishedRun, names: list[str]) -> FinishedRun:
    """The run with the bins' own names, and without what is not known of them."""
    columns = {**run.bins.columns, "bin": names}
    del columns["confidence"]
    return replace(run, bins=replace(run.bins, columns=columns))
