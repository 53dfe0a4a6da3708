"""What a run leaves beside its tables: ``run.json``, and what it says at the end."""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..estimator.classes import CLASSES, DRAFTS
from ..io.outputs import writing
from ..kinds.contigs import CELLS, KINDS, UNCLEAR
from ..model.devices import installed
from ..model.embedder import Embedder
from ..options import RunOptions
from .summary import Bin, Outcome

log = logging.getLogger("llmbin")

MIXED = 0.1  # share of a bin's bases that may be a relative's, from which that is told
PACKAGES = ("numpy", "pysam", "onnxruntime", "onnxruntime-gpu", "pyhmmer", "isal")


def write_record(path: Path, record: dict[str, Any]) -> None:
    """``run.json``: enough to repeat the run and to explain it."""
    with writing(path):
        path.write_text(json.dumps(record, indent=1) + "\n")


def record_of(
    options: RunOptions,
    embedder: Embedder,
    inputs: Sequence[dict[str, Any]],
    outcome: Outcome,
    bins: Sequence[Bin],
) -> dict[str, Any]:
    """All of ``run.json`` but the stages."""
    features, coverage = outcome.features, outcome.coverage
    pack, device = embedder.pack, embedder.device
    computed = features.computed_positions
    reads = [asdict(r, dict_factory=_told) for r in coverage.reads]
    return {
        "program": "llmbin-fast",
        "title": title_of(options.outdir),
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {p: v for p in PACKAGES if (v := installed(p))},
        "parameters": parameters(options),
        "model": {"name": pack.name, "version": pack.version, "sha256": pack.digest},
        "device": {"device": str(device), "precision": device.precision, "reason": device.reason},
        "inputs": list(inputs),
        "contigs": len(features.names),
        "bases": features.bases,
        "contigs_too_short": features.too_short,
        "bases_too_short": features.short_bases,
        "samples": coverage.samples,
        "reads": dict(zip(coverage.samples, reads, strict=False)),
        "bins": len(bins),
        "binned_bases": sum(b.bp for b in bins),
        "kinds": counts_of_kinds(outcome, bins),
        "padding_efficiency": features.encoded_bases / computed if computed else None,
    }


def _told(fields: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """JSON has no NaN, which the identity of no reads is."""
    return {n: None if isinstance(v, float) and isnan(v) else v for n, v in fields}


def counts_of_kinds(outcome: Outcome, bins: Sequence[Bin]) -> dict[str, dict[str, int]]:
    """Contigs, bases and bins of each kind."""
    kind, lengths = outcome.kinds.kind, outcome.features.lengths
    contigs = np.bincount(kind, minlength=len(KINDS)).tolist()
    bases = np.bincount(kind, lengths, len(KINDS)).astype(np.int64).tolist()
    return {
        name: {"contigs": contigs[k], "bases": bases[k], "bins": _of_kind(bins, k)}
        for k, name in enumerate(KINDS)
    }


def _of_kind(bins: Sequence[Bin], kind: int) -> int:
    return sum(b.kind.kind == kind for b in bins)


def title_of(outdir: Path) -> str:
    """What reports call a run: its folder's name, also where that is given as ``.``."""
    return Path(os.path.abspath(outdir)).name


def parameters(options: RunOptions) -> dict[str, Any]:
    """The options by name, those of the model among them."""
    held = asdict(options)
    held |= held.pop("model")
    return {name: _plain(value) for name, value in held.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def tell_outcome(options: RunOptions, outcome: Outcome, bins: Sequence[Bin]) -> None:
    """Bins, or a sentence saying why there are none."""
    total = outcome.features.bases
    if not bins:
        log.warning("no bins: %s", why_none(options, outcome))
        return
    size = sum(b.bp for b in bins)
    plural = "s" * (len(bins) != 1)
    share = f"{size / 1e6:.1f} of {total / 1e6:.1f} Mbp ({100 * size / total:.0f} %)"
    log.info("%d bin%s with %s in %s", len(bins), plural, share, options.outdir)
    if any(b.quality for b in bins):
        found = [b.quality_class for b in bins]
        counts = ", ".join(f"{found.count(c)} {c}" for c in CLASSES if c in found)
        log.info("estimated quality: %s", counts)
        drafts = [b.draft for b in bins]
        counts = ", ".join(f"{drafts.count(d)} {d}" for d in DRAFTS if d in drafts)
        log.info("by the MIMAG standard, with RNA genes: %s", counts)
    if mixed := sum(b.doubt >= MIXED for b in bins):
        told = f"{100 * MIXED:.0f} % and more of the bases of {mixed} bin{'s' * (mixed != 1)}"
        log.info("%s may be a relative's (doubt in contigs.tsv)", told)
    others = [k for k in range(CELLS, UNCLEAR) if _of_kind(bins, k)]
    if others:
        told = ", ".join(f"{_of_kind(bins, k)} {KINDS[k]}" for k in others)
        log.info("bins that are not judged by marker genes: %s", told)


def why_none(options: RunOptions, outcome: Outcome) -> str:
    """Why there are no bins."""
    features, total = outcome.features, int(outcome.features.ungapped.sum())
    if features.ungapped.max(initial=0) < options.min_length:
        return (
            f"none of the {len(features.names) + features.too_short:,} contigs has "
            f"{options.min_length:,} bases or more, gaps not counted (--min-length)"
        )
    if total < options.min_bin_size:
        need = f"a bin needs {options.min_bin_size:,} (--min-bin-size)"
        gaps = " without gaps" if total < features.bases else ""
        return f"all contigs together hold {total:,} bp{gaps}, and {need}"
    usual = "no cluster is large and clean enough to be a bin"
    return next((why for why in outcome.binning.why if why), usual)
