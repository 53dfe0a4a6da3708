"""What was found before, by key, in one SQLite file of a bounded size.

A kill at any moment leaves the entries that were whole. Each is checked by a digest when it is
read, and one that is damaged is as if it were not there. A store may be deleted at any time.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import OutputError, first_line, short
from .outputs import writing

log = logging.getLogger("llmbin")

FILE = "findings.sqlite3"
FORMAT = 1  # of the tables below
CHECK = 16  # bytes of a value's digest
OVERHEAD = 130  # bytes that an entry takes beside its value at least: key, digest, index
PATIENCE = 30.0  # seconds to wait for another process that writes
OURS = {"entries": {"id", "key", "used"}, "contents": {"id", "value"}}
MOST_USES = 1 << 62  # SQLite's integers have 63 bits
TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, used INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS contents (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
"""


class _DamageError(sqlite3.DatabaseError):
    """Something in the file that no store wrote."""


class Store:
    """Values by key in a folder, up to ``most`` bytes; those used longest ago go first.

    Several processes may use it at once, each in one thread. Where the disk is full, or it fails
    later, there is a warning, and it is as if nothing were known.

    Raises:
        OutputError: the folder cannot be made, or the file not be used.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.path, self._most = folder / FILE, most
        self._used: set[bytes] = set()
        self._base: sqlite3.Connection | None = None
        self._now = 1
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            try:
                self._open()
            except (sqlite3.DatabaseError, UnicodeError) as error:
                if not _damaged(error) and not _says_read_only(error, self.path):
                    raise
                self._begin_anew(error)
        except (sqlite3.Error, OSError) as error:
            if _full(error):
                self._give_up(error)
                return
            self._shut()  # a connection that is left open keeps others waiting
            raise OutputError(
                f"{self.path}: cannot be used as a cache ({first_line(error)}); choose a folder on "
                "a local disk that you may write to"
            ) from None

    def _open(self) -> None:
        base = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        self._base = base
        base.text_factory = lambda text: text.decode("utf-8", "replace")  # of a damaged file
        if others := _tables(base) - set(OURS):
            raise sqlite3.Error(f"it is a database of something else: {short(min(others))}")
        base.execute("PRAGMA auto_vacuum = INCREMENTAL")  # decided when the file is made
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute("PRAGMA journal_size_limit = 0")
        if base.execute("PRAGMA user_version").fetchone()[0] not in (0, FORMAT):
            base.executescript("DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS contents;")
        base.executescript(TABLES)
        base.execute(f"PRAGMA user_version = {FORMAT}")
        if any(_columns(base, table) != columns for table, columns in OURS.items()):
            raise _DamageError("tables with other columns")
        self._now = 1 + _last_use(base)  # no clock, which may be set back

    def _begin_anew(self, error: Exception) -> None:
        log.warning("%s: damaged (%s); beginning a new one", self.path, first_line(error))
        self._shut()
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        self._open()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._careful() as base:
            if base is not None:
                rows = [(self._now, key) for key in self._used]
                with _transaction(base):
                    base.executemany("UPDATE entries SET used = ? WHERE key = ?", rows)
        self._shut()

    def get(self, key: bytes) -> bytes | None:
        """The value of a key; None if it is not known, or damaged."""
        rows: Sequence[Any] = ()
        with self._careful() as base:
            if base is not None:
                query = "SELECT value FROM contents JOIN entries USING (id) WHERE key = ?"
                rows = base.execute(query, (key,)).fetchall()
        if not rows or not isinstance(held := rows[0][0], bytes):
            return None
        check, value = held[:CHECK], held[CHECK:]
        if check != _check(key, value):
            return None
        self._used.add(key)
        return value

    def put(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values, all of them or none; what does not fit at all is left out."""
        fitting, size = [], 0
        for key, value in entries:
            taken = len(value) + CHECK + OVERHEAD
            if size + taken <= self._most:
                size += taken
                fitting.append((key, _check(key, value) + value))
        with self._careful() as base:
            if base is None or not fitting:
                return
            with _transaction(base):
                for key, value in fitting:
                    _insert(base, key, value, self._now)
                _evict(base, self._most)
            base.executescript("PRAGMA incremental_vacuum")  # execute would take one page

    @contextmanager
    def _careful(self) -> Iterator[sqlite3.Connection | None]:
        """What fails is a warning, and the end of this use."""
        try:
            yield self._base
        except (sqlite3.DatabaseError, UnicodeError) as error:
            if _damaged(error):
                with suppress(sqlite3.Error, OSError):
                    self._begin_anew(error)
                    return
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        log.warning("%s: %s; going on without the cache", self.path, first_line(error))
        self._shut()

    def _shut(self) -> None:
        if self._base is not None:
            with suppress(sqlite3.Error):
                self._base.close()
        self._base = None


def key_of(*about: Any) -> bytes:
    """A key by all that decides a value, as JSON takes it."""
    return blake2b(json.dumps(about).encode(), digest_size=20).digest()


def open_store(folder: Path | None, most: int) -> AbstractContextManager[Store | None]:
    """A store, where there is a folder for one.

    Raises:
        OutputError: the folder cannot be made, or the file not be used.
    """
    return nullcontext() if folder is None else Store(folder, most)


@contextmanager
def _transaction(base: sqlite3.Connection) -> Iterator[None]:
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def _tables(base: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {str(name) for (name,) in base.execute(query)}


def _columns(base: sqlite3.Connection, table: str) -> set[str]:
    """Of a table; none if it is no table."""
    query = "SELECT c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = "
    return {str(name) for (name,) in base.execute(f"{query} 'table' AND t.name = ?", (table,))}


def _last_use(base: sqlite3.Connection) -> int:
    """Of all entries; texts and the like are above all numbers."""
    (last,) = base.execute("SELECT max(used) FROM entries").fetchone()
    if last is None:
        return 0
    if not isinstance(last, int) or last > MOST_USES:
        raise _DamageError("an entry with no number of its last use")
    return last


def _insert(base: sqlite3.Connection, key: bytes, value: bytes, now: int) -> None:
    base.execute(
        "INSERT INTO entries (key, used) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET used = excluded.used",
        (key, now),
    )
    base.execute(
        "INSERT OR REPLACE INTO contents SELECT id, ? FROM entries WHERE key = ?", (value, key)
    )


def _evict(base: sqlite3.Connection, most: int) -> None:
    """Drop those used longest ago until the rest fits."""
    while (size := _size(base)) > most:
        (count,) = base.execute("SELECT count(*) FROM entries").fetchone()
        if not count:
            return
        excess = math.ceil(count * (1 - most / size))
        query = "SELECT id FROM entries ORDER BY used, id LIMIT ?"
        gone = base.execute(query, (excess,)).fetchall()
        for table in ("entries", "contents"):
            base.executemany(f"DELETE FROM {table} WHERE id = ?", gone)


def _size(base: sqlite3.Connection) -> int:
    """Bytes of the file's pages that are in use."""
    pages, free, page = (
        base.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page)


def _check(key: bytes, value: bytes) -> bytes:
    return blake2b(value, digest_size=CHECK, key=key[:64]).digest()


def _full(error: Exception) -> bool:
    """Whether the disk has no room for it."""
    return getattr(error, "sqlite_errorcode", 0) in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_WRITE,
    )


def _damaged(error: Exception) -> bool:
    """Whether it tells of what is in the file, which may be in a message that nobody can read."""
    if isinstance(error, _DamageError | UnicodeError):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _says_read_only(error: Exception, path: Path) -> bool:
    """Whether nothing but the file says so: a byte of its beginning is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code == sqlite3.SQLITE_READONLY and writable
