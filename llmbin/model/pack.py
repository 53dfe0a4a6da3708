"""Model packs: folders of weights with a manifest, checked before anything is loaded.

A pack holds ``config.json`` (sizes, calibration and the manifest), one ONNX encoder a precision,
``projector.onnx``, ``model.safetensors`` (the weights of both, to export them again) and
``MODEL_CARD.md``. It is untrusted input: every file is listed with its size and sha256, ONNX graphs
may use plain operators only and no data outside the file, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelPackError
from .onnx_check import check_onnx
from .windows import WindowPlan

FORMAT = 2
MAX_FILE = 4 << 30
COMPOSITION = 136 + 61  # tetranucleotides and codons
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
    """A checked pack: ``encoders`` are ONNX bytes by precision.

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

    def plan(self, windows: int = 0, seed: int = 0) -> WindowPlan:
        """How contigs are cut: ``windows`` a contig at most, 0 for the pack's number."""
        return WindowPlan(self.window, windows or self.max_windows, self.bucket, seed)


def find_pack(model: str) -> Path:
    """Folder of a pack: a path, or the name of one that is installed.

    Raises:
        ModelPackError: there is none.
    """
    path = Path(model)
    if (path / "config.json").is_file():
        return path
    if (BUILT_IN / model / "config.json").is_file():
        return BUILT_IN / model
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
    try:
        config = json.loads(raw)
        files = config["files"]
        encoders = {str(k): str(v) for k, v in config["encoders"].items()}
        window, bucket, stride = (int(config[k]) for k in ("window", "bucket", "stride"))
        width, most = int(config["width"]), int(config["max_windows"])
        version = str(config["version"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelPackError(f"{folder / 'config.json'}: malformed ({error!r})") from None
    if config.get("format") != FORMAT:
        raise ModelPackError(
            f"{folder}: pack format {config.get('format')!r}, this version reads {FORMAT}; "
            "update llmbin-fast or the pack"
        )
    if not (
        0 < stride <= bucket <= window <= 1 << 20
        and window % bucket == 0
        and bucket % stride == 0
        and 0 < width <= 8192
        and most > 0
    ):
        raise ModelPackError(f"{folder}: impossible sizes in config.json")
    contents = {name: _checked(folder, name, entry) for name, entry in files.items()}
    for name in {WEIGHTS, PROJECTOR, *encoders.values()} - contents.keys():
        raise ModelPackError(f"{folder}: {name} is used but not listed under files")
    for name in encoders.values():
        check_onnx(contents[name], str(folder / name))
    projector = _projector(folder, contents[PROJECTOR], config)
    return ModelPack(
        name=str(config["name"]),
        version=version,
        folder=folder,
        digest=hashlib.sha256(raw).hexdigest(),
        width=width,
        window=window,
        max_windows=most,
        bucket=bucket,
        encoders={precision: contents[name] for precision, name in encoders.items()},
        projector=projector,
        config=config,
    )


def _projector(folder: Path, onnx: bytes, config: dict[str, Any]) -> Projector:
    check_onnx(onnx, str(folder / PROJECTOR))
    try:
        noise, outputs = config["noise"], int(config["outputs"])
        numbers = [float(noise[k]) for k in ("at_1kb", "exponent", "until_kb", "dims")]
    except (KeyError, ValueError, TypeError) as error:
        raise ModelPackError(f"{folder / 'config.json'}: malformed ({error!r})") from None
    if numbers[0] <= 0 or not -2 <= numbers[1] <= 0 or numbers[2] <= 0 or not 0 < outputs <= 4096:
        raise ModelPackError(f"{folder}: impossible numbers in config.json")
    return Projector(onnx, outputs, *numbers)


def _checked(folder: Path, name: str, entry: Any) -> bytes:
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise ModelPackError(f"{folder}: the file name {name!r} leaves the pack")
    try:
        size, digest = int(entry["bytes"]), str(entry["sha256"])
    except (KeyError, TypeError, ValueError):
        raise ModelPackError(f"{folder}: {name} has no size or sha256 in config.json") from None
    data = _read(folder / name, size)
    if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
        raise ModelPackError(
            f"{folder / name}: differs from what config.json promises (size or sha256); "
            "fetch the pack again"
        )
    return data


def _read(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > min(limit, MAX_FILE):
            raise ModelPackError(f"{path}: {size:,} bytes, more than the {limit:,} allowed")
        return path.read_bytes()
    except OSError as error:
        raise ModelPackError(f"{path}: cannot be read ({error.strerror or error})") from None
