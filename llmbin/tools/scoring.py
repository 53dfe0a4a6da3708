"""Scores of a binning against a gold standard, as AMBER defines them (Meyer et al. 2018)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from ..errors import InputError, short
from ..io.inputs import InputFile
from ..io.lines import read_lines
from ..io.names import text_of
from ..progress import log

GOLD = ("SEQUENCEID", "BINID", "LENGTH")
LONGEST = 10**15  # bases: more is no length
NEAR_COMPLETE = 0.9, 0.05  # more of a genome than that, and less of others
# Of a bin: its genome, completeness, contamination, its bases, and those of the genome.
Quality = tuple[str, float, float, int, int]
CONTIG_TITLES = {"contig", "contigid", "contigname", "scaffold", "scaffoldid", "sequenceid"}
BIN_TITLES = {"bin", "binid", "binname", "cluster", "clusterid", "clustername"}


@dataclass(frozen=True)
class Scores:
    """Figures of one binning, all in base pairs.

    A bin's genome is the one with most bp in it; purity is that genome's share of the bin,
    contamination 1 - purity; completeness the share of the genome's contigs in the bin.
    ``near_complete``: genomes with a bin over 90 % complete and under 5 % contaminated.
    ``hq_C_X``: over C % complete and under X % contaminated. F1: harmonic mean of AMBER's average
    purity (over bins) and average completeness (over genomes); ``f1_sample`` weighs both by bp.
    ARI over binned bp.
    """

    bins: int
    genomes: int
    near_complete: int
    hq_50_5: int
    hq_70_5: int
    hq_90_5: int
    hq_50_10: int
    hq_70_10: int
    hq_90_10: int
    purity: float
    completeness: float
    f1: float
    f1_sample: float
    ari: float
    binned_percent: float

    def as_dict(self) -> dict[str, float]:
        """Names and values."""
        return asdict(self)


def read_gold(path: InputFile) -> dict[str, tuple[str, int]]:
    """Contig -> (genome, length) of a CAMI/AMBER gold standard (``@@SEQUENCEID BINID _LENGTH``).

    Contigs without a genome are left out.

    Raises:
        InputError: the file cannot be read, is empty, or is no gold standard.
    """
    gold: dict[str, tuple[str, int]] = {}
    columns: dict[str, int] | None = None
    for number, line in _lines(path):
        if line.startswith("@@"):
            columns = {title.upper().lstrip("_"): i for i, title in enumerate(line[2:].split("\t"))}
            if not columns.keys() >= set(GOLD):
                raise InputError(
                    f"{path}, line {number}: the columns SEQUENCEID, BINID and _LENGTH are needed"
                )
        elif not is_remark(line):
            if columns is None:
                raise InputError(
                    f"{path}, line {number}: no @@SEQUENCEID line before the data; "
                    "a gold standard in CAMI format is needed"
                )
            fields = line.split("\t")
            try:
                contig, genome, digits = (fields[columns[title]] for title in GOLD)
            except IndexError:
                digits = ""
            if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:16]) < LONGEST):
                raise InputError(f"{path}, line {number}: not a contig, a genome and a length")
            if contig in gold:
                raise InputError(f"{path}, line {number}: contig {short(contig)} comes twice")
            gold[contig] = genome, int(digits)
    gold = {contig: of for contig, of in gold.items() if of[0]}
    if not gold:
        raise InputError(f"{path}: the gold standard is empty")
    return gold


def read_bins(path: InputFile) -> dict[str, str]:
    """Contig -> bin, from ``contig TAB bin`` lines or a bioboxes file.

    Lines may have titles above them, of which VAMB's say that the bin comes first. Contigs without
    a bin are left out.

    Raises:
        InputError: the file cannot be read, or a line is none of such a file.
    """
    bins: dict[str, str] = {}
    contig, label = 0, 1
    plain = True
    for number, line in _lines(path):
        if line.startswith("@@"):
            titles, plain = [title.upper() for title in line[2:].split("\t")], False
            try:
                contig, label = titles.index("SEQUENCEID"), titles.index("BINID")
            except ValueError:
                raise InputError(
                    f"{path}, line {number}: the columns SEQUENCEID and BINID are needed"
                ) from None
        elif not is_remark(line):
            fields = line.split("\t")
            wrong = len(fields) <= max(contig, label) or (plain and len(fields) > 2)
            if wrong or not fields[contig]:
                raise InputError(
                    f"{path}, line {number}: a contig and a bin, separated by a tab, were expected"
                )
            if plain and not bins and (columns := _titled(fields)) is not None:
                contig, label = columns
            elif fields[contig] in bins:
                raise InputError(
                    f"{path}, line {number}: contig {short(fields[contig])} is in a bin already; "
                    "each contig comes once, in front of its bin"
                )
            else:
                bins[fields[contig]] = fields[label]
    bins = {name: of for name, of in bins.items() if of}
    _warn_of_zero(path, bins)
    return bins


def _titled(fields: list[str]) -> tuple[int, int] | None:
    """Which columns are of contigs and of bins, if these are titles."""
    first, second = (field.lstrip("#").replace("_", "").lower() for field in fields)
    if first in CONTIG_TITLES and second in BIN_TITLES:
        return 0, 1
    return (1, 0) if first in BIN_TITLES and second in CONTIG_TITLES else None


def _warn_of_zero(path: InputFile, bins: dict[str, str]) -> None:
    """MetaBAT's table has contigs in no bin as 0, which other programs call their first bin."""
    if zeros := sum(label == "0" for label in bins.values()):
        log.warning(
            "%s: 0 is taken for a bin, of %s contigs; MetaBAT writes 0 for contigs in no bin: "
            "leave their lines out if the table is its own",
            path,
            f"{zeros:,}",
        )


