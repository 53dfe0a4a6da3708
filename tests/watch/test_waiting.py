"""How changes are seen: told by the system, or looked for."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from llmbin.watch import waiting

MOUNTS = r"""22 1 0:1 / / rw - ext4 /dev/root rw
30 22 0:30 / /data rw,relatime shared:1 - nfs4 server:/data rw
31 30 0:31 / /data/local rw - xfs /dev/sdb rw
32 22 0:32 / /mnt/with\040space rw - fuse.sshfs host: rw
33 22 0:33 / /usb rw - fuseblk /dev/sdc rw
broken
"""


@pytest.mark.parametrize(
    ("folder", "kind", "network"),
    [
        ("/data/run7", "nfs4", True),
        ("/database", "ext4", False),
        ("/data/local/run7", "xfs", False),
        ("/mnt/with space", "fuse.sshfs", True),
        ("/usb/run7", "fuseblk", False),
    ],
)
def test_network_file_systems_are_looked_at(
    folder: str, kind: str, network: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    monkeypatch.setattr(waiting, "MOUNTS", tmp_path / "mountinfo")
    assert waiting.file_system(Path(folder)) == kind
    assert bool(waiting.NETWORK.fullmatch(kind)) is network


def test_a_system_that_does_not_tell_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOUNTS", tmp_path / "none")
    assert waiting.file_system(tmp_path) == ""


def test_a_change_ends_the_waiting_also_one_during_a_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("watchfiles")
    monkeypatch.setattr(waiting, "LONGEST", 30.0)
    monkeypatch.setattr(waiting, "_why_not", lambda _: "")
    wait = waiting.Waiting(tmp_path, 0.1)
    wait.wait(quiet=True)  # what was before is not told
    threading.Timer(0.3, (tmp_path / "a.bam").write_text, ("1",)).start()
    began = time.monotonic()
    wait.wait(quiet=True)
    (tmp_path / "b.bam").write_text("1")
    time.sleep(0.3)
    wait.wait(quiet=True)
    assert time.monotonic() - began < 20
    assert (tmp_path / "a.bam").exists()


def test_what_is_unquiet_or_cannot_be_told_is_looked_at_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(waiting.time, "sleep", slept.append)
    caplog.set_level(logging.INFO, "llmbin")
    monkeypatch.setattr(waiting, "find_spec", lambda _: None)
    waiting.Waiting(tmp_path, 5).wait(quiet=True)
    assert "by looking every 5 s (`pip install" in caplog.text
    monkeypatch.setattr(waiting, "_why_not", lambda _: "")

    def fail(folder: Path) -> None:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(waiting, "_changes", fail)
    wait = waiting.Waiting(tmp_path, 7)
    assert "changes are seen by watchfiles" in caplog.text
    wait.wait(quiet=False)
    wait.wait(quiet=True)
    assert "OS file watch limit reached" in caplog.text
    wait.wait(quiet=True)
    assert slept == [5, 7, 7, 7]
