"""One reader under atheris: ``python -m bench.fuzzing.reader TARGET CORPUS FAULTS [libFuzzer's]``.

Writes a line of JSON to FAULTS for each kind of fault, and the input beside it, and goes on.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path
from types import FunctionType

import atheris

from . import targets
from .target import try_input


def instrument() -> None:
    """Tell the fuzzer where our functions come by. (Its import hook does not see modules that are
    installed to be edited.)
    """
    for module in targets.READERS:
        importlib.import_module(f"llmbin.{module}")
    for name, module in list(sys.modules.items()):
        if not name.startswith("llmbin."):
            continue
        holders = [vars(module), *(vars(c) for c in vars(module).values() if isinstance(c, type))]
        for value in [value for holder in holders for value in list(holder.values())]:
            function = getattr(value, "__func__", getattr(value, "fget", value))
            if isinstance(function, FunctionType) and function.__module__ == name:
                atheris.instrument_func(function)


def kind_of(error: BaseException) -> str:
    """The exception and the last place of ours that it came through: faults of one kind."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "llmbin" in f.filename or "bench" in f.filename]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {where}"


def main() -> None:
    name, corpus, faults, *options = sys.argv[1:]
    instrument()
    target = targets.TARGETS[name]
    logging.disable(logging.CRITICAL)
    scratch = "/dev/shm" if os.path.isdir("/dev/shm") else None
    folder = Path(tempfile.mkdtemp(prefix="llmbin-fuzz-", dir=scratch))
    for data in target.seeds():
        Path(corpus, hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    known: set[str] = set()

    def one(data: bytes) -> None:
        try:
            try_input(target, data, folder)
        except Exception as error:
            kind = kind_of(error)
            if kind in known:
                return
            known.add(kind)
            path = Path(faults).with_name(f"{name}-{hashlib.sha256(data).hexdigest()[:16]}")
            path.write_bytes(data)
            with open(faults, "a") as out:
                told = {"kind": kind, "message": str(error)[:200], "input": str(path)}
                out.write(json.dumps(told) + "\n")

    atheris.Setup([sys.argv[0], corpus, *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
