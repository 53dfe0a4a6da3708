"""The whole campaign for so many minutes, by any seed: half of them faults, half mutated inputs.

python -m bench.campaign --minutes 60 --seed 3      (or: nox -s campaign -- --minutes 60 --seed 3)

What this machine cannot do is left out: control groups and disks want its administrator, readers
atheris, kernels clang. Results go to faults-SEED.json and fuzzing-SEED.json beside the others.
Status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec

PARTS = {"faults": "", "fuzzing": "atheris"}  # and what they need beside the program


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = []
    for part, needed in PARTS.items():
        if needed and not find_spec(needed):
            sys.exit(f"{part}: needs {needed}: pip install {needed}")
    minutes = options.minutes / len(PARTS)
    for part in PARTS:
        print(f"{part}: {minutes:g} minutes", flush=True)
        done = subprocess.run(command(part, minutes, options.seed), check=False)
        wrong += [part] if done.returncode else []
    sys.exit(f"something was wrong: {', '.join(wrong)}" if wrong else 0)


def command(part: str, minutes: float, seed: int) -> list[str]:
    """One part of it."""
    name = f"{part}-{seed}"
    words = ("--minutes", str(minutes), "--seed", str(seed), "--name", name)
    return [sys.executable, "-m", f"bench.{part}", *words]


if __name__ == "__main__":
    main()
