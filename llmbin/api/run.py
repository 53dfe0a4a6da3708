"""`llmbin.run`: the main job, from contigs to bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import pipeline
from ..kinds.contigs import KINDS
from ..options import (
    BIN_EXTENSIONS,
    DEFAULT_MODEL,
    FORMATS,
    MARKERS,
    MAX_CACHE,
    MIN_BIN_SIZE,
    MIN_LENGTH,
    ModelOptions,
    RunOptions,
    recruit_length_for,
)
from ..progress import Tell
from ..results.summary import Bin, hosts_of
from .bins import Bins, estimate_arrays, kind_arrays, rna_arrays
from .depth import Depths
from .given import (
    Contigs,
    PathLike,
    Paths,
    Scratch,
    are_words,
    at_least,
    cores,
    files_of,
    model_options,
    one_of,
    path_or_none,
    plain,
    words_of,
)
from .table import Columns, Doubles, Floats, Integers, Table, Texts, texts


@dataclass(frozen=True, eq=False, repr=False)
class BinnedContigs(Table):
    """The n contigs that were long enough, in the order of the file.

    Attributes:
        names: object [n].
        lengths: in bp, int64 [n].
        gc: fraction of known bases, float32 [n].
        samples: names of the samples.
        depth, depth_variance: float64 [n, samples]; a variance is NaN where it was not told.
        bin: row of its bin, int32 [n], -1 for none; ``bin_names`` says it in words, object [n].
        probability: to be of its bin's genome (docs/outputs.md), float64 [n].
        core: whether it began its bin, as part of the tree, bool [n].
        why_unbinned: the reason to be in no bin, else empty, object [n].
        kind: what it is (bacterium, ..., unclear), object [n]; ``kind_probability`` float64 [n].
        probably_of: the bin that a virus or plasmid is in or nearest to, else empty, object [n].
        doubt: chance to be of a relative of its bin's genome, float64 [n].
        circular: whether it is a circle, bool [n].
        vectors: of the projector, which the metric compares, float32 [n, dimensions].
        lm: of the language model alone, float32 [n, width].
    """

    names: Texts
    lengths: Integers
    gc: Floats
    samples: Sequence[str]
    depth: Doubles
    depth_variance: Doubles
    bin: npt.NDArray[np.int32]
    bin_names: Texts
    probability: Doubles
    core: npt.NDArray[np.bool_]
    why_unbinned: Texts
    kind: Texts
    kind_probability: Doubles
    probably_of: Texts
    doubt: Doubles
    circular: npt.NDArray[np.bool_]
    vectors: Floats
    lm: Floats

    def columns(self) -> Columns:
        """Arrays by title, as in ``contigs.tsv``."""
        depths = zip(self.samples, self.depth.T, strict=True)
        return {
            "contig": self.names,
            "length": self.lengths,
            "gc": self.gc,
            **{f"depth_{sample}": column for sample, column in depths},
            "bin": self.bin_names,
            "probability": self.probability,
            "core": self.core,
            "why_unbinned": self.why_unbinned,
            "kind": self.kind,
            "kind_probability": self.kind_probability,
            "probably_of": self.probably_of,
            "doubt": self.doubt,
            "circular": self.circular,
        }


@dataclass(frozen=True, eq=False, repr=False)
class RunBins(Bins):
    """The bins of a run, the largest first; all fields of `Bins`, and those of a run.

    Attributes:
        samples: names of the samples.
        depth: mean over the bases of a bin, float64 [n, samples].
        confidence: mean probability of its bases, float64 [n].
        assembly: that it is from, by ``separator``, object [n].
    """

    samples: Sequence[str]
    depth: Doubles
    confidence: Doubles
    assembly: Texts

    def columns(self) -> Columns:
        """Arrays by title, as in ``bins.tsv``."""
        depths = zip(self.samples, self.depth.T, strict=True)
        return {
            **self._size_columns(),
            **{f"depth_{sample}": column for sample, column in depths},
            "confidence": self.confidence,
            **self._quality_columns(),
            "sample": self.assembly,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """What a run found.

    Attributes:
        contigs: those that were long enough.
        bins: the largest first.
        record: what ``run.json`` holds: versions, device, parameters, inputs, times.
        out: the folder of the results, None where none was asked for.
    """

    contigs: BinnedContigs
    bins: RunBins
    record: dict[str, Any]
    out: Path | None = None

    @property
    def contig2bin(self) -> dict[str, str]:
        """The bin of each contig that is in one, in the order of the file."""
        rows = np.flatnonzero(self.contigs.bin >= 0)
        return dict(zip(self.contigs.names[rows], self.contigs.bin_names[rows], strict=True))

    def __repr__(self) -> str:
        return f"<Run: {len(self.bins):,} bins of {len(self.contigs):,} contigs>"


def run(  # noqa: PLR0913 (the options of the command)
    contigs: Contigs,
    *,
    bam: Paths = (),
    depth: Paths | Depths = (),
    samples: str | Sequence[str] | None = None,
    pool: bool = False,
    min_identity: float | None = None,
    out: PathLike | None = None,
    prefix: str = "bin",
    format: str | Sequence[str] = (),
    sample_id: str = "",
    bin_extension: str = BIN_EXTENSIONS[0],
    unbinned: bool = True,
    report: bool = True,
    force: bool = False,
    resume: bool = False,
    min_length: int = MIN_LENGTH,
    recruit_length: int | None = None,
    min_bin_size: int = MIN_BIN_SIZE,
    separator: str = "",
    circles: PathLike | None = None,
    markers: str = "auto",
    model: PathLike = DEFAULT_MODEL,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    batch_size: int = 0,
    windows: int = 0,
    seed: int | None = 1,
    max_memory: int = 0,
    cache: PathLike | None = None,
    max_cache: int = MAX_CACHE,
    features: Paths = (),
    ray: str = "",
    progress: Tell | None = None,
) -> Run:
    """Bin the contigs of an assembly, as ``llmbin-fast run``.

    Args:
        contigs: a FASTA file, or names and sequences: a mapping, or pairs.
        bam: reads mapped to these contigs, one BAM or CRAM file a sample.
        depth: depth tables instead, or what `llmbin.depth` gave.
        samples: names of the samples (from the files by default).
        pool: add up the files of ``bam`` that have one name in ``samples``.
        min_identity: reads below this identity do not count (None: as the reads are).
        out: the folder for the files of a run. Without one there are none.
        prefix: bins are called PREFIX.0001, or with 0001 in place of ``{}``.
        format: further formats in ``out``: bioboxes.
        sample_id: @SampleID of bioboxes.
        bin_extension: how files of bins end, gzipped if by ``.gz``: fna.gz, fa, fasta and so on.
        unbinned: whether ``out`` gets a file of the contigs in no bin.
        report: whether ``out`` gets ``report.html`` and what belongs to it.
        force: replace what an earlier run left in ``out``.
        resume: continue a run that was stopped, from its last finished stage.
        min_length: shortest contig that is clustered, in bp, gaps of N not counted.
        recruit_length: shorter ones from this length on join bins (None: 1000, or ``min_length``).
        min_bin_size: smallest bin, in bp.
        separator: contigs of several assemblies are named SAMPLE separator CONTIG.
        circles: Flye's ``assembly_info.txt``, or a file with the name of a circle in each line.
        markers: auto, on or off: whether single-copy marker genes cut the tree.
        model: a model pack, its name or folder.
        device: auto, cpu, cuda, fused or tensorrt, the last three also with :N.
        precision: auto, or one of the pack's.
        threads: CPU threads (None: all cores that the process may use).
        batch_size: windows a batch, 0 chooses; results do not depend on it.
        windows: most windows of a contig, 0 for the pack's number.
        seed: decides where the windows of long contigs begin (None: in the middle of equal parts).
        max_memory: bytes that the run may use, 0 for what the machine allows.
        cache: a folder that keeps what is found of each contig and BAM file for the next runs.
        max_cache: bytes that it may hold.
        features: files of ``llmbin-fast features``, whose parts make up the contigs.
        ray: the address of a Ray cluster that finds the features, or auto.
        progress: called with the bases that were read so far, and all. What it raises ends the run.

    Raises:
        LlmbinError: bad input, arguments, model pack, device or output folder; nothing is left
            behind.
    """
    at_least(1, min_length=min_length, min_bin_size=min_bin_size)
    at_least(0, max_memory=max_memory, max_cache=max_cache)
    are_words(separator=separator, prefix=prefix, sample_id=sample_id, ray=ray)
    one_of(MARKERS, markers=markers)
    formats = words_of(format, "format")
    for name in formats:
        one_of(FORMATS, format=name)
    one_of(BIN_EXTENSIONS, bin_extension=bin_extension)
    if recruit_length is None:
        recruit_length = recruit_length_for(min_length)
    at_least(1, recruit_length=recruit_length)
    with Scratch() as scratch:
        options = plain(
            RunOptions(
                contigs=scratch.contigs(contigs),
                outdir=path_or_none(out) or scratch.folder / "out",
                bams=files_of(bam, "bam"),
                depth=_tables(depth, scratch),
                samples=None if samples is None else words_of(samples, "samples"),
                model=model_options(
                    ModelOptions(str(model), device, precision, batch_size, windows, seed)
                ),
                threads=cores(threads),
                max_memory=max_memory,
                min_length=min_length,
                recruit_length=recruit_length,
                min_bin_size=min_bin_size,
                min_identity=min_identity,
                separator=separator,
                circles=path_or_none(circles, "circles"),
                markers=markers,
                prefix=prefix,
                formats=formats,
                sample_id=sample_id,
                bin_extension=bin_extension,
                unbinned=unbinned and out is not None,
                report=report and out is not None,
                force=force,
                resume=resume,
                progress=False,
                cache=path_or_none(cache, "cache"),
                max_cache=max_cache,
                pool=pool,
                features=files_of(features, "features"),
                ray=ray,
            )
        )
        found = pipeline.run(options, progress)
    bins = _bins(found.bins, found.outcome.coverage.samples)
    return Run(_contigs(found, bins.names), bins, found.record, path_or_none(out))


def _tables(depth: Paths | Depths, scratch: Scratch) -> list[Path]:
    """Depths that are given as arrays are as good as their table: it has six digits."""
    if not isinstance(depth, Depths):
        return files_of(depth, "depth")
    path = scratch.folder / "depth.tsv"
    depth.write(path)
    return [path]


def _contigs(found: pipeline.RunResult, bins: Texts) -> BinnedContigs:
    features, binning = found.outcome.features, found.outcome.binning
    coverage, kinds = found.outcome.coverage, found.outcome.kinds
    return BinnedContigs(
        names=texts(features.names),
        lengths=features.lengths,
        gc=features.gc,
        samples=coverage.samples,
        depth=coverage.mean[:],
        depth_variance=coverage.variance[:],
        bin=binning.label,
        bin_names=np.append(bins, "")[binning.label],
        probability=binning.probability,
        core=binning.core,
        why_unbinned=texts(binning.why),
        kind=np.array(KINDS, object)[kinds.kind],
        kind_probability=kinds.probability,
        probably_of=np.append(bins, "")[hosts_of(kinds, binning)],
        doubt=binning.doubt,
        circular=features.circular,
        vectors=found.points.vectors,
        lm=features.lm,
    )


def _bins(found: Sequence[Bin], samples: Sequence[str]) -> RunBins:
    return RunBins(
        names=texts(b.name for b in found),
        contigs=np.array([b.contigs for b in found], np.int64),
        bp=np.array([b.bp for b in found], np.int64),
        n50=np.array([b.n50 for b in found], np.int64),
        gc=np.array([b.gc for b in found], np.float64),
        samples=samples,
        depth=np.array([b.depth for b in found], np.float64).reshape(len(found), len(samples)),
        confidence=np.array([b.confidence for b in found], np.float64),
        assembly=texts(b.assembly for b in found),
        quality=texts(b.quality_class for b in found),
        mimag=texts(b.draft for b in found),
        **estimate_arrays([b.quality for b in found], [b.basis for b in found]),
        **kind_arrays([b.kind for b in found]),
        **rna_arrays([b.rna for b in found]),
    )
