"""Files of one commit of a public repository, by git alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class Snapshot:
    """A repository at one commit; files are fetched as they are asked for.

    It stops the program with one line if the repository, the commit or a file is not there.
    """

    def __init__(self, repository: str, commit: str, clone: Path) -> None:
        self._commit, self._clone = commit, clone
        self._address = f"https://github.com/{repository}"
        self._git("clone", "-q", "--bare", "--filter=blob:none", self._address, str(clone))
        self._git("--git-dir", str(clone), "cat-file", "-e", commit)

    def data(self, path: str) -> bytes:
        """A file's content."""
        return self._git("--git-dir", str(self._clone), "show", f"{self._commit}:{path}")

    def _git(self, *words: str) -> bytes:
        """What git says; stop with a line if it fails, as of a repository that is gone."""
        try:  # without asking for a password, as GitHub wants one where there is nothing
            return subprocess.run(
                ["git", *words],
                check=True,
                capture_output=True,
                env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
            ).stdout
        except FileNotFoundError:
            sys.exit("git is not installed, or not on PATH")
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode(errors="replace").splitlines()
            said = next((line for line in lines if line.startswith("fatal:")), "is not there")
            sys.exit(f"{self._address}, commit {self._commit[:12]}: {said}")
