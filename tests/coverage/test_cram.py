from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmbin.coverage.bam import read_depth
from llmbin.coverage.cram import DEFINITION, _Checked, check_cram
from llmbin.errors import CoverageError

HEADER = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "a", "LN": 5000}, {"SN": "b", "LN": 3000}]}


def write_cram(path: Path, *options: str) -> Path:
    """Containers of a few reads, which need no reference."""
    rng = np.random.default_rng(2)
    how = ["no_ref=1", "seqs_per_slice=40", *options]
    with pysam.AlignmentFile(
        str(path), "wc", header=HEADER, format_options=[o.encode() for o in how]
    ) as out:
        for k, place in enumerate(sorted(rng.integers(0, 2900, 200).tolist())):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.reference_id, read.reference_start = f"r{k}", 0, place
            read.query_sequence, read.cigarstring, read.mapping_quality = "ACGTT" * 20, "100M", 60
            out.write(read)
    return path


@pytest.mark.parametrize("options", [(), ("version=3.1",), ("slices_per_container=3",)], ids=str)
def test_whole_files_are_whole(options: tuple[str, ...], tmp_path: Path) -> None:
    path = write_cram(tmp_path / "s.cram", *options)
    check_cram(path)
    assert read_depth(path, scratch=tmp_path).reads == 200


def test_any_byte_that_is_changed_is_noticed(tmp_path: Path) -> None:
    data = write_cram(tmp_path / "s.cram").read_bytes()
    assert len(data) > 2000
    damaged = tmp_path / "damaged.cram"
    for at in range(DEFINITION, len(data)):
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        with pytest.raises(CoverageError, match=r"damaged in the container at byte \d+|end marker"):
            check_cram(damaged)


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = write_cram(tmp_path / "s.cram").read_bytes()
    cut = tmp_path / "cut.cram"
    for size in range(DEFINITION, len(data)):
        cut.write_bytes(data[:size])
        with pytest.raises(CoverageError, match=r"cut off|end marker"):
            check_cram(cut)


def test_versions_without_checksums_are_refused(tmp_path: Path) -> None:
    path = write_cram(tmp_path / "s.cram", "version=2.1")
    with pytest.raises(CoverageError, match=r"version 2\.1 is not read; convert it"):
        read_depth(path, scratch=tmp_path)


@given(st.integers(0, 2**32 - 1))
def test_numbers_of_every_length(value: int) -> None:
    more = next((n for n in range(4) if value < 1 << 7 * (n + 1)), 4)
    if more < 4:
        mark = 0xFF & ~(0xFF >> more)
        data = ((mark << 8 * more) | value).to_bytes(more + 1, "big")
    else:  # a half in the first byte, and a half in the last
        data = bytes([0xF0 | value >> 28]) + (value >> 4 & 0xFFFFFF).to_bytes(3, "big")
        data += bytes([value & 0xF])
    stream = io.BytesIO(data)
    assert _Checked(stream).number() == value
    assert stream.tell() == len(data)
