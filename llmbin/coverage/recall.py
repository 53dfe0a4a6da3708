"""Depths that were measured before, by the content of the BAM file: it is not read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import BytesIO

import numpy as np

from .. import __version__
from ..io.inputs import InputFile
from ..io.names import packed_names, unpacked_names
from ..io.store import Store, key_of
from .bam import SampleDepth
from .reads import DepthRules, ReadKind


@dataclass(frozen=True)
class DepthRecall:
    """A store of depths; ``digest_of`` tells what a file holds, in a few letters.

    ``check`` raises an error if a file is no longer what that tells.
    """

    store: Store
    digest_of: Callable[[InputFile], str]
    check: Callable[[], None]

    def depth(
        self, path: InputFile, rules: DepthRules, measure: Callable[[], SampleDepth]
    ) -> SampleDepth:
        """What is known of a file, or else what measuring it gives, which is kept."""
        key = key_of("depth", __version__, self.digest_of(path), asdict(rules))
        held = self.store.get(key)
        if held is not None:
            return _unpacked(held)
        depth = measure()
        self.check()
        self.store.put([(key, _packed(depth))])
        return depth


def _packed(depth: SampleDepth) -> bytes:
    kind = depth.kind
    numbers = [depth.reads, depth.mapped, depth.counted, kind.long, kind.length, kind.identity]
    file = BytesIO()
    np.savez(
        file,
        names=packed_names(depth.names),
        lengths=depth.lengths,
        mean=depth.mean,
        variance=depth.variance,
        numbers=np.array([*numbers, kind.min_identity, kind.long_identity], np.float64),
    )
    return file.getvalue()


def _unpacked(value: bytes) -> SampleDepth:
    with np.load(BytesIO(value), allow_pickle=False) as held:
        arrays = dict(held)
    reads, mapped, counted, long, *kind = arrays["numbers"].tolist()
    return SampleDepth(
        unpacked_names(arrays["names"]),
        arrays["lengths"],
        arrays["mean"],
        arrays["variance"],
        int(reads),
        int(mapped),
        int(counted),
        ReadKind(bool(long), *kind),
    )
