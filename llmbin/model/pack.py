"""Model packs: folders of weights with a manifest, checked before anything is loaded.

A pack holds ``config.json`` (sizes, calibration and the manifest), one ONNX encoder a precision,
``projector.onnx``, ``model.safetensors`` (the weights of both, to export them again) and
``MODEL_CARD.md``; one without a language model has no encoder, and a width of 0. It is untrusted
input: every file is listed with its size and sha256, ONNX graphs may use plain operators only and
no data outside the file, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelPackError, short
from .onnx_check import check_onnx
from .windows import WindowPlan

FORMAT = 2
MAX_FILE = 4 << 30
COMPOSITION = 136 + 61  # tetranucleotides and codons
SIZES = ("window", "bucket", "stride", "width", "max_windows")
NOISE = ("at_1kb", "exponent", "until_kb", "dims")
PRECISIONS = {"fp32", "fp16", "int8"}
LONGEST_LABEL = 100
MOST_LENGTHS = 1024  # padded lengths of windows: TensorRT has a profile for each
PROJECTOR, WEIGHTS = "projector.onnx", "model.safetensors"
BUILT_IN = Path(__file__).parent.parent / "models"


@dataclass(frozen=True)
class Projector:
    """Map from [composition | LM vector] to z of ``outputs`` dimensions, as an ONNX graph.

    Composition is that of `features.composition.composition_vectors`. The noise of a vector of L kb
    is ``noise_at_1kb`` * min(L, ``noise_until_kb``) ** ``noise_exponent``, in units of the mean
    squared difference from the genome's centre per dimension; ``dims`` of them count in the
    metric's logarithm.
    """

    onnx: bytes
    outputs: int
    noise_at_1kb: float
    noise_exponent: float
    noise_until_kb: float
    dims: float


@dataclass(frozen=True)
class ModelPack:
    """A checked pack: ``encoders`` are ONNX bytes by precision, none without a language model.

    ``window`` and ``bucket`` are in bases; ``digest`` is the sha256 of config.json, which lists all
    other files.
    """

    name: str
    version: str
    folder: Path
    digest: str
    width: int
    window: int
    max_windows: int
    bucket: int
    encoders: dict[str, bytes]
    projector: Projector
    config: dict[str, Any]

    @property
    def offers(self) -> str:
        """The encoders that it has, for people."""
        return ", ".join(self.encoders) or "no language model"

    def plan(self, windows: int = 0, seed: int | None = 0) -> WindowPlan:
        """How contigs are cut: ``windows`` a contig at most, 0 for the pack's number."""
        return WindowPlan(self.window, windows or self.max_windows, self.bucket, seed)


def find_pack(model: str) -> Path:
    """Folder of a pack: the name of one that is installed, or else a path.

    Raises:
        ModelPackError: there is none.
    """
    if model in list_packs():  # also where a folder is called so; "./" in front means that one
        return BUILT_IN / model
    path = Path(model)
    if model.isprintable() and (path / "config.json").is_file():
        return path
    known = ", ".join(list_packs())
    raise ModelPackError(
        f"{model}: no such model pack (a folder with config.json, or one of: {known})"
    )


def list_packs() -> list[str]:
    """Names of the packs in the wheel."""
    return sorted(p.parent.name for p in BUILT_IN.glob("*/config.json"))


def load_pack(folder: Path) -> ModelPack:
    """Check and load a pack.

    Raises:
        ModelPackError: a file is missing, altered or too large, or holds what packs may not hold.
    """
    raw = _read(folder / "config.json", 1 << 20)
    config = _manifest(folder / "config.json", raw)
    if config.get("format") != FORMAT:
        raise ModelPackError(
            f"{folder}: pack format {config.get('format')!r}, this version reads {FORMAT}; "
            "update llmbin-fast or the pack"
        )
    try:
        files, encoders = config["files"], config["encoders"]
        window, bucket, stride, width, most = (_whole(config[key]) for key in SIZES)
        name, version = _label(config["name"]), _label(config["version"])
        if not (isinstance(files, dict) and isinstance(encoders, dict)):
            raise TypeError("files and encoders must be objects")
        if not set(encoders) <= PRECISIONS or bool(encoders) != bool(width):
            some = ", ".join(sorted(PRECISIONS))
            raise ValueError(f"encoders are some of {some}, or none and the width is 0")
    except (ValueError, KeyError, TypeError) as error:
        raise _malformed(folder, error) from None
    if not (
        0 < stride <= bucket <= window <= 1 << 20
        and window % bucket == 0
        and window // bucket <= MOST_LENGTHS
        and bucket % stride == 0
        and 0 <= width <= 8192
        and most > 0
    ):
        raise ModelPackError(f"{folder}: impossible sizes in config.json")
    contents = {file: _checked(folder, file, entry) for file, entry in files.items()}
    for file in (WEIGHTS, PROJECTOR, *encoders.values()):
        if not isinstance(file, str) or file not in contents:
            raise ModelPackError(f"{folder}: {short(str(file))} is used but not listed under files")
    for file in encoders.values():
        check_onnx(contents[file], str(folder / file))
    projector = _projector(folder, contents[PROJECTOR], config)
    return ModelPack(
        name=name,
        version=version,
        folder=folder,
        digest=hashlib.sha256(raw).hexdigest(),
        width=width,
        window=window,
        max_windows=most,
        bucket=bucket,
        encoders={precision: contents[file] for precision, file in encoders.items()},
        projector=projector,
        config=config,
    )


