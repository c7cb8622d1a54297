"""What is read of a step: customers outside the limits, overloads, flows of every element."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import element_rows
from gridmend.powerflow.series_flow import solve_series
from gridmend.powerflow.step_elements import element_flows
from gridmend.powerflow.step_summary import LIMITS, Gauge, Limits, summed_up
from tests.powerflow.swinging import swinging


def test_customers_are_counted_where_a_load_s_voltage_is_outside_the_limits() -> None:
    grid = read("ieee13")
    names = grid.loads["name"]
    grid = grid.with_changed(f"load.{names[0]}", customers=7)
    network = Network.of(grid)
    flow = network.solve(controls="off")
    gauge = Gauge.of(network)
    counts = grid.loads.counts("customers")
    wide = summed_up(network, gauge, flow, Limits(0.5, 2.0))
    assert wide["customers_outside"] == 0
    none_fit = summed_up(network, gauge, flow, Limits(1.9, 2.0))
    assert none_fit["customers_outside"] == counts.sum()
    served = grid.with_rows("customers", {"name": "c", "load": names[0], "count": 50})
    again = Network.of(served)
    only = summed_up(again, Gauge.of(again), again.solve(controls="off"), Limits(1.9, 2.0))
    assert only["customers_outside"] == 50
    assert LIMITS["ansi-a"] == Limits(0.95, 1.05)


def test_overloads_are_elements_above_their_rating_counted_once() -> None:
    grid = read("ieee123")
    network = Network.of(grid)
    flow = network.solve(controls="off")
    rows = list(element_rows(grid, flow))
    for rating in (30.0, 100.0):
        tight = grid
        for name in grid.lines:
            tight = tight.with_changed(f"line.{name}", rating_a=rating)
        other = Network.of(tight)
        over = {r[0] for r in element_rows(tight, other.solve(controls="off")) if r[7] > 100}
        found = summed_up(other, Gauge.of(other), other.solve(controls="off"), LIMITS["ansi-a"])
        assert found["overloads"] == len(over) > 0
    assert rows


def test_flows_of_elements_are_those_of_the_single_solves() -> None:
    grid = read("ieee13")
    network, series = Network.of(grid), swinging(grid, 3)
    found = solve_series(network, series, keep_voltages=True)
    flows = element_flows(network, series, found, first=0, begin=series.start)
    begin = series.start
    for step in range(3):
        flow = network.solve(series[step].at_positions_of(begin))
        begin = flow.snapshot
        rows = np.array([r[3:6] + r[7:8] for r in element_rows(grid, flow)])
        ours = np.stack([flows.p_kw, flows.q_kvar, flows.i_a, flows.loading_pct], 2)[step]
        np.testing.assert_allclose(ours, rows, rtol=1e-5, atol=1e-3)
    bare = solve_series(network, series)
    with pytest.raises(GridError, match="no voltages"):
        element_flows(network, series, bare, first=0, begin=series.start)
