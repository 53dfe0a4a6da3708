"""Steps of ``llmbin-fast train`` whose outcome is genes, or what is said of bins and contigs."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import Commands, add_settings, settings_of
from .settings import (
    HallmarkTraining,
    KindTraining,
    MarkerSettings,
    QualityTraining,
    ScatteredSettings,
)


def _add_families(parser: argparse.ArgumentParser, columns: str, seeds: str) -> None:
    """What families are learnt from: ``columns`` of the table, and which genomes seed them."""
    parser.add_argument("shards", type=Path)
    parser.add_argument("--table", type=Path, required=True, help=f"TSV with the columns {columns}")
    parser.add_argument(
        "--seeds-from",
        nargs="+",
        required=True,
        metavar="GENOME",
        help=f"{seeds} whose proteins seed the families",
    )
    parser.add_argument(
        "--archaea",
        type=Path,
        required=True,
        help="file with the names of the archaeal genomes, one a line",
    )
    parser.add_argument("-o", "--out", type=Path, required=True)


def add_markers(commands: Commands) -> None:
    """``train markers``."""
    parser = commands.add_parser("markers", help="learn single-copy marker genes from the genomes")
    _add_families(
        parser, "genome, genome_bp, stored_bp, sequences and domain or name", "small genomes"
    )
    parser.set_defaults(command=_markers)


def _markers(options: argparse.Namespace) -> None:
    from .markers import markers_of_shards, read_census
    from .shards import Shards

    shards, settings = Shards(options.shards), MarkerSettings()
    census = read_census(shards, options.table, options.archaea, settings)
    markers_of_shards(shards, census, options.seeds_from, options.out, settings)


def add_scattered(commands: Commands) -> None:
    """``train scattered``."""
    parser = commands.add_parser(
        "scattered", help="learn families that lie scattered over genomes, beside the markers"
    )
    _add_families(parser, "genome and genome_bp", "complete genomes")
    parser.set_defaults(command=_scattered)


def _scattered(options: argparse.Namespace) -> None:
    from .scattered import learn_scattered
    from .shards import Shards

    learn_scattered(
        Shards(options.shards),
        options.table,
        options.archaea,
        options.seeds_from,
        options.out,
        ScatteredSettings(),
    )


def add_rna(commands: Commands) -> None:
    """``train rna``."""
    parser = commands.add_parser("rna", help="learn what RNA genes look like from whole ones")
    for kind in ("5S", "16S", "23S"):
        parser.add_argument(
            f"--{kind.lower()}",
            nargs="+",
            type=Path,
            required=True,
            dest=kind,
            metavar="FASTA",
            help=f"whole {kind} genes, a profile for each file (of a domain)",
        )
    parser.add_argument(
        "--trna",
        nargs="+",
        type=Path,
        required=True,
        metavar="TEXT",
        help="transfer RNAs, as `aragorn -t -l -br` prints them",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="rna.npz")
    parser.set_defaults(command=_rna)


def _rna(options: argparse.Namespace) -> None:
    from ..genes.rna import KINDS
    from .rna import learn_rna

    learn_rna({kind: getattr(options, kind) for kind in KINDS}, options.trna, options.out)


def add_quality(commands: Commands) -> None:
    """``train quality``."""
    parser = commands.add_parser(
        "quality", help="train the estimator of completeness and contamination"
    )
    parser.add_argument("shards", type=Path, help="shards of genomes, whole ones most of all")
    parser.add_argument(
        "--table", type=Path, required=True, help="TSV with the columns genome and genome_bp"
    )
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument(
        "--binned",
        nargs="*",
        default=[],
        metavar="FOLDER=RUN",
        help="communities of these genomes (contigs.fasta, gold.tsv) and runs on them",
    )
    add_settings(parser, QualityTraining)
    parser.set_defaults(command=_quality)


def _quality(options: argparse.Namespace) -> None:
    from .quality import train_quality
    from .shards import Shards

    held = [pair.partition("=") for pair in options.binned]
    settings = settings_of(options, QualityTraining)
    runs = [(Path(folder), Path(run)) for folder, _, run in held]
    train_quality(Shards(options.shards), options.table, options.out, settings, runs)


def _add_labelled(parser: argparse.ArgumentParser) -> None:
    """Sequences of known kinds."""
    parser.add_argument("sequences", type=Path, help="labelled sequences (FASTA)")
    parser.add_argument(
        "--table",
        type=Path,
        required=True,
        help="TSV with the columns sequence, kind, group, bases and perhaps set (`held`)",
    )


def add_kinds(commands: Commands) -> None:
    """``train kinds``."""
    parser = commands.add_parser(
        "kinds", help="train the network that tells bacteria, archaea, eukaryotes and viruses apart"
    )
    _add_labelled(parser)
    parser.add_argument("-o", "--out", type=Path, required=True)
    add_settings(parser, KindTraining)
    parser.set_defaults(command=_kinds)


def _kinds(options: argparse.Namespace) -> None:
    from .kinds import train_kinds

    settings = settings_of(options, KindTraining)
    train_kinds(options.sequences, options.table, options.out, settings)


def add_hallmarks(commands: Commands) -> None:
    """``train hallmarks``."""
    parser = commands.add_parser(
        "hallmarks", help="learn families of viruses, and how they are weighed beside the network"
    )
    _add_labelled(parser)
    parser.add_argument(
        "--clusters",
        type=Path,
        help="of the viruses' and plasmids' proteins: a table of representatives and members, as "
        "MMseqs2 writes it (without it the proteins are written, and no more)",
    )
    parser.add_argument(
        "--folds-to", type=Path, metavar="FOLDER", help="write there what saw nothing of each fold"
    )
    parser.add_argument("-o", "--out", type=Path, required=True)
    add_settings(parser, HallmarkTraining)
    parser.set_defaults(command=_hallmarks)


def _hallmarks(options: argparse.Namespace) -> None:
    from .hallmarks import train_hallmarks

    train_hallmarks(
        options.sequences,
        options.table,
        options.clusters,
        options.out,
        settings_of(options, HallmarkTraining),
        options.folds_to,
    )
