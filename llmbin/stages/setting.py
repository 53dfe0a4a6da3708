"""What every stage of a run is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..coverage.bam import check_alignments
from ..coverage.coverage import sample_names
from ..io.circular import read_circles
from ..io.digests import content_of, known_digest
from ..io.inputs import InputFile, stored
from ..io.store import Store
from ..io.workspace import Workspace
from ..options import PartOptions, RunOptions
from ..progress import Clock


@dataclass(frozen=True)
class Inputs:
    """What a run reads, as files that can be read again: pipes are stored first.

    ``circles`` is none or one file that lists contigs. ``store`` knows digests of files that are as
    they were.
    """

    contigs: InputFile
    bams: Sequence[InputFile]
    tables: Sequence[InputFile]
    parts: Sequence[InputFile] = ()
    circles: Sequence[InputFile] = ()
    store: Store | None = None

    @cached_property
    def contigs_digest(self) -> dict[str, Any]:
        """Size and sha256 of the contigs."""
        return known_digest(self.contigs, self.store)

    @cached_property
    def depth_digests(self) -> list[dict[str, Any]]:
        """Size and sha256 of the files of depths."""
        return [known_digest(path, self.store) for path in (*self.bams, *self.tables)]

    @cached_property
    def contigs_content(self) -> str:
        """What tells these contigs from all others."""
        return content_of(self.contigs, self.contigs_digest)

    @cached_property
    def depth_contents(self) -> list[str]:
        """What tells the files of depths from all others."""
        files = (*self.bams, *self.tables)
        return [content_of(*each) for each in zip(files, self.depth_digests, strict=True)]

    @cached_property
    def other_digests(self) -> list[dict[str, Any]]:
        """Size and sha256 of the files of features and of circles."""
        return [known_digest(path, self.store) for path in (*self.parts, *self.circles)]

    @cached_property
    def told_circles(self) -> dict[str, bool]:
        """Contigs of which a file says whether they are circles.

        Raises:
            InputError: it is none that does.
        """
        return {name: told for path in self.circles for name, told in read_circles(path).items()}


@dataclass(frozen=True)
class Setting:
    """The options, the inputs, where work is kept, the clock, and what is known of earlier runs.

    What is kept by the digest of an input is kept after ``check_inputs``: if the file was written
    anew meanwhile, it is not of that digest.
    """

    options: RunOptions
    inputs: Inputs
    work: Workspace
    clock: Clock
    check_inputs: Callable[[], None]
    store: Store | None = None


def set_out(
    options: RunOptions,
    work: Workspace,
    clock: Clock,
    check_inputs: Callable[[], None],
    store: Store | None = None,
) -> Setting:
    """Store what comes through pipes, and look at every file before the long work begins.

    Raises:
        InputError: a file is not what it should be.
        UsageError: names of samples do not fit the files.
    """
    inputs = stored_inputs(options, work.staging)
    parts = stored(options.features, work.staging, "pipe-features")
    given = [options.circles] if options.circles is not None else []
    circles = stored(given, work.staging, "pipe-circles")
    inputs = replace(inputs, parts=parts, circles=circles, store=store)
    return Setting(options, inputs, work, clock, check_inputs, store)


def stored_inputs(options: RunOptions | PartOptions, folder: Path) -> Inputs:
    """Contigs and what their depths come from; what comes through pipes is stored in a folder.

    Raises:
        InputError: a file is not what it should be.
        UsageError: names of samples do not fit the files.
    """
    (contigs,) = stored([options.contigs], folder, "pipe-contigs")
    bams = stored(options.bams, folder, "pipe-sample")
    tables = stored(options.depth, folder, "pipe-table")
    for path in bams:
        check_alignments(path)
    if bams:
        sample_names(bams, options.samples, distinct=not options.pool)
    return Inputs(contigs, bams, tables)
