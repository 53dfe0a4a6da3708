"""The main job, from contigs to bins.

Read contigs; take windows; count tetranucleotides and codons, and embed windows with the language model, looking for marker
genes and homologous stretches meanwhile; measure coverage; project to points of one calibrated metric; build HDBSCAN's tree over long
contigs; cut it where the genomes are, and tell relatives apart; recruit the other contigs; write bins.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .cluster.binning import Binning, bin_assemblies
from .cluster.contig_set import BinLimits, ContigSet
from .cluster.missing import missing_depth, without_missing
from .cluster.neighbours import gpu_for
from .cluster.placing import make_points
from .cluster.points import Points
from .depth.bam import check_alignments
from .depth.check import check_depths
from .depth.coverage import (
    Coverage,
    SampleReads,
    coverage_from_bams,
    coverage_from_tables,
    no_coverage,
    sample_names,
)
from .depth.reads import DepthRules, ReadKind
from .errors import InputError, UsageError
from .features.profile import Features, profile_contigs
from .genes.evidence import Evidence
from .genes.homology import Homology, HomologySearch
from .genes.markers import MarkerSearch, MarkerSet, load_marker_set, markers_available
from .io.fasta import read_fasta
from .io.inputs import InputFile, check_inputs, stored
from .io.workspace import LOG, Workspace, file_digest, fingerprint
from .model.budget import choose_budget
from .model.devices import Device, installed
from .model.encoder import Encoder, open_encoder
from .model.pack import ModelPack, find_pack, load_pack
from .model.projector import project
from .progress import Clock, bar, log_file
from .resources import Resources
from .results.tables import (
    Bin,
    bin_name,
    summarise,
    write_bins_table,
    write_bioboxes,
    write_contig2bin,
    write_contigs_table,
    write_sequences,
)

log = logging.getLogger("llmbin")

LONGEST_NAME = 100  # of a bin: file systems take 255 bytes, with its ending and what other programs put around it


@dataclass(frozen=True)
class RunOptions:
    """Everything a user may choose."""

    contigs: Path
    outdir: Path
    bams: Sequence[Path] = ()
    depth: Sequence[Path] = ()
    samples: Sequence[str] | None = None
    model: str = "llmbin-edge"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 1
    batch_size: int = 0
    windows: int = 0
    min_length: int = 1500
    recruit_length: int = 1000
    min_bin_size: int = 200_000
    min_identity: float | None = None
    separator: str = ""
    markers: str = "auto"
    seed: int = 1
    prefix: str = "bin"
    formats: Sequence[str] = ()
    sample_id: str = ""
    force: bool = False
    resume: bool = False
    progress: bool = True


@dataclass(frozen=True)
class Inputs:
    """What a run reads, as files that can be read again."""

    contigs: InputFile
    bams: Sequence[InputFile]
    tables: Sequence[InputFile]


@dataclass(frozen=True)
class RunResult:
    """What a run found."""

    features: Features
    coverage: Coverage
    binning: Binning
    bins: list[Bin]
    clock: Clock = field(default_factory=Clock)


def run(options: RunOptions) -> RunResult:
    """Bin an assembly and write the output folder.

    Raises:
        LlmbinError: bad input, options, model pack, device or output folder; nothing is left behind.
    """
    check_options(options)
    clock = Clock()
    with (
        Workspace(options.outdir, force=options.force, resume=options.resume) as work,
        log_file(options.outdir / LOG),
    ):
        log.info("llmbin-fast %s: %s", __version__, options.contigs)
        inputs = stored_inputs(options, work)
        check_files(options, inputs)
        pack = load_pack(find_pack(options.model))
        device, encoder = open_encoder(pack, options.device, options.precision)
        markers = choose_markers(options.markers)
        digest = file_digest(inputs.contigs)
        features = contig_features(
            options, inputs.contigs, digest, pack, device, encoder, markers, work, clock
        )
        samples = contig_samples(features.names, options.separator)
        describe(features, samples, options)
        with clock.stage("coverage"):
            sources = [file_digest(path) for path in (*inputs.bams, *inputs.tables)]
            coverage = contig_coverage(options, inputs, features, digest, sources, work)
            check_depths(coverage, len(set(samples)))
        with clock.stage("binning"):
            z = project(features.composition, features.lm, pack.projector)
            points = place(
                make_points(z, features.lengths, coverage, pack.projector),
                features,
                coverage,
                options.threads,
            )
            evidence = Evidence(features.markers, markers, features.homology)
            binning = bin_assemblies(
                ContigSet(points, features.lengths, evidence),
                samples,
                BinLimits(options.min_length, options.min_bin_size),
                Resources(options.threads, gpu_for(device)),
            )
        bins = summarise(
            features, coverage, binning, options.prefix, markers, samples, points.missing
        )
        with clock.stage("output"):
            write_results(options, inputs.contigs, work, features, coverage, binning, bins)
        write_record(
            work, options, pack, device, [digest, *sources], features, coverage, bins, clock
        )
        work.commit()
        report(options, features, binning, bins)
    return RunResult(features, coverage, binning, bins, clock)


def check_options(options: RunOptions) -> None:
    """Options that contradict each other."""
    if options.bams and options.depth:
        raise UsageError("--bam and --depth are two ways to say the same; give one of them")
    if options.samples and not (options.bams or options.depth):
        raise UsageError("--samples names the samples of --bam or --depth, and there are none")
    if options.force and options.resume:
        raise UsageError("--force starts again and --resume continues; give one of them")
    if options.recruit_length > options.min_length:
        raise UsageError(
            f"--recruit-length {options.recruit_length} is more than --min-length {options.min_length}; it can be at most that"
        )
    name = bin_name(options.prefix, 0)
    if (
        options.prefix.count("{}") > 1
        or len(name) > LONGEST_NAME
        or name[0] in ".-"
        or not (name.isprintable() and set(name).isdisjoint("/\\ "))
    ):
        raise UsageError(
            f"--prefix {options.prefix[:LONGEST_NAME]!r} cannot be part of a file name; letters, digits, '.', '-', '_' and one '{{}}' can"
        )
    if not options.sample_id.isprintable():
        raise UsageError("--sample-id must be of one line, without tabs")
    DepthRules(min_identity=options.min_identity)
    check_inputs([options.contigs, *options.bams, *options.depth])


def stored_inputs(options: RunOptions, work: Workspace) -> Inputs:
    """The inputs as files that can be read twice: what comes through a pipe is stored first."""
    contigs = stored([options.contigs], work.staging, "pipe-contigs")
    return Inputs(
        contigs[0],
        stored(options.bams, work.staging, "pipe-sample"),
        stored(options.depth, work.staging, "pipe-table"),
    )


def check_files(options: RunOptions, inputs: Inputs) -> None:
    """Look at every file before the long work begins."""
    for path in inputs.bams:
        check_alignments(path)
    if inputs.bams:
        sample_names(inputs.bams, options.samples)
    if options.separator:
        contig_samples([next(read_fasta(inputs.contigs)).name], options.separator)


def choose_markers(mode: str) -> MarkerSet | None:
    """The marker families, or None where they are off; says so."""
    if mode == "off":
        log.info(
            "markers are off, as asked: composition, depth and homology alone decide, and bins have no quality estimate"
        )
        return None
    if not markers_available():
        if mode == "on":
            raise UsageError("--markers on needs pyhmmer: `pip install 'llmbin-fast[markers]'`")
        log.warning(
            "markers are off, pyhmmer is not installed (`pip install 'llmbin-fast[markers]'`): expect fewer complete bins"
        )
        return None
    return load_marker_set()


def contig_features(
    options: RunOptions, contigs: InputFile, digest: dict[str, Any], pack: ModelPack, device: Device, encoder: Encoder,
    markers: MarkerSet | None, work: Workspace, clock: Clock,
) -> Features:  # fmt: skip
    """One pass over the contigs, or its stored outcome."""
    plan = pack.plan(options.windows, options.seed)
    key = {
        "version": __version__, "contigs": fingerprint(digest), "pack": pack.digest,
        "precision": device.precision, "device": device.kind, "plan": asdict(plan), "shortest": options.recruit_length, "markers": markers is not None,
        "separator": options.separator,
    }  # fmt: skip
    if options.resume and (stored := work.load("features", key)):
        log.info("resuming: contigs were read and embedded before")
        too_short, short_bases, encoded, computed = (int(x) for x in stored["numbers"])
        return Features(
            stored["names"].tolist(), stored["lengths"], stored["gc"], stored["composition"], stored["lm"],
            stored["markers"] if markers is not None else None, too_short, short_bases, encoded, computed, Homology(*stored["homology"]),
        )  # fmt: skip
    budget = options.batch_size * pack.window or choose_budget(encoder, device, plan)
    search = MarkerSearch(markers, options.threads) if markers is not None else None
    with bar("reading and embedding contigs", None, options.progress) as advance:
        features = profile_contigs(
            contigs, encoder, plan, min_length=options.recruit_length, threads=options.threads, budget=budget,
            markers=search, homology=HomologySearch(lambda name: sample_of(name, options.separator), options.threads), progress=advance, clock=clock,
        )  # fmt: skip
    if not (features.lengths >= options.min_length).any():
        raise InputError(
            f"{contigs}: none of the {features.too_short + len(features.names):,} contigs has {options.min_length:,} bases or more; "
            "lower --min-length, or check that this is the assembly"
        )
    numbers = [
        features.too_short,
        features.short_bases,
        features.encoded_bases,
        features.computed_positions,
    ]
    arrays = {
        "names": np.array(features.names), "lengths": features.lengths, "gc": features.gc, "composition": features.composition,
        "lm": features.lm, "numbers": np.array(numbers, np.int64),
        "homology": np.array([features.homology.first, features.homology.second, features.homology.length]),
    }  # fmt: skip
    if features.markers is not None:
        arrays["markers"] = features.markers
    work.save("features", key, arrays)
    return features


def describe(features: Features, samples: Sequence[str], options: RunOptions) -> None:
    """Say what was read."""
    total = int(features.lengths.sum())
    log.info(
        "%s contigs of %s bases or more, %.1f Mbp",
        f"{len(features.names):,}",
        f"{options.recruit_length:,}",
        total / 1e6,
    )
    if options.separator:
        log.info(
            "%d samples by the names of their contigs, each binned by itself", len(set(samples))
        )
    if features.too_short:
        log.info(
            "shorter contigs left out: %s (%s bases)",
            f"{features.too_short:,}",
            f"{features.short_bases:,}",
        )
    if features.computed_positions:
        log.debug(
            "embedded %.1f Mbp, padding efficiency %.1f %%",
            features.encoded_bases / 1e6,
            100 * features.encoded_bases / features.computed_positions,
        )
    if features.markers is not None:
        log.info(
            "%s marker genes on %s contigs",
            f"{int(features.markers.sum()):,}",
            f"{int((features.markers.sum(1) > 0).sum()):,}",
        )
    log.info(
        "%s pairs of contigs are homologous: of relatives, most likely, and not of one genome",
        f"{len(features.homology.first):,}",
    )


def sample_of(name: str, separator: str) -> str:
    """The part of a contig's name before the separator; nothing where there is no separator."""
    return name.split(separator, 1)[0] if separator else ""


