"""`llmbin.embed`: vectors of contigs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..features.profile import Reading, profile_contigs
from ..io.inputs import check_inputs
from ..io.outputs import check_output, whole_file
from ..model.embedder import open_embedder
from ..model.projector import project
from ..options import DEFAULT_MODEL, EMBED_WINDOWS, ModelOptions
from ..progress import Monitor, Tell, counted
from .given import Contigs, PathLike, Scratch, at_least, cores, model_options, path_or_none
from .table import Columns, Floats, Integers, Table, Texts, texts


@dataclass(frozen=True, eq=False, repr=False)
class Embeddings(Table):
    """Vectors of n contigs, in the order of the file.

    Attributes:
        names: object [n].
        lengths: in bp, int64 [n].
        vectors: of the projector, which the metric compares, float32 [n, dimensions].
        lm: of the language model alone, float32 [n, width].
    """

    names: Texts
    lengths: Integers
    vectors: Floats
    lm: Floats

    def columns(self) -> Columns:
        """Arrays by title: contig, length, and the vectors as v1, v2, ..."""
        numbered: Columns = {f"v{i}": column for i, column in enumerate(self.vectors.T, 1)}
        return {"contig": self.names, "length": self.lengths, **numbered}

    def centred(self) -> Embeddings:
        """The same, less the mean vector over all contigs, by length: better for cosines."""
        mean = np.average(self.vectors.astype(np.float64), axis=0, weights=self.lengths)
        return replace(self, vectors=(self.vectors - mean).astype(np.float32))

    def write(self, path: PathLike) -> None:
        """Write ``names`` (str), ``vectors`` and ``lm`` to an .npz file.

        Raises:
            OutputError: it cannot be written.
        """
        with whole_file(Path(path)) as handle:
            names = np.array(self.names.tolist())
            np.savez(handle, names=names, vectors=self.vectors, lm=self.lm)


def embed(  # noqa: PLR0913 (the options of the command)
    contigs: Contigs,
    *,
    out: PathLike | None = None,
    min_length: int = 1,
    centre: bool = False,
    model: PathLike = DEFAULT_MODEL,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    batch_size: int = 0,
    windows: int = EMBED_WINDOWS,
    seed: int | None = 1,
    progress: Tell | None = None,
) -> Embeddings:
    """Vectors of contigs, as ``llmbin-fast embed``.

    Args:
        contigs: a FASTA file, or names and sequences: a mapping, or pairs.
        out: an .npz file is written there, if it is given.
        min_length: contigs that are shorter, gaps of N not counted, are left out.
        centre: take the mean over all contigs from the vectors (`Embeddings.centred`).
        model: a model pack, its name or folder.
        device: auto, cpu, cuda, fused or tensorrt, the last three also with :N.
        precision: auto, or one of the pack's.
        threads: CPU threads (None: all cores that the process may use).
        batch_size: windows a batch, 0 chooses; results do not depend on it.
        windows: most windows of a contig, 0 for the pack's number.
        seed: decides where the windows of long contigs begin (None: in the middle of equal parts).
        progress: called with the bases so far, and None.

    Raises:
        InputError: the contigs cannot be read, or none is long enough.
        ModelPackError: the pack is not there, or may not be loaded.
        DeviceError: the device or precision cannot be had.
        UsageError: an argument is none.
        OutputError: the file cannot be written.
    """
    at_least(1, min_length=min_length)
    options = ModelOptions(str(model), device, precision, batch_size, windows, seed)
    output, threads = path_or_none(out), cores(threads)
    with Scratch() as scratch:
        path = scratch.contigs(contigs)
        check_inputs([path])
        if output:
            check_output(output, [path])
        embedder = open_embedder(model_options(options))
        reading = Reading(embedder.plan, min_length, embedder.budget(), threads)
        features = profile_contigs(
            path, embedder.encoder, reading, monitor=Monitor(counted(progress))
        )
        if not features.names:
            least = f"{min_length:,} bases or more (gaps do not count)"
            remedy = "lower --min-length" if min_length > 1 else "contigs were expected"
            raise InputError(f"{path}: no contig has {least}; {remedy}")
    vectors = project(features.composition, features.lm, embedder.pack.projector, threads)
    found = Embeddings(texts(features.names), features.lengths, vectors, features.lm)
    found = found.centred() if centre else found
    if output:
        found.write(output)
    return found
