"""The second stage: one pass over the contigs, or its stored outcome."""

from __future__ import annotations

import logging
from dataclasses import asdict, fields, replace
from functools import partial
from typing import Any

import numpy as np

from .. import __version__
from ..errors import UsageError
from ..features.composition import FRAMES
from ..features.profile import Features, Reading, Searches, profile_contigs
from ..genes.counts import MarkerCounts
from ..genes.homology import Homology, HomologySearch
from ..genes.markers import MarkerSearch, MarkerSet, load_marker_set, markers_available
from ..genes.matches import Genes
from ..genes.prints import WIDTH
from ..genes.rna import RnaGenes, RnaSearch
from ..genes.sketches import Sketches
from ..io.names import packed_names, unpacked_names
from ..model.embedder import Embedder
from ..progress import Advance, Monitor, bar, unheard
from .assemblies import assembly_of
from .recalling import (
    answers_recall,
    contig_recall,
    features_recall,
    pairs_recall,
    profile_digests,
)
from .setting import Setting

log = logging.getLogger("llmbin")

GENOME = 1_000_000  # bases of a circle that may be a whole genome


def choose_markers(mode: str) -> MarkerSet | None:
    """The marker families, or None where they are off; says so.

    Raises:
        UsageError: they are asked for and pyhmmer is not installed.
    """
    install = "`pip install 'llmbin-fast[markers]'`"
    if mode == "off":
        log.info(
            "markers are off, as asked: composition, depth and homology alone decide, "
            "and bins have no quality estimate"
        )
        return None
    if not markers_available():
        if mode == "on":
            raise UsageError(f"--markers on needs pyhmmer: {install}")
        log.warning(
            "markers are off, pyhmmer is not installed (%s): expect fewer complete bins", install
        )
        return None
    return load_marker_set()


def embed_contigs(
    setting: Setting,
    embedder: Embedder,
    markers: MarkerSet | None,
    advance: Advance = unheard,
) -> Features:
    """Features of the contigs of at least ``recruit_length``; ``advance`` is told of their bases.

    Raises:
        DeviceError: the encoder failed.
        InputError: an input has changed.
        StorageError: they cannot be kept.
    """
    from .._kernels import give_back_memory

    key = _key(setting, embedder, markers is not None)
    read = partial(_from_arrays, markers=markers is not None)
    held = setting.work.load("features", key, read) if setting.options.resume else None
    if held is not None:
        log.info("resuming: contigs were read and embedded before")
        return held
    last = features_recall(setting, embedder, key)
    if last is not None and (arrays := last.known()) is not None:
        features = replace(read(arrays), encoded_bases=0, computed_positions=0)
        _tell_known(len(features.names), len(features.names))
        advance(features.bases)
        return features
    features = _embedded(setting, embedder, markers, advance)
    give_back_memory()  # of the searches, which are over
    arrays = _arrays(features)
    setting.work.save("features", key, arrays)
    if last is not None:
        last.keep(arrays)
    return features


def _embedded(
    setting: Setting, embedder: Embedder, markers: MarkerSet | None, advance: Advance
) -> Features:
    options, threads = setting.options, setting.options.threads
    folder = setting.work.staging
    reading = Reading(
        embedder.plan, options.recruit_length, embedder.budget(), threads, folder=folder
    )
    answers = answers_recall(setting) if markers is not None else None
    earlier = answers.earlier() if answers is not None else None
    search = MarkerSearch(markers, threads, earlier) if markers is not None else None
    recall, pairs = contig_recall(setting, embedder, markers is not None), pairs_recall(setting)
    known_pairs = pairs.known() if pairs is not None else None
    since = None
    if pairs is not None and known_pairs is None and recall is not None:
        since = pairs.since(recall.digests)
    search_pairs = HomologySearch(
        lambda name: assembly_of(name, options.separator), threads, since=since
    )
    with bar("reading and embedding contigs", None, options.progress) as show:

        def both(bases: int) -> None:
            show(bases)
            advance(bases)

        features = profile_contigs(
            setting.inputs.contigs,
            embedder.encoder,
            reading,
            Searches(search, search_pairs if known_pairs is None else None, RnaSearch()),
            Monitor(both, setting.clock),
            recall,
        )
    setting.check_inputs()
    if known_pairs is not None:
        features = replace(features, homology=known_pairs[0], sketches=known_pairs[1])
    elif pairs is not None:
        pairs.keep(features.homology, features.sketches, since)
    if answers is not None and earlier is not None:
        answers.keep(earlier)
    if recall is not None:
        _tell_known(recall.known, len(features.names))
    return features