def contig_samples(names: Sequence[str], separator: str) -> list[str]:
    """The sample that each contig was assembled from: its name up to the separator; one for all without a separator.

    Raises:
        InputError: a contig's name has no separator.
    """
    if not separator:
        return [""] * len(names)
    for name in names:
        if separator not in name:
            raise InputError(
                f"contig {name!r} has no {separator!r} in its name; --separator is for names like S1{separator}contig1"
            )
        if name.startswith(separator):
            raise InputError(
                f"by --separator {separator!r} contig {name!r} is of a sample without a name, the part in front of the first {separator!r}; "
                "choose a separator that comes behind the name of the sample"
            )
    return [sample_of(name, separator) for name in names]


def contig_coverage(
    options: RunOptions,
    inputs: Inputs,
    features: Features,
    digest: dict[str, Any],
    sources: list[dict[str, Any]],
    work: Workspace,
) -> Coverage:
    """Coverage from BAM or CRAM files or tables, or of no samples."""
    if not (inputs.bams or inputs.tables):
        log.warning(
            "no coverage was given (--bam or --depth): binning by composition alone, which finds fewer genomes"
        )
        return no_coverage(len(features.names))
    key = {
        "version": __version__, "contigs": fingerprint(digest), "shortest": options.recruit_length,
        "files": sources, "samples": list(options.samples or []), "identity": options.min_identity,
    }  # fmt: skip
    if options.resume and (held := work.load("coverage", key)):
        log.info("resuming: coverage was measured before")
        return coverage_from_arrays(held)
    if inputs.bams:
        rules = DepthRules(min_identity=options.min_identity)
        coverage = coverage_from_bams(
            inputs.bams, features.names, features.lengths, samples=options.samples, rules=rules, threads=options.threads, scratch=work.staging,
            reference=inputs.contigs,
        )  # fmt: skip
    else:
        coverage = coverage_from_tables(
            inputs.tables, features.names, options.samples, features.lengths
        )
    log.info(
        "coverage of %d sample%s: %s",
        len(coverage.samples),
        "s" * (len(coverage.samples) > 1),
        ", ".join(coverage.samples[:8]),
    )
    work.save("coverage", key, coverage_arrays(coverage))
    return coverage


