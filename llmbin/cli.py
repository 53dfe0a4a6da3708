"""The command line. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from . import __version__
from .errors import LlmbinError, UsageError


def entry() -> None:
    """Console entry point."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status. Expected errors become one line on standard error."""
    options = build_parser().parse_args(argv)
    level = logging.DEBUG if options.debug else logging.WARNING if options.quiet else logging.INFO
    command: Callable[[argparse.Namespace], int | None] = options.command
    from .progress import set_up_logging

    set_up_logging(logging.DEBUG if options.verbose and not options.quiet else level)
    try:
        return command(options) or 0
    except LlmbinError as error:
        if options.debug:
            raise
        print(f"llmbin-fast: error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError) as error:
        if options.debug:
            raise
        what = (
            f"{error.filename or 'a file'}: {error.strerror or error}"
            if isinstance(error, OSError)
            else "out of memory"
        )
        print(
            f"llmbin-fast: error: {what}; free some and try again, `run --resume` keeps finished stages",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(
            "llmbin-fast: interrupted; `--resume` continues from the last finished stage",
            file=sys.stderr,
        )
        return 130


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(
        prog="llmbin-fast",
        description="Metagenomic binning with a genomic language model: one forward pass, one HDBSCAN pass.",
    )
    parser.add_argument("--version", action="version", version=f"llmbin-fast {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_run,
        _add_demo,
        _add_embed,
        _add_depth,
        _add_score,
        _add_models,
        _add_doctor,
        _add_export,
        _add_engine,
        _add_bench,
        _add_train,
    ):
        add(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int | None], text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(command=run)
    talk = parser.add_argument_group("messages")
    talk.add_argument("-q", "--quiet", action="store_true", help="warnings and errors only")
    talk.add_argument("-v", "--verbose", action="store_true", help="details too")
    talk.add_argument(
        "--debug", action="store_true", help="details, and the whole traceback of an error"
    )
    return parser


def _model_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model and device")
    group.add_argument(
        "--model",
        default="llmbin-edge",
        help="a model pack: its name or folder (default: %(default)s)",
    )
    group.add_argument(
        "--device",
        default="auto",
        help="auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N (default: %(default)s)",
    )
    group.add_argument(
        "--precision",
        default="auto",
        help="auto, or one of the pack's: fp32, fp16, int8 (default: %(default)s)",
    )
    group.add_argument(
        "-t",
        "--threads",
        type=_positive,
        default=len(os.sched_getaffinity(0)),
        help="CPU threads (default: all cores, %(default)s)",
    )
    group.add_argument(
        "--batch-size",
        type=_natural,
        default=0,
        help="windows a batch, 0 chooses (results do not depend on it)",
    )
    group.add_argument(
        "--windows",
        type=_natural,
        default=0,
        help="most windows of a contig that are embedded, 0 for the pack's number (default: %(default)s)",
    )
    group.add_argument(
        "--seed",
        type=_natural,
        default=1,
        help="decides where the windows of long contigs begin (default: %(default)s)",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


def _identity(text: str) -> float | None:
    return None if text == "auto" else float(text)


def _identity_option(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--min-identity",
        type=_identity,
        metavar="FRACTION",
        help="reads below this identity do not count; auto (the default): 0.97 of the whole read for short reads, as MetaBAT has it, "
        "and for long ones what their aligned parts are like",
    )


def _add_run(commands: Commands) -> None:
    parser = _command(commands, "run", _run, "bin the contigs of an assembly")
    parser.add_argument(
        "contigs",
        type=Path,
        help="FASTA, plain or compressed (gz, bgz, zst, xz, bz2); - for standard input",
    )
    cover = parser.add_argument_group("coverage")
    cover.add_argument(
        "--bam",
        nargs="+",
        type=Path,
        default=[],
        metavar="BAM",
        help="reads mapped to these contigs, one BAM or CRAM a sample, in any order",
    )
    cover.add_argument(
        "--depth",
        nargs="+",
        type=Path,
        default=[],
        metavar="TSV",
        help="depth tables instead (MetaBAT/jgi, CoverM, strobealign --aemb, fairy, VAMB)",
    )
    cover.add_argument(
        "--samples",
        nargs="+",
        metavar="NAME",
        help="names of the samples (default: from the file names)",
    )
    _identity_option(cover)
    out = parser.add_argument_group("output")
    out.add_argument(
        "-o", "--outdir", type=Path, required=True, help="folder for the results, made if missing"
    )
    out.add_argument("--prefix", default="bin", help="bins are called PREFIX.0001 and so on, the largest first; with {} in it, the number goes there: "
                     "mag_{} for mag_0001 (default: %(default)s)")  # fmt: skip
    out.add_argument(
        "--format",
        nargs="+",
        dest="formats",
        default=[],
        choices=["bioboxes"],
        help="further formats: bioboxes (AMBER)",
    )
    out.add_argument(
        "--sample-id",
        default="",
        metavar="NAME",
        help="@SampleID of bioboxes, as the gold standard has it (default: the FASTA file's name)",
    )
    out.add_argument(
        "--force", action="store_true", help="replace what an earlier run left in the folder"
    )
    out.add_argument(
        "--resume",
        action="store_true",
        help="continue a run that was stopped, from its last finished stage",
    )
    how = parser.add_argument_group("binning")
    how.add_argument(
        "--min-length",
        type=_positive,
        default=1500,
        help="shortest contig that is clustered (default: %(default)s)",
    )
    how.add_argument(
        "--recruit-length",
        type=_positive,
        help="shorter contigs from this length on join a bin that they fit (default: 1000, or --min-length if that is less)",
    )
    how.add_argument(
        "--min-bin-size",
        type=_positive,
        default=200_000,
        help="smallest bin in bp (default: %(default)s)",
    )
    how.add_argument(
        "--separator",
        default="",
        metavar="C",
        help="contigs of several assemblies, named SAMPLE C CONTIG: bin each sample by itself",
    )
    how.add_argument(
        "--markers",
        choices=["auto", "on", "off"],
        default="auto",
        help="cut the tree by single-copy marker genes (default: %(default)s)",
    )
    _model_options(parser)


def _run(options: argparse.Namespace) -> None:
    from .pipeline import RunOptions, run

    run(
        RunOptions(
            contigs=options.contigs, outdir=options.outdir, bams=options.bam, depth=options.depth, samples=options.samples,
            model=options.model, device=options.device, precision=options.precision, threads=options.threads,
            batch_size=options.batch_size, windows=options.windows, min_length=options.min_length,
            recruit_length=min(1000, options.min_length) if options.recruit_length is None else options.recruit_length, min_bin_size=options.min_bin_size,
            min_identity=options.min_identity, separator=options.separator, markers=options.markers, seed=options.seed, prefix=options.prefix, formats=options.formats, sample_id=options.sample_id,
            force=options.force, resume=options.resume, progress=not options.quiet,
        )
    )  # fmt: skip


def _add_demo(commands: Commands) -> None:
    parser = _command(
        commands,
        "demo",
        _demo,
        "make a synthetic community, bin it, and score the bins against the truth",
    )
    parser.add_argument(
        "-o",
        "--outdir",
        type=Path,
        default=Path("llmbin-demo"),
        help="folder for the data and the results (default: %(default)s)",
    )
    parser.add_argument(
        "--genomes",
        type=_positive,
        default=10,
        help="genomes in the community (default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier demo")
    _model_options(parser)


def _demo(options: argparse.Namespace) -> int:
    from .commands.score import read_bins, read_gold, score_bins
    from .commands.synthetic import make_community
    from .pipeline import RunOptions, run
    from .progress import log

    out: Path = options.outdir
    if out.exists() and any(out.iterdir()) and not options.force:
        raise UsageError(f"{out}: the folder is not empty; choose another with -o, or say --force")
    log.info("making a synthetic community of %d genomes", options.genomes)
    made = make_community(out / "community", options.genomes, seed=options.seed)
    run(
        RunOptions(
            contigs=made.contigs, depth=[made.depth], outdir=out / "bins", model=options.model, device=options.device, precision=options.precision,
            threads=options.threads, batch_size=options.batch_size, windows=options.windows, seed=options.seed, force=options.force,
            progress=not options.quiet,
        )
    )  # fmt: skip
    scores = score_bins(read_bins(out / "bins" / "contig2bin.tsv"), read_gold(made.gold))
    print(f"{scores.near_complete} of {scores.genomes} genomes near-complete (> 90 % complete, < 5 % contaminated), "
          f"F1 {scores.f1:.3f}, {scores.binned_percent:.1f} % of the bases binned")  # fmt: skip
    return 0 if scores.near_complete else 1


def _add_embed(commands: Commands) -> None:
    parser = _command(
        commands,
        "embed",
        _embed,
        "write the vectors of contigs (names, vectors, lm) to an .npz file",
    )
    parser.add_argument(
        "contigs", type=Path, help="FASTA, plain or compressed; - for standard input"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz file")
    parser.add_argument(
        "--min-length",
        type=_positive,
        default=1,
        help="shorter contigs are left out (default: %(default)s)",
    )
    parser.add_argument(
        "--centre",
        action="store_true",
        help="take the mean over all contigs, by length, from the vectors: better for cosines within one file",
    )
    _model_options(parser)
    parser.set_defaults(
        windows=4
    )  # a little better (docs/notes/2026-11-27-bases-of-a-window.md); in bins it is not worth its time


def _embed(options: argparse.Namespace) -> None:
    from .commands.embed import embed

    embed(options.contigs, options.output, options.model, options.device, options.precision, options.threads,
          options.batch_size, options.windows, options.min_length, options.seed, options.centre)  # fmt: skip


def _add_depth(commands: Commands) -> None:
    parser = _command(
        commands,
        "depth",
        _depth,
        "measure the depth of every contig from BAM or CRAM files, as MetaBAT's table",
    )
    parser.add_argument("bams", nargs="+", type=Path, metavar="BAM")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="the table (jgi format, which other binners read too)",
    )
    parser.add_argument(
        "--samples",
        nargs="+",
        metavar="NAME",
        help="names of the samples (default: from the file names)",
    )
    _identity_option(parser)
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="FASTA",
        help="what the reads were mapped to, for CRAM whose reference is not where it was",
    )
    parser.add_argument(
        "-t",
        "--threads",
        type=_positive,
        default=len(os.sched_getaffinity(0)),
        help="CPU threads (default: all cores, %(default)s)",
    )


def _depth(options: argparse.Namespace) -> None:
    from .commands.embed import depth

    depth(
        options.bams,
        options.output,
        options.samples,
        options.min_identity,
        options.threads,
        options.reference,
    )


def _add_score(commands: Commands) -> None:
    parser = _command(
        commands, "score", _score, "compare bins with a gold standard (CAMI/AMBER format)"
    )
    parser.add_argument("bins", nargs="+", type=Path, help="contig2bin.tsv or bioboxes files")
    parser.add_argument(
        "--gold", type=Path, required=True, help="gold standard: @@SEQUENCEID BINID _LENGTH"
    )
    parser.add_argument(
        "--min-bin-size",
        type=_natural,
        default=0,
        help="smaller bins do not count (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _score(options: argparse.Namespace) -> None:
    import json

    from .commands.score import read_bins, read_gold, score_bins
    from .io.inputs import check_inputs

    check_inputs([options.gold, *options.bins])
    gold = read_gold(options.gold)
    rows = {
        str(path): score_bins(read_bins(path), gold, options.min_bin_size).as_dict()
        for path in options.bins
    }
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("\t".join(["binning", *next(iter(rows.values()))]))
    for name, row in rows.items():
        print(
            "\t".join(
                [name, *(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values())]
            )
        )


def _add_models(commands: Commands) -> None:
    parser = _command(commands, "models", _models, "list the installed model packs, or check one")
    parser.add_argument("model", nargs="?", help="a pack to check: name or folder")


def _models(options: argparse.Namespace) -> None:
    from .model.pack import find_pack, list_packs, load_pack

    for name in [options.model] if options.model else list_packs():
        pack = load_pack(find_pack(name))
        print(
            f"{pack.name}\t{pack.version}\t{', '.join(pack.encoders)}\t{pack.projector.outputs} dimensions\tsha256 {pack.digest}\t{pack.folder}"
        )


def _add_doctor(commands: Commands) -> None:
    _command(
        commands, "doctor", _doctor, "say what this machine has, and which device would be used"
    )


def _doctor(_: argparse.Namespace) -> int:
    from .commands.doctor import examine

    findings = examine()
    for what, found, fine in findings:
        print(f"{'ok ' if fine else 'BAD'} {what}: {found}")
    return 0 if all(fine for _, _, fine in findings) else 1


def _add_export(commands: Commands) -> None:
    parser = _command(
        commands,
        "export",
        _export,
        "export a pack's encoder again: other precisions, or a Triton model repository",
    )
    parser.add_argument(
        "model", help="a model pack: its name or folder; with --from-hf a local Hugging Face model"
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
        "--precision",
        nargs="+",
        choices=["fp32", "fp16", "int8"],
        default=["fp32", "fp16", "int8"],
        help="(default: all)",
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


def _export(options: argparse.Namespace) -> None:
    from .model.pack import find_pack, load_pack

    if options.format == "triton" and not options.from_hf:
        from .model.triton import write_repository

        write_repository(load_pack(find_pack(options.model)), options.out, options.precision)
        return
    if options.calibrate is None:
        raise UsageError(
            "--calibrate FASTA is needed: the exported encoders are compared with PyTorch on real contigs"
        )
    try:
        from .export.pack import CHECK, export_folder, export_pack, windows_of
    except ImportError as error:
        raise UsageError(
            f"export needs PyTorch ({error}): `pip install 'llmbin-fast[cpu,export]'`"
        ) from None
    if not options.from_hf:
        export_pack(
            load_pack(find_pack(options.model)), options.out, options.precision, options.calibrate
        )
        return
    from .io.workspace import whole_file

    graphs, _, _ = export_folder(Path(options.model), windows_of(options.calibrate, 2048, CHECK))
    options.out.mkdir(parents=True, exist_ok=True)
    with whole_file(options.out / "encoder.fp32.onnx") as handle:
        handle.write(graphs["fp32"])


def _add_engine(commands: Commands) -> None:
    parser = _command(
        commands,
        "build-engine",
        _build_engine,
        "build the TensorRT engine of a pack, which `run` would do on first use",
    )
    parser.add_argument(
        "model",
        nargs="?",
        default="llmbin-edge",
        help="a model pack: its name or folder (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="cache folder (default: LLMBIN_CACHE, or llmbin-fast in the user's cache)",
    )
    parser.add_argument(
        "--precision", default="fp16", help="one of the pack's: fp16 or fp32 (default: %(default)s)"
    )
    parser.add_argument(
        "--device",
        type=_natural,
        default=0,
        metavar="N",
        help="GPU to build for (default: %(default)s)",
    )
    parser.add_argument(
        "--compute-capability",
        metavar="X.Y",
        help="build for RTX GPUs of this kind; needs no GPU, only tensorrt_rtx",
    )


def _build_engine(options: argparse.Namespace) -> None:
    from .model.engines import build_for

    _, path = build_for(
        options.model, options.precision, options.device, options.compute_capability, options.output
    )
    print(path)


def _add_bench(commands: Commands) -> None:
    from .commands.throughput import PRESETS

    parser = _command(
        commands,
        "bench",
        _bench,
        "measure this machine: Mbp a second, by window length and by stage of a run",
    )
    parser.add_argument(
        "contigs", nargs="?", type=Path, help="FASTA (default: a synthetic assembly)"
    )
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="laptop",
        help="size and lengths of the synthetic one (default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    _model_options(parser)


def _bench(options: argparse.Namespace) -> None:
    from .commands.throughput import measure, table, write_json

    found = measure(options.contigs, options.preset, options.model, options.device, options.precision, options.threads, options.batch_size,
                    options.windows, options.seed)  # fmt: skip
    print(table(found))
    if options.json:
        write_json(found, options.json)


def _add_train(commands: Commands) -> None:
    parser = commands.add_parser(
        "train", help="train a model pack (needs the extra `train`)", add_help=False
    )
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    parser.set_defaults(command=_train, quiet=False, verbose=False, debug=False)


def _train(options: argparse.Namespace) -> int:
    try:
        from .training.cli import main as train_main
    except ImportError as error:
        raise UsageError(
            f"training needs more packages ({error}): `pip install torch`, then `pip install 'llmbin-fast[train]'`"
        ) from None
    return train_main(options.rest)
