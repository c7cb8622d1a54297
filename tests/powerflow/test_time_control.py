"""Controls that act in simulated time: what waits between steps, and power that turns round."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot, controlled_winding
from gridmend.powerflow.controls.waiting import Action, Waiting
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import solve_series
from tests.powerflow.swinging import swinging


def test_in_time_what_waits_goes_from_block_to_block() -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), swinging(grid, 40, step_s=10.0)
    whole = solve_series(network, series, controls="time")
    first = solve_series(network, series, controls="time", last=3)
    assert first.waiting is not None
    assert first.waiting.taps
    kept = type(first.waiting).of_lists(first.waiting.as_lists())
    rest = solve_series(network, series, controls="time", first=3, begin=first.end, waiting=kept)
    joined = np.concatenate([first.tap_pu, rest.tap_pu])
    np.testing.assert_array_equal(joined, whole.tap_pu)


def test_what_waits_comes_back_from_its_lists_as_it_was() -> None:
    waiting = Waiting(
        taps=(Action(12.5, 1, True), Action(3.0, 0, False)),
        armed=np.array([False, True]),
        reverse=np.array([True, False]),
        turn_due_s=np.array([np.nan, 7.0]),
        bank_due_s=np.array([np.nan, 4.0]),
        opened_s=np.array([-np.inf, 2.0]),
    )
    again = Waiting.of_lists(json.loads(json.dumps(waiting.as_lists(), allow_nan=False)))
    assert again.taps == waiting.taps
    for name in ("armed", "reverse", "turn_due_s", "bank_due_s", "opened_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(waiting, name))


def test_a_setting_without_a_model_in_time_is_refused() -> None:
    grid = read("ieee13")
    name = grid.tap_controls["name"][0]
    grid = grid.with_tables(tap_controls=grid.tap_controls.changed(name, {"inverse_time": True}))
    with pytest.raises(GridError, match="no model in time mode"):
        solve_series(Network.of(grid), swinging(grid, 1), controls="time")


def test_under_reverse_power_a_regulator_goes_to_neutral_after_its_delay_and_comes_back() -> None:
    grid = read("ieee13")
    for name in grid.tap_controls:
        changes = {"reverse_mode": "neutral", "reverse_delay_s": 60.0}
        grid = grid.with_tables(tap_controls=grid.tap_controls.changed(name, changes))
    plant = {"name": "g", "bus": "671", "phases": "a b c g", "kv": 4.16, "p_kw": 6000.0}
    grid = grid.with_rows("generators", plant)
    start, steps = Snapshot.normal(grid), 120
    runs = np.zeros(steps)
    runs[40:80] = 1.0
    factors = np.array([np.ones(steps), runs])
    follows = {"generator_kw": np.ones(1, int), "generator_kvar": np.ones(1, int)}
    network, series = Network.of(grid), Series(start, factors, follows, step_s=10.0)
    found = solve_series(network, series, controls="time")
    taps = found.tap_pu[:, [controlled_winding(grid, k) for k in range(3)]]
    assert (taps[39] > 1.01).all()
    np.testing.assert_allclose(taps[79], 1.0)
    # Reverse power is seen at step 40 and counts 60 s later, and so when it ends.
    for last, reverse in ((46, False), (47, True), (86, True), (87, False)):
        waiting = solve_series(network, series, controls="time", last=last).waiting
        assert waiting is not None
        assert (waiting.reverse == reverse).all(), last
    np.testing.assert_allclose(taps[119], taps[39], atol=0.0063)