def coverage_arrays(coverage: Coverage) -> dict[str, Any]:
    """Coverage as arrays, to be kept."""
    reads = [
        [r.mapped, r.counted, r.kind.long, r.kind.length, r.kind.identity, r.kind.min_identity]
        for r in coverage.reads
    ]
    return {
        "samples": np.array(coverage.samples), "files": np.array(coverage.files), "mean": coverage.mean, "variance": coverage.variance,
        "reads": np.array(reads, np.float64).reshape(-1, 6),
    }  # fmt: skip


def coverage_from_arrays(held: dict[str, Any]) -> Coverage:
    """What `coverage_arrays` kept."""
    reads = [
        SampleReads(int(m), int(c), ReadKind(bool(long), *rest))
        for m, c, long, *rest in held["reads"].tolist()
    ]
    return Coverage(
        held["samples"].tolist(), held["mean"], held["variance"], reads, held["files"].tolist()
    )


def place(points: Points, features: Features, coverage: Coverage, threads: int) -> Points:
    """Points in which a missing depth is no depth of zero; says so."""
    missing = missing_depth(points, features.lengths, coverage, threads)
    if missing.any():
        log.warning(
            "%s of %s contigs have no depth in any sample, and others of like composition do: they are placed by composition alone",
            f"{int(missing.sum()):,}", f"{len(missing):,}",
        )  # fmt: skip
    return without_missing(points, features.lengths, missing)


