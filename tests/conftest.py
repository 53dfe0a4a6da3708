from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pysam
import pytest

from llmbin.tools.synthetic import Community, make_community
from llmbin.training.shards import Genome, write_shards

sys.path.append(
    str(Path(__file__).parent.parent)
)  # for bench; last, so that the installed llmbin is the one that is tested


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh",
        action="store_true",
        help="write the pictures and the notebook that tests compare with anew",
    )


@pytest.fixture(scope="session")
def refresh(request: pytest.FixtureRequest) -> bool:
    """Whether to write what is compared with anew."""
    return bool(request.config.getoption("--refresh"))


@pytest.fixture(scope="session")
def community(tmp_path_factory: pytest.TempPathFactory) -> Community:
    """Five synthetic genomes of about 300 kb in two samples."""
    return make_community(
        tmp_path_factory.mktemp("community"), genomes=5, size=400_000, samples=2, seed=3
    )


@pytest.fixture(scope="session")
def sequences() -> dict[str, str]:
    rng = np.random.default_rng(7)
    return {
        f"c{i}": "".join(rng.choice(list("ACGT"), n))
        for i, n in enumerate((3000, 1200, 800, 140, 1))
    }


@pytest.fixture(scope="session")
def genomes() -> list[Genome]:
    """Six small genomes for training, in pairs of a clade, with a run of unknown bases each."""
    rng = np.random.default_rng(0)
    out = []
    for g in range(6):
        sequences = [
            rng.choice(4, n, p=np.roll([0.4, 0.3, 0.2, 0.1], g)).astype(np.uint8)
            for n in (3000, 501, 90)
        ]
        sequences[0][100:130] = 4
        out.append(Genome(f"g{g}", f"clade{g // 2}", sequences))
    return out


@pytest.fixture(scope="session")
def shards(genomes: list[Genome], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_shards(genomes, folder)
    return folder


Reads = list[tuple[str, int, str, int, int]]  # contig, position, CIGAR, NM, flag


@pytest.fixture(scope="session")
def write_bam() -> Callable[..., Path]:
    def write(
        path: Path,
        lengths: dict[str, int],
        reads: Reads,
        mode: str = "wb",
        reference: Path | None = None,
    ) -> Path:
        header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": n, "LN": v} for n, v in lengths.items()]}
        index = {n: i for i, n in enumerate(lengths)}
        extra = {"reference_filename": str(reference)} if reference else {}
        with pysam.AlignmentFile(str(path), mode, header=header, **extra) as out:
            for k, (contig, position, cigar, nm, flag) in enumerate(reads):
                a = pysam.AlignedSegment(out.header)
                a.query_name = f"r{k}"
                a.flag = flag
                a.reference_id = index[contig] if contig else -1
                a.reference_start = position
                a.cigarstring = cigar
                size = a.infer_query_length() or 100
                a.query_sequence = "A" * size
                a.query_qualities = pysam.qualitystring_to_array("I" * size)
                a.mapping_quality = 60
                if nm >= 0:
                    a.set_tag("NM", nm)
                out.write(a)
        return path

    return write


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Drive the command line; gives exit status, standard output and standard error."""
    from llmbin.cli import main

    def call(*argv: object) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            status = main([str(a) for a in argv])
        except SystemExit as stop:  # argparse
            status = int(stop.code or 0)
        out, err = capfd.readouterr()
        return status, out, err

    return call


@pytest.fixture(autouse=True)
def fresh_log() -> None:
    """Without the handlers of an earlier test's command, pytest hears every message once."""
    log = logging.getLogger("llmbin")
    log.handlers.clear()
    log.propagate = True


def in_new_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
