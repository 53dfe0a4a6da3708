"""``llmbin-fast export``: a pack's encoder in other precisions, or as a Triton repository."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import DeviceError, UsageError
from ..resources import PYTORCH_ADDRESS_SPACE, check_address_space, check_room
from .common import Commands, add_command

PRECISIONS = ["fp32", "fp16", "int8"]
CHECK_LENGTH = 2048  # bases of the windows that an imported model is compared on


def add(commands: Commands) -> None:
    """The parser."""
    text = "export a pack's encoder again: other precisions, or a Triton model repository"
    parser = add_command(commands, "export", run, text)
    parser.add_argument(
        "model",
        help="a model pack: its name or folder; with --from-hf a local Hugging Face model",
    )
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="folder of the new pack, repository or graph"
    )
    parser.add_argument(
        "--from-hf",
        action="store_true",
        help="a BERT, ESM or ModernBERT encoder of k-mers: its graph alone, in FP32",
    )
    parser.add_argument(
        "--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS, help="(default: all)"
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="FASTA",
        help="contigs to find the ranges of INT8 with, and to compare with PyTorch on",
    )
    parser.add_argument(
        "--format",
        choices=["onnx", "triton"],
        default="onnx",
        help="onnx: a pack; triton: a model repository (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> None:
    """Do it; all but Triton needs PyTorch."""
    from ..model.pack import find_pack, load_pack

    if options.format == "triton" and not options.from_hf:
        from ..model.triton import write_repository

        write_repository(load_pack(find_pack(options.model)), options.out, options.precision)
        return
    pack = None if options.from_hf else load_pack(find_pack(options.model))
    if pack and not pack.encoders:
        raise DeviceError(f"{pack.name} has no language model to export")
    if options.calibrate is None:
        raise UsageError(
            "--calibrate FASTA is needed: the exported encoders are compared with PyTorch on "
            "real contigs"
        )
    check_address_space(PYTORCH_ADDRESS_SPACE)
    try:
        from ..export.pack import CHECK, export_folder, export_pack, windows_of
    except ImportError as error:
        check_room(error)
        raise UsageError(
            f"export needs PyTorch ({error}): `pip install 'llmbin-fast[cpu,export]'`"
        ) from None
    if pack:
        export_pack(pack, options.out, options.precision, options.calibrate)
        return
    from ..io.outputs import whole_file

    windows = windows_of(options.calibrate, CHECK_LENGTH, CHECK)
    graphs, _, _ = export_folder(Path(options.model), windows)
    options.out.mkdir(parents=True, exist_ok=True)
    with whole_file(options.out / "encoder.fp32.onnx") as handle:
        handle.write(graphs["fp32"])
