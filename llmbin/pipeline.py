"""The main job, from contigs to bins.

Look over the contigs and measure coverage, so that what is wrong with the inputs is told at once.
Read the contigs: take windows and embed them with the language model, count tetranucleotides and
codons, and look for genes of markers and RNAs and for homologous stretches meanwhile. Say what
kind of thing each is. Project it all to points of one calibrated metric. Build HDBSCAN's tree, cut
it where the genomes are, tell relatives apart, recruit other contigs. Write bins and their report.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from . import __version__
from .cluster.points import Points
from .io.earlier import LOG
from .io.inputs import unchanged
from .io.store import open_store
from .io.workspace import Workspace
from .options import RunOptions, bin_names
from .progress import Clock, Tell, counted, log_file
from .results.record import tell_outcome
from .results.summary import Bin, Outcome, summarise
from .stages import output
from .stages.assemblies import describe_assemblies
from .stages.checks import check_options
from .stages.clustering import bin_contigs, place_contigs
from .stages.embedding import describe
from .stages.families import kinds_with_families
from .stages.kinds import Known, describe_kinds
from .stages.looking import look_at_contigs
from .stages.memory import check_memory
from .stages.setting import set_out
from .stages.survey import survey_contigs

log = logging.getLogger("llmbin")


class Follower(Protocol):
    """Who makes run after run of the same genomes."""

    def names(self, outcome: Outcome) -> Sequence[str]:
        """Of bins, by number, instead of the prefix."""

    def record(self, outcome: Outcome, bins: Sequence[Bin]) -> dict[str, Any]:
        """What else ``run.json`` should hold, for the report."""


@dataclass(frozen=True)
class RunResult:
    """What a run found: of contigs, as points of the metric, of bins; and ``run.json``."""

    outcome: Outcome
    points: Points
    bins: list[Bin]
    record: dict[str, Any]


def run(
    options: RunOptions, tell: Tell | None = None, follower: Follower | None = None
) -> RunResult:
    """Bin an assembly and write the output folder.

    ``tell`` is called while contigs are read, with the bases so far and in all. What it raises
    ends the run. ``follower`` names the bins and adds to the record.

    Raises:
        LlmbinError: bad input, options, model pack, device or output folder; nothing is left
            behind.
    """
    check_options(options)
    clock = Clock()
    workspace = Workspace(options.outdir, options.force, options.resume, options.inputs)
    cache = open_store(options.cache, options.max_cache)
    same = unchanged([options.contigs])  # bins are written from them
    with workspace as work, log_file(options.outdir / LOG), cache as store, same as check_contigs:
        log.info("llmbin-fast %s: %s", __version__, options.contigs)
        with unchanged(options.inputs) as check_inputs:
            setting = set_out(options, work, clock, check_inputs, store)
            with clock.stage("survey"):
                survey = survey_contigs(setting)
            check_memory(setting, survey)
            looked = look_at_contigs(setting, survey, counted(tell, survey.bases))
            check_inputs()
        features, coverage = looked.features, looked.coverage
        embedder, markers = looked.embedder, looked.markers
        assemblies = survey.assemblies
        describe(features, options.recruit_length)
        describe_assemblies(assemblies, options.separator)
        with clock.stage("kinds"):
            kinds = kinds_with_families(setting, features)

        with clock.stage("binning"):
            points = place_contigs(features, coverage, embedder, options.threads)
            known = Known(features, kinds, markers)
            with output.laid_out_beside(points, features.lengths, options) as places:
                binning, kinds = bin_contigs(points, known, assemblies, options, embedder.device)
        describe_kinds(kinds, features.lengths)

        outcome = Outcome(features, kinds, coverage, binning, assemblies, points.missing)
        names = follower.names(outcome) if follower else bin_names(options.prefix, binning.bins)
        bins = summarise(outcome, names, markers)
        with clock.stage("output"):
            output.write_results(setting, outcome, bins)
        if options.report:
            with clock.stage("map"):
                output.write_map(setting, outcome, places())
        more = follower.record(outcome, bins) if follower else {}
        record = output.write_run_record(setting, embedder, outcome, bins, more)
        if options.report:
            output.write_report(setting)
        tell_outcome(options, outcome, bins)
        check_contigs()
        work.commit()
        if options.report:
            log.info("report: %s", options.outdir / "report.html")
    return RunResult(outcome, points, bins, record)
