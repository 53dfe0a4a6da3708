"""Benchmarks: each module writes a JSON file to ``bench/results`` with its command, versions, machine and date."""

import sys
from pathlib import Path

# `python -m` puts the checkout first, whose llmbin has no kernels; the one that is installed is measured.
_ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != _ROOT] + [str(_ROOT)]
