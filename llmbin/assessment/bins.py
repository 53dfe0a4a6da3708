"""Bins as they are given: a FASTA file each, folders of them, or contigs and a table of bins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..cluster.arrays import rows_of_bins
from ..errors import InputError, UsageError, short
from ..io.contigs import Assembly, Contig, read_contigs
from ..io.earlier import BINS, TABLE
from ..io.inputs import InputFile, check_inputs, is_stream, stored
from ..io.outputs import scratch_folder
from ..progress import log
from ..tools.scoring import read_bins

FASTA = (".fa", ".fna", ".fasta", ".fas")
NO_BINS = (".unbinned", ".lowDepth", ".tooShort")  # what MetaBAT 2 writes with --unbinned
COMPRESSED = (".gz", ".bgz", ".zst", ".xz", ".bz2")


@dataclass(frozen=True)
class GivenBins:
    """Bins by name, and where their contigs are: ``files`` of a bin each, or one of all contigs.

    ``of_contig`` is the bin of each contig that is in one, and empty where each bin has a file.
    """

    names: list[str]
    files: list[Path]
    of_contig: Mapping[str, str] = field(default_factory=dict)
    table: Path | None = None

    @property
    def inputs(self) -> list[Path]:
        """Everything that is read."""
        return [*self.files, *([self.table] if self.table else [])]

    @property
    def file_names(self) -> list[str]:
        """What some programs call the bins: as their files, or as they are where they have none."""
        return self.names if self.table else [file.name for file in self.files]


@contextmanager
def to_read_again(files: Sequence[Path]) -> Iterator[Sequence[InputFile]]:
    """The same files, so that they can be read twice: what comes through pipes is stored.

    Raises:
        InputError: a pipe gave nothing.
        StorageError: there is no place for it.
    """
    if not any(map(is_stream, files)):
        yield files
        return
    with scratch_folder("llmbin-quality-") as folder:
        yield stored(files, folder)


@dataclass
class BinReader:
    """Contigs of bins, in the order of the bins, and which bin each is of.

    ``files`` are those of the bins, see `to_read_again`. ``assembly`` and ``places`` (of the bins)
    are filled on the way.
    """

    given: GivenBins
    files: Sequence[InputFile]
    assembly: Assembly = field(default_factory=Assembly)
    places: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[Contig]:
        """One contig at a time.

        Raises:
            FastaError: a file is not nucleotide FASTA, or has two contigs of one name.
            InputError: a bin is empty, or a contig of the table is not among the contigs.
        """
        yield from self._by_table() if self.given.table else self._by_file()

    def rows(self) -> list[npt.NDArray[np.int64]]:
        """The contigs of each bin, when all have been read."""
        return rows_of_bins(np.array(self.places, np.int64), len(self.given.names))

    def _by_file(self) -> Iterator[Contig]:
        for place, path in enumerate(self.files):
            before = len(self.assembly.names)
            for contig in read_contigs(path, 0, self.assembly):
                self.places.append(place)
                yield contig
            if len(self.assembly.names) == before:
                raise InputError(f"{path}: the bin is empty, no contig has a base; leave it out")

    def _by_table(self) -> Iterator[Contig]:
        given, (path,) = self.given, self.files
        place_of = {name: place for place, name in enumerate(given.names)}
        for contig in read_contigs(path, 0, self.assembly, given.of_contig):
            self.places.append(place_of[given.of_contig[contig.name]])
            yield contig
        missing = given.of_contig.keys() - set(self.assembly.names)
        if missing:
            first = min(missing)
            raise InputError(
                f"{given.table}: {len(missing):,} of its contigs are not in {path}, or have no "
                f"base there, as {first!r} of bin {given.of_contig[first]!r}; give the contigs "
                "that were binned"
            )


def find_bins(paths: Sequence[Path], extension: str = "") -> GivenBins:
    """Bins that have a FASTA file each: the files given, and those in the folders given.

    Of a folder those count that end in ``extension``, or else as FASTA files do, compressed or
    not, but none of contigs in no bin as MetaBAT 2 writes it. A bin is called like its file without
    that. The folder of a run without bins may be empty.

    Raises:
        InputError: there are no bins, two of one name, or a name that breaks tables.
    """
    files = [file for path in paths for file in _files(path, extension)]
    check_inputs(files)
    by_name: dict[str, Path] = {}
    for file in files:
        name = bin_name_of(file, extension)
        _check_name(name, str(file.parent))
        other = by_name.setdefault(name, file)
        if other is file:
            continue
        if other.resolve() == file.resolve():
            raise InputError(f"{file}: this bin is given twice; give it once")
        raise InputError(f"{file}: a second bin {name!r}, after {other}; rename one of the files")
    names = sorted(by_name)
    return GivenBins(names, [by_name[name] for name in names])


def bins_of_table(contigs: Sequence[Path], table: Path) -> GivenBins:
    """Bins of one file of contigs, by a table of contig and bin or a bioboxes file.

    Raises:
        UsageError: not one file of contigs.
        InputError: the table cannot be read, is none of the kind, has no bins, or one with a name
            that breaks tables.
    """
    if len(contigs) != 1:
        raise UsageError("--bins goes with one FASTA file, that of the contigs which were binned")
    check_inputs([*contigs, table])
    of_contig = read_bins(table)
    if not of_contig:
        raise InputError(f"{table}: no contig is in a bin; a table of contig and bin was expected")
    names = sorted(set(of_contig.values()))
    for name in names:
        _check_name(name, str(table))
    return GivenBins(names, list(contigs), of_contig, table)


def bin_name_of(file: Path, extension: str = "") -> str:
    """A file's name without its extension, and without that of a compressed file."""
    if extension and file.name.endswith(extension) and file.name != extension:
        return file.name.removesuffix(extension).removesuffix(".")
    name = file.name
    for endings in (COMPRESSED, FASTA):
        for ending in endings:
            if name.lower().endswith(ending):
                name = name[: -len(ending)] or name
    return name


