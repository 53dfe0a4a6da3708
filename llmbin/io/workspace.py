"""The output folder: refused if used, filled whole or not at all, and able to resume."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, TypeAlias, TypeVar, cast

import numpy as np

from ..errors import LlmbinError, OutputError, first_line
from .inputs import InputFile

log = logging.getLogger("llmbin")

Array: TypeAlias = np.ndarray[Any, Any]
Stage = TypeVar("Stage")

STAGING = ".llmbin-work"
LOG = "llmbin.log"
LOCK = ".llmbin-lock"
UNDONE = "result-"  # before the name of a result that is not in its place yet
BINS = "bins"
TABLE = "bins.tsv"  # one row a bin, by name
RESULTS = (
    "contig2bin.tsv",
    TABLE,
    "contigs.tsv",
    "unbinned.fna.gz",
    "binning.bioboxes.tsv",
    "places.tsv",
    "report.html",
    "run.json",
)
MULTIQC = "*llmbin_*_mqc.json"  # further results, which are called after the bins
ENDING = ".fna.gz"  # of a bin's file
MOVE_IT = "move it away or choose another folder"


class Workspace:
    """A run's output folder.

    Results are written to a hidden folder inside and moved into place at the end, ``run.json``
    last. A run that was stopped leaves its finished stages there for ``resume``. After an expected
    error (bad input, say) nothing new is left, unless the run was resuming. What is not a result of
    a run stays as it is: other files in the folder and in its ``bins``, and whatever else is in
    folders above, which other runs may share.

    Raises:
        OutputError: the folder is in use or cannot be written, or a result would replace an input.
    """

    def __init__(
        self,
        folder: Path,
        force: bool = False,
        resume: bool = False,
        inputs: Sequence[Path] = (),
    ) -> None:
        self.folder = folder
        self.staging = folder / STAGING
        # What an expected error takes away again: the folders that were missing (those above only
        # if nothing else is in them), or else the log.
        self._made = [p for p in (folder, *folder.parents) if not p.exists()]
        self._new_log = not (folder / LOG).exists()
        self._resume = resume
        try:
            folder.mkdir(parents=True, exist_ok=True)
            used = [p.name for p in folder.iterdir() if p.name not in (LOG, LOCK)]
            if used and not (force or resume):
                raise OutputError(
                    f"{folder}: the folder is not empty; choose another, "
                    "or say --force (replace) or --resume (continue)"
                )
            self._check_places(inputs)
            self._lock = _locked(folder / LOCK)
            if force:
                shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir(exist_ok=True)
            self._clear_results()
        except FileExistsError:
            raise OutputError(f"{folder}: is a file, a folder was expected") from None
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        undone = kind is not None and issubclass(kind, LlmbinError) and not self._resume
        try:
            self._clear_results()
            if kind is None or undone:
                shutil.rmtree(self.staging, ignore_errors=True)
            if undone and (self._made or self._new_log):
                (self.folder / LOG).unlink(missing_ok=True)
        finally:
            (self.folder / LOCK).unlink(missing_ok=True)
            self._lock.close()
        if undone:
            with contextlib.suppress(OSError):  # something else was put into one meanwhile
                for folder in self._made:
                    folder.rmdir()

    def _check_places(self, inputs: Sequence[Path]) -> None:
        """What stands where a result goes must be one: nobody's folder, and no input."""
        bins = self.folder / BINS
        for path in inputs:
            if self.staging.resolve() in path.resolve().parents:
                raise OutputError(f"{path}: is an input among what a run keeps; {MOVE_IT}")
        results = [self.folder / name for name in (*RESULTS, LOG)]
        results += sorted(self.folder.glob(MULTIQC))
        if bins.exists() and not bins.is_dir():
            raise OutputError(f"{bins}: is a file where a folder of bins goes; {MOVE_IT}")
        inside = [p for p in bins.iterdir() if p.name.endswith(ENDING)] if bins.is_dir() else []
        for path in (*results, *inside):
            if path.is_dir():
                raise OutputError(f"{path}: is a folder where a result goes; {MOVE_IT}")
            if _among(path, inputs):
                raise OutputError(f"{path}: is an input, which a result may replace; {MOVE_IT}")

    def _clear_results(self) -> None:
        """Take away results and copies of pipes that a run left unfinished."""
        for path in (*self.staging.glob(UNDONE + "*"), *self.staging.glob("pipe-*")):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(
                missing_ok=True
            )

    def result(self, name: str) -> Path:
        """Where to write a result for now."""
        return self.staging / f"{UNDONE}{name}"

    def commit(self) -> None:
        """Replace an earlier run's results by these.

        ``run.json`` goes first and comes last, so that it marks a whole run.

        Raises:
            OutputError: a result cannot be put in its place.
        """
        bins, table = self.folder / BINS, self.folder / TABLE
        try:
            (self.folder / RESULTS[-1]).unlink(missing_ok=True)
            for path in (*self._earlier_bins(), *self.folder.glob(MULTIQC)):
                path.unlink(missing_ok=True)
            # The new table comes before its bins: a later run finds by it what is left of this
            # one, should it be stopped here.
            os.replace(self.result(TABLE), table)
            bins.mkdir(exist_ok=True)
            for path in sorted(self.result(BINS).iterdir()):
                os.replace(path, bins / path.name)
            for path in sorted(self.staging.glob(UNDONE + MULTIQC)):
                os.replace(path, self.folder / path.name.removeprefix(UNDONE))
            for name in RESULTS:
                if self.result(name).exists():
                    os.replace(self.result(name), self.folder / name)
                elif name != TABLE:
                    (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{error.filename or self.folder}: cannot be replaced ({error.strerror or error})"
            ) from None

    def _earlier_bins(self) -> list[Path]:
        """Files of the bins that an earlier run's table lists; others there are not ours."""
        table = self.folder / TABLE
        if not table.is_file():
            return []
        with open(table, encoding="utf-8", errors="surrogateescape") as handle:
            names = [line.split("\t", 1)[0] for line in handle][1:]
        files = [self.folder / BINS / (name + ENDING) for name in names if name and "/" not in name]
        return [path for path in files if path.is_file() and not path.is_symlink()]

    def load(
        self, stage: str, key: dict[str, Any], read: Callable[[dict[str, Array]], Stage]
    ) -> Stage | None:
        """What ``read`` makes of the arrays of a finished stage with the same key.

        None if there is none, or if its file is damaged.
        """
        path = self.staging / f"stage-{stage}-{_digest(key)}.npz"
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return read(dict(arrays))
        except Exception as error:  # damaged zip files make zipfile and numpy raise all sorts
            log.warning("%s: damaged (%s); computing it again", path, first_line(error))
            return None

    def save(self, stage: str, key: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Keep a finished stage until the run is whole."""
        with whole_file(self.staging / f"stage-{stage}-{_digest(key)}.npz") as handle:
            np.savez(handle, **arrays)  # type: ignore[arg-type]


def _among(path: Path, inputs: Sequence[Path]) -> bool:
    """Whether a file is one of the inputs, by whatever name."""
    return path.is_file() and any(p.is_file() and p.samefile(path) for p in inputs)


def _locked(path: Path) -> IO[bytes]:
    """A file that only one process holds at a time.

    Raises:
        OutputError: another run is using the folder.
    """
    handle = open(path, "wb")
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # systems without it
        pass
    except BlockingIOError:
        handle.close()
        raise OutputError(f"{path.parent}: another run is using this folder") from None
    except OSError:  # file systems without locks
        pass
    return handle


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole, or not at all.

    What is no file (a device, a pipe, ``-`` for standard output) is written to as it is; a
    symbolic link is followed.

    Raises:
        OutputError: it cannot be written.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            with open(path, "wb") as handle:
                yield handle
            return
        target = path.resolve()
        if target.is_dir() or not target.name:
            raise OutputError(f"{path}: is a folder, a file was expected")
        temporary = tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=f".{target.name[:100]}.", delete=False
        )
        try:
            with temporary:
                yield cast(BinaryIO, temporary)
            os.chmod(temporary.name, 0o666 & ~_umask())
            os.replace(temporary.name, target)
        finally:
            Path(temporary.name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_output(path: Path, inputs: Sequence[Path]) -> None:
    """An output must not be one of the inputs, nor a folder, and its folder must be there.

    Raises:
        OutputError: it is, or it is not.
    """
    if str(path) == "-":
        return
    try:
        if not path.name or path.is_dir():
            raise OutputError(f"{str(path)!r}: is a folder, a file was expected")
        if _among(path, inputs):
            raise OutputError(
                f"{path}: is also an input, which it would replace; choose another name"
            )
        if not path.resolve().parent.is_dir():
            raise OutputError(f"{path}: there is no such folder; make it first")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _digest(key: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]


def file_digest(path: InputFile, whole: int = 1 << 30) -> dict[str, Any]:
    """Path, size and sha256 of a file; beyond ``whole`` bytes, sha256 of first and last MiB."""
    size = os.stat(path).st_size
    with open(path, "rb") as handle:
        if size <= whole:
            return {
                "path": str(path),
                "bytes": size,
                "sha256": hashlib.file_digest(handle, "sha256").hexdigest(),
            }
        state = hashlib.sha256(handle.read(1 << 20))
        handle.seek(size - (1 << 20))
        state.update(handle.read())
        return {"path": str(path), "bytes": size, "sha256_ends": state.hexdigest()}


def fingerprint(digest: dict[str, Any]) -> str:
    """The hash in a file's digest, whichever of the two kinds it is."""
    return str(digest.get("sha256") or digest["sha256_ends"])
