"""``llmbin-fast embed``: vectors of contigs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from ..options import ModelOptions
from .common import Commands, add_command, add_model_options, model_options, positive

# A little better than fewer (docs/notes/2026-11-27-bases-of-a-window.md); bins gain too little.
WINDOWS = 4


def add(commands: Commands) -> None:
    """The parser."""
    text = "write the vectors of contigs (names, vectors, lm) to an .npz file"
    parser = add_command(commands, "embed", run, text)
    parser.add_argument(
        "contigs", type=Path, help="FASTA, plain or compressed; - for standard input"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz file")
    parser.add_argument(
        "--min-length",
        type=positive,
        default=1,
        help="shorter contigs are left out (default: %(default)s)",
    )
    parser.add_argument(
        "--centre",
        action="store_true",
        help="take the mean over all contigs, by length, from the vectors: better for cosines "
        "within one file",
    )
    add_model_options(parser)
    parser.set_defaults(windows=WINDOWS)


def run(options: argparse.Namespace) -> None:
    """Do it."""
    embed(
        options.contigs,
        options.output,
        model_options(options),
        options.threads,
        min_length=options.min_length,
        centre=options.centre,
    )


def embed(
    contigs: Path,
    output: Path,
    model: ModelOptions = ModelOptions(windows=WINDOWS),  # noqa: B008
    threads: int = 1,
    *,
    min_length: int = 1,
    centre: bool = False,
) -> None:
    """Write ``names`` (str), ``vectors`` and ``lm`` (float32 [n, dims], [n, width]), in file order.

    ``centre`` takes the mean over all contigs, by length, from the vectors: cosines then compare
    directions from the middle of this assembly (distances are what they were), and a vector
    depends on what else is in the file.

    Raises:
        InputError: the contigs cannot be read, or none is long enough.
        OutputError: the file cannot be written.
    """
    import numpy as np

    from ..features.profile import Reading, profile_contigs
    from ..io.inputs import check_inputs
    from ..io.outputs import check_output, whole_file
    from ..model.embedder import open_embedder
    from ..model.projector import project
    from ..progress import Monitor, bar, log

    check_inputs([contigs])
    check_output(output, [contigs])
    embedder = open_embedder(model)
    reading = Reading(embedder.plan, min_length, embedder.budget(), threads)
    with bar("embedding", None, True) as advance:
        features = profile_contigs(contigs, embedder.encoder, reading, monitor=Monitor(advance))
    if not features.names:
        raise InputError(
            f"{contigs}: no contig has {min_length:,} bases or more; lower --min-length"
        )
    vectors = project(features.composition, features.lm, embedder.pack.projector)
    if centre:
        mean = np.average(vectors.astype(np.float64), axis=0, weights=features.lengths)
        vectors = (vectors - mean).astype(np.float32)
    with whole_file(output) as handle:
        np.savez(handle, names=np.array(features.names), vectors=vectors, lm=features.lm)
    number = f"{len(features.names):,}"
    log.info("%s vectors of %d dimensions in %s", number, vectors.shape[1], output)
