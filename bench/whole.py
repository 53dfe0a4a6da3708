"""Whole runs of a real-like assembly of up to a million contigs: time by stage, memory, bins.

python -m bench.whole genomes work [--contigs 100000 300000 1000000] [--samples 3]
                      [--peers metabat2] [--peers-up-to 100000] [--model NAME]

The folder holds a FASTA file a genome. Each is cut as an assembler would leave it, and so are
mutants of it that are as far from it as species of a genus are from each other. A smaller size
is the first genomes of the whole. Contigs come in a random order. Rows of sizes that are not
measured now stay in the result, since the largest takes an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from llmbin._kernels import encode_bases
from llmbin.io.fasta import read_fasta
from llmbin.results.summary import n50
from llmbin.tools.scoring import read_gold, score_bins

from . import record
from .communities import (
    LETTERS,
    ORIGIN,
    Genome,
    Plan,
    abundances,
    laid_depths,
    mutant,
    other_strand,
    pieces_of,
    write_depths,
    write_fasta,
)
from .peers import PEERS, SMALLEST_BIN, Peer, ours, version_of
from .throughput import first_genomes, part_of

SHORTEST = 1_500  # bases of a contig
NEARLY = 0.9  # from such a share of the contigs on all of them are taken
# 528 genomes and seven or eight mutants of each, 230 contigs of each, make a million contigs.
MILLION = Plan(seed=113, samples=3, depth=8, piece=1_450, strains=3_950, identity=(0.75, 0.90))


def species(folder: Path, plan: Plan, rng: np.random.Generator) -> Iterator[Genome]:
    """Genomes and their mutants, one after another: all at once would be gigabytes."""
    files = sorted(p for p in folder.iterdir() if ".f" in p.name)
    for k in range(len(files) + plan.strains):
        path = files[k % len(files)]
        sequences = [encode_bases(r.sequence) for r in read_fasta(path)]
        sequences = [s for s in sequences if len(s) >= SHORTEST]
        name = path.name.split(".f")[0]
        if k >= len(files):
            identity = float(rng.uniform(*plan.identity))
            sequences = [mutant(s, identity, rng) for s in sequences]
            name = f"{name}.species{k // len(files)}_{identity:.3f}"
        yield Genome(name, sequences, float(rng.random()), float(rng.uniform(0, ORIGIN)))


def build(folder: Path, out: Path, plan: Plan) -> str:
    """Make the community; a line that says what it holds."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(plan.seed)
    count = len([p for p in folder.iterdir() if ".f" in p.name]) + plan.strains
    depth = abundances(count, plan, rng)
    sequences: list[bytes] = []
    genome_of: list[str] = []
    depths: list[npt.NDArray[np.float64]] = []
    for g, genome in enumerate(species(folder, plan, rng)):
        found = pieces_of(0, genome, float(depth[g].sum()), plan, rng)
        pieces = [p for p in found if p.stop - p.start >= SHORTEST]
        for p in pieces:
            codes = genome.sequences[p.sequence][p.start : p.stop]
            sequences.append(LETTERS[other_strand(codes) if p.turned else codes].tobytes())
        genome_of += [genome.name] * len(pieces)
        depths.append(laid_depths([genome], pieces, depth[g : g + 1], rng))
    order = rng.permutation(len(sequences))
    contigs = [(f"k_{i}", sequences[row]) for i, row in enumerate(order)]
    samples = [f"S{i + 1}" for i in range(plan.samples)]
    write_fasta(out / "contigs.fasta", contigs)
    write_depths(out / "depth.txt", contigs, np.concatenate(depths)[order], samples)
    with open(out / "gold.tsv", "w") as handle:
        handle.write(f"@Version:0.9.1\n@SampleID:{out.name}\n\n@@SEQUENCEID\tBINID\t_LENGTH\n")
        for (name, sequence), row in zip(contigs, order, strict=True):
            handle.write(f"{name}\t{genome_of[row]}\t{len(sequence)}\n")
    (out / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n")
    mbp = sum(map(len, sequences)) / 1e6
    return f"{out.name}: {len(contigs):,} contigs, {mbp:,.0f} Mbp, of {count} genomes"


def measure(
    folder: Path, out: Path, gold: dict[str, tuple[str, int]], peer: Peer | None, extra: list[str]
) -> dict[str, Any]:
    """What one run took, ours where there is no peer, and what it found."""
    if peer is None:
        bins, usage = ours(folder, out, extra, "depth")
        ran = json.loads((out / "run.json").read_text())
        more = {"stages": ran["stages"]}
    else:
        bins, usage = peer.run(folder, out, len(os.sched_getaffinity(0)), 1)
        more = {}
    found = score_bins(bins, gold, SMALLEST_BIN)
    lengths = np.array([length for _, length in gold.values()], np.int64)
    return {
        "contigs": len(gold),
        "bases": int(lengths.sum()),
        "n50": n50(lengths),
        "genomes": found.genomes,
        "bins": len(set(bins.values())),
        "near_complete": found.near_complete,
        **usage,
        **more,
    }


def kept_rows(name: str) -> list[dict[str, Any]]:
    """Those of the result as it is."""
    path = record.RESULTS / f"{name}.json"
    return list(json.loads(path.read_text())["rows"]) if path.exists() else []


def with_row(
    rows: list[dict[str, Any]], row: dict[str, Any], key: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows with a new one, which takes the place of that of its key."""

    def of(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in key)

    return sorted([old for old in rows if of(old) != of(row)] + [row], key=of)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("genomes", type=Path, help="folder of FASTA files, one a genome")
    parser.add_argument("work", type=Path)
    parser.add_argument("--contigs", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--samples", type=int, default=MILLION.samples)
    parser.add_argument("--model")
    parser.add_argument("--peers", nargs="*", default=[], choices=sorted(PEERS))
    parser.add_argument("--peers-up-to", type=int, default=100_000, help="(default: %(default)s)")
    parser.add_argument("--peers-alone", action="store_true")
    options = parser.parse_args()
    whole = options.work / "million"
    if not (whole / "plan.json").exists():
        print(build(options.genomes, whole, MILLION), flush=True)
    gold = read_gold(whole / "gold.tsv")
    extra = ["--model", options.model] if options.model else []
    named = " ".join(["llmbin-fast", *extra[1:]])
    binners: dict[str, Peer | None] = {} if options.peers_alone else {named: None}
    binners |= {PEERS[name].title: PEERS[name] for name in options.peers}
    for contigs in options.contigs:
        keep = first_genomes(gold, contigs) if contigs < NEARLY * len(gold) else set(gold)
        folder = whole
        if len(keep) < len(gold) or options.samples < MILLION.samples:
            folder = part_of(whole, options.work / "part", keep, options.samples)
        part = {name: truth for name, truth in gold.items() if name in keep}
        for title, peer in binners.items():
            if peer is not None and contigs > options.peers_up_to:
                continue
            out = options.work / "out"
            row = measure(folder, out, part, peer, extra)
            row = {"binner": title, "samples": options.samples} | row
            print(row, flush=True)
            peers = {p.title: version_of(p) for p in PEERS.values() if version_of(p)}
            rows = with_row(kept_rows("scale-whole"), row, ("contigs", "samples", "binner"))
            record.write("scale-whole", {"peers": peers, "plan": asdict(MILLION), "rows": rows})
            shutil.rmtree(out)
        if folder != whole:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
