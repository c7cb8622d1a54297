import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.runtime.shape import (
    checked_shape,
    demand_at,
    minute_of_day,
    residential_shape,
    sun_shape,
)


def test_the_default_day_peaks_at_one_at_six_in_the_evening() -> None:
    shape = residential_shape()
    assert len(shape) == 96
    assert shape.max() == 1.0
    assert int(np.argmax(shape)) == 18 * 4


def test_the_default_day_has_its_trough_at_night_and_a_rise_in_the_morning() -> None:
    shape = residential_shape()
    assert 0 <= np.argmin(shape) / 4 < 5
    assert 0.3 < shape.min() < 0.5
    assert shape[int(7.5 * 4)] > shape[10 * 4]


def test_the_default_day_closes_over_midnight() -> None:
    shape = residential_shape()
    assert abs(shape[-1] - shape[0]) < 0.03


@given(st.integers(1, 1440), st.floats(0, 10_000))
def test_any_minute_has_a_value_of_the_shape(size: int, minute: float) -> None:
    shape = np.arange(size, dtype=float)
    assert demand_at(shape, minute) in shape


def test_a_value_holds_until_the_next() -> None:
    shape = [1.0, 2.0]
    assert [demand_at(shape, m) for m in (0, 719.9, 720, 1439.9, 1440)] == [1, 1, 2, 2, 1]


@pytest.mark.parametrize(
    "wrong", [[], [[1.0]], [float("nan")], [-1.0], [float("inf")], [1.0] * 1441]
)
def test_what_is_no_shape_is_refused(wrong: list[float]) -> None:
    with pytest.raises(GridmendError):
        checked_shape(wrong)


@pytest.mark.parametrize(
    "text", ["", "noon", "24:00", "12:60", "12:5", "-1:00", "1:00:00", "१७:३०"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(GridmendError, match="not a time of day"):
        minute_of_day(text, "--at")


def test_the_sun_is_down_at_night_and_highest_at_one() -> None:
    assert sun_shape(3) == sun_shape(23) == 0
    assert sun_shape(13) == 1
