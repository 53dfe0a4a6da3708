"""``llmbin-fast train``: its own command line, which needs PyTorch."""

from __future__ import annotations

import argparse

from ..errors import UsageError
from ..resources import PYTORCH_ADDRESS_SPACE, check_address_space
from .common import Commands


def add(commands: Commands) -> None:
    """The parser, which leaves everything to the training package."""
    text = "train a model pack (needs the extra `train`)"
    # No prefix of its own, so that all options, --help too, are the training package's.
    parser = commands.add_parser("train", help=text, add_help=False, prefix_chars="\0")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    parser.set_defaults(command=run, quiet=False, verbose=False, debug=False)


def run(options: argparse.Namespace) -> int:
    """Hand the rest on."""
    check_address_space(PYTORCH_ADDRESS_SPACE)
    try:
        from ..training.cli import main

        return main(options.rest)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training needs more packages ({error}): `pip install torch`, "
            "then `pip install 'llmbin-fast[train]'`"
        ) from None
