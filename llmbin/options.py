"""What a user may choose, and the defaults of it: their only home.

Imports nothing, so that the command line can show them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_MODEL = "llmbin-edge"
# A little better than fewer (docs/notes/2026-11-27-bases-of-a-window.md); bins gain too little.
EMBED_WINDOWS = 4
MIN_LENGTH, RECRUIT_LENGTH, MIN_BIN_SIZE = 1_500, 1_000, 200_000  # bp
MAX_CACHE = 2_000_000_000  # bytes of a cache
MARKERS, FORMATS = ("auto", "on", "off"), ("bioboxes",)  # what --markers and --format may be
PREFIX = "bin"
LONGEST_NAME = 100  # of a bin: file systems take 255 bytes, with what other programs put around it
BIN_EXTENSIONS = ("fna.gz", "fna", "fa.gz", "fa", "fasta.gz", "fasta")  # the first is default


@dataclass(frozen=True)
class ModelOptions:
    """What a user may choose of model and device.

    ``batch_size`` are windows, ``windows`` the most of a contig (0: the pack's number), and
    ``seed`` decides where the windows of long contigs begin: None for the middle of equal parts.
    """

    model: str = DEFAULT_MODEL
    device: str = "auto"
    precision: str = "auto"
    batch_size: int = 0
    windows: int = 0
    seed: int | None = 1


@dataclass(frozen=True)
class RunOptions:
    """Everything a user may choose of a run; lengths and sizes in bp.

    ``circles`` lists contigs that are circles. ``max_memory`` is in bytes, 0 for what the machine
    and its limits allow. ``cache`` is a folder where findings are kept from run to run, up to
    ``max_cache`` bytes. With ``pool`` samples of one name are added up. ``features`` are files of
    all contigs' features, found before; ``ray`` is the address of a cluster that finds them, or
    empty.
    """

    contigs: Path
    outdir: Path
    bams: Sequence[Path] = ()
    depth: Sequence[Path] = ()
    samples: Sequence[str] | None = None
    model: ModelOptions = field(default_factory=ModelOptions)
    threads: int = 1
    max_memory: int = 0
    min_length: int = MIN_LENGTH
    recruit_length: int = RECRUIT_LENGTH
    min_bin_size: int = MIN_BIN_SIZE
    min_identity: float | None = None
    separator: str = ""
    circles: Path | None = None
    markers: str = "auto"
    prefix: str = PREFIX
    bin_extension: str = BIN_EXTENSIONS[0]
    unbinned: bool = True
    formats: Sequence[str] = ()
    sample_id: str = ""
    report: bool = True
    force: bool = False
    resume: bool = False
    progress: bool = True
    cache: Path | None = None
    max_cache: int = MAX_CACHE
    pool: bool = False
    features: Sequence[Path] = ()
    ray: str = ""

    @property
    def inputs(self) -> list[Path]:
        """Everything that is read."""
        circles = [self.circles] if self.circles is not None else []
        return [self.contigs, *self.bams, *self.depth, *self.features, *circles]


@dataclass(frozen=True)
class PartOptions:
    """Everything a user may choose of the features of a part of the contigs.

    ``part`` is its number, from 1, and in how many parts the contigs are cut; ``first`` the place
    of the first contig, where the contigs are themselves a part, and ``whole_bases`` those of the
    whole if they are known.
    """

    contigs: Path
    output: Path
    bams: Sequence[Path] = ()
    depth: Sequence[Path] = ()
    samples: Sequence[str] | None = None
    model: ModelOptions = field(default_factory=ModelOptions)
    threads: int = 1
    part: tuple[int, int] = (1, 1)
    first: int = 0
    whole_bases: int = 0
    recruit_length: int = RECRUIT_LENGTH
    min_identity: float | None = None
    markers: str = "auto"
    progress: bool = True
    pool: bool = False

    @property
    def inputs(self) -> list[Path]:
        """Everything that is read."""
        return [self.contigs, *self.bams, *self.depth]


def recruit_length_for(min_length: int) -> int:
    """The shortest contig that is recruited, in bp, where it is not given."""
    return min(RECRUIT_LENGTH, min_length)


def bin_names(prefix: str, number: int) -> list[str]:
    """Names of so many bins."""
    return [bin_name(prefix, b) for b in range(number)]


def bin_name(prefix: str, number: int) -> str:
    """Name of bin ``number`` (from 0): PREFIX.0001, or with 0001 in place of ``{}``."""
    digits = f"{number + 1:04d}"
    return prefix.replace("{}", digits) if "{}" in prefix else f"{prefix}.{digits}"


def can_name_bins(prefix: str) -> bool:
    """Whether names of bins that begin so are names of files, in any folder."""
    name = bin_name(prefix, 0)
    plain = name.isprintable() and set(name).isdisjoint("/\\ ") and name[0] not in ".-"
    return plain and len(name) <= LONGEST_NAME and prefix.count("{}") <= 1


def plain_prefix(prefix: str) -> str:
    """A prefix without the place for numbers."""
    return prefix.replace("{}", "").strip("._-") or "bins"


def file_prefix(prefix: str) -> str:
    """What names of files begin with: PREFIX and a dot, or nothing for the default prefix."""
    return "" if prefix == PREFIX else f"{plain_prefix(prefix)}."


def unbinned_name(prefix: str, extension: str) -> str:
    """Name of the file of contigs that are in no bin."""
    return f"{file_prefix(prefix)}unbinned.{extension}"
