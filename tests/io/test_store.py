from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin.errors import OutputError
from llmbin.io.store import FILE, Store


def keys(n: int) -> list[bytes]:
    return [b"key %d" % i for i in range(n)]


@settings(max_examples=10, deadline=None)
@given(st.dictionaries(st.binary(min_size=1, max_size=40), st.binary(max_size=300), max_size=8))
def test_what_was_put_is_there_in_the_next_use(
    tmp_path_factory: pytest.TempPathFactory, values: dict[bytes, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    with Store(folder, 1 << 20) as store:
        assert all(store.get(key) is None for key in values)
        store.put(values.items())
    with Store(folder, 1 << 20) as store:
        assert {key: store.get(key) for key in values} == values
        assert store.get(b"another" * 9) is None


def test_a_value_is_replaced(tmp_path: Path) -> None:
    with Store(tmp_path, 1 << 20) as store:
        store.put([(b"k", b"old"), (b"k", b"new")])
        store.put([(b"k", b"newest")])
        assert store.get(b"k") == b"newest"


def test_those_used_longest_ago_go_first_and_the_file_stays_small(tmp_path: Path) -> None:
    most = 200_000
    with Store(tmp_path, most) as store:
        store.put((key, bytes(1000)) for key in keys(100))
    with Store(tmp_path, most) as store:
        assert store.get(keys(1)[0]) is not None
    with Store(tmp_path, most) as store:
        more = [b"more %d" % i for i in range(80)]
        store.put((key, bytes(1000)) for key in more)
        held = [key for key in keys(100) if store.get(key) is not None]
        assert all(store.get(key) is not None for key in more)
    assert held[0] == keys(1)[0]
    assert 10 < len(held) < 90
    assert held[1:] == keys(100)[101 - len(held) :]
    assert size_of(tmp_path) <= most
    with Store(tmp_path, most // 4) as store:
        store.put([(b"last", b"one")])
        assert store.get(b"last") == b"one"
        assert store.get(more[-1]) is not None
    assert size_of(tmp_path) <= most // 4


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_what_never_fits_is_left_out(tmp_path: Path) -> None:
    with Store(tmp_path, 60_000) as store:
        store.put([(b"large", bytes(90_000)), (b"small", b"1")])
        assert (store.get(b"large"), store.get(b"small")) == (None, b"1")


@pytest.mark.parametrize("seed", range(12))
def test_damage_never_comes_out_as_a_value(seed: int, tmp_path: Path) -> None:
    import random

    chance = random.Random(seed)
    values = {key: chance.randbytes(500) for key in keys(60)}
    with Store(tmp_path, 1 << 20) as store:
        store.put(values.items())
    data = bytearray((tmp_path / FILE).read_bytes())
    for _ in range(1 + 40 * (seed % 3)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    if seed % 4 == 3:
        del data[chance.randrange(len(data)) :]
    (tmp_path / FILE).write_bytes(data)
    try:
        with Store(tmp_path, 1 << 20) as store:
            for key, value in values.items():
                assert store.get(key) in (None, value)
            store.put(values.items())
    except OutputError as error:
        assert "cannot be used" in str(error)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET used = 'text'",
        "UPDATE entries SET used = x'ff00'",
        "UPDATE entries SET used = CAST(x'ff00' AS TEXT)",
        "UPDATE entries SET used = 9223372036854775807",
        "UPDATE entries SET used = 1e300",
        "DROP TABLE contents; CREATE TABLE contents (other)",
        "DROP TABLE entries; CREATE VIEW entries AS SELECT id, id AS key, id AS used FROM contents",
    ],
)
def test_what_no_store_writes_is_damage(
    change: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path, 1 << 20) as store:
        store.put((key, key * 9) for key in keys(9))
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        base.executescript(change)
    with Store(tmp_path, 1 << 20) as store:
        assert "damaged" in caplog.text
        assert store.get(b"key 1") is None
        store.put([(b"k", b"v")])
    with Store(tmp_path, 1 << 20) as store:
        assert store.get(b"k") == b"v"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE contents SET value = CAST(value AS TEXT)",
        "UPDATE contents SET value = CAST(x'ff00' AS TEXT)",
        "UPDATE contents SET value = 7",
    ],
)
def test_a_value_of_another_type_is_none(change: str, tmp_path: Path) -> None:
    with Store(tmp_path, 1 << 20) as store:
        store.put((key, key * 9) for key in keys(9))
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        base.executescript(change)
    with Store(tmp_path, 1 << 20) as store:
        assert store.get(b"key 1") is None
        store.put([(b"key 1", b"v")])
        assert store.get(b"key 1") == b"v"


