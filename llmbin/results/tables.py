"""The files of a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from ..cluster.binning import Binning
from ..depth.coverage import Coverage
from ..features.profile import Features
from ..genes.markers import MarkerSet
from ..genes.quality import Quality, estimate
from ..io.fasta import FastaRecord, read_fasta
from ..io.inputs import InputFile
from ..io.workspace import ENDING

LINE = 80
LEVEL = 2  # of ISA-L's gzip: near zlib's ratio at level 4, ten times as fast
FLUSH = 64 << 20


@dataclass(frozen=True)
class Bin:
    """One row of ``bins.tsv``; ``depth`` a sample; quality is None where markers are off."""

    name: str
    contigs: int
    bp: int
    n50: int
    gc: float
    depth: list[float]
    confidence: float
    quality: Quality | None
    sample: str = ""

    @property
    def quality_class(self) -> str:
        """MIMAG's limits (Bowers et al. 2017) on the marker estimates; RNA genes, which MIMAG also asks for, are not looked at."""
        q = self.quality
        if q is None:
            return "unknown"
        if q.completeness > 0.9 and q.contamination < 0.05:
            return "near-complete"
        if q.completeness > 0.7 and q.contamination < 0.1:
            return "high"
        return "medium" if q.completeness >= 0.5 and q.contamination < 0.1 else "low"


def n50(lengths: npt.NDArray[np.int64]) -> int:
    """Length such that contigs at least that long hold half of the bases."""
    ordered = np.sort(lengths)[::-1]
    return int(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])


def summarise(
    features: Features, coverage: Coverage, binning: Binning, prefix: str, markers: MarkerSet | None, samples: Sequence[str],
    missing: npt.NDArray[np.bool_] | None = None,
) -> list[Bin]:  # fmt: skip
    """One summary a bin, in order of number; ``samples`` are those that the contigs were assembled from.

    The mean depth of a bin is that of its contigs whose depth is not ``missing``, if there are any.
    """
    order = np.argsort(binning.label, kind="stable")
    starts = np.searchsorted(binning.label[order], np.arange(binning.bins + 1))
    out = []
    for b in range(binning.bins):
        rows = order[starts[b] : starts[b + 1]]
        length = features.lengths[rows]
        known = rows if missing is None or missing[rows].all() else rows[~missing[rows]]
        depth = np.average(coverage.mean[known], axis=0, weights=features.lengths[known])
        quality = (
            estimate(features.markers[rows].sum(0), markers)
            if markers is not None and features.markers is not None
            else None
        )
        out.append(
            Bin(
                bin_name(prefix, b), len(rows), int(length.sum()), n50(length), float(np.average(features.gc[rows], weights=length)),
                [float(d) for d in depth], float(np.average(binning.probability[rows], weights=length)), quality, samples[rows[0]],
            )
        )  # fmt: skip
    return out


def bin_name(prefix: str, number: int) -> str:
    """Name of bin ``number`` (from 0): PREFIX.0001, or the prefix with 0001 in place of ``{}``."""
    digits = f"{number + 1:04d}"
    return prefix.replace("{}", digits) if "{}" in prefix else f"{prefix}.{digits}"


def write_contig2bin(path: Path, features: Features, binning: Binning, prefix: str) -> None:
    """``contig TAB bin``, no header, binned contigs in file order."""
    with text_file(path) as handle:
        for name, label in zip(features.names, binning.label, strict=True):
            if label >= 0:
                handle.write(f"{name}\t{bin_name(prefix, int(label))}\n")


def text_file(path: Path) -> TextIO:
    """A new table. Names that are not UTF-8 come out as they went in, whatever the locale."""
    return open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n")


def write_bioboxes(
    path: Path, features: Features, binning: Binning, prefix: str, sample: str
) -> None:
    """The binning format of CAMI and AMBER."""
    with text_file(path) as handle:
        handle.write(f"@Version:0.9.1\n@SampleID:{sample}\n\n@@SEQUENCEID\tBINID\t_LENGTH\n")
        for name, length, label in zip(
            features.names, features.lengths, binning.label, strict=True
        ):
            if label >= 0:
                handle.write(f"{name}\t{bin_name(prefix, int(label))}\t{length}\n")