def _check_name(name: str, place: str) -> None:
    """Refuse what readers of tables take for more than a name, a quotation mark in front too."""
    if name.startswith('"') or any(character < " " for character in name):
        raise InputError(
            f"{place!r}: bin {short(name)} has a tab or the like, or a quote in front; rename it"
        )


def _of_run_without_bins(folder: Path) -> bool:
    """Whether a folder is empty as a run found no bins: a cohort has such samples."""
    table = folder.resolve().parent / TABLE
    if folder.resolve().name != BINS or not table.is_file():
        return False
    with open(table, "rb") as handle:
        return handle.readline().startswith(b"bin\t") and not handle.readline()


def _files(path: Path, extension: str) -> list[Path]:
    """A file, or those of a folder that may be bins."""
    if not path.is_dir():
        return [path]
    if (path / "bins").is_dir() and (path / "contig2bin.tsv").is_file():
        raise InputError(f"{path}: is the folder of a run; its bins are in {path / 'bins'}")
    endings = (extension,) if extension else (*FASTA, *(f + c for f in FASTA for c in COMPRESSED))

    def is_bin(file: Path) -> bool:
        name = file.name if extension else file.name.lower()
        return name.endswith(endings) and not name.startswith(".") and not file.is_dir()

    found = sorted(filter(is_bin, path.iterdir()))
    rest = [file for file in found if bin_name_of(file, extension).endswith(NO_BINS)]
    if rest:
        log.warning(
            "%s: left out, as they hold contigs of no bin: %s; a file that is given by its name "
            "counts",
            path,
            ", ".join(file.name for file in rest),
        )
    found = [file for file in found if file not in rest]
    if not found and not _of_run_without_bins(path):
        looked, other = extension or ", ".join(FASTA) + " (.gz, ...)", "other " if rest else ""
        raise InputError(
            f"{path}: no {other}file ends in {looked}; give the folder of the bins, or say "
            "--extension"
        )
    return found
