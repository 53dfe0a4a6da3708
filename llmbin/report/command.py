"""The command that repeats a run, from the parameters in its record."""

from __future__ import annotations

import shlex
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ..options import ModelOptions, RunOptions

OPTIONS = {"bams": "--bam", "formats": "--format"}  # where they are not called like the parameter
FILES = ("outdir", "bams", "depth", "features", "cache")
NO_PART = ("contigs", "progress", "force", "resume", "report")  # of what is computed


def command_of(record: dict[str, Any]) -> str:
    """``llmbin-fast run ...`` with all options that are not the default.

    A round of `watch` is made again in a folder that is none of its own. What the record calls its
    ``command``, if it does; "" without parameters.
    """
    if "command" in record:
        return shlex.join(record["command"])
    held: dict[str, Any] = record.get("parameters", {})
    if "outdir" not in held:
        return ""
    words = ["llmbin-fast", "run", _file(str(held.get("contigs", "")))]
    usual = defaults()
    if "rounds" in record:  # of `watch`, whose folders nobody else should write to
        held = {**held, "outdir": f"round-{Path(str(held['outdir'])).name}"}
    held = {**held, "seed": "middle"} if held.get("seed", 0) is None else held
    for name, value in held.items():
        if name in NO_PART or value == usual.get(name, MISSING) or value in (None, "", []):
            continue
        words += _said(name, value)
    return shlex.join(words)


def _said(name: str, value: Any) -> list[str]:
    """A parameter as the command line has it; a switch has no value."""
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = list(map(str, value)) if isinstance(value, list) else [str(value)]
    told = list(map(_file, values)) if name in FILES else values
    option = OPTIONS.get(name, f"--{option}")
    if isinstance(value, str) and value.startswith("-") and value != "-" and name not in FILES:
        return [f"{option}={value}"]  # or it would be taken for an option
    return [option, *told]


def _file(path: str) -> str:
    """A file that no command takes for an option; ``-`` is standard input."""
    return f"./{path}" if path.startswith("-") and path != "-" else path


def defaults() -> dict[str, Any]:
    """Parameters by name, with the values that they have if nobody says anything."""
    every = (*fields(RunOptions), *fields(ModelOptions))
    plain = {f.name: f.default for f in every if f.default is not MISSING}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}
