"""The tables of a run. Names that are not UTF-8 come out as they went in, in any locale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..coverage.sparse import SparseTable, Table
from ..estimator.estimate import Estimate
from ..genes.rna import KINDS as RRNAS
from ..genes.rna import RnaGenes
from ..io.outputs import writing
from ..kinds.contigs import KINDS
from .summary import Bin, Outcome, hosts_of

ESTIMATE_TITLES = [
    "completeness",
    "contamination",
    *(f"{what}_{end}" for what in ("completeness", "contamination") for end in ("low", "high")),
]
RNA_TITLES = [*(f"rrna_{kind.lower()}" for kind in RRNAS), "trna_amino_acids"]
KIND_TITLES = [f"bp_{kind}" for kind in KINDS]
BIOBOXES_HEAD = "@Version:0.9.1\n@SampleID:{}\n\n@@SEQUENCEID\tBINID\t_LENGTH\n"


@contextmanager
def text_file(path: Path) -> Iterator[TextIO]:
    """A new table.

    Raises:
        StorageError: it cannot be written.
    """
    with (
        writing(path),
        open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as handle,
    ):
        yield handle


def binned(outcome: Outcome, names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Name, bin (one of ``names``) and length of every contig that is in one, in file order."""
    features, labels = outcome.features, outcome.binning.label.tolist()
    for name, label, length in zip(features.names, labels, features.lengths, strict=True):
        if label >= 0:
            yield name, names[label], int(length)


def write_contig2bin(path: Path, outcome: Outcome, names: Sequence[str]) -> None:
    """``contig TAB bin``, without a header."""
    with text_file(path) as handle:
        handle.writelines(f"{name}\t{label}\n" for name, label, _ in binned(outcome, names))


def write_bioboxes(path: Path, outcome: Outcome, names: Sequence[str], sample_id: str) -> None:
    """The binning format of CAMI and AMBER."""
    with text_file(path) as handle:
        handle.write(BIOBOXES_HEAD.format(sample_id))
        handle.writelines("{}\t{}\t{}\n".format(*row) for row in binned(outcome, names))


def write_bins_table(path: Path, bins: Sequence[Bin], samples: Sequence[str]) -> None:
    """``bins.tsv``."""
    depths = [f"depth_{s}" for s in samples]
    titles = ["bin", "contigs", "bp", "n50", "gc", *depths, "confidence", *ESTIMATE_TITLES]
    titles += ["quality", "quality_basis", *RNA_TITLES, "mimag", "kind", *KIND_TITLES, "sample"]
    with text_file(path) as handle:
        handle.write("\t".join(titles) + "\n")
        handle.writelines("\t".join(_bin_row(b)) + "\n" for b in bins)


def depth_text(depth: float) -> str:
    """Four decimals, and of small depths three digits: tables may be in units as of 1e-6."""
    return f"{depth:.3g}" if 0 < depth < 0.01 else f"{depth:.4f}"


def depth_fields(table: Table) -> Iterator[list[str]]:
    """Depths of each contig [n, samples] as text; a cell of nothing takes no time."""
    if not isinstance(table, SparseTable):
        yield from ([depth_text(depth) for depth in row] for row in table)
        return
    nothing = [depth_text(depth) for depth in table.default]
    for row in range(len(table)):
        fields = nothing.copy()
        for column, depth in zip(*table.entries(row), strict=True):
            fields[column] = depth_text(depth)
        yield fields


def _bin_row(b: Bin) -> list[str]:
    sizes = [b.name, str(b.contigs), str(b.bp), str(b.n50), f"{b.gc:.4f}"]
    depths = [depth_text(d) for d in b.depth]
    judged = [*estimate_fields(b.quality), b.quality_class, b.basis, *rna_fields(b.rna), b.draft]
    kinds = [b.kind.name, *(str(bases) for bases in b.kind.bases.tolist())]
    return [*sizes, *depths, f"{b.confidence:.4f}", *judged, *kinds, b.assembly]


def estimate_fields(quality: Estimate | None) -> list[str]:
    """What `ESTIMATE_TITLES` stand over, in percent; ``NA`` where markers are off."""
    if quality is None:
        return ["NA"] * len(ESTIMATE_TITLES)
    complete, contaminated = quality.completeness_interval, quality.contamination_interval
    middle = (quality.completeness, quality.contamination)
    ends = (complete.low, complete.high, contaminated.low, contaminated.high)
    return [f"{100 * fraction:.2f}" for fraction in (*middle, *ends)]


def rna_fields(rna: RnaGenes | None) -> list[str]:
    """What `RNA_TITLES` stand over, of one bin; ``NA`` where it was not looked for."""
    if rna is None:
        return ["NA"] * len(RNA_TITLES)
    return [*(str(genes) for genes in rna.rrna[0]), str(rna.amino_acids[0])]


def write_contigs_table(path: Path, outcome: Outcome, names: Sequence[str]) -> None:
    """``contigs.tsv``: every contig that was long enough, its bin or why it has none."""
    features, binning = outcome.features, outcome.binning
    titles = ["contig", "length", "gc", *(f"depth_{s}" for s in outcome.coverage.samples)]
    titles += [
        "bin",
        "probability",
        "core",
        "why_unbinned",
        "kind",
        "kind_probability",
        "probably_of",
        "doubt",
        "circular",
    ]
    hosts = hosts_of(outcome.kinds, binning).tolist()
    with text_file(path) as handle:
        handle.write("\t".join(titles) + "\n")
        depths = depth_fields(outcome.coverage.mean)
        for i, name in enumerate(features.names):
            label = int(binning.label[i])
            fields = [
                name,
                str(features.lengths[i]),
                f"{features.gc[i]:.4f}",
                *next(depths),
                names[label] if label >= 0 else "",
                f"{binning.probability[i]:.4f}",
                "yes" if binning.core[i] else "no",
                binning.why[i],
                KINDS[outcome.kinds.kind[i]],
                f"{outcome.kinds.probability[i]:.4f}",
                names[host] if (host := hosts[i]) >= 0 else "",
                f"{binning.doubt[i]:.4f}",
                "yes" if features.circular[i] else "no",
            ]
            handle.write("\t".join(fields) + "\n")