def _manifest(path: Path, raw: bytes) -> dict[str, Any]:
    """The object in config.json.

    Raises:
        ModelPackError: it is no JSON object, or nested too deep.
    """
    try:
        config = json.loads(raw)
    except RecursionError:
        raise ModelPackError(f"{path}: malformed (nested too deep)") from None
    except ValueError as error:
        raise ModelPackError(f"{path}: malformed ({error})") from None
    if not isinstance(config, dict):
        raise ModelPackError(f"{path}: malformed (no object)")
    return config


def _malformed(folder: Path, error: Exception) -> ModelPackError:
    what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return ModelPackError(f"{folder / 'config.json'}: malformed ({what})")


def _whole(value: Any) -> int:
    """A whole number of JSON; true is none, nor is 1.5."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{short(repr(value))} is no whole number")
    return value


def _number(value: Any) -> float:
    """A finite number of JSON, which knows NaN and 1e999 too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{short(repr(value))} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _label(value: Any) -> str:
    """A name that a line of a log can hold."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_LABEL or not value.isprintable():
        raise TypeError(f"{short(repr(value))} is no name")
    return value


def _projector(folder: Path, onnx: bytes, config: dict[str, Any]) -> Projector:
    check_onnx(onnx, str(folder / PROJECTOR))
    try:
        outputs = _whole(config["outputs"])
        noise = {key: _number(config["noise"][key]) for key in NOISE}
    except (KeyError, ValueError, TypeError) as error:
        raise _malformed(folder, error) from None
    at_1kb, exponent, until_kb, dims = noise.values()
    if not (
        0 < outputs <= 4096
        and 0 < at_1kb <= 1e6
        and -2 <= exponent <= 0
        and 0 < until_kb <= 1e6
        and 0 < dims <= outputs
    ):
        raise ModelPackError(f"{folder}: impossible numbers in config.json")
    return Projector(onnx, outputs, at_1kb, exponent, until_kb, dims)


def _checked(folder: Path, name: str, entry: Any) -> bytes:
    if not name.isprintable() or Path(name).name != name or name in ("", ".", ".."):
        raise ModelPackError(f"{folder}: the file name {short(name)} leaves the pack")
    try:
        size, digest = _whole(entry["bytes"]), str(entry["sha256"])
    except (KeyError, TypeError):
        raise ModelPackError(
            f"{folder}: {short(name)} has no size or sha256 in config.json"
        ) from None
    data = _read(folder / name, size)
    if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
        raise ModelPackError(
            f"{folder / name}: differs from what config.json promises (size or sha256); "
            + ("install llmbin-fast" if BUILT_IN in folder.parents else "fetch the pack")
            + " again"
        )
    return data


def _read(path: Path, limit: int) -> bytes:
    """What is in a file; neither a pipe nor a device has an end that is sure to come."""
    limit = min(limit, MAX_FILE)
    try:
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode):
            raise ModelPackError(f"{path}: not a file")
        if seen.st_size <= limit:
            with open(path, "rb") as handle:
                data = handle.read(limit + 1)
            if len(data) <= limit:
                return data
    except OSError as error:
        raise ModelPackError(f"{path}: cannot be read ({error.strerror or error})") from None
    raise ModelPackError(f"{path}: {seen.st_size:,} bytes, more than the {limit:,} allowed")
