from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin.features.scan import AHEAD, GROUP, watched
from llmbin.io.contigs import Contig


class Lengths:
    """Takes longer for earlier contigs, so that later ones are done first."""

    def __init__(self, delay: float = 0.0) -> None:
        self.delay, self.kept, self.threads = delay, [], set()

    def look(self, contigs: list[Contig]) -> list[int]:
        self.threads.add(threading.get_ident())
        time.sleep(self.delay / (contigs[0].index + 1))
        return [len(contig.codes) for contig in contigs]

    def keep(self, contigs: list[Contig], found: list[int]) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.kept += [(contig.index, length) for contig, length in zip(contigs, found, strict=True)]


def contigs_of(lengths: list[int]) -> Iterator[Contig]:
    return (Contig(i, f"c{i}", np.zeros(n, np.uint8)) for i, n in enumerate(lengths))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from([0, 1, 1000, GROUP - 1, GROUP, 3 * GROUP]), max_size=60),
    st.integers(1, 4),
    st.booleans(),
)
def test_every_contig_goes_by_and_what_is_found_is_kept_in_order(
    lengths: list[int], threads: int, shared: bool
) -> None:
    first, second = Lengths(0.002), Lengths()
    with ThreadPoolExecutor(threads) as pool:
        passed = [
            (c.index, len(c.codes))
            for c in watched(
                contigs_of(lengths), [first, second], threads, pool if shared else None
            )
        ]
    assert passed == first.kept == second.kept == list(enumerate(lengths))


def test_reading_does_not_run_far_ahead() -> None:
    """What has been read and not yet looked at stays bounded, however slow the looking is."""
    slow = Lengths(0.02)
    for contig in watched(contigs_of([GROUP] * 40), [slow], 2):
        assert contig.index - len(slow.kept) <= 2 * AHEAD
    assert 1 < len(slow.threads) <= 2


def test_an_error_of_a_watcher_reaches_the_reader() -> None:
    class Failing(Lengths):
        def look(self, contigs: list[Contig]) -> list[int]:
            raise ValueError(f"no {contigs[0].name}")

    with pytest.raises(ValueError, match="no c0"):
        list(watched(contigs_of([5, 5]), [Failing()], 2))