def write_bins_table(path: Path, bins: Sequence[Bin], samples: Sequence[str]) -> None:
    """``bins.tsv``."""
    with text_file(path) as handle:
        titles = [
            "bin",
            "contigs",
            "bp",
            "n50",
            "gc",
            *(f"depth_{s}" for s in samples),
            "confidence",
        ]
        handle.write(
            "\t".join(
                [*titles, "completeness", "contamination", "quality", "quality_basis", "sample"]
            )
            + "\n"
        )
        for b in bins:
            fields = [
                b.name,
                str(b.contigs),
                str(b.bp),
                str(b.n50),
                f"{b.gc:.4f}",
                *(f"{d:.4f}" for d in b.depth),
                f"{b.confidence:.4f}",
            ]
            q = b.quality
            estimates = (
                ["NA", "NA"]
                if q is None
                else [f"{100 * q.completeness:.2f}", f"{100 * q.contamination:.2f}"]
            )
            basis = "markers off" if q is None else f"single-copy markers of {q.domain}"
            handle.write("\t".join([*fields, *estimates, b.quality_class, basis, b.sample]) + "\n")


def write_contigs_table(
    path: Path, features: Features, coverage: Coverage, binning: Binning, prefix: str
) -> None:
    """``contigs.tsv``: every contig that was long enough, with its bin or the reason why it has none."""
    with text_file(path) as handle:
        handle.write(
            "\t".join(
                [
                    "contig",
                    "length",
                    "gc",
                    *(f"depth_{s}" for s in coverage.samples),
                    "bin",
                    "probability",
                    "core",
                    "why_unbinned",
                ]
            )
            + "\n"
        )
        for i, name in enumerate(features.names):
            depth = [f"{d:.4f}" for d in coverage.mean[i]]
            label = int(binning.label[i])
            fields = [
                name,
                str(features.lengths[i]),
                f"{features.gc[i]:.4f}",
                *depth,
                bin_name(prefix, label) if label >= 0 else "",
            ]
            handle.write(
                "\t".join(
                    [
                        *fields,
                        f"{binning.probability[i]:.4f}",
                        "yes" if binning.core[i] else "no",
                        binning.why[i],
                    ]
                )
                + "\n"
            )


def write_sequences(
    source: InputFile, folder: Path, unbinned: Path, features: Features, binning: Binning, prefix: str, threads: int = 1
) -> None:  # fmt: skip
    """Second pass over the contigs: one gzip FASTA a bin, and one of all that is in none (short contigs too)."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{bin_name(prefix, b)}{ENDING}" for b in range(binning.bins)]
    where = dict(zip(features.names, binning.label.tolist(), strict=True))
    waiting: dict[Path, list[FastaRecord]] = {}
    held = 0
    unbinned.write_bytes(_gzip(b""))
    with ThreadPoolExecutor(threads) as pool:
        for record in read_fasta(source):
            label = where.get(record.name, -1)
            waiting.setdefault(files[label] if label >= 0 else unbinned, []).append(record)
            held += len(record.sequence)
            if held > FLUSH:
                list(pool.map(_append, waiting, waiting.values()))
                waiting, held = {}, 0
        list(pool.map(_append, waiting, waiting.values()))


def _append(path: Path, records: Sequence[FastaRecord]) -> None:
    """Append a gzip member to a file; the number of open files never grows with the number of bins."""
    text = b"".join(
        part
        for record in records
        for part in (
            b">",
            record.name.encode("utf-8", "surrogateescape"),
            b"\n",
            _wrapped(record.sequence),
        )
    )
    with open(path, "ab") as handle:
        handle.write(_gzip(text))


def _wrapped(sequence: bytes) -> bytes:
    """Lines of `LINE` bases."""
    whole = len(sequence) // LINE
    lines = np.full((whole, LINE + 1), ord("\n"), np.uint8)
    lines[:, :LINE] = np.frombuffer(sequence, np.uint8)[: whole * LINE].reshape(whole, LINE)
    rest = sequence[whole * LINE :]
    return lines.tobytes() + rest + b"\n" * bool(rest)


def _gzip(data: bytes) -> bytes:
    from isal import igzip

    return bytes(igzip.compress(data, LEVEL, mtime=0))
