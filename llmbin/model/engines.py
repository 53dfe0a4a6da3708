"""TensorRT engines: built from a pack's ONNX, and kept in the user's cache.

An engine file is native code. One is loaded only from the cache folder, which belongs to the user
and is closed to others, under a key of everything it was built from, and after its sha256 was
compared with the one noted when it was built.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import DeviceError, MemoryLimitError, first_line
from ..io.outputs import write_tables
from ..resources import ENGINE_ADDRESS_SPACE, address_space, check_address_space, shown
from .cuda import Gpu, find_gpu
from .pack import ModelPack, find_pack, load_pack
from .windows import WindowPlan

log = logging.getLogger("llmbin")

RTX = "tensorrt_rtx"
MODULES = ("tensorrt", RTX)
MAX_BASES = 1 << 20  # of one batch
FORMAT = 1


@dataclass(frozen=True)
class Profile:
    """Shapes that an engine is tuned for: windows padded to ``bases``.

    A batch holds 1 to ``most`` of them, mostly ``usual``.
    """

    bases: int
    usual: int
    most: int


@dataclass(frozen=True)
class Target:
    """What an engine is for: TensorRT flavour and version, GPU by name and compute capability."""

    flavour: str
    version: str
    gpu: str
    capability: tuple[int, int]


def tensorrt(preferred: str = "") -> Any:
    """TensorRT, or TensorRT for RTX, which has the same interface.

    Raises:
        DeviceError: neither is installed, or can be loaded.
        MemoryLimitError: it cannot, and address space is limited.
    """
    import importlib
    from importlib.util import find_spec

    unloaded = ""
    for name in (preferred,) if preferred else MODULES:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            if find_spec(name):
                unloaded = unloaded or f"{name} cannot be loaded ({first_line(error)})"
    if unloaded and (allowed := address_space()) is not None:  # it hides what the system says
        raise MemoryLimitError(
            f"{unloaded}, and `ulimit -v` (or -d) allows {shown(allowed)} of address space; "
            "raise that"
        )
    if unloaded:
        raise DeviceError(f"{unloaded}; install it again, or what it needs")
    raise DeviceError(
        "TensorRT is not installed: `pip install 'llmbin-fast[tensorrt]'` "
        "(data-centre GPUs, Jetson: JetPack has it), "
        "or `pip install tensorrt_rtx cuda-python` (RTX GPUs)"
    )


def target_of(trt: Any, gpu: Gpu) -> Target:
    """What an engine for this GPU is built for.

    TensorRT for RTX builds for a compute capability, not for one product.
    """
    major, minor = gpu.capability
    name = f"any GPU of compute capability {major}.{minor}" if trt.__name__ == RTX else gpu.name
    return Target(trt.__name__, trt.__version__, name, gpu.capability)


def profiles(plan: WindowPlan, max_bases: int = MAX_BASES) -> list[Profile]:
    """One profile a length bucket, so that no batch runs in a kernel chosen for another shape."""
    lengths = range(plan.bucket, plan.window + 1, plan.bucket)
    return [Profile(n, max(1, max_bases // (4 * n)), max(1, max_bases // n)) for n in lengths]


def cache_folder() -> Path:
    """``$LLMBIN_CACHE``, or ``llmbin-fast`` in the user's cache folder.

    Raises:
        DeviceError: the user has none.
    """
    if named := os.environ.get("LLMBIN_CACHE"):
        return Path(named)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "llmbin-fast"
    try:
        return Path.home() / ".cache" / "llmbin-fast"
    except RuntimeError:
        raise DeviceError(
            "there is no home folder to keep engines in; name a folder in LLMBIN_CACHE"
        ) from None


def engine_key(onnx: bytes, precision: str, shapes: Sequence[Profile], target: Target) -> str:
    """Name of an engine in the cache: a digest of everything that decides what it is."""
    what = {
        "format": FORMAT,
        "onnx": hashlib.sha256(onnx).hexdigest(),
        "precision": precision,
        "profiles": [asdict(p) for p in shapes],
        "target": asdict(target),
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def open_cache(folder: Path) -> Path:
    """The cache folder, made if missing.

    Raises:
        DeviceError: others own it or may write there, so what lies in it cannot be trusted.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = folder.stat()
    except OSError as error:
        raise DeviceError(
            f"{folder}: cannot be a cache of engines ({error.strerror or error}); "
            "name another in LLMBIN_CACHE"
        ) from None
    if seen.st_uid != os.getuid() or seen.st_mode & 0o022:
        raise DeviceError(
            f"{folder}: engines are native code, and others can write here; "
            "`chmod 700` it, or name another in LLMBIN_CACHE"
        )
    return folder


def cached_engine(folder: Path, key: str) -> bytes | None:
    """An engine from the cache, or None where it is missing, was altered or is not ours."""
    path, note = folder / f"{key}.engine", folder / f"{key}.json"
    if not os.path.lexists(path):
        return None
    try:
        data, noted = _own(path), json.loads(_own(note))
    except (OSError, ValueError, RecursionError):
        noted, data = {}, b""
    if not isinstance(noted, dict) or hashlib.sha256(data).hexdigest() != noted.get("sha256"):
        log.warning("%s: not the engine that was stored here; building it again", path)
        return None
    return data


