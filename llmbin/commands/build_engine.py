"""``llmbin-fast build-engine``: the TensorRT engine of a pack, ahead of its first use."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..options import DEFAULT_MODEL
from .common import Commands, add_command, natural


def add(commands: Commands) -> None:
    """The parser."""
    text = "build the TensorRT engine of a pack, which `run` would do on first use"
    parser = add_command(commands, "build-engine", run, text)
    parser.add_argument(
        "model",
        nargs="?",
        default=DEFAULT_MODEL,
        help="a model pack: its name or folder (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="cache folder (default: LLMBIN_CACHE, or llmbin-fast in the user's cache)",
    )
    parser.add_argument(
        "--precision",
        default="fp16",
        help="one of the pack's: fp16 or fp32 (default: %(default)s)",
    )
    parser.add_argument(
        "--device",
        type=natural,
        default=0,
        metavar="N",
        help="GPU to build for (default: %(default)s)",
    )
    parser.add_argument(
        "--compute-capability",
        metavar="X.Y",
        help="build for RTX GPUs of this kind; needs no GPU, only tensorrt_rtx",
    )


def run(options: argparse.Namespace) -> None:
    """Print where the engine is."""
    from ..io.outputs import show
    from ..model.engines import build_for

    _, path = build_for(
        options.model, options.precision, options.device, options.compute_capability, options.output
    )
    show(str(path))
