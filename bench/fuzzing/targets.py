"""What is fuzzed: a reader, good inputs, and what must hold of any input."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from llmbin.io.streams import read_chunks

from . import kept, plainly, seeds
from .target import Fault, Target, agree, held

# Modules whose branches guide the mutations.
READERS = (
    "io.fasta", "io.contigs", "io.bgzf", "io.lines", "io.workspace", "io.store", "io.shipped",
    "io.names", "io.earlier", "coverage.bam", "coverage.tables", "coverage.table_formats",
    "tools.scoring", "model.pack", "model.projector", "model.engines", "model.onnx_check",
    "stages.embedding", "stages.coverage", "assessment.bins", "report.finished", "report.content",
    "report.page", "report.multiqc", "report.points", "watch.events", "watch.names",
    "watch.rounds", "estimator.network", "kinds.network",
    "io.arrays", "genes.stored_profiles", "genes.hallmarks", "kinds.hallmarks",
)  # fmt: skip

PYARROW = importlib.util.find_spec("pyarrow") is not None


def check_fasta(data: bytes, folder: Path) -> None:
    """Contigs, beside a few plain lines that read them."""
    from llmbin.io.contigs import Assembly, read_contigs
    from llmbin.io.fasta import read_fasta

    path = held(folder, data)
    found = [(r.name, r.sequence) for r in read_fasta(path)]
    if path.read_bytes()[:2] not in (b"\x1f\x8b", b"\x28\xb5", b"\xfd7", b"BZ"):
        agree(found, plainly.fasta(data), "records")
    assembly = Assembly()
    kept = list(read_contigs(path, 3, assembly))
    without = ((name, re.sub(rb"[^ACGTUacgtu]{10,}", b"", s)) for name, s in found)
    agree(assembly.names, [name for name, s in without if len(s) >= 3], "names of contigs")
    agree([len(c.codes) for c in kept], list(assembly.lengths), "lengths of contigs")


def check_compressed(data: bytes, folder: Path) -> None:
    """Compressed bytes, beside the modules of the standard library."""
    path = held(folder, data)
    got = b"".join(read_chunks(path))
    if (want := plainly.decompressed(data)) is not None:
        agree(got, want, "decompressed bytes")


def check_blocks(data: bytes, folder: Path) -> None:
    """Blocks of BGZF, beside gzip."""
    from llmbin.io.bgzf import block_groups, inflated

    path = held(folder, data)
    got = b"".join(block for group in block_groups(path) for block in inflated(path, group))
    if (want := plainly.decompressed(data)) is not None:
        agree(got, want, "inflated bytes")


def check_bam(data: bytes, folder: Path) -> None:
    """A BAM file as it is, of any bytes."""
    from llmbin.coverage.bam import read_depth

    depth = read_depth(held(folder, data, "s.bam"), scratch=folder)
    if not (np.isfinite(depth.mean).all() and (depth.mean >= 0).all()):
        raise Fault("a depth is no depth")


def check_records(data: bytes, folder: Path) -> None:
    """What a BAM file holds, in blocks that are whole: by one thread, by pieces, and plainly."""
    from llmbin.coverage import bam

    path = held(folder, seeds.bgzf(data, 400), "s.bam")
    smallest, bam.SMALLEST_PIECE = bam.SMALLEST_PIECE, 300
    try:
        one, several = (bam.read_depth(path, threads=n, scratch=folder) for n in (1, 3))
    finally:
        bam.SMALLEST_PIECE = smallest
    for name in ("mean", "variance"):
        agree(getattr(one, name).tobytes(), getattr(several, name).tobytes(), name)
    agree((one.reads, one.counted), (several.reads, several.counted), "reads")
    agree(one.reads, plainly.bam_records(data), "reads")
    if not (np.isfinite(one.mean).all() and (one.mean >= 0).all() and (one.variance >= 0).all()):
        raise Fault("a depth is no depth")


def check_cram(data: bytes, folder: Path) -> None:
    """A CRAM file of any bytes."""
    from llmbin.coverage.bam import read_depth

    depth = read_depth(held(folder, data, "s.cram"), scratch=folder)
    if not np.isfinite(depth.mean).all():
        raise Fault("a depth is no depth")


def check_table(data: bytes, folder: Path) -> None:
    """A table of depths: each number is one of its row, and each row is there."""
    from llmbin.coverage.tables import read_depth_table

    table = read_depth_table(held(folder, data, "t.tsv"), seeds.CONTIGS)
    if not (np.isfinite(table.mean).all() and (table.mean >= 0).all()):
        raise Fault("a depth is no depth")
    rows = plainly.table(data)
    if rows is None:
        return
    for name, depths in zip(table.names, table.mean.tolist(), strict=True):
        if name not in rows:
            raise Fault(f"there is no row {name!r}")
        agree(set(depths) <= rows[name], True, f"depths of {name!r}")


def check_gold(data: bytes, folder: Path) -> None:
    """A gold standard, scored against bins that are right."""
    from llmbin.tools.scoring import read_gold, score_bins

    gold = read_gold(held(folder, data))
    found = score_bins({contig: genome for contig, (genome, _) in gold.items()}, gold)
    agree((found.completeness, found.purity), (1.0, 1.0), "scores of the truth")
    agree(set(gold) <= plainly.cells(data), True, "contigs")


def check_bins(data: bytes, folder: Path) -> None:
    """Contigs and bins."""
    from llmbin.tools.scoring import read_bins, score_bins

    bins = read_bins(held(folder, data))
    agree(set(bins) | set(bins.values()) <= plainly.cells(data), True, "contigs and bins")
    gold = {name: ("g", length) for name, length in seeds.CONTIGS.items()}
    for number in score_bins(bins, gold).as_dict().values():
        if not np.isfinite(number) or number < 0:
            raise Fault("a score is no score")


def check_config(data: bytes, folder: Path) -> None:
    """The config.json of a pack whose other files are right."""
    from llmbin.model.pack import load_pack
    from llmbin.model.projector import vector_noise

    for name, content in seeds.pack_files().items():
        if not (folder / name).exists() or name == "config.json":
            held(folder, data if name == "config.json" else content, name)
    pack = load_pack(folder)
    noise = vector_noise(np.array([1, 1000, 1 << 30]), pack.projector)
    if not (np.isfinite(noise).all() and (noise > 0).all()):
        raise Fault("a noise is no noise")
    plan = pack.plan()
    if plan.window % plan.bucket or plan.most < 1:
        raise Fault("windows that cannot be")


def check_graph(data: bytes, folder: Path) -> None:
    """An ONNX file: what is let through holds, by ONNX itself, no foreign operators."""
    from llmbin.model.onnx_check import ALLOWED, check_onnx

    check_onnx(data, "x.onnx")
    operators, outside = plainly.onnx_operators(data)
    if not operators <= ALLOWED:
        raise Fault(f"operators were let through: {sorted(operators - ALLOWED)}")
    if outside:
        raise Fault("data outside the file were let through")


def check_engine(data: bytes, folder: Path) -> None:
    """The note beside an engine."""
    from llmbin.model.engines import cached_engine

    held(folder, b"engine", "k.engine").chmod(0o600)
    held(folder, data, "k.json").chmod(0o600)
    found = cached_engine(folder, "k")
    if found is not None:
        agree(json.loads(data)["sha256"], hashlib.sha256(found).hexdigest(), "sha256")


def check_stage(kind: str, data: bytes, folder: Path) -> None:
    """A file of ``--resume``: what is read of it is whole, or it is computed again."""
    from llmbin.io.workspace import Workspace
    from llmbin.stages import coverage, embedding

    read: Callable[..., Any] = (
        coverage._from_arrays
        if kind == "coverage"
        else partial(embedding._from_arrays, markers=True)
    )
    with suppress(FileExistsError):
        (folder / "run").mkdir()
    work = Workspace(folder / "run", resume=True)
    try:
        work.save("x", {}, {})
        (path,) = work.staging.glob("stage-x-*")
        path.write_bytes(data)
        found = work.load("x", {}, read)
    finally:
        work.__exit__(None, None, None)
    if found is not None and kind == "features":
        agree(len(found.names), len(found.composition), "rows")


def check_features(data: bytes, folder: Path) -> None:
    """A file of features: digests let nothing through but what was written."""
    from llmbin.parts.read import PartFile

    good = PartFile(held(folder, seeds.features(), "good.arrow"))
    found = PartFile(held(folder, data, "bad.arrow"))
    agree(_values(found), _values(good), "values")


def _values(part: Any) -> list[bytes]:
    """All numbers of a file of features."""
    out = []
    for rows in part.rows():
        out.append("\n".join(rows.names).encode())
        out += [values.tobytes() for values in rows.dense.values()]
        out += [v.tobytes() for lists in rows.lists.values() for v in lists.fields.values()]
    return [*out, *(words.tobytes() for words in part.words())]


def _graphs() -> list[bytes]:
    files = seeds.pack_files()
    return [files["encoder.onnx"], files["projector.onnx"]]


TARGETS: dict[str, Target] = {
    "fasta": Target(lambda: [seeds.FASTA], check_fasta),
    **{
        kind: Target(partial(lambda k: [seeds.compressed()[k]], kind), check_compressed)
        for kind in ("gzip", "bgzf", "zstd", "xz", "bzip2")
    },
    "blocks": Target(lambda: [seeds.compressed()["bgzf"]], check_blocks),
    "bam": Target(lambda: [seeds.alignments()], check_bam),
    "bam-records": Target(lambda: [plainly.inflated(seeds.alignments())], check_records),
    "cram": Target(lambda: [seeds.alignments("wc")], check_cram),
    "table": Target(lambda: list(seeds.TABLES), check_table),
    "gold": Target(lambda: list(seeds.GOLD), check_gold),
    "bins": Target(lambda: list(seeds.BINS), check_bins),
    "pack-config": Target(lambda: [seeds.pack_files()["config.json"]], check_config),
    "pack-graph": Target(_graphs, check_graph),
    "engine-note": Target(
        lambda: [b'{"sha256": "%s"}' % hashlib.sha256(b"engine").hexdigest().encode()],
        check_engine,
    ),
    **({"features": Target(lambda: [seeds.features()], check_features)} if PYARROW else {}),
    "stage-features": Target(lambda: [seeds.stage("features")], partial(check_stage, "features")),
    "stage-coverage": Target(lambda: [seeds.stage("coverage")], partial(check_stage, "coverage")),
    **kept.TARGETS,
}
