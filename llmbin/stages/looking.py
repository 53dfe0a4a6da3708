"""What is known of contigs before they are placed: found here, on a cluster, or before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..coverage.coverage import Coverage
from ..features.profile import Features
from ..genes.markers import MarkerSet, make_ready
from ..io.inputs import InputFile
from ..model.embedder import Embedder, open_embedder
from ..model.queue import beside
from ..progress import Advance
from .coverage import judged, measure_coverage
from .embedding import choose_markers, embed_contigs
from .setting import Setting
from .survey import Survey


@dataclass(frozen=True)
class Looked:
    """Features and coverage of all contigs, and the pack and marker families (None: off)."""

    embedder: Embedder
    markers: MarkerSet | None
    coverage: Coverage
    features: Features


def look_at_contigs(setting: Setting, survey: Survey, advance: Advance) -> Looked:
    """Find all of it, or take it from ``--features``; what is told of circles is added.

    Raises:
        LlmbinError: bad input, model pack or device.
    """
    looked = _looked(setting, survey, advance)
    if not (told := setting.inputs.told_circles):
        return looked
    features = looked.features
    circular = features.circular | [told.get(name, False) for name in features.names]
    return replace(looked, features=replace(features, circular=circular))


def _looked(setting: Setting, survey: Survey, advance: Advance) -> Looked:
    options = setting.options
    if options.features:
        return _put_together(setting, survey, setting.inputs.parts)
    if options.ray and survey.names:
        from .on_ray import parts_on_ray

        with setting.clock.stage("parts"):
            paths = parts_on_ray(setting, survey, advance)
        return _put_together(setting, survey, paths)
    embedder = open_embedder(options.model)
    markers = choose_markers(options.markers)
    nothing_known = setting.store is None and not options.resume
    early = options.threads if markers is not None and nothing_known else 1
    with beside(early, make_ready):
        with setting.clock.stage("coverage"):
            coverage = measure_coverage(setting, survey)
        survey.names.clear()  # they are read once more
        features = embed_contigs(setting, embedder, markers, advance)
    return Looked(embedder, markers, coverage, features)


def _put_together(setting: Setting, survey: Survey, paths: Sequence[InputFile]) -> Looked:
    from .merging import embedder_of, markers_of, merged, open_parts

    options, parts = setting.options, open_parts(paths)
    embedder, markers = embedder_of(parts, options), markers_of(parts, options.markers)
    features, held = merged(setting, parts)
    with setting.clock.stage("coverage"):
        coverage = measure_coverage(setting, survey) if held is None else judged(held, survey)
    return Looked(embedder, markers, coverage, features)
