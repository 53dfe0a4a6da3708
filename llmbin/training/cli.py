"""``llmbin-fast train``: shards, lm, finetune, markers, scattered, rna, quality, kinds, hallmarks,
pack, all, eval.

Only `settings` is imported here: each step imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from .arguments import Commands, add_settings, settings_of
from .gene_steps import add_hallmarks, add_kinds, add_markers, add_quality, add_rna, add_scattered
from .settings import (
    PRECISIONS,
    Finetuning,
    FragmentSampling,
    LMTraining,
    PackSettings,
    ProjectorSettings,
)


def main(argv: Sequence[str]) -> int:
    """Run one of the training commands."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("llmbin").setLevel(logging.INFO)
    parser = argparse.ArgumentParser(
        prog="llmbin-fast train", description="Train a model pack, step by step."
    )
    commands = parser.add_subparsers(required=True, metavar="STEP")
    learnt = (
        _add_lm,
        _add_finetune,
        add_markers,
        add_scattered,
        add_rna,
        add_quality,
        add_kinds,
        add_hallmarks,
    )
    for add in (_add_shards, *learnt, _add_pack, _add_all, _add_eval):
        add(commands)
    options = parser.parse_args(argv)
    try:
        options.command(options)
    finally:
        _leave_group()
    return 0


def _leave_group() -> None:
    """Leave the group of processes, if there is one: else its threads may abort the exit."""
    torch = sys.modules.get("torch")
    if torch and torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _add_shards(commands: Commands) -> None:
    parser = commands.add_parser(
        "shards", help="genomes (FASTA or 2bit) to memory-mapped 2-bit shards"
    )
    parser.add_argument("genomes", type=Path, help="folder of genomes")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument(
        "--table", type=Path, help="TSV with the columns genome, clade and perhaps set"
    )
    parser.add_argument("--set", dest="only", help="only the genomes of this set")
    parser.add_argument("--most", type=int, metavar="BASES", help="of each genome (default: all)")
    parser.set_defaults(command=_shards)


def _shards(options: argparse.Namespace) -> None:
    from .shards import at_most, read_genomes, write_shards

    genomes = read_genomes(options.genomes, options.table, options.only)
    write_shards(genomes if options.most is None else at_most(genomes, options.most), options.out)


def _add_lm(commands: Commands) -> None:
    parser = commands.add_parser(
        "lm", help="pre-train the language model; continues from its last checkpoint"
    )
    parser.add_argument("shards", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    add_settings(parser, LMTraining)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument(
        "--dilations", type=int, nargs="+", default=[1, 3, 9], help="one block each"
    )
    parser.set_defaults(command=_lm)


def _lm(options: argparse.Namespace) -> None:
    from ..model.language_model import GenomeLMConfig
    from .lm import train_lm

    config = GenomeLMConfig(width=options.width, dilations=tuple(options.dilations))
    train_lm(options.shards, options.out, config, settings_of(options, LMTraining))


def _add_finetune(commands: Commands) -> None:
    parser = commands.add_parser(
        "finetune",
        aliases=["projector"],
        help="train a language model and its projector for binning; "
        "continues from its last checkpoint",
    )
    parser.add_argument("shards", type=Path)
    parser.add_argument(
        "--lm", type=Path, required=True, help="folder written by `train lm` (OUT/lm)"
    )
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument(
        "--teacher",
        type=Path,
        help="OUT of an earlier `train finetune`, of a larger model to learn from too",
    )
    parser.add_argument(
        "--dev",
        type=Path,
        nargs=2,
        metavar=("FASTA", "TRUTH"),
        help="fragments of unseen genera and their genomes (TSV): "
        "the model that places them best is kept (default: the last one)",
    )
    add_settings(parser, Finetuning)
    parser.set_defaults(command=_finetune)


def _finetune(options: argparse.Namespace) -> None:
    from .finetune import finetune
    from .judge import read_fragments

    settings = settings_of(options, Finetuning)
    held = read_fragments(options.dev[0], options.dev[1], settings.window) if options.dev else None
    finetune(options.shards, options.lm, options.out, settings, options.teacher, held)


def _add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=PRECISIONS,
        default=list(PRECISIONS),
        help="encoders to export (default: all)",
    )


