"""A pack's encoder as a model repository of Triton Inference Server, to serve many users."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from ..errors import DeviceError, OutputError
from ..io.outputs import whole_folder
from .engines import MAX_BASES
from .pack import ModelPack

log = logging.getLogger("llmbin")

# Requests carry windows of one padded length, a multiple of the pack's bucket; the server joins
# requests of equal length.
CONFIG = """name: "{name}"
platform: "onnxruntime_onnx"
max_batch_size: {most}
input [
  {{ name: "codes" data_type: TYPE_UINT8 dims: [ -1 ] }},
  {{ name: "lengths" data_type: TYPE_INT32 dims: [ 1 ] reshape: {{ shape: [ ] }} }}
]
output [ {{ name: "vectors" data_type: TYPE_FP32 dims: [ {width} ] }} ]
dynamic_batching {{ max_queue_delay_microseconds: 2000 }}
instance_group [ {{ kind: {kind} }} ]
"""


def write_repository(pack: ModelPack, out: Path, precisions: Sequence[str]) -> list[Path]:
    """Write one model for each precision that the pack has; gives their folders.

    A model is ``NAME-PRECISION/config.pbtxt`` and ``NAME-PRECISION/1/model.onnx``.

    Raises:
        DeviceError: the pack has none of the precisions.
        OutputError: the folder holds something else.
    """
    wanted = [p for p in precisions if p in pack.encoders]
    if not wanted:
        raise DeviceError(
            f"{pack.name} has no encoder in {', '.join(precisions)}; it has {pack.offers}"
        )
    if out.exists() and any(out.iterdir()):
        raise OutputError(f"{out}: the folder is not empty; give another with -o")
    names = {precision: f"{pack.name}-{precision}" for precision in wanted}
    with whole_folder(out) as made:
        for precision, name in names.items():
            (made / name).mkdir()  # without parents: when the program is stopped they go away
            (made / name / "1").mkdir()
            kind = "KIND_CPU" if precision == "int8" else "KIND_AUTO"
            config = CONFIG.format(
                name=name, most=MAX_BASES // pack.window, width=pack.width, kind=kind
            )
            (made / name / "1" / "model.onnx").write_bytes(pack.encoders[precision])
            (made / name / "config.pbtxt").write_text(config)
    written = [out / name for name in names.values()]
    log.info(
        "Triton model repository of %s in %s: %s",
        pack.name,
        out,
        ", ".join(p.name for p in written),
    )
    return written