def _own(path: Path) -> bytes:
    """What is in a file of the user's that nobody else may write; no link is followed.

    Raises:
        OSError: it is not such a file, or cannot be read.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as handle:
        seen = os.fstat(handle.fileno())
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o022:
            raise OSError(f"{path}: not a file of the user's own")
        return handle.read()


def store_engine(folder: Path, key: str, data: bytes, target: Target) -> Path:
    """Keep an engine and its note, both whole or none."""
    path = folder / f"{key}.engine"
    note = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), **asdict(target)}
    files = {folder / f"{key}.json": json.dumps(note, indent=1).encode(), path: data}
    write_tables(files)
    for file in files:
        file.chmod(0o600)
    return path


def build_engine(trt: Any, onnx: bytes, shapes: Sequence[Profile], target: Target) -> bytes:
    """Build an engine in the precision of the ONNX file, whose types it keeps (strongly typed).

    Raises:
        DeviceError: TensorRT cannot parse the graph or build it.
        MemoryLimitError: it cannot, or might never end, in so little address space.
    """
    check_address_space(ENGINE_ADDRESS_SPACE)
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(_network_flags(trt))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(onnx):
        raise DeviceError(f"{target.flavour} cannot read the encoder: {parser.get_error(0).desc()}")
    config = builder.create_builder_config()
    for shape in shapes:
        profile = builder.create_optimization_profile()
        profile.set_shape(
            "codes", (1, shape.bases), (shape.usual, shape.bases), (shape.most, shape.bases)
        )
        profile.set_shape("lengths", (1,), (shape.usual,), (shape.most,))
        config.add_optimization_profile(profile)
    if target.flavour == RTX:
        config.num_compute_capabilities = 1
        config.set_compute_capability(_capability(trt, target.capability), 0)
    built = builder.build_serialized_network(network, config)
    if built is None:
        what = f"{target.flavour} {target.version} cannot build an engine for {target.gpu}"
        if (allowed := address_space()) is not None:  # of which it tells nothing
            raise MemoryLimitError(
                f"{what} within {shown(allowed)} of address space (`ulimit -v` or -d); raise that"
            )
        raise DeviceError(what)
    return bytes(built)


def engine_for(
    pack: ModelPack, precision: str, trt: Any, target: Target, folder: Path
) -> tuple[bytes, Path]:
    """The engine of a pack for a GPU, from the cache or built now, and its path in the cache.

    Raises:
        DeviceError: the cache cannot be trusted, or the engine cannot be built.
    """
    import time

    onnx = pack.encoders[precision]
    shapes = profiles(pack.plan())
    key = engine_key(onnx, precision, shapes, target)
    open_cache(folder)
    if (data := cached_engine(folder, key)) is not None:
        log.info(
            "engine %s (%s %s, %s)",
            folder / f"{key}.engine",
            target.flavour,
            target.version,
            target.gpu,
        )
        return data, folder / f"{key}.engine"
    log.info(
        "building the %s engine of %s for %s with %s %s, %d length profiles; this is done once",
        precision,
        pack.name,
        target.gpu,
        target.flavour,
        target.version,
        len(shapes),
    )
    start = time.monotonic()
    data = build_engine(trt, onnx, shapes, target)
    path = store_engine(folder, key, data, target)
    log.info("built in %.1f s: %s (%.1f MB)", time.monotonic() - start, path, len(data) / 1e6)
    return data, path


def build_for(
    model: str, precision: str, gpu: int, capability: str | None, folder: Path | None
) -> tuple[bytes, Path]:
    """``build-engine``: the engine of a pack for a GPU of this machine, and its path.

    With TensorRT for RTX, also for a compute capability of another machine.

    Raises:
        DeviceError: no TensorRT, no such GPU or precision, or the engine cannot be built.
    """
    pack = load_pack(find_pack(model))
    if not pack.encoders:
        raise DeviceError(f"{pack.name} has no language model, and needs no engine")
    if precision not in pack.encoders:
        raise DeviceError(f"--precision {precision}: the model pack has {pack.offers}")
    if precision == "int8":
        raise DeviceError(
            "--precision int8: the INT8 encoder is made for CPUs; TensorRT takes fp16 or fp32"
        )
    if capability is None:
        trt = tensorrt()
        target = target_of(trt, find_gpu(gpu))
    else:
        trt = tensorrt(RTX)
        major, _, minor = capability.partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise DeviceError(f"--compute-capability {capability}: a number like 8.6 was expected")
        target = target_of(trt, Gpu(gpu, "", (int(major), int(minor)), 0, integrated=False))
    return engine_for(pack, precision, trt, target, folder or cache_folder())


def _network_flags(trt: Any) -> int:
    # TensorRT 11 knows strongly typed networks only and dropped the flag.
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _capability(trt: Any, capability: tuple[int, int]) -> Any:
    name = f"SM{capability[0]}{capability[1]}"
    found = getattr(trt.ComputeCapability, name, None)
    if found is None:
        raise DeviceError(
            "TensorRT for RTX does not build for compute capability "
            f"{capability[0]}.{capability[1]}; use `tensorrt` there"
        )
    return found