def write_results(
    options: RunOptions,
    contigs: InputFile,
    work: Workspace,
    features: Features,
    coverage: Coverage,
    binning: Binning,
    bins: list[Bin],
) -> None:
    """All files but the record."""
    write_contig2bin(work.result("contig2bin.tsv"), features, binning, options.prefix)
    write_bins_table(work.result("bins.tsv"), bins, coverage.samples)
    write_contigs_table(work.result("contigs.tsv"), features, coverage, binning, options.prefix)
    if "bioboxes" in options.formats:
        write_bioboxes(
            work.result("binning.bioboxes.tsv"),
            features,
            binning,
            options.prefix,
            options.sample_id or options.contigs.name,
        )
    write_sequences(
        contigs,
        work.result("bins"),
        work.result("unbinned.fna.gz"),
        features,
        binning,
        options.prefix,
        options.threads,
    )


def write_record(
    work: Workspace, options: RunOptions, pack: ModelPack, device: Device, inputs: list[dict[str, Any]], features: Features, coverage: Coverage,
    bins: list[Bin], clock: Clock,
) -> None:  # fmt: skip
    """``run.json``: enough to repeat the run and to explain it."""
    import json

    packages = ("numpy", "pysam", "onnxruntime", "onnxruntime-gpu", "pyhmmer", "isal")
    record = {
        "program": "llmbin-fast", "version": __version__,
        "python": platform.python_version(), "platform": platform.platform(), "packages": {p: v for p in packages if (v := installed(p))},
        "parameters": {k: _plain(v) for k, v in asdict(options).items()},
        "model": {"name": pack.name, "version": pack.version, "sha256": pack.digest},
        "device": {"device": str(device), "precision": device.precision, "reason": device.reason},
        "inputs": inputs,
        "contigs": len(features.names), "bases": int(features.lengths.sum()), "contigs_too_short": features.too_short,
        "samples": coverage.samples, "reads": dict(zip(coverage.samples, map(asdict, coverage.reads), strict=False)), "bins": len(bins), "binned_bases": sum(b.bp for b in bins),
        "padding_efficiency": features.encoded_bases / features.computed_positions if features.computed_positions else None,
        "stages": clock.stages,
    }  # fmt: skip
    work.result("run.json").write_text(json.dumps(record, indent=1) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def report(options: RunOptions, features: Features, binning: Binning, bins: list[Bin]) -> None:
    """Bins, or a sentence saying why there are none."""
    total = int(features.lengths.sum())
    if not bins:
        if total < options.min_bin_size:
            log.warning(
                "no bins: all contigs together hold %s bp, and a bin needs %s (--min-bin-size)",
                f"{total:,}",
                f"{options.min_bin_size:,}",
            )
        else:
            log.warning(
                "no bins: %s",
                next(
                    (w for w in binning.why if w),
                    "no cluster is large and clean enough to be a bin",
                ),
            )
        return
    binned = sum(b.bp for b in bins)
    log.info(
        "%d bin%s with %.1f of %.1f Mbp (%.0f %%) in %s",
        len(bins),
        "s" * (len(bins) != 1),
        binned / 1e6,
        total / 1e6,
        100 * binned / total,
        options.outdir,
    )
    if any(b.quality for b in bins):
        classes = [b.quality_class for b in bins]
        log.info(
            "estimated quality: %s",
            ", ".join(
                f"{classes.count(c)} {c}"
                for c in ("near-complete", "high", "medium", "low")
                if c in classes
            ),
        )
