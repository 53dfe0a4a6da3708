"""The output folder: refused if used, filled whole or not at all, and able to resume."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeVar

import numpy as np

from ..errors import ClusterError, LlmbinError, OutputError, StorageError, cannot_write, first_line
from ..resources import check_room
from ..signals import all_or_nothing, stay_if_stopping, when_stopped
from .arrays import Array
from .earlier import BINS, LOG, RECORD, TABLE, earlier_results, possible_results
from .inputs import InputFile
from .outputs import among, lock, whole_file, writing
from .rows import read_table, write_table

log = logging.getLogger("llmbin")

Stage = TypeVar("Stage")

STAGING = ".llmbin-work"
LOCK = ".llmbin-lock"
UNDONE = "result-"  # before the name of a result that is not in its place yet
NAMES = "arrays"  # in a stage file, the names of all others
RESUME_HINT = "`--resume` continues from the last finished stage"
MOVE_IT = "move it away or choose another folder"


class Workspace:
    """A run's output folder.

    Results are written to a hidden folder inside and moved into place at the end, ``run.json``
    last. A run that was stopped, could not write, had no memory or lost its cluster leaves its
    finished stages there for ``resume``. After any other expected error (bad input, say) nothing
    new is left, unless the run was resuming. What is not a result of a run stays as it is: other
    files in the folder and in its ``bins``, and whatever else is in folders above, which other runs
    may share.

    Raises:
        OutputError: the folder is in use or cannot be written, or a result would replace an input.
    """

    def __init__(
        self,
        folder: Path,
        force: bool = False,
        resume: bool = False,
        inputs: Sequence[Path] = (),
        hint: str = RESUME_HINT,
    ) -> None:
        self.folder = folder
        self._hint = hint  # what to say if it is stopped
        self.staging = folder / STAGING
        # What an expected error takes away again: the folders that were missing (those above only
        # if nothing else is in them), or else the log.
        self._made = [p for p in (folder, *folder.parents) if not p.exists()]
        self._new_log = not (folder / LOG).exists()
        self._resume = resume
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / LOCK)
            try:
                self._prepare(force, inputs)
            except BaseException:
                (folder / LOCK).unlink(missing_ok=True)
                self._lock.close()
                raise
        except FileExistsError:
            raise OutputError(f"{folder}: is a file, a folder was expected") from None
        except OSError as error:
            raise OutputError(cannot_write(folder, error)) from None
        self._open = contextlib.ExitStack()

    def _prepare(self, force: bool, inputs: Sequence[Path]) -> None:
        used = [p.name for p in self.folder.iterdir() if p.name not in (LOG, LOCK)]
        if used and not (force or self._resume):
            raise OutputError(
                f"{self.folder}: the folder is not empty; choose another, "
                "or say --force (replace) or --resume (continue)"
            )
        self._check_places(inputs)
        if force:
            shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(exist_ok=True)
        self._clear_results()

    def __enter__(self) -> Workspace:
        self._open.enter_context(when_stopped(self._leave, self._hint))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stay_if_stopping()
        failed = kind is not None and issubclass(kind, LlmbinError)
        keeps = self._resume or isinstance(error, StorageError | ClusterError)
        undone = failed and not keeps
        with all_or_nothing(), self._open:
            if kind is None or undone:
                shutil.rmtree(self.staging, ignore_errors=True)
            empty = self._leave()
            if failed and empty and (self._made or self._new_log):
                (self.folder / LOG).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # nothing was written to it
                self._lock.close()
        if failed and empty:
            with contextlib.suppress(OSError):  # something else was put into one meanwhile
                for folder in self._made:
                    folder.rmdir()

    def _leave(self) -> bool:
        """Take away what is unfinished and the lock; whether no finished stage is left."""
        self._clear_results()
        with contextlib.suppress(OSError):
            self.staging.rmdir()
        with contextlib.suppress(OSError):
            (self.folder / LOCK).unlink()
        return not self.staging.exists()

    def _check_places(self, inputs: Sequence[Path]) -> None:
        """What stands where a result goes must be one: nobody's folder, and no input."""
        bins = self.folder / BINS
        for path in inputs:
            if self.staging.resolve() in path.resolve().parents:
                raise OutputError(f"{path}: is an input among what a run keeps; {MOVE_IT}")
        if bins.exists() and not bins.is_dir():
            raise OutputError(f"{bins}: is a file where a folder of bins goes; {MOVE_IT}")
        for path in possible_results(self.folder):
            if path.is_dir():
                raise OutputError(f"{path}: is a folder where a result goes; {MOVE_IT}")
            if among(path, inputs):
                raise OutputError(f"{path}: is an input, which a result may replace; {MOVE_IT}")

    def _clear_results(self) -> None:
        """Take away all that a run left unfinished: what is here but the finished stages."""
        for path in self.staging.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif not path.name.startswith("stage-"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def result(self, name: str) -> Path:
        """Where to write a result for now."""
        return self.staging / f"{UNDONE}{name}"

    def commit(self) -> None:
        """Replace an earlier run's results by these.

        ``run.json`` goes first and comes last, so that it marks a whole run.

        Raises:
            StorageError: a result cannot be put in its place.
        """
        with all_or_nothing(), writing(self.folder):
            self._replace_results()

    def _replace_results(self) -> None:
        bins = self.folder / BINS
        made = not bins.exists()
        bins.mkdir(exist_ok=True)
        done: list[tuple[Path, Path]] = []
        try:
            for path, place in self._moves():
                os.replace(path, place)
                done.append((path, place))
            new = [place for _, place in done if self.staging not in place.parents]
            if gone := next((place for place in new if not place.exists()), None):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(gone))
        except OSError:
            with contextlib.suppress(OSError):  # as it was before
                for path, place in reversed(done):
                    os.replace(place, path)
                if made:
                    bins.rmdir()
            raise

    def _moves(self) -> list[tuple[Path, Path]]:
        """What goes where: an earlier run's results out of the way, then these to their places.

        The new table comes before its bins, and the record last: a later run finds by them what is
        left, should this one be killed meanwhile.
        """
        bins, earlier = self.folder / BINS, self.staging / "earlier"
        earlier.mkdir(exist_ok=True)
        made = sorted(p.name.removeprefix(UNDONE) for p in self.staging.glob(UNDONE + "*"))
        others = [name for name in made if name not in (BINS, TABLE, RECORD)]
        old = dict.fromkeys([*earlier_results(self.folder), *(self.folder / n for n in others)])
        new = [(self.result(TABLE), self.folder / TABLE)]
        new += [(path, bins / path.name) for path in sorted(self.result(BINS).iterdir())]
        new += [(self.result(name), self.folder / name) for name in (*others, RECORD)]
        away = [(path, earlier / path.name) for path in old]
        return [(path, place) for path, place in (*away, *new) if path.exists()]

    def load(
        self, stage: str, key: dict[str, Any], read: Callable[[dict[str, Array]], Stage]
    ) -> Stage | None:
        """What ``read`` makes of the arrays of a finished stage with the same key.

        None if there is none, or if its file is damaged.

        Raises:
            StorageError: what is large in it cannot be laid out in the folder.
        """
        path = self.staging / f"stage-{stage}-{_digest(key)}.npz"
        if not path.is_file():
            return None
        try:
            most = path.stat().st_size
            with zipfile.ZipFile(path) as held:
                arrays = {
                    entry.removesuffix(".npy"): self._read(held, entry, most)
                    for entry in held.namelist()
                }
            names = arrays.pop(NAMES).tolist()  # no checksum of the format covers names
            if sorted(arrays) != names:
                raise ValueError("names that were not written")
            return read(arrays)
        except StorageError:  # the file may well be whole
            raise
        except Exception as error:  # damaged zip files make zipfile and numpy raise all sorts
            check_room(error)
            log.warning("%s: damaged (%s); computing it again", path, first_line(error))
            return None

    def _read(self, stages: zipfile.ZipFile, entry: str, most: int) -> Array:
        with stages.open(entry) as handle:
            return read_table(handle, self.staging, most)

    def save(self, stage: str, key: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Keep a finished stage until the run is whole."""
        with whole_file(self.staging / f"stage-{stage}-{_digest(key)}.npz") as handle:
            held = {NAMES: np.array(sorted(arrays)), **arrays}
            with zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as stages:
                for name, array in held.items():
                    with stages.open(f"{name}.npy", "w", force_zip64=True) as entry:
                        write_table(entry, array)


def _locked(path: Path) -> IO[bytes]:
    """A file that only one process holds at a time.

    Raises:
        OutputError: another run is using the folder.
    """
    while True:
        handle = open(path, "wb")
        if lock(handle) is False:
            handle.close()
            raise OutputError(f"{path.parent}: another run is using this folder; choose another")
        if os.fstat(handle.fileno()).st_nlink:
            return handle
        handle.close()  # the run before took it away just now


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
