"""A signal at the moment when several files get their names."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

MANY = 8
FOLDER = """
with whole_folder(out) as made:
    for number in range(MANY):
        (made / f"part{number}").mkdir()
        (made / f"part{number}" / "file").write_bytes(b"whole")
"""
TABLES = """
out.mkdir(exist_ok=True)
write_tables({out / f"part{number}.tsv": b"whole" for number in range(MANY)})
"""
# The first file that gets its name brings the signal, which has time for what it does.
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from llmbin.io.outputs import whole_folder, write_tables
from llmbin.signals import watch_signals

out, MANY, late = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "late"
replace = os.replace

def stopped(*names):
    os.replace = replace
    if late:
        replace(*names)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.3)
    if not late:
        replace(*names)

watch_signals()
os.replace = stopped
{written}
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signals of threads")
@pytest.mark.parametrize("when", ["early", "late"])
@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("written", [FOLDER, TABLES], ids=["folder", "tables"])
def test_what_belongs_together_gets_its_names_before_a_signal_ends_it(
    written: str, there: bool, when: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    if there:
        out.mkdir()
    program = [sys.executable, "-c", PROGRAM.format(written=written)]
    ended = subprocess.run(
        [*program, str(out), str(MANY), when], capture_output=True, text=True, check=False
    )
    assert ended.returncode in (0, -signal.SIGTERM), ended.stderr
    assert len(list(out.rglob("*"))) == MANY * (1 + (written is FOLDER))
    assert list(tmp_path.iterdir()) == [out]
