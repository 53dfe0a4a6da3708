"""Assemblies of many samples in one file with depths of all samples: time and memory by stage.

python -m bench.cohort genomes work [--samples 10 30 100] [--contigs 2000] [--version NAME]

As VAMB and SemiBin2 are used: contigs are called S1C1 and so on, and reads of every sample are
mapped to the contigs of all. A genome is in one sample of twenty, and in each of these it is
assembled anew, so 95 of 100 depths are 0. The folder holds a FASTA file a genome. Rows of other
versions stay in the result.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llmbin.resources import MIB
from llmbin.tools.scoring import read_gold, score_bins

from . import record
from .communities import LETTERS, Plan, abundances, laid_depths, pieces_of, write_fasta
from .memory import told_need
from .peers import SMALLEST_BIN, ours
from .whole import SHORTEST, kept_rows, species, with_row

PLAN = Plan(seed=114, samples=1, depth=10, piece=1_300)
IN_SAMPLES = 0.05  # share of the samples that a genome is in


@dataclass(frozen=True)
class Cohort:
    """So many samples of so many contigs each."""

    samples: int
    contigs: int


def present(cohort: Cohort, genomes: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Depth of each genome in each sample; 0 where it is not."""
    plan = replace(PLAN, samples=cohort.samples)
    depth = abundances(genomes, plan, rng)
    return np.where(rng.random(depth.shape) < IN_SAMPLES, depth, 0.0)


def build(folder: Path, out: Path, cohort: Cohort) -> None:
    """Contigs, a table of depths in MetaBAT's format, and the truth."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([PLAN.seed, cohort.samples])
    files = len([p for p in folder.iterdir() if ".f" in p.name])
    depth = present(cohort, files, rng)
    left = np.full(cohort.samples, cohort.contigs)
    samples = [f"S{i + 1}" for i in range(cohort.samples)]
    titles = [t for s in samples for t in (f"{s}.bam", f"{s}.bam-var")]
    contigs: list[list[tuple[str, bytes]]] = [[] for _ in samples]
    rows: dict[str, str] = {}
    truth: dict[str, str] = {}
    for g, genome in enumerate(species(folder, PLAN, rng)):
        for s in np.flatnonzero((depth[g] > 0) & (left > 0)).tolist():
            found = pieces_of(0, genome, float(depth[g, s]), PLAN, rng)
            pieces = [p for p in found if p.stop - p.start >= SHORTEST][: left[s]]
            left[s] -= len(pieces)
            there = np.flatnonzero(depth[g])
            measured = laid_depths([genome], pieces, depth[g : g + 1, there], rng)
            for piece, values in zip(pieces, measured, strict=True):
                codes = genome.sequences[piece.sequence][piece.start : piece.stop]
                name = f"{samples[s]}C{len(contigs[s])}"
                contigs[s].append((name, LETTERS[codes].tobytes()))
                rows[name] = _row(name, len(codes), cohort.samples, there, values)
                truth[name] = f"{genome.name}.{samples[s]}\t{len(codes)}"
    whole = [contig for each in contigs for contig in each]
    write_fasta(out / "contigs.fasta", whole)
    with open(out / "depth.txt", "w") as handle:
        handle.write("\t".join(["contigName", "contigLen", "totalAvgDepth", *titles]) + "\n")
        handle.writelines(rows[name] for name, _ in whole)
    with open(out / "gold.tsv", "w") as handle:
        handle.write(f"@Version:0.9.1\n@SampleID:{out.name}\n\n@@SEQUENCEID\tBINID\t_LENGTH\n")
        handle.writelines(f"{name}\t{truth[name]}\n" for name, _ in whole)


def _row(
    name: str,
    length: int,
    samples: int,
    there: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
) -> str:
    """A line of the table; ``values`` are mean and variance in the samples ``there``."""
    cells = ["0"] * (2 * samples)
    for s, (mean, variance) in zip(there.tolist(), values.tolist(), strict=True):
        cells[2 * s : 2 * s + 2] = f"{mean:.6g}", f"{variance:.6g}"
    return "\t".join([name, str(length), f"{values[:, 0].sum():.6g}", *cells]) + "\n"


def measure(folder: Path, out: Path, cohort: Cohort, options: argparse.Namespace) -> dict[str, Any]:
    """What a run took, by stage, and what it found."""
    extra = ["--separator", "C", *(["--model", options.model] if options.model else [])]
    bins, usage = ours(folder, out, extra, "depth")
    found = score_bins(bins, read_gold(folder / "gold.tsv"), SMALLEST_BIN)
    ran = json.loads((out / "run.json").read_text())
    return {
        "version": options.version,
        **asdict(cohort),
        "bases": ran["bases"],
        "table_bytes": (folder / "depth.txt").stat().st_size,
        "genomes": found.genomes,
        "near_complete": found.near_complete,
        "needed_mib": predicted(out / "llmbin.log"),
        **usage,
        "stages": ran["stages"],
        "contig2bin_sha256": hashlib.sha256((out / "contig2bin.tsv").read_bytes()).hexdigest(),
    }


def predicted(path: Path) -> int:
    """MiB that a run said it would need."""
    return round(told_need(path) / MIB)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("genomes", type=Path, help="folder of FASTA files, one a genome")
    parser.add_argument("work", type=Path)
    parser.add_argument("--samples", type=int, nargs="+", default=[10, 30, 100])
    parser.add_argument("--contigs", type=int, default=2_000, help="of each sample")
    parser.add_argument("--model")
    parser.add_argument("--version", default=version("llmbin-fast"), help="what rows are called")
    options = parser.parse_args()
    for samples in options.samples:
        cohort = Cohort(samples, options.contigs)
        folder = options.work / f"cohort-{samples}-{options.contigs}"
        if not (folder / "gold.tsv").exists():
            build(options.genomes, folder, cohort)
        out = options.work / "out-cohort"
        row = measure(folder, out, cohort, options)
        print(row, flush=True)
        rows = with_row(kept_rows("cohort"), row, ("samples", "contigs", "version"))
        record.write("cohort", {"plan": asdict(PLAN), "rows": rows})
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
