"""Tables that grow row by row and are too large for memory: kept in a file, read in pieces."""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from io import BufferedRandom, BytesIO
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ..errors import StorageError
from .arrays import read_header
from .outputs import writing

LARGE = 1 << 24  # bytes
CHUNK = 4_096  # rows in memory at a time
NAMES_ALL = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)  # the answers to O_TMPFILE
MAPS_NONE = (errno.ENODEV, errno.EINVAL, errno.ENOTSUP)  # some network file systems and FUSE


class RowFile:
    """Rows of one width, put anywhere and in any order; rows that nobody put are zeros.

    They are in a file without a name in ``folder`` (see `_unnamed`), which is gone with the
    process; in memory without a folder.
    """

    def __init__(self, dtype: npt.DTypeLike, width: int, folder: Path | None) -> None:
        self._dtype = np.dtype(dtype)
        self._width = width
        self._bytes = width * self._dtype.itemsize
        self._rows = 0
        self._file: BytesIO | BufferedRandom = BytesIO()
        self._folder = folder
        if folder is not None:
            self._file, self._folder = _unnamed(folder)

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Rows [any, width] behind all others.

        Raises:
            StorageError: the file cannot be written.
        """
        self.put(self._rows, rows)

    def put(self, place: int, rows: npt.NDArray[Any]) -> None:
        """Rows [any, width] from a place on.

        Raises:
            StorageError: the file cannot be written.
        """
        self._rows = max(self._rows, place + len(rows))
        with self._using():
            self._file.seek(place * self._bytes)
            self._file.write(np.ascontiguousarray(rows, self._dtype).data)

    def scatter(self, places: npt.NDArray[np.integer], rows: npt.NDArray[Any]) -> None:
        """Rows [any, width], each at a place of its own [any]; places in a row are written as one.

        Raises:
            StorageError: the file cannot be written.
        """
        order = np.argsort(places, kind="stable")
        places, rows = places[order], rows[order]
        begins = np.flatnonzero(np.diff(places, prepend=-2) != 1).tolist()
        for begin, end in pairwise([*begins, len(places)]):
            self.put(int(places[begin]), rows[begin:end])

    def row(self, place: int) -> npt.NDArray[Any]:
        """A row that was put: [width].

        Raises:
            StorageError: the rows before it cannot be written.
        """
        with self._using():
            self._file.seek(place * self._bytes)
            return np.frombuffer(self._file.read(self._bytes), self._dtype)

    def table(self, rows: int) -> npt.NDArray[Any]:
        """The first rows [rows, width], to be read alone: no more may be put.

        Raises:
            StorageError: the file cannot be written.
            MemoryError: the system gives no address space for it.
        """
        shape = (rows, self._width)
        if not rows * self._width:
            return np.empty(shape, self._dtype)
        with self._using():
            self._file.truncate(rows * self._bytes)
            if isinstance(self._file, BytesIO):
                held = self._file.getvalue().ljust(rows * self._bytes, b"\0")
                return np.frombuffer(held, self._dtype).reshape(shape)
            self._file.flush()
            with self._file:
                return _mapped(self._file, self._dtype, shape)

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        """What the system says of the file, as our error; the file is closed then."""
        try:
            with writing(self._folder):
                yield
        except StorageError:
            # Not the buffer: it would try again to write, and from Python 3.13 on tell of it.
            if not isinstance(self._file, BytesIO):
                with contextlib.suppress(OSError):
                    self._file.raw.close()
            raise


def _unnamed(folder: Path) -> tuple[BufferedRandom, Path]:
    """A new file without a name, and the folder that it is in.

    Where a file cannot be without one (NFS, FUSE) it would keep the folder from being removed: it
    is then in that for temporary files.

    Raises:
        StorageError: it cannot be made.
    """
    flag = getattr(os, "O_TMPFILE", None)  # of Linux
    if flag is None:
        return _removed(folder), folder
    with writing(folder):
        try:
            return os.fdopen(os.open(folder, flag | os.O_RDWR, 0o600), "w+b"), folder
        except OSError as error:
            if error.errno not in NAMES_ALL:
                raise
    place = Path(tempfile.gettempdir())
    return _removed(place), place


def _removed(folder: Path) -> BufferedRandom:
    """A new file whose name is taken away at once."""
    with writing(folder):
        try:
            return tempfile.TemporaryFile(dir=folder)
        except OSError as error:
            error.filename = None  # nobody knows this name
            raise


def _mapped(file: BufferedRandom, dtype: np.dtype[Any], shape: tuple[int, int]) -> npt.NDArray[Any]:
    """The rows of a file where they lie; in memory on a file system that maps no files.

    Raises:
        OSError: it cannot be read.
        MemoryError: there is no address space for it.
    """
    try:
        return np.memmap(file, dtype, "r", shape=shape)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError(str(error)) from None
        if error.errno not in MAPS_NONE:
            raise
    file.seek(0)
    return np.fromfile(file, dtype, shape[0] * shape[1]).reshape(shape)


def in_chunks(rows: int, *tables: npt.NDArray[Any]) -> Iterator[slice]:
    """Slices of `CHUNK` rows; what was read of a `RowFile` is not held beyond its slice."""
    for begin in range(0, rows, CHUNK):
        yield slice(begin, min(begin + CHUNK, rows))
        for table in tables:
            let_go(table)


def let_go(table: npt.NDArray[Any]) -> None:
    """Give back the memory that reading a `RowFile` took; it is read again where it is needed."""
    held = getattr(table, "_mmap", None)
    if held is not None and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)


def write_table(handle: IO[bytes], table: npt.NDArray[Any]) -> None:
    """An array as numpy writes it, in pieces: nothing of a `RowFile` is held beyond its piece."""
    if not isinstance(table, np.memmap):
        np.lib.format.write_array(handle, table, allow_pickle=False)
        return
    header = np.lib.format.header_data_from_array_1_0(table)
    np.lib.format.write_array_header_1_0(handle, header)
    for rows in in_chunks(len(table), table):
        handle.write(table[rows].tobytes())


def read_table(handle: IO[bytes], folder: Path, most: int, large: int = LARGE) -> npt.NDArray[Any]:
    """An array that numpy wrote, whose ``handle`` can seek; one of ``large`` bytes is a `RowFile`.

    Raises:
        ValueError: it is none, is cut off, or says that it has more than ``most`` bytes.
        StorageError: the file cannot be written.
    """
    shape, by_column, dtype = read_header(handle, most)
    if len(shape) != 2 or by_column or math.prod(shape) * dtype.itemsize < large:
        handle.seek(0)
        return np.lib.format.read_array(handle, allow_pickle=False)
    rows, width = shape
    table = RowFile(dtype, width, folder)
    for part in in_chunks(rows):
        count = part.stop - part.start
        held = handle.read(count * width * dtype.itemsize)
        table.append(np.frombuffer(held, dtype).reshape(count, width))
    if handle.read(1):  # also has the checksum of a zip file compared
        raise ValueError("more rows than there should be")
    return table.table(rows)
