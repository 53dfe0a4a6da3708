"""``llmbin-fast models``: the model packs that are installed."""

from __future__ import annotations

import argparse

from .common import Commands, add_command


def add(commands: Commands) -> None:
    """The parser."""
    text = "list the installed model packs, or check one"
    parser = add_command(commands, "models", run, text)
    parser.add_argument("model", nargs="?", help="a pack to check: name or folder")


def run(options: argparse.Namespace) -> None:
    """Print a line a pack."""
    from ..io.outputs import show
    from ..model.pack import find_pack, list_packs, load_pack

    for name in [options.model] if options.model else list_packs():
        pack = load_pack(find_pack(name))
        what = f"{pack.offers}\t{pack.projector.outputs} dimensions"
        show(f"{pack.name}\t{pack.version}\t{what}\tsha256 {pack.digest}\t{pack.folder}")
