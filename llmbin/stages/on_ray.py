"""Features of the contigs by a Ray cluster: a part is a task, tried again where a node dies.

Nodes need no disk in common: bases go out, and the bytes of a file of features come back, which are
checked as those of any such file. Each node has this version of the program installed.
"""

from __future__ import annotations

import importlib.util
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ClusterError, LlmbinError, UsageError, first_line
from ..io.contigs import unique_records
from ..io.outputs import scratch_folder, whole_file
from ..io.store import key_of
from ..model.devices import asks_for_gpu
from ..model.pack import find_pack, load_pack
from ..options import ModelOptions, PartOptions
from ..parts.write import check_arrow
from ..progress import Advance
from .parting import make_part
from .setting import Setting
from .survey import Survey

log = logging.getLogger("llmbin")

CPUS = 4  # of a task, at most: it has its own copy of model and profiles, some 300 MB
LEAST_BASES, MOST_BASES = 2_000_000, 50_000_000  # of a part
ROUNDS = 4  # parts for each that run at once: the last to end is a small one then
RETRIES = 5  # of a part whose node died
PATIENCE = 600.0  # seconds without a part, of which somebody should know


@dataclass(frozen=True)
class Slots:
    """How many tasks run at once, and what each has."""

    number: int
    cpus: int
    gpus: int


def parts_on_ray(setting: Setting, survey: Survey, advance: Advance) -> list[Path]:
    """Files of all contigs' features, which stay for ``--resume``.

    Raises:
        UsageError: Ray is not installed.
        ClusterError: the cluster cannot be reached, or a part failed again and again.
        StorageError: what comes back cannot be kept.
    """
    check_arrow()
    with _connected(setting.options.ray) as ray:
        slots = _slots(ray, setting)
        plan = _plan(setting, survey, slots)
        log.info(
            "%d parts on a cluster that works on %d at once, each with %d CPUs%s",
            len(plan.paths),
            slots.number,
            slots.cpus,
            " and a GPU" * slots.gpus,
        )
        _work(ray, setting, plan, slots, advance)
    return plan.paths


@dataclass(frozen=True)
class Plan:
    """Where each part's file goes, where its contigs end, and what tasks are told."""

    paths: list[Path]
    ends: list[int]
    options: PartOptions
    lengths: list[int]

    def begin(self, number: int) -> int:
        """Where a part's contigs begin."""
        return self.ends[number - 1] if number else 0

    def bases(self, number: int) -> int:
        """Of a part's contigs."""
        return sum(self.lengths[self.begin(number) : self.ends[number]])


