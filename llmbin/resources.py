"""What a run may use of this machine."""

from __future__ import annotations

import math
import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from .cgroups import group_limits
from .errors import MemoryLimitError

MIB = 1 << 20
STATUS = "/proc/self/status"
LEAST_ADDRESS_SPACE = 640 * MIB  # with less, libraries crash while they load, or at their work
# TensorRT takes some 850 MB to build an engine, and may wait for ever for a thread that found less.
ENGINE_ADDRESS_SPACE = 1024 * MIB
PYTORCH_ADDRESS_SPACE = 1280 * MIB  # the same of training, which takes some 1,000 MB at least
NO_ROOM = (  # what the C library, the C++ library, ONNX Runtime and Arrow say
    "failed to map segment",
    "cannot map zero-fill pages",
    "Cannot allocate memory",
    "bad_alloc",
    "bad allocation",
    "Failed to allocate memory",
    "MemoryError",
)


def usable_cores() -> int:
    """CPU cores that this process may use: of its affinity and its quota, rounded up.

    All there are, on systems that tell neither.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = group_limits().cores
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def processor() -> str:
    """What the system calls the processor; its architecture where it does not tell."""
    named = next(cpu_facts("model name"), None)
    return platform.processor() or platform.machine() if named is None else named


def cpu_facts(*titles: str) -> Iterator[str]:
    """What Linux tells of each processor under some titles; nothing elsewhere."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as handle:
        for line in handle:
            title, _, value = line.partition(":")
            if title.strip().lower() in titles:
                yield value.strip()


@dataclass(frozen=True)
class MemoryLimit:
    """Bytes that may be used at most, and what says so."""

    size: int
    source: str


def memory_limit() -> MemoryLimit | None:
    """The least of the machine's memory and what its control groups allow; None if unknown."""
    found = []
    with suppress(OSError, ValueError):
        pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        found.append(MemoryLimit(pages * page, "this machine"))
    if (group := group_limits().memory) is not None:
        found.append(MemoryLimit(group, "this container or job (its control group)"))
    return min(found, key=lambda limit: limit.size, default=None)


def address_space() -> int | None:
    """Bytes of address space that ``ulimit -v`` or ``-d`` allows; None for no limit."""
    kinds = [resource.RLIMIT_AS, resource.RLIMIT_DATA]
    limits = [resource.getrlimit(kind)[0] for kind in kinds]
    return min((n for n in limits if n != resource.RLIM_INFINITY), default=None)


def keep_blas_to_one_thread() -> None:
    """Before numpy is loaded: our products are small, and threads that wait for them take CPU time.

    They also reserve address space for each core. Whoever set the number keeps it.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def check_address_space(least: int = LEAST_ADDRESS_SPACE) -> None:
    """Whether there are so many bytes of it for the libraries, to be known before they load.

    Raises:
        MemoryLimitError: there is not.
    """
    if (allowed := address_space()) is None:
        return
    if allowed < least:
        raise MemoryLimitError(
            f"`ulimit -v` (or -d) allows {shown(allowed)} of address space, and the libraries "
            f"need {shown(least)}; raise it"
        )
    share_one_heap()
    import numpy as np

    # OpenBLAS ends the process if it cannot take memory, which it does at its first product.
    square = np.ones((128, 128), np.float32)
    square @ square


def share_one_heap() -> None:
    """Have threads share the heap of the C library, if that is glibc.

    It reserves 64 to 128 MB of address space for each thread that allocates, of which hardly
    anything is used. And where none is left it ends the process when a thread comes to data of a
    library that each thread has for itself.
    """
    import ctypes

    heaps = -8  # M_ARENA_MAX of malloc.h
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(heaps, 1)


def no_room(error: BaseException) -> bool:
    """Whether memory or address space was wanting where a library was loaded or at work."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_ROOM)


def check_room(error: Exception) -> None:
    """Tell a library that has no room from one that is not there, and from what is wrong with data.

    Raises:
        MemoryError: memory or address space is wanting.
    """
    if no_room(error):
        raise MemoryError(str(error)) from None


def free_memory() -> int | None:
    """Bytes that nobody uses now, or only as a cache; None where the system does not tell."""
    return _told("/proc/meminfo", "MemAvailable:")


def peak_memory() -> int:
    """Most bytes of memory that this process had so far."""
    # Linux counts what started the process into its usage, if that was larger.
    if (told := _told(STATUS, "VmHWM:")) is not None:
        return told
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # the unit is the system's choice


def _told(path: str, what: str) -> int | None:
    """Bytes that a line of a file of the system says in kB; None if there is none."""
    with suppress(OSError, ValueError), open(path, encoding="ascii") as handle:
        for line in handle:
            if line.startswith(what):
                return int(line.split()[1]) * 1024
    return None


def shown(size: int) -> str:
    """Bytes for people: MB below 10 GB."""
    return f"{size / 1e6:,.0f} MB" if size < 10**10 else f"{size / 1e9:,.1f} GB"


@dataclass(frozen=True)
class Resources:
    """CPU threads, and the GPU (its number; None for none) that searches neighbours."""

    threads: int = 1
    gpu: int | None = None