def test_a_damaged_name_that_no_message_can_hold_is_damage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path, 1 << 20) as store:
        store.put([(b"k", b"v")])
    path = tmp_path / FILE
    held = path.read_bytes()
    for word in (b"tablecontents", b"CREATE TABLE contents", b"indexsqlite_auto"):
        assert held.count(word) == 1
        path.write_bytes(held.replace(word, word[:-6] + b"\xaf" + word[-5:]))
        with Store(tmp_path, 1 << 20) as store:
            assert "damaged" in caplog.text
            store.put([(b"k", b"v")])
            assert store.get(b"k") == b"v"
        caplog.clear()


@pytest.mark.parametrize("byte", [18, 19])  # versions of the format for writing and reading
def test_a_file_that_says_that_it_is_read_only_is_damaged(
    byte: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path, 1 << 20) as store:
        store.put([(b"k", b"v")])
    held = bytearray((tmp_path / FILE).read_bytes())
    held[byte] = 77
    (tmp_path / FILE).write_bytes(held)
    with Store(tmp_path, 1 << 20) as store:
        assert "damaged" in caplog.text
        store.put([(b"k", b"w")])
        assert store.get(b"k") == b"w"


def test_on_a_full_disk_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Store) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(Store, "_open", fail)
    with Store(tmp_path, 1 << 20) as store:
        store.put([(b"k", b"v")])
        assert store.get(b"k") is None
    assert "full; going on without the cache" in caplog.text


def test_a_damaged_file_that_cannot_be_taken_away_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_text("not a database" * 99)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match=r"cannot be used as a cache .*Permission denied"):
        Store(tmp_path, 1 << 20)


def test_a_file_that_is_no_store_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_text("not a database, but long enough to look into" * 40)
    with Store(tmp_path, 1 << 20) as store:
        store.put([(b"k", b"v")])
        assert store.get(b"k") == b"v"
    assert "damaged" in caplog.text


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        base.executescript("CREATE TABLE entries (x); CREATE TABLE mine (x); PRAGMA user_version=9")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(OutputError, match="of something else: 'mine'"):
        Store(tmp_path, 1 << 20)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        Store(tmp_path / "file", 1 << 20)
    (tmp_path / FILE).mkdir()
    with pytest.raises(OutputError, match="cannot be used as a cache"):
        Store(tmp_path, 1 << 20)


WRITER = """
import sys
from pathlib import Path
from llmbin.io.store import Store
with Store(Path(sys.argv[1]), 1 << 22) as store:
    print("begin", flush=True)
    for i in range(10**6):
        store.put((b"%d %d" % (i, j), b"%d" % i * 2000) for j in range(50))
"""


def test_a_kill_leaves_entries_whole(tmp_path: Path) -> None:
    for pause in (0.05, 0.15, 0.3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        with Store(tmp_path, 1 << 22) as store:
            found = 0
            for i in range(200):
                held = [store.get(b"%d %d" % (i, j)) for j in range(50)]
                known = [value for value in held if value is not None]
                assert set(known) <= {b"%d" % i * 2000}
                found += len(known)
            store.put([(b"alive", b"1")])
            assert store.get(b"alive") == b"1"
    assert found


def test_a_file_that_cannot_be_used_is_closed(tmp_path: Path) -> None:
    """Or the next one would wait for it."""
    base = sqlite3.connect(tmp_path / FILE)
    base.execute("CREATE TABLE strange (x)")
    base.commit()
    base.close()
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OutputError, match="something else") as kept:
        Store(tmp_path, 1 << 20)
    assert set(os.listdir("/proc/self/fd")) == before, kept
