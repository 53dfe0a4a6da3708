"""What a file of features says of itself: by what it was made, and of which part of the contigs.

It is JSON in the metadata of the file's schema, and nobody's word: every value is checked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..coverage.coverage import SampleReads
from ..coverage.reads import ReadKind
from ..model.windows import WindowPlan

KEY = b"llmbin-fast"  # of the metadata
FORMAT = 2
MOST_COLUMNS = 1 << 16  # of a vector, and samples: more are a damaged file


@dataclass(frozen=True)
class Origin:
    """What parts of one whole have in common.

    ``model`` is the pack's name, its version and the digest of its manifest. ``families`` are those
    of marker genes, None where markers are off; ``profiles`` digests of what genes are found by.
    """

    version: str
    model: tuple[str, str, str]
    width: int
    precision: str
    window: int
    windows: int
    bucket: int
    seed: int | None
    recruit_length: int
    families: tuple[str, ...] | None
    profiles: tuple[str, ...]

    def plan(self, first: int = 0) -> WindowPlan:
        """The windows of contigs of which the first has this place."""
        return WindowPlan(self.window, self.windows, self.bucket, self.seed, first)


@dataclass(frozen=True)
class Maker:
    """What computed a part. Other processors and libraries may give other last digits."""

    device: str
    processor: str
    libraries: tuple[str, ...]


@dataclass(frozen=True)
class Samples:
    """The samples whose depths a part holds: see `coverage.coverage.Coverage`."""

    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    reads: tuple[SampleReads, ...] = ()


@dataclass(frozen=True)
class About:
    """What a part is.

    ``first`` is the place of its first contig among those of the whole that are long enough. One in
    ``word_rate`` of its words is kept, and one in ``first_rate`` was from the start. ``bases`` and
    ``positions`` were encoded and computed.
    """

    origin: Origin
    maker: Maker
    samples: Samples
    contigs: int
    first: int
    word_rate: int
    first_rate: int
    bases: int
    positions: int

    def __post_init__(self) -> None:
        origin, numbers = self.origin, (self.contigs, self.first, self.bases, self.positions)
        rates = self.word_rate, self.first_rate
        titles = self.samples.names
        samples = len(set(titles))
        good = (
            min(numbers) >= 0
            and max(numbers) < 1 << 62
            and all(0 < rate <= 1 << 31 and not rate & (rate - 1) for rate in rates)
            and self.first_rate <= self.word_rate
            and 0 <= origin.width <= MOST_COLUMNS
            and min(origin.window, origin.windows, origin.bucket, origin.recruit_length) > 0
            and samples == len(titles) <= MOST_COLUMNS
            and all(title.strip() and title.isprintable() for title in titles)
            and len(self.samples.files) == samples
            and len(self.samples.reads) in (0, samples)
        )
        if not good:
            raise ValueError("its metadata holds what cannot be")


def to_json(about: About) -> bytes:
    """For the metadata of a schema."""
    return json.dumps({"format": FORMAT, **asdict(about)}).encode()


def from_json(text: bytes) -> About:
    """What `to_json` gave.

    Raises:
        ValueError: it is something else, or of another format.
    """
    try:
        held = json.loads(text)
        made_by = held.pop("format")
        if made_by != FORMAT:
            raise ValueError(f"its format is {made_by!r}, this program reads {FORMAT}")
        held["origin"] = _made(Origin, _tuples(held["origin"]))
        held["maker"] = _made(Maker, _tuples(held["maker"]))
        samples = _tuples(held["samples"])
        samples["reads"] = tuple(_reads(reads) for reads in samples["reads"])
        held["samples"] = _made(Samples, samples)
        about: About = _made(About, held)
        return about
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"its metadata is damaged ({error})") from None


def _reads(held: dict[str, Any]) -> SampleReads:
    reads: SampleReads = _made(SampleReads, {**held, "kind": _made(ReadKind, held["kind"])})
    return reads


def _tuples(held: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in held.items()}


def _made(kind: type[Any], held: dict[str, Any]) -> Any:
    """An object of plain fields, each of its type."""
    for field in fields(kind):
        if not _is(held[field.name], str(field.type)):
            raise TypeError(field.name)
    return kind(**held)


def _is(value: Any, kind: str) -> bool:
    """Whether a value is of a type, which is given as it is written."""
    if kind.endswith(" | None"):
        return value is None or _is(value, kind.removesuffix(" | None"))
    if kind.startswith("tuple["):
        inner = kind[6:-1].split(", ")
        if not isinstance(value, tuple) or (inner[-1] != "..." and len(value) != len(inner)):
            return False
        return all(_is(item, inner[0]) for item in value)
    plain: dict[str, type | tuple[type, ...]] = {
        "str": str,
        "int": int,
        "float": (int, float),
        "bool": bool,
    }
    if kind not in plain:
        return True  # one of ours, made before
    return isinstance(value, plain[kind]) and (kind == "bool" or not isinstance(value, bool))


def differing(parts: Sequence[Origin]) -> tuple[int, str] | None:
    """The first part that was not made as part 0 was, and the name of a field that differs."""
    for number, origin in enumerate(parts):
        for field in fields(Origin):
            if getattr(origin, field.name) != getattr(parts[0], field.name):
                return number, field.name
    return None
