"""Work beside the thread that leads: what comes of it, what it raises, and when it is done."""

from __future__ import annotations

import threading

import pytest

from llmbin.model.queue import beside


def test_work_goes_on_while_the_block_does_and_its_result_is_waited_for() -> None:
    go_on = threading.Event()

    def work() -> str:
        assert go_on.wait(10)
        return threading.current_thread().name

    with beside(2, work) as result:
        go_on.set()
        assert result() != threading.current_thread().name
    assert result() == result()


def test_with_one_thread_it_is_done_when_it_is_asked_for() -> None:
    asked: list[str] = []
    with beside(1, lambda: asked.append(threading.current_thread().name)) as result:
        assert not asked
    result()
    assert asked == [threading.current_thread().name]


@pytest.mark.parametrize("threads", [1, 2])
def test_what_it_raises_comes_out_where_its_result_is_asked_for(threads: int) -> None:
    def work() -> None:
        raise OSError("the disk is full")

    with beside(threads, work) as result, pytest.raises(OSError, match="the disk is full"):
        result()
    with beside(threads, work):
        pass


def test_the_block_ends_no_sooner_than_the_work() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        threading.Event().wait(0.05)
        ended.set()

    with pytest.raises(ValueError, match="of the block"), beside(2, work):
        begun.wait(10)
        raise ValueError("of the block")
    assert ended.is_set()
