"""``llmbin-fast completion``: scripts with which shells complete commands, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from .common import Commands, add_command

SHELLS = ("bash", "zsh", "fish", "tcsh")


def add(commands: Commands) -> None:
    """The parser."""
    text = "print a script that completes commands, options and files in a shell"
    parser = add_command(commands, "completion", run, text)
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to read it")


def run(options: argparse.Namespace) -> None:
    """Print the script, made of the parser of all commands (``options.parser``)."""
    import shtab

    from ..io.outputs import show
    from ..model.pack import list_packs

    for argument in _arguments(options.parser):
        if argument.dest == "model":
            argument.choices = list_packs()  # a folder may be typed nevertheless
        if argument.type is Path:
            argument.complete = (  # type: ignore[attr-defined]
                shtab.DIRECTORY if argument.dest == "outdir" else shtab.FILE
            )
    show(shtab.complete(options.parser, options.shell))


def _arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _arguments(command)
        else:
            yield action
