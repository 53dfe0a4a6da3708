"""``llmbin-fast bench``: what this machine does, by window length and by stage of a run."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DeviceError, InputError
from ..options import ModelOptions
from ..resources import MIB, peak_memory

if TYPE_CHECKING:
    from ..model.encoder import Encoder

SHORTEST = 1_000  # bp of a contig that is measured
# Synthetic assemblies: million bases, median contig length, spread of its logarithm.
PRESETS = {"laptop": (20.0, 4_000, 1.1), "orin": (10.0, 12_000, 1.2), "server": (200.0, 4_000, 1.1)}


@dataclass(frozen=True)
class Bucket:
    """Full windows of ``bases``: windows and milliseconds a batch, million bases a second.

    A CPU second is what other programs on the machine change least.
    """

    bases: int
    windows: int
    milliseconds: float
    mbp_a_second: float
    mbp_a_cpu_second: float


@dataclass(frozen=True)
class Throughput:
    """What was measured: rates of unique bases of the contigs' windows, seconds of wall time."""

    model: str
    device: str
    precision: str
    threads: int
    contigs: int
    bases: int
    batch_bases: int
    cold_start: float
    warm_start: float
    buckets: list[Bucket]
    encoded_bases: int
    windows: int
    seconds: float
    mbp_a_second: float
    windows_a_second: float
    padding_efficiency: float
    share_of_best_shape: float
    stages: dict[str, dict[str, float]]
    peak_rss_mib: float


def measure(contigs: Path | None, preset: str, options: ModelOptions, threads: int) -> Throughput:
    """Measure a pack on a device with a FASTA file, or a synthetic assembly if there is none.

    Raises:
        LlmbinError: bad pack, device or FASTA.
    """
    from ..features.composition import composition_vectors
    from ..model.embedder import open_embedder
    from ..model.encoder import encode_batches
    from ..model.windows import batches, full_batch

    cold = time.perf_counter()
    embedder = open_embedder(options)
    pack, encoder, device = embedder.pack, embedder.encoder, embedder.device
    if encoder is None:
        raise DeviceError(f"{pack.name} has no language model to measure; take another --model")
    full = full_batch(pack.window, pack.window)
    encoder.encode(full)
    cold = time.perf_counter() - cold
    warm = time.perf_counter()
    encoder.encode(full)
    warm = time.perf_counter() - warm
    budget = embedder.budget()
    lengths = range(pack.bucket, pack.window + 1, pack.bucket)
    buckets = [measure_bucket(encoder, n, budget, threads) for n in lengths]
    with tempfile.TemporaryDirectory() as folder:
        path = contigs or _synthetic(Path(folder) / "contigs.fasta", preset)
        stages: dict[str, dict[str, float]] = {}
        with _stage(stages, "reading"):
            held = _read(path)
        if not held:
            raise InputError(f"{path}: no contig has {SHORTEST:,} bases or more")
        with _stage(stages, "composition"):
            composition_vectors([contig.codes for contig in held])
        with _stage(stages, "encoding"):
            vectors = encode_batches(encoder, batches(held, embedder.plan, budget), threads)
        _marker_stage(stages, held, threads)
    seconds = stages["encoding"]["wall"]
    rate = vectors.bases / seconds / 1e6
    return Throughput(
        model=f"{pack.name} {pack.version}",
        device=str(device),
        precision=device.precision,
        threads=threads,
        contigs=len(held),
        bases=sum(len(c.codes) for c in held),
        batch_bases=budget,
        cold_start=cold,
        warm_start=warm,
        buckets=buckets,
        encoded_bases=vectors.bases,
        windows=vectors.windows,
        seconds=seconds,
        mbp_a_second=rate,
        windows_a_second=vectors.windows / seconds,
        padding_efficiency=vectors.bases / vectors.positions,
        share_of_best_shape=rate / max(b.mbp_a_second for b in buckets),
        stages=stages,
        peak_rss_mib=peak_memory() / MIB,
    )


