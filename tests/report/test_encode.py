from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmbin.report.encode import (
    STEPS,
    integers,
    logarithmic,
    names_in_one,
    number,
    quantised,
    readable,
    script_json,
)


def unpacked(packed: dict[str, object]) -> np.ndarray:
    """As the page's script reads it."""
    if "u32" in packed:
        return np.frombuffer(base64.b64decode(str(packed["u32"])), "<u4").astype(np.int64) - 1
    low, high = float(str(packed["low"])), float(str(packed["high"]))
    steps = np.frombuffer(base64.b64decode(str(packed["u16"])), "<u2")
    values = low + steps * (high - low) / STEPS
    return np.where(steps == 0, 0, 10**values) if packed.get("log") else values


@given(st.lists(st.floats(-3, 7)))
def test_quantised_numbers_are_off_by_half_a_step_at_most(values: list[float]) -> None:
    again = unpacked(quantised(np.array(values), -3, 7))
    np.testing.assert_allclose(again, values, atol=10 / STEPS / 2 + 1e-9)


@given(st.lists(st.one_of(st.just(0.0), st.floats(2e-4, 1e6))))
def test_depths_are_off_by_a_thousandth_at_most(values: list[float]) -> None:
    np.testing.assert_allclose(unpacked(logarithmic(np.array(values))), values, rtol=1e-3)


def test_what_is_beyond_or_unknown_is_at_the_ends() -> None:
    again = unpacked(quantised(np.array([-1, 2, np.nan]), 0, 1))
    assert again.tolist() == [0, 1, 0]


@given(st.lists(st.integers(-1, 2**32 - 2)))
def test_integers_come_back(values: list[int]) -> None:
    assert unpacked(integers(np.array(values, np.int64))).tolist() == values


@given(st.text())
def test_json_stays_in_its_script_element(text: str) -> None:
    made = script_json({text: [text]})
    assert made.isascii()
    assert set(made).isdisjoint("<>&")
    assert json.loads(made) == {text: [text]}


def test_bytes_that_are_not_utf8_can_be_read() -> None:
    assert readable("k\udcff_1") == "k\\xff_1"
    assert names_in_one(["a", "\udc80"]) == "a\n\\x80"


def test_json_has_no_nan() -> None:
    assert number(float("nan")) is None
    assert number(1 / 3) == 0.333333
    with pytest.raises(ValueError, match="JSON"):
        script_json(float("inf"))
