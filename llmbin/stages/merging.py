"""Features of all contigs from files of their parts, instead of a pass over the contigs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from .. import __version__
from ..coverage.coverage import Coverage
from ..errors import InputError, UsageError
from ..features.profile import Features
from ..genes.homology import HomologySearch
from ..genes.markers import MarkerSet, load_marker_set
from ..genes.thresholds import HOMOLOGY
from ..io.inputs import InputFile
from ..model.devices import Device, choose_devices
from ..model.embedder import Embedder, without_lm
from ..model.pack import ModelPack, find_pack, load_pack
from ..options import RunOptions
from ..parts.about import Origin
from ..parts.merge import Merged, add_words, begin_rate, check_alike, merge, read_whole
from ..parts.read import PartFile
from ..parts.write import check_arrow
from .assemblies import assembly_of
from .recalling import profile_digests
from .setting import Setting

log = logging.getLogger("llmbin")


def open_parts(paths: Sequence[InputFile]) -> list[PartFile]:
    """Files of features that belong together.

    Raises:
        UsageError: pyarrow is not installed.
        InputError: a file is no such file, or they were not made in one way.
    """
    check_arrow()
    parts = [PartFile(path) for path in paths]
    check_alike(parts)
    makers = {part.about.maker for part in parts}
    if len(makers) > 1:
        log.warning(
            "the parts were computed by %d kinds of processor or library: the last digits of "
            "vectors may differ from those of one",
            len(makers),
        )
    return parts


def embedder_of(parts: Sequence[PartFile], options: RunOptions) -> Embedder:
    """The pack that parts were made with, without an encoder; the device searches neighbours.

    Raises:
        InputError: the parts were made with other options than those of the run.
        ModelPackError: the pack is not there.
    """
    first, origin = parts[0].path, parts[0].about.origin
    shortest = origin.recruit_length
    pack = load_pack(find_pack(options.model.model))
    plan = pack.plan(options.model.windows, options.model.seed)
    for good, what in (
        (origin.version == __version__, f"version {origin.version} (this is {__version__})"),
        (origin.model[2] == pack.digest, f"--model {origin.model[0]} {origin.model[1]}"),
        (origin.width == pack.width, f"vectors of {origin.width}"),
        (not pack.encoders or origin.plan() == plan, _words_for(origin)),
        (shortest == options.recruit_length, f"--recruit-length {shortest}"),
        (options.model.precision in ("auto", origin.precision), f"--precision {origin.precision}"),
        (origin.profiles == tuple(profile_digests()), "other profiles of marker genes"),
    ):
        if not good:
            raise InputError(f"{first}: was made with {what}; make it and this run alike")
    return Embedder(pack, _device(pack, origin, options), None, plan)


def _words_for(origin: Origin) -> str:
    seed = "middle" if origin.seed is None else origin.seed
    return f"--windows {origin.windows} and --seed {seed}"


def _device(pack: ModelPack, origin: Origin, options: RunOptions) -> Device:
    if not pack.encoders:
        return without_lm(pack, options.model)
    asked = options.model.device
    device = choose_devices(asked, origin.precision, list(pack.encoders))[0]
    return replace(device, reason="contigs were embedded before")


def markers_of(parts: Sequence[PartFile], mode: str) -> MarkerSet | None:
    """The marker families, or None where they were off.

    Raises:
        InputError: parts were made with other families, or without them, against the option.
    """
    first, families = parts[0].path, parts[0].about.origin.families
    if mode == ("off" if families else "on"):
        raise InputError(
            f"{first}: was made with{'' if families else 'out'} marker genes; give both the same "
            "--markers"
        )
    markers = load_marker_set() if families else None
    if markers is not None and families != tuple(markers.names):
        raise InputError(f"{first}: was made with other marker families; make it again")
    if markers is None:
        log.info("markers are off, as the parts were made without them")
    return markers


def merged(setting: Setting, parts: Sequence[PartFile]) -> tuple[Features, Coverage | None]:
    """Features of all contigs, and their coverage where parts hold depths.

    Raises:
        InputError: parts are damaged, or do not make up the contigs.
        UsageError: depths are in the parts and were given, too.
    """
    options, inputs = setting.options, setting.inputs
    if parts[0].about.samples.names and (inputs.bams or inputs.tables):
        raise UsageError(
            f"{parts[0].path} holds depths already; leave out --bam and --depth, or make all parts "
            "without"
        )
    with setting.clock.stage("reading"):
        whole = read_whole(inputs.contigs, options.recruit_length)
        found = merge(parts, whole)
    log.info("features of %s contigs from %d parts", f"{len(found.part):,}", len(parts))
    with setting.clock.stage("homology"):
        homology = _words(setting, parts, found).pairs()
    return replace(found.features, homology=homology), found.coverage


def _words(setting: Setting, parts: Sequence[PartFile], found: Merged) -> HomologySearch:
    """A search that has seen the words of all contigs."""
    options = setting.options
    search = HomologySearch(
        lambda name: assembly_of(name, options.separator),
        options.threads,
        replace(HOMOLOGY, word_rate=begin_rate(parts)),
    )
    add_words(parts, found, search)
    return search