def _plan(setting: Setting, survey: Survey, slots: Slots) -> Plan:
    """Cut the contigs into parts of like size, as many as keep the cluster busy."""
    options, bases = setting.options, survey.bases
    size = min(max(bases // (ROUNDS * slots.number), LEAST_BASES), MOST_BASES)
    ends, held = [], 0
    for row, length in enumerate(survey.lengths.tolist(), 1):
        held += length
        if held >= size or row == len(survey.lengths):
            ends.append(row)
            held = 0
    model = replace(options.model, device=_device(options.model, slots))
    asked = PartOptions(
        contigs=Path(),
        output=Path(),
        model=model,
        threads=slots.cpus,
        recruit_length=options.recruit_length,
        markers=options.markers,
        progress=False,
        whole_bases=bases,
    )
    about = [asked.recruit_length, asked.markers, asdict(model), ends]
    contigs = setting.inputs.contigs_content
    pack = load_pack(find_pack(options.model.model)).digest
    key = key_of(__version__, contigs, pack, about).hex()
    paths = [setting.work.staging / f"stage-part-{key}-{i}.arrow" for i in range(len(ends))]
    return Plan(paths, ends, asked, survey.lengths.tolist())


def _device(model: ModelOptions, slots: Slots) -> str:
    """What tasks are told: of the GPUs of a node each sees its own alone."""
    if not slots.gpus:
        return "cpu" if model.device == "auto" else model.device
    return model.device.partition(":")[0]


def _work(ray: Any, setting: Setting, plan: Plan, slots: Slots, advance: Advance) -> None:
    """Hand out parts, not far ahead of what is done, and keep what comes back."""
    task = ray.remote(num_cpus=slots.cpus, num_gpus=slots.gpus, max_retries=RETRIES)(part_of)
    waiting: dict[Any, int] = {}

    def keep(most: int) -> None:
        while len(waiting) > most:
            ready, _ = ray.wait(list(waiting), num_returns=1, timeout=PATIENCE)
            if not ready:
                log.warning(
                    "no part has come back for %.0f minutes; the cluster has %g CPUs now",
                    PATIENCE / 60,
                    ray.cluster_resources().get("CPU", 0),
                )
                continue
            done = ready[0]
            number = waiting.pop(done)
            with whole_file(plan.paths[number]) as handle:
                handle.write(_result(ray, done))
            advance(plan.bases(number))

    for number, fasta in _pieces(setting, plan):
        if setting.options.resume and plan.paths[number].is_file():
            advance(plan.bases(number))
            continue
        keep(2 * slots.number - 1)
        asked = replace(plan.options, first=plan.begin(number))
        waiting[task.remote(fasta, asked)] = number
    keep(0)


def _pieces(setting: Setting, plan: Plan) -> Iterator[tuple[int, bytes]]:
    """FASTA of the contigs of each part, of those that are long enough."""
    from .._kernels import has_bases

    records: list[bytes] = []
    number = row = 0
    for record in unique_records(setting.inputs.contigs):
        if not has_bases(record.sequence, setting.options.recruit_length):
            continue
        name = record.name.encode("utf-8", "surrogateescape")
        records.append(b">%s\n%s\n" % (name, record.sequence))
        row += 1
        if row == plan.ends[number]:
            yield number, b"".join(records)
            records, number = [], number + 1


def part_of(fasta: bytes, options: PartOptions) -> bytes:
    """The task: the file of features of some contigs, as bytes.

    Raises:
        LlmbinError: see `make_part`.
    """
    with scratch_folder("llmbin-ray-") as folder:
        contigs, output = folder / "part.fasta", folder / "part.arrow"
        contigs.write_bytes(fasta)
        make_part(replace(options, contigs=contigs, output=output))
        return output.read_bytes()


def _result(ray: Any, done: Any) -> bytes:
    """What a task gave.

    Raises:
        ClusterError: it failed.
    """
    try:
        return bytes(ray.get(done))
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, LlmbinError):
            raise ClusterError(f"on a node of the cluster: {cause}") from None
        raise ClusterError(
            f"a part failed on a node of the cluster ({type(cause).__name__}: "
            f"{first_line(cause)}); has every node llmbin-fast {__version__} and its extras?"
        ) from None
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"a part was tried {RETRIES + 1} times, and is lost with its node each time "
            f"({first_line(error)}); look at the nodes' memory, and go on with --resume"
        ) from None


def _slots(ray: Any, setting: Setting) -> Slots:
    """What a task may have, so that the smallest node can run one.

    Raises:
        ClusterError: no node has a CPU, or none a GPU and one is asked for.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    device = setting.options.model.device
    gpus = sum(int(node.get("GPU", 0)) for node in nodes)
    if asks_for_gpu(device) and not gpus:
        raise ClusterError(f"--device {device}: no node of the cluster has a GPU; use --device cpu")
    use = bool(gpus) and device != "cpu"
    cpus = [int(node.get("CPU", 0)) for node in nodes if not use or node.get("GPU", 0) >= 1]
    if not any(cpus):
        raise ClusterError(f"--ray {setting.options.ray}: no node of the cluster has a CPU to give")
    each = min(CPUS, *(n for n in cpus if n))
    number = sum(n // each for n in cpus)
    return Slots(min(number, gpus) if use else number, each, int(use))


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster; who is connected already stays so.

    Raises:
        UsageError: Ray is not installed.
        ClusterError: there is no cluster.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("--ray needs Ray, here and on all nodes: `pip install 'llmbin-fast[ray]'`")
    import ray

    if ray.is_initialized():
        yield ray
        return
    try:
        with _same_signals():
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError, OSError, AssertionError) as error:
        raise ClusterError(
            f"--ray {address}: no cluster is reached ({first_line(error)}); begin one with "
            "`ray start --head`, or give the address that it told"
        ) from None
    try:
        yield ray
    finally:
        with _same_signals():
            ray.shutdown()


@contextmanager
def _same_signals() -> Iterator[None]:
    """Ray puts its own handler of SIGTERM in place of ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
