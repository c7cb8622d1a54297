"""What must trip trips in time, and what must ride through does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.twin.inverters.changes import CAUSES, Deed
from gridmend.twin.inverters.machine import RideThrough
from gridmend.twin.inverters.settings import Settings
from gridmend.twin.inverters.standard import (
    TRIP_NAMES,
    Category,
    frequency_ride_through_s,
    ride_through_s,
)

PAGE = Path(__file__).parents[3] / "docs" / "ride-through.md"
START_S = 7.25
BEYOND = 1e-3


def _hand_table() -> Iterator[tuple[str, str, float, float]]:
    rows = re.findall(r"^\| (I+) \(Table 1[123]\) \| (\d.*) \|$", PAGE.read_text("utf-8"), re.M)
    for category, cells in rows:
        for name, cell in zip(TRIP_NAMES, cells.split(" | "), strict=True):
            threshold, clearing_s = (float(word) for word in cell.split(", "))
            yield category, name, threshold, clearing_s


def _played(
    category: str, *, v_pu: float, f_hz: float, lasts_s: float, phase: int = 0
) -> list[tuple[float, Deed, str]]:
    """What one resource does when one phase and the frequency are off for a time."""
    machine = RideThrough.of([Settings.of(category)])
    v = np.ones((1, 3))
    v[0, phase] = v_pu
    machine.see(START_S, v, f_hz, True)
    machine.see(START_S + lasts_s, np.ones((1, 3)), 60.0, True)
    done = machine.act(START_S + lasts_s)
    return [(time_s - START_S, deed, cause) for time_s, _, deed, cause in done.rows()]


def _trips(done: list[tuple[float, Deed, str]]) -> list[tuple[float, str]]:
    return [(time_s, cause) for time_s, deed, cause in done if deed is Deed.TRIPPED]


def test_the_page_has_a_row_for_each_category_and_threshold() -> None:
    found = [(category, name) for category, name, _, _ in _hand_table()]
    assert found == [(category, name) for category in Category for name in TRIP_NAMES]


@pytest.mark.parametrize(("category", "name", "threshold", "clearing_s"), list(_hand_table()))
def test_each_threshold_trips_at_its_clearing_time_and_not_a_millisecond_before(
    category: str, name: str, threshold: float, clearing_s: float
) -> None:
    off = threshold + (BEYOND if name.startswith("o") else -BEYOND)

    def trips(value: float, lasts_s: float) -> list[tuple[float, str]]:
        v_pu, f_hz = (value, 60.0) if name[1] == "v" else (1.0, value)
        return _trips(_played(category, v_pu=v_pu, f_hz=f_hz, lasts_s=lasts_s))

    assert trips(off, clearing_s) == [(pytest.approx(clearing_s, abs=1e-6), name)]
    assert trips(off, clearing_s - 0.001) == []
    assert name not in [cause for _, cause in trips(threshold, 500.0)]


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(list(Category)),
    st.floats(0.0, 1.3),
    st.floats(0.0, 0.999),
    st.integers(0, 2),
)
def test_no_sag_or_swell_trips_within_the_time_that_must_be_ridden_through(
    category: Category, v_pu: float, part: float, phase: int
) -> None:
    lasts_s = part * min(ride_through_s(category, v_pu), 4000.0)
    assert _trips(_played(category, v_pu=v_pu, f_hz=60.0, lasts_s=lasts_s, phase=phase)) == []


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(list(Category)), st.floats(55.0, 64.0), st.floats(0.0, 0.999))
def test_no_frequency_trips_within_the_time_that_must_be_ridden_through(
    category: Category, f_hz: float, part: float
) -> None:
    lasts_s = part * min(frequency_ride_through_s(f_hz), 4000.0)
    assert _trips(_played(category, v_pu=1.0, f_hz=f_hz, lasts_s=lasts_s)) == []


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(list(_hand_table())),
    st.floats(1e-6, 0.3),
    st.floats(0.0, 5.0),
    st.integers(0, 2),
)
def test_what_shall_trip_trips_once_and_no_later_than_its_clearing_time(
    row: tuple[str, str, float, float], beyond: float, longer_s: float, phase: int
) -> None:
    category, name, threshold, clearing_s = row
    scale = 1.0 if name[1] == "v" else 10.0
    off = threshold + scale * beyond * (1 if name.startswith("o") else -1)
    v_pu, f_hz = (max(off, 0.0), 60.0) if name[1] == "v" else (1.0, off)
    lasts_s = clearing_s + longer_s
    trips = _trips(_played(category, v_pu=v_pu, f_hz=f_hz, lasts_s=lasts_s, phase=phase))
    assert len(trips) == 1
    assert trips[0][0] <= clearing_s + 1e-6
    assert trips[0][1] in CAUSES


def test_the_mean_of_the_phases_trips_nothing_and_each_phase_by_itself_does() -> None:
    machine = RideThrough.of([Settings.of("I")] * 2)
    machine.see(0.0, [[0.75, 0.75, 0.75], [0.6, 0.8, 0.85]], 60.0, True)
    done = machine.act(2.0)
    assert done.of(Deed.TRIPPED).tolist() == [1]


def test_high_and_low_phases_run_their_timers_side_by_side() -> None:
    done = _two_phases(low=0.65, high=1.12, until_s=3.0)
    assert done == [(2.0, "ov1")]
    assert _two_phases(low=0.40, high=1.12, until_s=3.0) == [(0.16, "uv2")]


def _two_phases(*, low: float, high: float, until_s: float) -> list[tuple[float, str]]:
    machine = RideThrough.of([Settings.of("II")])
    machine.see(0.0, [[low, high, np.nan]], 60.0, True)
    done = machine.act(until_s)
    return [(t, cause) for t, _, deed, cause in done.rows() if deed is Deed.TRIPPED]


def test_a_phase_that_a_resource_lacks_counts_for_nothing() -> None:
    machine = RideThrough.of([Settings.of("III")] * 2)
    machine.see(0.0, [[1.0, np.nan, np.nan], [np.nan, np.nan, 0.3]], 60.0, True)
    assert machine.act(1000.0).of(Deed.TRIPPED).tolist() == [1]


def test_a_break_starts_the_timer_anew() -> None:
    machine = RideThrough.of([Settings.of("I")])
    for start_s in (0.0, 2.0, 4.0):  # 1.9 s below 0.70 each time, and 2 s would trip
        machine.see(start_s, [0.65], 60.0, True)
        machine.see(start_s + 1.9, [1.0], 60.0, True)
    assert len(machine.act(5.9).of(Deed.TRIPPED)) == 0
    machine.see(6.0, [0.65], 60.0, True)
    machine.see(7.0, [0.60], 60.0, True)  # deeper, and still below the same threshold
    assert [row[0] for row in machine.act(9.0).rows()] == [8.0]
