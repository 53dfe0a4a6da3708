"""llmbin-fast: metagenomic binning with a genomic language model.

What it offers to Python is below and in docs/api.md; nothing is loaded before it is used. The
command line is :mod:`llmbin.cli`; the program reads top-down from :mod:`llmbin.pipeline`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.depth import Depths, depth
    from .api.embed import Embeddings, embed
    from .api.quality import AssessedBins, quality
    from .api.run import BinnedContigs, Run, RunBins, run
    from .api.score import score
    from .errors import LlmbinError
    from .tools.scoring import Scores

__version__ = "0.13.0"
__all__ = [
    "AssessedBins",
    "BinnedContigs",
    "Depths",
    "Embeddings",
    "LlmbinError",
    "Run",
    "RunBins",
    "Scores",
    "depth",
    "embed",
    "quality",
    "run",
    "score",
]

_HOMES = {
    "api.depth": ("Depths", "depth"),
    "api.embed": ("Embeddings", "embed"),
    "api.quality": ("AssessedBins", "quality"),
    "api.run": ("BinnedContigs", "Run", "RunBins", "run"),
    "api.score": ("score",),
    "errors": ("LlmbinError",),
    "tools.scoring": ("Scores",),
}


def __getattr__(name: str) -> Any:
    """What is public, from where it lives (PEP 562)."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