def is_remark(line: str) -> bool:
    """Whether a line is none of the data: names of contigs may begin with ``#`` or ``@``, too."""
    return line[0] in "@#" and "\t" not in line


def near_complete_genomes(
    bins: dict[str, str], gold: dict[str, tuple[str, int]], min_bin_size: int = 0
) -> set[str]:
    """Genomes of which a bin has more than 90 %, and under 5 % of others."""
    return _good(_quality(_parts(bins, gold, min_bin_size), _sizes(gold)), *NEAR_COMPLETE)


def _sizes(gold: dict[str, tuple[str, int]]) -> dict[str, int]:
    """Bases of each genome."""
    sizes: dict[str, int] = defaultdict(int)
    for genome, length in gold.values():
        sizes[genome] += length
    return sizes


def _parts(
    bins: dict[str, str], gold: dict[str, tuple[str, int]], min_bin_size: int
) -> dict[str, dict[str, int]]:
    """Bases of each genome in each bin that is large enough."""
    table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for contig, label in bins.items():
        if contig in gold:
            table[label][gold[contig][0]] += gold[contig][1]
    return {label: dict(row) for label, row in table.items() if sum(row.values()) >= min_bin_size}


def _quality(parts: dict[str, dict[str, int]], sizes: dict[str, int]) -> list[Quality]:
    quality = []
    for row in parts.values():
        genome = max(sorted(row), key=lambda g: row[g])
        own, size = row[genome], sum(row.values())
        quality.append((genome, own / sizes[genome], 1 - own / size, size, own))
    return quality


def _good(quality: list[Quality], complete: float, contaminated: float) -> set[str]:
    return {q[0] for q in quality if q[1] > complete and q[2] < contaminated}


def score_bins(
    bins: dict[str, str], gold: dict[str, tuple[str, int]], min_bin_size: int = 0
) -> Scores:
    """Compare bins with the truth; contigs without a genome in the gold standard do not count.

    Raises:
        InputError: no contig with a bin is in the gold standard.
    """
    if bins and not bins.keys() & gold.keys():
        raise InputError(
            f"none of {len(bins):,} contigs with a bin is in the gold standard, the first is "
            f"{short(next(iter(bins)))}; is it that of this assembly, "
            "and a table of contig and bin?"
        )
    genome_size, kept = _sizes(gold), _parts(bins, gold, min_bin_size)
    quality = _quality(kept, genome_size)
    recovered: dict[str, int] = defaultdict(int)
    for row in kept.values():
        for g, bp in row.items():
            recovered[g] = max(recovered[g], bp)

    def good(complete: float, contaminated: float) -> int:
        return len(_good(quality, complete, contaminated))

    purity = sum(1 - q[2] for q in quality) / len(quality) if quality else 0.0
    completeness = sum(recovered[g] / genome_size[g] for g in genome_size) / len(genome_size)
    binned, total = sum(q[3] for q in quality), sum(genome_size.values())
    purity_bp = sum(q[4] for q in quality) / binned if binned else 0.0
    completeness_bp = sum(recovered.values()) / total
    return Scores(
        bins=len(quality),
        genomes=len(genome_size),
        near_complete=good(*NEAR_COMPLETE),
        hq_50_5=good(0.5, 0.05),
        hq_70_5=good(0.7, 0.05),
        hq_90_5=good(0.9, 0.05),
        hq_50_10=good(0.5, 0.1),
        hq_70_10=good(0.7, 0.1),
        hq_90_10=good(0.9, 0.1),
        purity=purity,
        completeness=completeness,
        f1=_harmonic(purity, completeness),
        f1_sample=_harmonic(purity_bp, completeness_bp),
        ari=_adjusted_rand(kept),
        binned_percent=100 * binned / total,
    )


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def _adjusted_rand(table: dict[str, dict[str, int]]) -> float:
    """Adjusted Rand index over base pairs (Hubert & Arabie 1985)."""

    def pairs(x: float) -> float:
        return x * (x - 1) / 2

    by_genome: dict[str, int] = defaultdict(int)
    for row in table.values():
        for genome, bp in row.items():
            by_genome[genome] += bp
    n = sum(by_genome.values())
    if n < 2:
        return 0.0
    both = sum(pairs(bp) for row in table.values() for bp in row.values())
    a = sum(pairs(sum(row.values())) for row in table.values())
    b = sum(pairs(bp) for bp in by_genome.values())
    expected = a * b / pairs(n)
    top = (a + b) / 2
    return (both - expected) / (top - expected) if top != expected else 1.0


def _lines(path: InputFile) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, as text."""
    for number, line in read_lines(path):
        if line.strip():
            yield number, text_of(line.rstrip(b"\r"))
