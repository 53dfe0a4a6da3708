"""The output folder: refused if used, filled whole or not at all, and able to resume."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from .errors import LlmbinError, OutputError

STAGING = ".llmbin-work"
LOG = "llmbin.log"
RESULTS = ("bins", "contig2bin.tsv", "bins.tsv", "contigs.tsv", "unbinned.fna.gz", "binning.bioboxes.tsv", "run.json")


class Workspace:
    """A run's output folder.

    Results are written to a hidden folder inside and moved into place at the end, ``run.json`` last. A run that was
    stopped leaves its finished stages there for ``resume``. After an expected error (bad input, say) nothing new is left,
    unless the run was resuming.
    """

    def __init__(self, folder: Path, *, force: bool = False, resume: bool = False) -> None:
        self.folder = folder
        self.staging = folder / STAGING
        # What an expected error has to take away again: the folders that were missing, or the log in one that was there.
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        self._made = missing[-1] if missing else None
        self._new_log = not (folder / LOG).exists()
        self._resume = resume
        try:
            folder.mkdir(parents=True, exist_ok=True)
            used = [p.name for p in folder.iterdir() if p.name != LOG]
            if used and not (force or resume):
                raise OutputError(f"{folder}: the folder is not empty; choose another, or say --force (replace) or --resume (continue)")
            if force:
                shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir(exist_ok=True)
        except FileExistsError:
            raise OutputError(f"{folder}: is a file, a folder was expected") from None
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            shutil.rmtree(self.staging, ignore_errors=True)
            return
        for path in self.staging.glob("result-*"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        if not issubclass(kind, LlmbinError) or self._resume:
            return
        shutil.rmtree(self.staging, ignore_errors=True)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        elif self._new_log:
            (self.folder / LOG).unlink(missing_ok=True)

    def result(self, name: str) -> Path:
        """Where to write a result for now."""
        return self.staging / f"result-{name}"

    def commit(self) -> None:
        """Move every result into place; ``run.json`` last, so that it marks a whole run."""
        try:
            for name in RESULTS:
                target = self.folder / name
                shutil.rmtree(target, ignore_errors=True) if target.is_dir() else target.unlink(missing_ok=True)
            for name in RESULTS:
                if self.result(name).exists():
                    os.replace(self.result(name), self.folder / name)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written ({error.strerror or error})") from None

    def load(self, stage: str, key: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]] | None:
        """Arrays of a finished stage with the same key, or None."""
        path = self.staging / f"stage-{stage}-{_digest(key)}.npz"
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, KeyError):
            return None

    def save(self, stage: str, key: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> None:
        """Keep a finished stage until the run is whole."""
        with whole_file(self.staging / f"stage-{stage}-{_digest(key)}.npz") as handle:
            np.savez(handle, **arrays)  # type: ignore[arg-type]


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole, or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "wb") as handle:
            yield handle
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        temporary.unlink(missing_ok=True)


def _digest(key: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]


def file_digest(path: Path, whole: int = 1 << 30) -> dict[str, Any]:
    """Size and sha256 of a file; of files over ``whole`` bytes, sha256 of the first and last MiB."""
    size = path.stat().st_size
    with open(path, "rb") as handle:
        if size <= whole:
            return {"path": str(path), "bytes": size, "sha256": hashlib.file_digest(handle, "sha256").hexdigest()}
        state = hashlib.sha256(handle.read(1 << 20))
        handle.seek(size - (1 << 20))
        state.update(handle.read())
        return {"path": str(path), "bytes": size, "sha256_ends": state.hexdigest()}


def fingerprint(digest: dict[str, Any]) -> str:
    """The hash in a file's digest, whichever of the two kinds it is."""
    return str(digest.get("sha256") or digest["sha256_ends"])
