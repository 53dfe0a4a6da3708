"""Good inputs that mutants are made of: small ones of each kind that the program reads."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import struct
import tempfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pysam
import zstandard
from onnx import TensorProto, helper

FASTA = (
    b">k141_1 flag=1 multi=2.0\nACGTacgtNRYKM\nACG\n\n>k141_2\r\nAC\r\nGT\r\n>empty\n>last a\nTTT"
)
CONTIGS = {"k1": 3000, "k2": 1200, "k3": 800}
TABLES = (
    b"contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\n"
    b"k1\t3000\t4.5\t4.5\t1.25\nk2\t1200\t0\t0\t0\nk3\t800\t7e1\t7e1\t3\n",
    b"contigName\tcontigLen\tA.bam\tA.bam-var\tB.bam\tB.bam-var\nk1\t3000\t4\t1\t2\t1\n"
    b"k2\t1200\t0\t0\t9\t1\nk3\t800\t7\t3\t1\t1\n",
    b"Contig\tA.bam Mean\tB.bam Mean\nk1\t4.5\t2\nk2\t0\t9\nk3\t7\t1\n",
    b"Contig\tA Mean\tA Variance\tA Length\tA TPM\nk1\t4\t1\t3000\t8\nk2\t1\t1\t1200\t9\n"
    b"k3\t1\t2\t800\t1\n",
    b"contigname\tA\tB\nk1\t1\t2\nk2\t3\t4\nk3\t5\t6\n",
    b"chrom\tlength\tbases\tmean\tmin\tmax\nk1\t3000\t9\t4.5\t0\t9\nk2\t1200\t9\t1\t0\t3\n"
    b"k3\t800\t1\t2\t0\t1\ntotal\t5000\t9\t3\t0\t9\n",
    b"#rname\tstartpos\tendpos\tnumreads\tcovbases\tcoverage\tmeandepth\tmeanbaseq\tmeanmapq\n"
    b"k1\t1\t3000\t9\t9\t3\t4.5\t30\t60\nk2\t1\t1200\t9\t9\t3\t1\t30\t60\n"
    b"k3\t1\t800\t9\t9\t3\t2\t30\t60\n",
    b"#ID\tAvg_fold\tLength\tRef_GC\tStd_Dev\nk1\t4.5\t3000\t0.5\t1\nk2\t1\t1200\t0.5\t2\n"
    b"k3\t2\t800\t0.5\t1\n",
    b"k1\t4.5\nk2\t1\nk3\t2\n",
    b'"contig"\t"A"\r\n"k1"\t1\r\n"k2"\t2\r\n"k3"\t3\r\n',
)
GOLD = (
    b"@Version:0.9.1\n@SampleID:x\n@@SEQUENCEID\tBINID\t_LENGTH\nk1\tg1\t3000\nk2\tg1\t1200\n"
    b"k3\tg2\t800\n",
    b"@@SEQUENCEID\tBINID\tTAXID\t_LENGTH\nk1\tg1\t5\t3000\r\n#k2\tg2\t6\t1200\n",
)
BINS = (
    b"k1\tbin.1\nk2\tbin.1\nk3\tbin.2\n",
    b"@Version:0.9.0\n@SampleID:x\n\n@@SEQUENCEID\tBINID\nk1\tbin.1\nk2\tbin.2\n",
)


def bgzf(data: bytes, size: int = 60_000) -> bytes:
    """Data in blocks of so many bytes, with the empty one at the end."""
    out = b""
    for part in [*(data[i : i + size] for i in range(0, len(data), size)), b""]:
        packer = zlib.compressobj(1, wbits=-15)
        packed = packer.compress(part) + packer.flush()
        out += bytes.fromhex("1f8b08040000000000ff060042430200")
        out += struct.pack("<H", len(packed) + 25) + packed
        out += struct.pack("<II", zlib.crc32(part), len(part))
    return out


def compressed(data: bytes = FASTA) -> dict[str, bytes]:
    """The same text in each compression that is read."""
    half = len(data) // 2
    return {
        "gzip": gzip.compress(data[:half]) + gzip.compress(data[half:]),
        "bgzf": bgzf(data, half),
        "zstd": zstandard.compress(data),
        "xz": lzma.compress(data),
        "bzip2": bz2.compress(data),
    }


def alignments(kind: str = "wb") -> bytes:
    """A BAM or CRAM file of reads with all that a record may hold."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": length} for name, length in CONTIGS.items()],
    }
    reads = [
        ("k1", 5, "100M", 0, 0, ()),
        ("k1", 40, "10S80M10H", 0, 2, ()),
        ("k1", 90, "40=1X59=", 16, None, ()),
        ("k1", 100, "50M5I40M5D5M", 0, 9, ()),
        ("k2", 0, "700M", 0, 3, (("SA", "k3,1,-,300M400S,60,1;"),)),
        ("k2", 9, "30M", 1024, 0, ()),
        ("k3", 0, "300M400H", 2064, 1, (("SA", "k2,1,+,700M,60,3;"),)),
        ("", -1, None, 4, None, ()),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        if kind == "wc":
            fasta = Path(folder, "r.fa")
            fasta.write_text("".join(f">{n}\n{'A' * v}\n" for n, v in CONTIGS.items()))
        extra = {"reference_filename": str(fasta)} if kind == "wc" else {}
        if kind == "wc":
            extra["format_options"] = [b"embed_ref=1"]
        with pysam.AlignmentFile(str(path), kind, header=header, **extra) as out:
            for number, (contig, at, cigar, flag, edits, tags) in enumerate(reads):
                read = pysam.AlignedSegment(out.header)
                read.query_name, read.flag = f"r{number}", flag
                read.reference_id = list(CONTIGS).index(contig) if contig else -1
                read.reference_start, read.cigarstring = at, cigar
                read.query_sequence = "A" * (read.infer_query_length() or 20)
                read.mapping_quality = 60 if contig else 0
                if edits is not None:
                    read.set_tag("NM", edits)
                for name, value in tags:
                    read.set_tag(name, value)
                out.write(read)
        return path.read_bytes()


def graph(kind: str, inputs: int, outputs: int) -> bytes:
    """A small ONNX graph: an encoder of batches of codes, or a projector of features."""
    weight = np.full((inputs, outputs), 0.01, np.float32)
    held = helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.tobytes(), raw=True)
    rows = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", outputs])
    if kind == "projector":
        given = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", inputs])]
        nodes = [helper.make_node("MatMul", ["features", "w"], ["z"])]
    else:
        given = [
            helper.make_tensor_value_info("codes", TensorProto.UINT8, ["n", "bases"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["n"]),
        ]
        nodes = [
            helper.make_node("Cast", ["lengths"], ["l"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["l", "axis"], ["column"]),
            helper.make_node("MatMul", ["column", "w"], ["z"]),
        ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    more = [held, axis] if kind == "encoder" else [held]
    made = helper.make_model(
        helper.make_graph(nodes, "g", given, [rows], more),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    made.ir_version = 8
    return bytes(made.SerializeToString())


@cache
def pack_files() -> dict[str, bytes]:
    """The files of a small model pack, config.json too."""
    width, outputs = 4, 6
    files = {
        "encoder.onnx": graph("encoder", 1, width),
        "projector.onnx": graph("projector", 197 + width, outputs),
        "model.safetensors": b"",
    }
    config: dict[str, Any] = {
        "format": 2,
        "name": "small",
        "version": "1",
        "stride": 8,
        "width": width,
        "window": 64,
        "bucket": 16,
        "max_windows": 1,
        "outputs": outputs,
        "noise": {"at_1kb": 1.8, "exponent": -0.7, "until_kb": 100.0, "dims": 5.0},
        "encoders": {"fp32": "encoder.onnx"},
        "files": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        },
    }
    return {**files, "config.json": json.dumps(config).encode()}


def stage(kind: str) -> bytes:
    """A file that ``--resume`` reads."""
    n = 3
    arrays: dict[str, Any] = {
        "names": np.frombuffer(b"k1\nk2\nk3", np.uint8),
        "lengths": np.array([3000, 1200, 800]),
        "ungapped": np.array([2900, 1200, 800]),
        "gc": np.full(n, 0.5, np.float32),
        "composition": np.ones((n, 5), np.float32),
        "lm": np.ones((n, 4), np.float32),
        "markers": np.zeros((n, 2), np.int16),
        "genes_contig": np.array([0, 1]),
        "genes_family": np.zeros(2, np.int16),
        "genes_begin": np.zeros(2, np.float32),
        "genes_end": np.ones(2, np.float32),
        "rna_rrna": np.zeros((n, 3), np.int16),
        "rna_whole": np.zeros((n, 3), np.int16),
        "rna_trna": np.zeros((n, 20), np.int16),
        "numbers": np.array([1, 2, 3, 4]),
        "homology": np.zeros((3, 1), np.int32),
    }
    if kind == "coverage":
        arrays = {
            "samples": np.array(["A"]),
            "files": np.array(["A.bam"]),
            "mean": np.ones((n, 1)),
            "variance": np.ones((n, 1)),
            "reads": np.ones((1, 8)),
        }
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@cache
def features() -> bytes:
    """A file of features of three contigs, with depths."""
    from llmbin.options import PartOptions
    from llmbin.stages.parting import make_part

    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        contigs, depth, out = (Path(folder, name) for name in ("c.fasta", "d.tsv", "c.arrow"))
        texts = ["".join(rng.choice(list("ACGT"), n)) for n in (2500, 1200, 1100)]
        contigs.write_text("".join(f">k{i}\n{text}\n" for i, text in enumerate(texts)))
        depth.write_text("contigname\tA\tB\nk0\t1\t2\nk1\t3\t4\nk2\t5\t6\n")
        make_part(PartOptions(contigs, out, depth=[depth], progress=False))
        return out.read_bytes()
