"""The last stages: every file of the output folder, and the report that is made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from ..cluster.arrays import Floats, Lengths
from ..cluster.layout import layout
from ..cluster.points import Points
from ..io.outputs import writing
from ..model.embedder import Embedder
from ..model.queue import beside
from ..options import RunOptions, unbinned_name
from ..report.finished import RunFiles, read_run, write_places
from ..report.multiqc import multiqc_files
from ..report.page import write_page
from ..results.record import record_of, write_record
from ..results.sequences import write_sequences
from ..results.summary import Bin, Outcome
from ..results.tables import (
    binned,
    text_file,
    write_bins_table,
    write_bioboxes,
    write_contig2bin,
    write_contigs_table,
)
from .setting import Setting

MANY = 200_000  # contigs


def write_results(setting: Setting, outcome: Outcome, bins: Sequence[Bin]) -> None:
    """All files but the record."""
    options, work = setting.options, setting.work
    names = [b.name for b in bins]
    write_contig2bin(work.result("contig2bin.tsv"), outcome, names)
    write_bins_table(work.result("bins.tsv"), bins, outcome.coverage.samples)
    if "bioboxes" in options.formats:
        sample_id = options.sample_id or options.contigs.name
        write_bioboxes(work.result("binning.bioboxes.tsv"), outcome, names, sample_id)
    folder = work.result("bins")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    ending = options.bin_extension
    places = {name: folder / f"{name}.{ending}" for name in names}
    files = {contig: places[name] for contig, name, _ in binned(outcome, names)}
    rest = work.result(unbinned_name(options.prefix, ending)) if options.unbinned else None
    table = partial(write_contigs_table, work.result("contigs.tsv"), outcome, names)
    with beside(options.threads, table) as written:
        write_sequences(setting.inputs.contigs, files, rest, options.threads)
        written()


def write_run_record(
    setting: Setting,
    embedder: Embedder,
    outcome: Outcome,
    bins: Sequence[Bin],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """``run.json``, with the seconds and memory of each stage, and more; gives what it holds."""
    given = setting.inputs
    inputs = [given.contigs_digest, *given.depth_digests, *given.other_digests]
    record = record_of(setting.options, embedder, inputs, outcome, bins)
    record |= {"stages": setting.clock.stages, **more}
    write_record(setting.work.result("run.json"), record)
    return record


def laid_out_beside(
    points: Points, lengths: Lengths, options: RunOptions
) -> AbstractContextManager[Callable[[], Floats]]:
    """Lay the report's map out while contigs are binned; gives what waits for its places [n, 2].

    Of more than `MANY` contigs it is laid out when it is asked for, as both together would take
    more memory.
    """
    few = options.report and len(lengths) <= MANY
    work = partial(layout, points, lengths, options.threads)
    return beside(options.threads if few else 1, work)


def write_map(setting: Setting, outcome: Outcome, places: Floats) -> None:
    """``places.tsv``: where contigs are on the report's map [n, 2]."""
    write_places(setting.work.result("places.tsv"), outcome.features.names, places)


def write_report(setting: Setting) -> None:
    """``report.html`` and the files for MultiQC, from the record and the tables."""
    place = setting.work.result
    names = ("run.json", "bins.tsv", "contigs.tsv", "places.tsv")
    run = read_run(RunFiles(*map(place, names)))
    write_page(place("report.html"), run)
    for name, text in multiqc_files(run).items():
        with text_file(place(name)) as handle:
            handle.write(text)
