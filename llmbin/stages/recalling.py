"""What earlier runs found of the same contigs and files, under ``--cache``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any

import numpy as np

from .. import __version__
from ..coverage.recall import DepthRecall
from ..features import hexamers, peptides
from ..features.recall import MATCH, Recall
from ..genes import scattered
from ..genes.earlier_pairs import Since, unpacked_search
from ..genes.homology import Homology
from ..genes.markers import CUTOFFS, PROFILES
from ..genes.rna import DATA
from ..genes.sketches import Sketches
from ..genes.verdicts import EarlierAnswers, KnownAnswers
from ..io.store import Store, key_of
from ..io.workspace import file_digest, fingerprint
from ..model.devices import installed
from ..model.embedder import Embedder
from ..resources import processor
from .setting import Setting

LARGEST = 1 << 26  # bytes: of some 30,000 contigs
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "tensorrt", "tensorrt-rtx", "pyhmmer")


def contig_recall(setting: Setting, embedder: Embedder, markers: bool) -> Recall | None:
    """Findings of contigs by the same pack, device, processor, libraries and profiles."""
    if setting.store is None:
        return None
    return Recall(setting.store, key_of(_deciding(embedder, markers)), embedder.plan)


def _deciding(embedder: Embedder, markers: bool) -> dict[str, Any]:
    """All that decides what is found of a contig, beside the contig."""
    return {
        "version": __version__,
        "pack": embedder.pack.digest,
        "precision": embedder.device.precision,
        "device": str(embedder.device),
        "processor": processor(),
        "runtimes": [installed(name) for name in RUNTIMES],
        "plan": asdict(embedder.plan),
        "profiles": profile_digests(),
        "markers": markers,
        "match": MATCH.itemsize,  # builds of one version may differ in it
    }


def profile_digests() -> list[str]:
    """Digests of what genes are found by."""
    files = (PROFILES, CUTOFFS, scattered.DATA, DATA, peptides.DATA, hexamers.DATA)
    return [fingerprint(file_digest(path)) for path in files]


@dataclass(frozen=True)
class AnswersRecall:
    """What was said of proteins of marker genes, whichever contigs they were on."""

    last: LastRecall

    def earlier(self) -> EarlierAnswers:
        """For a search, which may leave to them what it would ask."""
        return EarlierAnswers(self._load)

    def _load(self) -> KnownAnswers:
        held = self.last.known()
        return KnownAnswers() if held is None else KnownAnswers(**held)

    def keep(self, earlier: EarlierAnswers) -> None:
        """For the next run."""
        if earlier.found is not None:
            self.last.keep(vars(earlier.found))


@dataclass(frozen=True)
class PairsRecall:
    """Homologous pairs of whole assemblies, and sketches of their contigs; and the last search.

    ``key`` is that of these very contigs, ``last`` that of any which were searched like them. It is
    None where contigs are of several assemblies.
    """

    store: Store
    key: bytes
    last: bytes | None

    def known(self) -> tuple[Homology, Sketches] | None:
        """Those of this assembly, if an earlier run found them."""
        held = self.store.get(self.key)
        if held is None:
            return None
        pairs, contigs = np.frombuffer(held, "<i8", 2).tolist()
        columns = np.frombuffer(held, "<i4", 3 * pairs, 16).reshape(3, -1).copy()
        ends = np.frombuffer(held, "<i8", contigs, 16 + columns.nbytes)
        words = np.frombuffer(held, "<u4", -1, 16 + columns.nbytes + ends.nbytes)
        return Homology(*columns), Sketches(words, ends)

    def since(self, digests: Callable[[], Sequence[bytes]]) -> Since | None:
        """What the last search knows of these contigs, told by their digests."""
        if self.last is None:
            return None
        held = self.store.get(self.last)
        return Since(None if held is None else unpacked_search(held), digests)

    def keep(self, pairs: Homology, sketches: Sketches, since: Since | None) -> None:
        """For the next run."""
        if self.last is not None and since is not None and since.found is not None:
            self.store.put([(self.last, since.found.packed())])
        parts = (
            np.array([len(pairs), len(sketches.ends)], "<i8"),
            np.array([pairs.first, pairs.second, pairs.length], "<i4"),
            sketches.ends.astype("<i8"),
            sketches.words.astype("<u4"),
        )
        self.store.put([(self.key, b"".join(part.tobytes() for part in parts))])


@dataclass(frozen=True)
class LastRecall:
    """What the last run found, if all that decides it was the same, as ``key`` tells.

    That of one run is kept, and no more than `LARGEST`: what is known of each contig should stay.
    """

    store: Store
    slot: bytes
    key: bytes

    def known(self) -> dict[str, Any] | None:
        """Arrays that were kept; None if the last run was of others."""
        held = self.store.get(self.slot)
        if held is None or held[: len(self.key)] != self.key:
            return None
        with np.load(BytesIO(held[len(self.key) :]), allow_pickle=False) as arrays:
            return dict(arrays)

    def keep(self, arrays: Mapping[str, Any]) -> None:
        """For the next run."""
        if sum(array.nbytes for array in arrays.values()) > LARGEST:
            return
        packed = BytesIO()
        np.savez(packed, **arrays)
        self.store.put([(self.slot, self.key + packed.getvalue())])


def features_recall(
    setting: Setting, embedder: Embedder, about: Mapping[str, Any]
) -> LastRecall | None:
    """Features, by all that decides those of a contig, and by ``about``, which names the file."""
    if setting.store is None:
        return None
    deciding = _deciding(embedder, bool(about["markers"]))
    return _last(setting, "last features", key_of(dict(about), deciding))


def survey_recall(setting: Setting) -> LastRecall | None:
    """Names and lengths of contigs that are long enough."""
    if setting.store is None:
        return None
    about = (__version__, fingerprint(setting.inputs.contigs_digest))
    return _last(setting, "last survey", key_of(*about, setting.options.recruit_length))


def _last(setting: Setting, slot: str, key: bytes) -> LastRecall | None:
    """None for a file so large that its digest is of its ends alone: the rest may be another."""
    if setting.store is None or "sha256" not in setting.inputs.contigs_digest:
        return None
    return LastRecall(setting.store, key_of(slot), key)


def answers_recall(setting: Setting) -> AnswersRecall | None:
    """What the alignment and HMMER said of proteins, by all that decides it beside them."""
    if setting.store is None:
        return None
    about = (__version__, processor(), installed("pyhmmer"), profile_digests())
    return AnswersRecall(LastRecall(setting.store, key_of("last answers"), key_of(*about)))


def pairs_recall(setting: Setting) -> PairsRecall | None:
    """Homologous pairs of these very contigs."""
    options = setting.options
    if setting.store is None:
        return None
    contigs = setting.inputs.contigs_content
    about = (__version__, options.recruit_length, options.separator)
    last = None if options.separator else key_of("last pairs, both orders", *about)
    return PairsRecall(setting.store, key_of("pairs", contigs, *about), last)


def depth_recall(setting: Setting) -> DepthRecall | None:
    """Depths of BAM and CRAM files as they are now; those of CRAM depend on the contigs as well."""
    inputs, store = setting.inputs, setting.store
    if store is None:
        return None
    contigs, contents = inputs.contigs_content, inputs.depth_contents
    files = {str(path): told for path, told in zip(inputs.bams, contents, strict=False)}
    return DepthRecall(store, lambda path: f"{files[str(path)]} {contigs}", setting.check_inputs)
