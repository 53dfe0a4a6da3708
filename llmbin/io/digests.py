"""Digests of files that are kept, so that a file which nobody has touched is not read again."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from .inputs import InputFile, StoredPipe
from .store import Store, key_of
from .workspace import file_digest, fingerprint

TICKS = 2.0  # seconds by which the clock of a file system may be coarse


def content_of(path: InputFile, digest: dict[str, Any]) -> str:
    """What tells a file's content, in a few letters, by its digest.

    Of a file so large that its digest is of its ends alone, the time of its last change does, too;
    what came through a pipe has none of its own, and is read.
    """
    if "sha256" in digest:
        return fingerprint(digest)
    if isinstance(path, StoredPipe):
        return fingerprint(file_digest(path, sys.maxsize))
    about = os.stat(path)
    return f"{fingerprint(digest)} {about.st_mtime_ns} {about.st_ctime_ns}"


def known_digest(path: InputFile, store: Store | None) -> dict[str, Any]:
    """As `file_digest`; from the store for a file that is as it was.

    Its time of change tells, which no program can set. Of a file that was changed a moment ago it
    does not, as clocks have ticks: such a digest is not kept.
    """
    if store is None:
        return file_digest(path)
    about = os.stat(path)
    changed = about.st_ctime_ns
    key = key_of("file", about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, changed)
    held = store.get(key)
    if held is not None:
        return {**json.loads(held), "path": str(path)}
    digest = file_digest(path)
    if abs(time.time() - changed / 1e9) > TICKS:
        store.put([(key, json.dumps(digest).encode())])
    return digest
