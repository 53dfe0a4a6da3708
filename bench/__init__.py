"""Benchmarks: what the program costs and finds, beside other programs and other ways.

Each module writes a JSON file to ``bench/results`` with its command, versions, machine and date.
It may import everything; nothing imports it but tests.
"""

import sys
from pathlib import Path

# `python -m` puts the checkout first, whose llmbin has no kernels. The one that is installed is
# measured.
_ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != _ROOT] + [str(_ROOT)]
