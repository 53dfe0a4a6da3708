"""The layer under a program that makes its writes fail (failing.c), built by the C compiler."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("failing.c")


@dataclass(frozen=True)
class Shim:
    """A built layer; what it gives is an environment for a process."""

    library: Path

    def counting(self, under: Path) -> dict[str, str]:
        """Count the calls that write below a folder."""
        return self._env(under, FAULT_COUNT=str(self._count))

    def calls(self) -> str:
        """A letter for each call that was counted last: w for write, o for open (failing.c)."""
        return self._count.read_text()

    def counted(self) -> int:
        """How many were counted last."""
        return len(self.calls())

    def killing(self, under: Path, at: int, number: signal.Signals) -> dict[str, str]:
        """Send the process a signal at such a call."""
        return self._env(under, FAULT_KIND="kill", FAULT_AT=str(at), FAULT_SIGNAL=str(int(number)))

    def failing(self, under: Path, at: int, kind: str, error: int = errno.EIO) -> dict[str, str]:
        """Let such a call fail: ``kind`` is once, on or short (failing.c)."""
        return self._env(under, FAULT_KIND=kind, FAULT_AT=str(at), FAULT_ERRNO=str(error))

    @property
    def _count(self) -> Path:
        return self.library.with_suffix(".count")

    def _env(self, under: Path, **more: str) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "FAULT_UNDER": str(under.resolve()), **more}


def build_shim(folder: Path) -> Shim | None:
    """Build it; None where there is no C compiler, or no Linux."""
    compiler = shutil.which("cc")
    library = folder / "failing.so"
    if compiler is None or not Path("/proc/self/fd").exists():
        return None
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return Shim(library)
