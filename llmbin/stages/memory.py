"""How much memory a run will need, said before it begins and not by who kills it."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass

from ..coverage.sparse import LEAST_CELLS, MOST_HELD
from ..errors import MemoryLimitError
from ..genes.markers import markers_available
from ..genes.thresholds import HOMOLOGY
from ..io.inputs import InputFile
from ..io.streams import read_chunks
from ..model.devices import asks_for_gpu
from ..resources import MIB, MemoryLimit, address_space, free_memory, memory_limit, shown
from .setting import Setting
from .survey import Survey

log = logging.getLogger("llmbin")

# Fitted to the peaks of whole runs of 5 kb to 1,158 Mb, all within 30 % (docs/reliability.md).
PLAIN, WITH_MARKERS = 100 * MIB, 195 * MIB  # interpreter, libraries, model; profiles of markers
SEARCH, A_BASE_OF_SEARCH = 105 * MIB, 63  # what searching markers takes, which is soon reached
# Of words of homology, some one in eight bases, and of their matches; so many are held at most.
A_WORD, WORDS, MATCHES = 8, 1.0, 0.4
A_CONTIG_READ = 400  # until all contigs are read; then the searches, words and matches are gone
LATER, A_CONTIG = 205 * MIB, 1_300  # in binning, with what searches markers, which stays
A_BASE_PLAIN, A_CONTIG_PLAIN = 1.55, 1_000  # without markers, as long as that is less
ARROW = 50 * MIB  # what reads files of features
A_DEPTH = 40  # of a contig in a sample, or in a column of a table
A_THREAD, THREADS, A_THREADS_BASES = 30 * MIB, 2, 50_000_000  # more threads on so many bases
ON_GPU = 1_000 * MIB  # CUDA's own
ZERO = re.compile(rb'\t"?[+-]?0(?:\.0*)?(?:[eE][+-]?\d+)?"?(?=[\t\r\n])')  # a cell, as 0.0e+00
# Address space: libraries, what is reserved with a byte in use, a thread's stack and heap.
SPACE, A_BYTE_SPACE, A_THREADS_SPACE = 115 * MIB, 1.25, 62 * MIB


@dataclass(frozen=True)
class RunSize:
    """What decides how much memory a run needs.

    ``depths`` are samples, or columns of tables; of those most of whose cells are 0, what is kept.
    ``known``: features are read from files.
    """

    contigs: int
    bases: int
    depths: float = 0
    threads: int = 1
    markers: bool = True
    gpu: bool = False
    known: bool = False


def size_of(setting: Setting, survey: Survey) -> RunSize:
    """That of a run."""
    options, inputs = setting.options, setting.inputs
    largest = max(Counter(survey.assemblies).values(), default=0)
    at_once = min(1.0, options.threads * largest / max(1, len(survey.names)))
    depths = (held_columns(table, len(survey.names), at_once) for table in inputs.tables)
    return RunSize(
        len(survey.names),
        survey.bases,
        len(inputs.bams) + sum(depths),
        options.threads,
        options.markers != "off" and markers_available(),
        asks_for_gpu(options.model.device) and not options.features,
        bool(options.features),
    )


def held_columns(table: InputFile, contigs: int, at_once: float) -> float:
    """Columns of a table, or what they come to where most cells are 0, by its first rows.

    Such cells are not kept, but all samples of the contigs that are binned ``at_once``, a share of
    all, are laid out.
    """
    header, _, rows = next(read_chunks(table), b"").partition(b"\n")
    while header.startswith(b"#") and b"\t" not in header and rows:  # a comment
        header, _, rows = rows.partition(b"\n")
    columns = header.count(b"\t")
    cells = rows.count(b"\t")
    share = 1 - len(ZERO.findall(rows)) / cells if cells else 1.0
    if share > MOST_HELD or columns * contigs < LEAST_CELLS:
        return columns
    return columns * (share + (1 - share) * at_once)


def needed_memory(run: RunSize) -> int:
    """Bytes of memory at the peak of a run."""
    search = WITH_MARKERS + min(SEARCH, A_BASE_OF_SEARCH * run.bases)
    words = min(WORDS * run.bases, A_WORD * HOMOLOGY.most_words)
    matches = min(MATCHES * run.bases, A_WORD * HOMOLOGY.most_matches)
    reading = search + words + matches + A_CONTIG_READ * run.contigs
    need: float = max(reading, LATER + A_CONTIG * run.contigs)
    if run.known or not run.markers:
        plain = PLAIN + ARROW * run.known
        need = min(plain + A_BASE_PLAIN * run.bases + A_CONTIG_PLAIN * run.contigs, need)
    more = max(0, run.threads - THREADS) * min(1.0, run.bases / A_THREADS_BASES)
    gpu = ON_GPU if run.gpu else 0
    return int(need + A_DEPTH * run.contigs * run.depths + A_THREAD * more + gpu)


def needed_space(run: RunSize) -> int:
    """Bytes of address space; glibc reserves some for each thread."""
    return int(A_BYTE_SPACE * needed_memory(run)) + SPACE + A_THREADS_SPACE * run.threads


def check_memory(setting: Setting, survey: Survey) -> None:
    """Say what the run needs; refuse one that cannot fit, and warn of one that may not.

    Raises:
        MemoryLimitError: it needs more than ``--max-memory``, the machine, its control group or
            its address space allow.
    """
    run, options = size_of(setting, survey), setting.options
    need = needed_memory(run)
    log.info("this run needs some %s of memory", shown(need))
    limit = (
        MemoryLimit(options.max_memory, "--max-memory") if options.max_memory else memory_limit()
    )
    if limit is not None and need > limit.size:
        insist = "" if options.max_memory else "; or say --max-memory if you know better"
        raise MemoryLimitError(
            f"this run needs some {shown(need)} of memory, and {limit.source} allows "
            f"{shown(limit.size)}; give it more, or leave out short contigs "
            f"(--recruit-length){insist}"
        )
    space, allowed = needed_space(run), address_space()
    if allowed is not None and space > allowed:
        raise MemoryLimitError(
            f"this run needs some {shown(space)} of address space, and `ulimit -v` (or -d) allows "
            f"{shown(allowed)}; raise it{', or use fewer --threads' * (options.threads > 1)}"
        )
    free = free_memory()
    if free is not None and need > free and not options.max_memory:
        log.warning(
            "only %s of memory are free now: the run may be slow, or be killed", shown(free)
        )
