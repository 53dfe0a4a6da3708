"""The seed filter against the full route, which calls genes and searches every protein.

python -m bench.markers --fasta contigs.fasta [--contigs 4000]

Marker copies that each finds, and CPU seconds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyrodigal
from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

from llmbin._kernels import encode_bases
from llmbin.features.scan import watched
from llmbin.genes.markers import MarkerSearch, load_marker_set, profile_hits, read_profiles
from llmbin.io.contigs import Contig
from llmbin.io.fasta import read_fasta

from . import record


def full_route(sequences: list[bytes]) -> np.ndarray:
    """pyrodigal (meta mode), then every profile against every protein, same cut-offs."""
    alphabet, markers = Alphabet.amino(), load_marker_set()
    finder = pyrodigal.GeneFinder(meta=True)
    proteins = [
        TextSequence(name=f"{i}".encode(), sequence=gene.translate().rstrip("*")).digitize(alphabet)
        for i, sequence in enumerate(sequences)
        for gene in finder.find_genes(sequence)
    ]
    block = DigitalSequenceBlock(alphabet, proteins)
    found = np.zeros((len(sequences), len(markers.names)), np.int16)
    for family, profile in enumerate(read_profiles()):
        for name in profile_hits(profile, block, markers.cutoffs[family]):
            found[int(name), family] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fasta", type=Path, required=True)
    parser.add_argument(
        "--contigs", type=int, default=4000, help="the first so many of 2 kb or more"
    )
    options = parser.parse_args()
    sequences = [r.sequence for r in read_fasta(options.fasta) if len(r.sequence) >= 2000][
        : options.contigs
    ]
    clock = time.process_time()
    markers = load_marker_set()
    search = MarkerSearch(markers, 1)
    for _ in watched(
        (Contig(i, str(i), encode_bases(s)) for i, s in enumerate(sequences)), [search], 1
    ):
        pass
    fast = search.matches().counts(len(sequences), len(markers.names))[:]
    fast_seconds, clock = time.process_time() - clock, time.process_time()
    full = full_route(sequences)
    full_seconds = time.process_time() - clock
    both = int(np.minimum(fast, full).sum())
    result = {
        "contigs": len(sequences),
        "bases": sum(map(len, sequences)),
        "found_by_full_route": int(full.sum()),
        "found_by_fast_route": int(fast.sum()),
        "recall": both / max(1, int(full.sum())),
        "only_fast": int(fast.sum()) - both,
        "fast_cpu_seconds": round(fast_seconds, 2),
        "full_cpu_seconds": round(full_seconds, 2),
        "cost_ratio": fast_seconds / full_seconds,
    }
    print(result)
    print(record.write("markers", result))


if __name__ == "__main__":
    main()
