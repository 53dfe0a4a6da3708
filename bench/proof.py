"""Write what `llmbin-fast prove` compares with: vectors of PyTorch in FP32, and digests of bins.

python -m bench.proof

To be run when the shipped pack or the bins of a run change; needs torch.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from llmbin import pipeline
from llmbin.io.contigs import Assembly, read_contigs
from llmbin.io.outputs import whole_file
from llmbin.model.pack import ModelPack, find_pack, load_pack
from llmbin.options import DEFAULT_MODEL, RunOptions
from llmbin.proof.reference import DATA, digest_of, proof_community

EACH = 16  # windows of each padded length


def windows(contigs: Path, pack: ModelPack) -> tuple[np.ndarray, np.ndarray]:
    """Codes and lengths: pieces of contigs of any length up to a window, some bases unknown."""
    rng = np.random.default_rng(0)
    count = EACH * (pack.window // pack.bucket)
    tops = np.repeat(np.arange(pack.bucket, pack.window + 1, pack.bucket), EACH)
    lengths = (tops - rng.integers(0, pack.bucket // 2, count)).astype(np.int32)
    codes = np.zeros((count, pack.window), np.uint8)
    long = (c for c in read_contigs(contigs, pack.window, Assembly()))
    for row, contig in zip(range(count), long, strict=False):
        piece = contig.codes[: lengths[row]].copy()
        piece[rng.random(len(piece)) < 0.01 * (row % 2)] = 4
        codes[row, : len(piece)] = piece
    return codes, lengths


def torch_vectors(pack: ModelPack, codes: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    from llmbin.export.graph import deployable
    from llmbin.export.pack import language_model
    from llmbin.export.parity import torch_encode

    encode = torch_encode(deployable(language_model(pack)))
    out = np.empty((len(codes), pack.width), np.float32)
    for begin in range(0, len(codes), EACH):
        rows = slice(begin, begin + EACH)
        padded = -(-int(lengths[rows].max()) // pack.bucket) * pack.bucket
        out[rows] = encode(np.ascontiguousarray(codes[rows, :padded]), lengths[rows])
    return out


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    pack = load_pack(find_pack(DEFAULT_MODEL))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        community = proof_community(folder)
        codes, lengths = windows(community.contigs, pack)
        out = folder / "bins"
        pipeline.run(RunOptions(community.contigs, out, depth=[community.depth], report=False))
        with whole_file(DATA) as handle:
            np.savez_compressed(
                handle,
                codes=codes,
                lengths=lengths,
                vectors=torch_vectors(pack, codes, lengths),
                pack=np.array(pack.digest),
                community=np.array(digest_of(community.contigs, community.depth)),
                bins=np.array(digest_of(out / "contig2bin.tsv")),
            )
    print(DATA.name, f"{DATA.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
