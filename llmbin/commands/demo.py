"""``llmbin-fast demo``: the main job on a community that it makes itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError
from .common import Commands, add_command, add_model_options, model_options, positive


def add(commands: Commands) -> None:
    """The parser."""
    text = "make a synthetic community, bin it, and score the bins against the truth"
    parser = add_command(commands, "demo", demo, text)
    parser.add_argument(
        "-o",
        "--outdir",
        type=Path,
        default=Path("llmbin-demo"),
        help="folder for the data and the results (default: %(default)s)",
    )
    parser.add_argument(
        "--genomes",
        type=positive,
        default=10,
        help="genomes in the community (default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier demo")
    add_model_options(parser)


def demo(options: argparse.Namespace) -> int:
    """Make, bin, score; 0 if any genome is near-complete."""
    from ..io.outputs import show
    from ..options import RunOptions
    from ..pipeline import run
    from ..progress import log
    from ..tools.scoring import read_bins, read_gold, score_bins
    from ..tools.synthetic import make_community

    out: Path = options.outdir
    if out.exists() and any(out.iterdir()) and not options.force:
        raise UsageError(f"{out}: the folder is not empty; choose another with -o, or say --force")
    log.info("making a synthetic community of %d genomes", options.genomes)
    made = make_community(out / "community", options.genomes, seed=options.seed)
    run(
        RunOptions(
            contigs=made.contigs,
            depth=[made.depth],
            outdir=out / "bins",
            model=model_options(options),
            threads=options.threads,
            force=options.force,
            progress=not options.quiet,
        )
    )
    found = score_bins(read_bins(out / "bins" / "contig2bin.tsv"), read_gold(made.gold))
    show(
        f"{found.near_complete} of {found.genomes} genomes near-complete (> 90 % complete, "
        f"< 5 % contaminated), F1 {found.f1:.3f}, {found.binned_percent:.1f} % of the bases binned"
    )
    return 0 if found.near_complete else 1