def _add_pack(commands: Commands) -> None:
    parser = commands.add_parser(
        "pack", help="fit the projector to a language model and write a model pack"
    )
    parser.add_argument("shards", type=Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--lm", type=Path, help="folder written by `train lm` or `train finetune` (OUT/lm)"
    )
    source.add_argument(
        "--from-hf",
        type=Path,
        metavar="FOLDER",
        help="a local BERT, ESM or ModernBERT model with a k-mer vocabulary instead",
    )
    source.add_argument(
        "--without-lm", action="store_true", help="composition and codons alone, for slow devices"
    )
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument(
        "--projector",
        type=Path,
        help="OUT/projector.safetensors of `train finetune` (default: fit one to the LM)",
    )
    parser.add_argument("--name", default=PackSettings.name)
    parser.add_argument("--version", default=PackSettings.version)
    parser.add_argument("--card", type=Path, required=True, help="the MODEL_CARD.md to include")
    _add_precision(parser)
    parser.add_argument(
        "--window",
        type=int,
        default=PackSettings.window,
        help="bases that the encoder sees at a time (default: %(default)s)",
    )
    parser.add_argument("--max-windows", type=int, default=PackSettings.max_windows)
    parser.add_argument(
        "--per-genome",
        type=int,
        default=PackSettings.per_genome,
        help="fragments of each genome",
    )
    add_settings(parser, ProjectorSettings, "projector ", skip="seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-t", "--threads", type=int, default=1)
    parser.set_defaults(command=_pack)


def _pack(options: argparse.Namespace) -> None:
    from .packing import PackSource, make_pack

    source = PackSource(
        options.shards,
        options.lm or options.from_hf,
        options.card,
        options.projector,
        foreign=options.from_hf is not None,
    )
    settings, projecting = (
        settings_of(options, PackSettings),
        settings_of(options, ProjectorSettings),
    )
    make_pack(source, options.out, settings, projecting)


def _add_all(commands: Commands) -> None:
    parser = commands.add_parser(
        "all", help="lm, finetune and pack in a row, with the settings of one of our packs"
    )
    parser.add_argument("shards", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument(
        "--preset",
        choices=["edge", "base"],
        required=True,
        help="edge: for CPUs; base: larger, train it on a GPU",
    )
    _add_precision(parser)
    parser.add_argument(
        "--steps", type=int, default=0, help="of both trainings, 0 takes the preset's"
    )
    parser.add_argument("--version", default="1")
    parser.add_argument("--card", type=Path, required=True, help="the MODEL_CARD.md to include")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "-t", "--threads", type=int, default=0, help="CPU threads (default: PyTorch's choice)"
    )
    parser.add_argument(
        "--workers",
        type=int,
        help="processes that make batches ahead, the same batches whatever their number "
        "(default: the preset's)",
    )
    parser.set_defaults(command=_all)


def _all(options: argparse.Namespace) -> None:
    from .presets import WholeTraining, train_all

    train_all(options.shards, options.out, settings_of(options, WholeTraining))


def _add_eval(commands: Commands) -> None:
    parser = commands.add_parser(
        "eval", help="figures of a pack on genera that it was not trained on, with ablations"
    )
    parser.add_argument("pack", help="name or folder")
    parser.add_argument(
        "--train-shards",
        type=Path,
        required=True,
        help="shards that the pack was trained on (for the ablated projectors)",
    )
    parser.add_argument("--fragments", type=Path, required=True, help="FASTA of fragments")
    parser.add_argument("--truth", type=Path, required=True, help="TSV: fragment, genome, length")
    parser.add_argument("--per-genome", type=int, default=FragmentSampling.per_genome)
    parser.add_argument("-t", "--threads", type=int, default=1)
    parser.add_argument(
        "--species",
        type=int,
        nargs="*",
        default=[],
        help="also rows for so many training species, without the LM",
    )
    parser.add_argument(
        "--communities",
        nargs="*",
        default=[],
        metavar="NAME=FOLDER",
        help="near-complete genomes too: folders with contigs.fasta, depth.txt and gold.tsv",
    )
    parser.add_argument("-o", "--out", type=Path, help="write the table as JSON too")
    parser.set_defaults(command=_eval)


def _eval(options: argparse.Namespace) -> None:
    from .evaluate import Evaluation, evaluate

    evaluate(settings_of(options, Evaluation), options.out)
