"""``llmbin-fast features``: what a run finds of contigs one by one, of a part of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import __version__
from ..coverage.coverage import Coverage
from ..errors import UsageError
from ..features.profile import Reading, Searches, profile_contigs
from ..genes.markers import MarkerSearch, MarkerSet
from ..genes.rna import RnaSearch
from ..io.inputs import check_inputs, unchanged
from ..io.outputs import STDOUT, check_output, scratch_folder
from ..model.devices import installed
from ..model.embedder import Embedder, open_embedder
from ..options import PartOptions
from ..parts.about import About, Maker, Origin, Samples
from ..parts.search import PartSearch, first_rate
from ..parts.write import Part, check_arrow, write_part
from ..progress import Monitor, bar
from ..resources import processor
from .checks import check_coverage_options
from .coverage import depths_of, measuring
from .embedding import choose_markers
from .recalling import RUNTIMES, profile_digests
from .setting import Inputs, stored_inputs
from .survey import long_contigs

log = logging.getLogger("llmbin")


@dataclass(frozen=True)
class Stretch:
    """The contigs of a part: rows ``begin`` to ``end`` of those of a file, in order.

    ``names`` and ``lengths`` int64 [n] are of all in the file that are long enough.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    begin: int
    end: int

    @property
    def rows(self) -> slice:
        """For arrays of all."""
        return slice(self.begin, self.end)


def make_part(options: PartOptions) -> About:
    """Find the features of a part, and write them; says what the file says of itself.

    Raises:
        LlmbinError: bad input, options, model pack, device or output; nothing is left behind.
    """
    check_part_options(options)
    with scratch_folder("llmbin-features-") as folder, unchanged(options.inputs) as check:
        inputs = stored_inputs(options, folder)
        stretch = stretch_of(*long_contigs(inputs.contigs, options.recruit_length), options.part)
        embedder = open_embedder(options.model)
        embedder = replace(
            embedder, plan=replace(embedder.plan, first=options.first + stretch.begin)
        )
        markers = choose_markers(options.markers)
        coverage = _coverage(options, inputs, stretch, folder)
        part = _found(options, inputs, stretch, (embedder, markers), coverage)
        check()
        write_part(options.output, part)
    about = part.about
    log.info(
        "%s contigs from place %s on, %.1f Mbp, in %s",
        f"{about.contigs:,}",
        f"{about.first:,}",
        part.features.bases / 1e6,
        options.output,
    )
    return about


def check_part_options(options: PartOptions) -> None:
    """Options that contradict each other; inputs and outputs that cannot be.

    Raises:
        UsageError: options do not go together, or pyarrow is not installed.
        InputError: an input is missing.
        OutputError: the output cannot be written.
    """
    check_arrow()
    check_coverage_options(options)
    number, parts = options.part
    if not 1 <= number <= parts:
        raise UsageError(f"--part {number}/{parts}: parts of {parts} are 1 to {parts}")
    if options.first and parts > 1:
        raise UsageError("--part knows where it begins, --first is for a FASTA file of a part")
    if str(options.output) in STDOUT:
        raise UsageError("-o -: features are written to a file, not to standard output")
    check_inputs(options.inputs)
    check_output(options.output, options.inputs)


def stretch_of(names: list[str], lengths: npt.NDArray[np.int64], part: tuple[int, int]) -> Stretch:
    """Part k of n: contigs that begin in the k-th of n equal parts of all bases."""
    number, parts = part
    total = int(lengths.sum())
    before = np.cumsum(lengths) - lengths
    begin, end = np.searchsorted(before * parts, [(number - 1) * total, number * total]).tolist()
    return Stretch(names, lengths, begin, end)


def _coverage(
    options: PartOptions, inputs: Inputs, stretch: Stretch, scratch: Path
) -> Coverage | None:
    """Depths of the part's contigs; those of all are looked at, so that they are the run's."""
    if not (inputs.bams or inputs.tables):
        return None
    how = measuring(options, inputs, scratch)
    whole = depths_of(inputs, options.samples, how, stretch.names, stretch.lengths)
    return whole.take(stretch.rows)


def _found(
    options: PartOptions,
    inputs: Inputs,
    stretch: Stretch,
    by: tuple[Embedder, MarkerSet | None],
    coverage: Coverage | None,
) -> Part:
    embedder, markers = by
    threads = options.threads
    rate = first_rate(max(int(stretch.lengths.sum()), options.whole_bases))
    words = PartSearch(rate, threads)
    search = MarkerSearch(markers, threads) if markers is not None else None
    names = frozenset(stretch.names[stretch.rows])
    reading = Reading(embedder.plan, options.recruit_length, embedder.budget(), threads, names)
    with bar("reading and embedding contigs", None, options.progress) as advance:
        features = profile_contigs(
            inputs.contigs,
            embedder.encoder,
            reading,
            Searches(search, words, RnaSearch()),
            Monitor(advance),
        )
    held = words.result()
    about = About(
        origin_of(embedder, markers, options.recruit_length),
        maker_of(embedder),
        _samples(coverage),
        len(features.names),
        embedder.plan.first,
        held.rate,
        rate,
        features.encoded_bases,
        features.computed_positions,
    )
    return Part(about, features, held, coverage)


def origin_of(embedder: Embedder, markers: MarkerSet | None, recruit_length: int) -> Origin:
    """What all parts of a whole must have in common."""
    pack, plan = embedder.pack, embedder.plan
    return Origin(
        version=__version__,
        model=(pack.name, pack.version, pack.digest),
        width=pack.width,
        precision=embedder.device.precision,
        window=plan.window,
        windows=plan.most,
        bucket=plan.bucket,
        seed=plan.seed,
        recruit_length=recruit_length,
        families=None if markers is None else tuple(markers.names),
        profiles=tuple(profile_digests()),
    )


def maker_of(embedder: Embedder) -> Maker:
    """What computes here."""
    libraries = [f"{name} {v}" for name in RUNTIMES if (v := installed(name))]
    return Maker(embedder.device.kind, processor(), tuple(libraries))


def _samples(coverage: Coverage | None) -> Samples:
    if coverage is None:
        return Samples()
    return Samples(tuple(coverage.samples), tuple(coverage.files), tuple(coverage.reads))
