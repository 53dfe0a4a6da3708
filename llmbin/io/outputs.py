"""Files that are written: each whole or not at all, and an error that says what to do."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, cast

from ..errors import OutputError, StorageError, cannot_write
from ..signals import all_or_nothing, when_stopped

_asking = threading.Lock()  # two threads that ask for the umask at once would leave it at 0
GROUP_BITS = 0o7000  # of a folder's mode, as it has them from the one above
ATTEMPTS = 10  # at taking away a folder that somebody may still write to
GZIP_LEVEL = 2  # of ISA-L: near zlib's ratio at level 4, ten times as fast
STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@contextlib.contextmanager
def writing(path: object) -> Iterator[None]:
    """What the system says of a file while it is written, as our error.

    Raises:
        StorageError: it cannot be written; says why, and what helps.
    """
    try:
        yield
    except OSError as error:
        where = "standard output" if str(path) in STDOUT else path
        raise StorageError(cannot_write(error.filename or where, error)) from None


def show(text: str) -> None:
    """Print a line on standard output.

    Raises:
        StorageError: it is closed, or full.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(cannot_write("standard output", error)) from None


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole, or not at all.

    What is no file (a device, a pipe, ``-`` for standard output) is written to as it is; a
    symbolic link is followed.

    Raises:
        OutputError: it cannot be written.
    """
    with _pending(path) as pending:
        yield pending.handle
        pending.finish()
        pending.place()


@contextlib.contextmanager
def whole_table(path: Path) -> Iterator[BinaryIO]:
    """The same, compressed with gzip if its name ends in ``.gz``: the same bytes every time.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(path) as handle, _packing(path, handle) as table:
        yield table