def table(found: Throughput) -> str:
    """For a person."""
    rows = [
        f"{found.model} on {found.device}, {found.precision}, "
        f"{found.threads} thread{'s' * (found.threads != 1)}",
        f"{found.contigs:,} contigs, {found.bases / 1e6:.1f} Mbp; "
        f"start cold {found.cold_start:.2f} s, warm {found.warm_start * 1000:.0f} ms",
        "",
        "padded length   windows   ms a batch   Mbp/s",
        *(
            f"{b.bases:13,d}{b.windows:10,d}{b.milliseconds:13.1f}{b.mbp_a_second:8.2f}"
            for b in found.buckets
        ),
        "",
        f"encoding        {found.mbp_a_second:.2f} Mbp/s, {found.windows_a_second:.0f} windows/s",
        f"padding         {100 * found.padding_efficiency:.1f} % "
        "of the computed positions are bases",
        f"of best shape   {100 * found.share_of_best_shape:.0f} %",
        "",
        "stage            wall s    CPU s    Mbp/s of contigs",
        *(
            f"{name:15s}{s['wall']:8.2f}{s['cpu']:9.2f}{found.bases / 1e6 / s['wall']:9.1f}"
            for name, s in found.stages.items()
        ),
        f"peak memory     {found.peak_rss_mib:.0f} MiB",
    ]
    return "\n".join(rows)


def write_json(found: Throughput, path: Path) -> None:
    """For a program."""
    from ..io.outputs import whole_file

    with whole_file(path) as handle:
        handle.write((json.dumps(asdict(found), indent=1) + "\n").encode())


class _stage:
    """Wall and CPU seconds of a block."""

    def __init__(self, stages: dict[str, dict[str, float]], name: str) -> None:
        self.stages, self.name = stages, name

    def __enter__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.stages[self.name] = {
            "wall": time.perf_counter() - self.wall,
            "cpu": time.process_time() - self.cpu,
        }


def measure_bucket(
    encoder: Encoder, bases: int, budget: int, threads: int, rounds: int = 20
) -> Bucket:
    """Encode full windows on so many threads at once, each a batch of its own.

    The fastest round counts: other programs only make one slower.
    """
    from concurrent.futures import ThreadPoolExecutor

    from ..model.windows import full_batch

    batch = full_batch(bases, budget)
    windows = len(batch.lengths)
    clocks, rounds_taken = (time.perf_counter, time.process_time), []
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(encoder.encode, [batch] * threads))  # the first of a shape sets up
        for _ in range(rounds):
            began = [clock() for clock in clocks]
            list(pool.map(encoder.encode, [batch] * threads))
            rounds_taken.append([clock() - b for clock, b in zip(clocks, began, strict=True)])
    wall, cpu = (min(seconds) for seconds in zip(*rounds_taken, strict=True))
    mbp = threads * windows * bases / 1e6
    return Bucket(bases, windows, 1000 * wall, mbp / wall, mbp / max(cpu, 1e-9))


def _synthetic(path: Path, preset: str) -> Path:
    import numpy as np

    mbp, median, spread = PRESETS[preset]
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", np.uint8)
    left = int(mbp * 1e6)
    with open(path, "wb") as handle:
        number = 0
        while left > 0:
            size = int(min(max(1_000, np.exp(rng.normal(np.log(median), spread))), 2_000_000))
            handle.write(b">c%d\n%s\n" % (number, letters[rng.integers(0, 4, size)].tobytes()))
            left -= size
            number += 1
    return path


def _read(path: Path) -> list[Any]:
    from ..io.contigs import Assembly, read_contigs

    return list(read_contigs(path, SHORTEST, Assembly()))


def _marker_stage(stages: dict[str, dict[str, float]], contigs: list[Any], threads: int) -> None:
    from ..features.scan import watched
    from ..genes.markers import MarkerSearch, load_marker_set, markers_available

    if not markers_available():
        return
    with _stage(stages, "markers"):
        search = MarkerSearch(load_marker_set(), threads)
        for _ in watched(contigs, [search], threads):
            pass
        search.matches()