def _tell_known(known: int, contigs: int) -> None:
    log.info("%s of %s contigs are known from earlier runs", f"{known:,}", f"{contigs:,}")


def _key(setting: Setting, embedder: Embedder, markers: bool) -> dict[str, Any]:
    return {
        "version": __version__,
        "numbers": [FRAMES, WIDTH],  # builds of one version may differ in them
        "contigs": setting.inputs.contigs_content,
        "pack": embedder.pack.digest,
        "profiles": profile_digests(),
        "precision": embedder.device.precision,
        "device": embedder.device.kind,
        "plan": asdict(embedder.plan),
        "shortest": setting.options.recruit_length,
        "markers": markers,
        "separator": setting.options.separator,
    }


def _arrays(features: Features) -> dict[str, Any]:
    homology = features.homology
    numbers = (
        features.too_short,
        features.short_bases,
        features.encoded_bases,
        features.computed_positions,
    )
    arrays = {
        "names": packed_names(features.names),
        "lengths": features.lengths,
        "ungapped": features.ungapped,
        "gc": features.gc,
        "composition": features.composition,
        "frames": features.frames,
        "circular": features.circular,
        "lm": features.lm,
        "numbers": np.array(numbers, np.int64),
        "homology": np.array([homology.first, homology.second, homology.length]),
        "sketch_words": features.sketches.words,
        "sketch_ends": features.sketches.ends,
    }
    if features.markers is not None and features.genes is not None:
        genes = {f"genes_{name}": column for name, column in vars(features.genes).items()}
        arrays |= {f"markers_{name}": part for name, part in vars(features.markers).items()}
        arrays |= genes
    if features.rna is not None:
        arrays |= {f"rna_{name}": counts for name, counts in vars(features.rna).items()}
    return arrays


def _from_arrays(arrays: dict[str, Any], markers: bool) -> Features:
    too_short, short_bases, encoded, computed = (int(x) for x in arrays["numbers"])
    features = Features(
        names=unpacked_names(arrays["names"]),
        lengths=arrays["lengths"],
        ungapped=arrays["ungapped"],
        gc=arrays["gc"],
        composition=arrays["composition"],
        frames=arrays["frames"],
        circular=arrays["circular"],
        lm=arrays["lm"],
        markers=MarkerCounts(arrays["markers_row"], arrays["markers_table"]) if markers else None,
        too_short=too_short,
        short_bases=short_bases,
        encoded_bases=encoded,
        computed_positions=computed,
        homology=Homology(*arrays["homology"]),
        genes=Genes(*(arrays[f"genes_{f.name}"] for f in fields(Genes))) if markers else None,
        rna=RnaGenes(arrays["rna_rrna"], arrays["rna_whole"], arrays["rna_trna"]),
        sketches=Sketches(arrays["sketch_words"], arrays["sketch_ends"]),
    )
    rows = (
        features.names,
        features.lengths,
        features.ungapped,
        features.gc,
        features.composition,
        features.frames,
        features.circular,
        features.lm,
    )
    if len({len(part) for part in rows}) > 1:
        raise ValueError("arrays of several lengths")
    return features


def describe(features: Features, shortest: int) -> None:
    """Say what was read."""
    number = f"{len(features.names):,}"
    log.info(
        "%s contigs of %s bases or more, %.1f Mbp", number, f"{shortest:,}", features.bases / 1e6
    )
    if features.too_short:
        left = f"{features.too_short:,} ({features.short_bases:,} bases)"
        log.info("shorter contigs left out (gaps do not count): %s", left)
    if circles := int(features.circular.sum()):
        genomes = int((features.circular & (features.lengths >= GENOME)).sum())
        log.info("circles: %s contigs, %s of 1 Mbp or more", f"{circles:,}", f"{genomes:,}")
    if features.computed_positions:
        efficiency = 100 * features.encoded_bases / features.computed_positions
        bases = features.encoded_bases / 1e6
        log.debug("embedded %.1f Mbp, padding efficiency %.1f %%", bases, efficiency)
    if features.markers is not None:
        counts = features.markers
        genes, carriers = int(counts.table.sum()), int(counts.carried.sum())
        log.info("%s marker genes on %s contigs", f"{genes:,}", f"{carriers:,}")
    log.info(
        "%s pairs of contigs are homologous: of relatives, most likely, and not of one genome",
        f"{len(features.homology.first):,}",
    )