def write_tables(contents: Mapping[Path, bytes]) -> None:
    """Files as of `whole_table` that belong together: none appears before all of them are whole.

    Raises:
        OutputError: one cannot be written.
    """
    new = [path for path in contents if not path.exists()]
    with contextlib.ExitStack() as opened:
        pending = {path: opened.enter_context(_pending(path)) for path in contents}
        for path, data in contents.items():
            with writing(path):
                with _packing(path, pending[path].handle) as table:
                    table.write(data)
                pending[path].finish()
        try:
            with all_or_nothing():
                for path in contents:
                    with writing(path):
                        pending[path].place()
        except BaseException:
            for path in new:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which appears as ``path`` when all in it is whole.

    In a folder that is there already, each part takes the place of what is called like it.

    Raises:
        StorageError: it cannot be written.
    """
    target = path.resolve()
    begin = f".{target.name[:100]}.llmbin-"
    with writing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(glob.escape(begin) + "*"):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        with scratch_folder(begin, target.parent) as made:
            try:
                yield made
                with all_or_nothing():
                    _move(made, target)
            except OSError as error:
                error.filename = None  # nobody knows these names
                raise


def _move(made: Path, target: Path) -> None:
    if not target.exists():
        made.chmod((made.stat().st_mode & GROUP_BITS) | (0o777 & ~_umask()))
        os.replace(made, target)
        return
    for part in sorted(made.iterdir()):
        os.replace(part, target / part.name)


@dataclass(frozen=True)
class _Pending:
    """A file to write to; ``finish`` when all of it is written, then ``place`` gives its name."""

    handle: BinaryIO
    finish: Callable[[], object]
    place: Callable[[], object]


@contextlib.contextmanager
def _pending(path: Path) -> Iterator[_Pending]:
    if str(path) in STDOUT:
        with writing("standard output"):
            yield _Pending(sys.stdout.buffer, sys.stdout.buffer.flush, _stay)
        return
    with writing(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            with open(path, "wb") as handle:
                yield _Pending(handle, handle.flush, _stay)
            return
        target = path.resolve()
        if target.is_dir() or not target.name:
            raise OutputError(f"{path}: is a folder, a file was expected")
        with _temporary(target) as temporary:

            def finish() -> None:
                temporary.flush()
                os.chmod(temporary.name, 0o666 & ~_umask())

            place = partial(os.replace, temporary.name, target)
            yield _Pending(cast(BinaryIO, temporary), finish, place)


def _stay() -> None:
    """What is no file has its name."""


@contextlib.contextmanager
def _packing(path: Path, handle: BinaryIO) -> Iterator[BinaryIO]:
    if path.suffix != ".gz":
        yield handle
        return
    from isal import igzip

    with igzip.IGzipFile("", "wb", GZIP_LEVEL, handle, mtime=0) as packed:
        yield cast(BinaryIO, packed)


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[IO[bytes]]:
    """A file beside its target, under a lock that tells that somebody still writes to it.

    What others left who were killed is taken away.
    """
    begin = f".{target.name[:100]}."
    _sweep(target.parent, begin)
    try:
        temporary = _locked_temporary(target.parent, begin)
    except OSError as error:
        error.filename = None  # nobody knows this name
        raise
    name = Path(temporary.name)

    def remove() -> None:
        name.unlink(missing_ok=True)

    with when_stopped(remove):
        try:
            with temporary:
                yield temporary
        except OSError as error:
            error.filename = None
            raise
        finally:
            remove()


def _sweep(folder: Path, begin: str) -> None:
    for left in folder.glob(glob.escape(begin) + "*.part"):
        with contextlib.suppress(OSError), open(left, "rb") as handle:
            if lock(handle):
                left.unlink()


def _locked_temporary(folder: Path, begin: str) -> IO[bytes]:
    while True:
        made = tempfile.NamedTemporaryFile(
            "wb", dir=folder, prefix=begin, suffix=".part", delete=False
        )
        lock(made)
        if os.fstat(made.fileno()).st_nlink:
            return made
        made.close()  # somebody swept it away before it was locked


def lock(handle: IO[bytes]) -> bool | None:
    """Take the lock of a file, which ends with the process.

    False if another process has it, None where the system or the file system has no locks.
    """
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


@contextlib.contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A folder for what is needed for a while (the system's place for it by default).

    Raises:
        StorageError: there is no place for it, or it cannot be written.
    """
    name = ""

    def remove() -> None:
        for _ in range(ATTEMPTS):
            if os.path.isdir(name):
                shutil.rmtree(name, ignore_errors=True)

    opened = contextlib.ExitStack()
    try:
        with all_or_nothing():
            name = tempfile.mkdtemp(prefix=prefix, dir=parent)
            opened.enter_context(when_stopped(remove))
    except OSError as error:
        if parent is None and error.errno == errno.ENOENT:
            raise StorageError(f"{error.strerror}; name a folder in TMPDIR") from None
        where = parent or f"{tempfile.gettempdir()} (TMPDIR)"
        raise StorageError(cannot_write(where, error)) from None

    with opened:
        try:
            yield Path(name)
        finally:
            remove()


def _umask() -> int:
    with _asking:
        mask = os.umask(0)
        os.umask(mask)
    return mask


def among(path: Path, inputs: Sequence[Path]) -> bool:
    """Whether a file is one of the inputs, by whatever name."""
    return path.is_file() and any(p.is_file() and p.samefile(path) for p in inputs)


def check_output(path: Path, inputs: Sequence[Path]) -> None:
    """An output must not be one of the inputs, nor a folder, and its folder must take files.

    Raises:
        OutputError: it is, or its folder is not there or only for reading.
    """
    if str(path) in STDOUT:
        return
    try:
        if not path.name or path.is_dir():
            raise OutputError(f"{str(path)!r}: is a folder, a file was expected")
        if among(path, inputs):
            raise OutputError(
                f"{path}: is also an input, which it would replace; choose another name"
            )
        folder = path.resolve().parent
        if not folder.is_dir():
            raise OutputError(f"{path}: there is no such folder; make it first")
        if (path.is_file() or not path.exists()) and not os.access(folder, os.W_OK):
            why = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
            raise OutputError(cannot_write(path, OSError(why, os.strerror(why))))
    except OSError as error:
        raise OutputError(cannot_write(path, error)) from None
