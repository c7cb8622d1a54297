"""Restoration that looks ahead: every step at its own time, and the last state until the repair."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.interlock import Limits, violations
from gridmend.interlock.limits import worsened
from gridmend.model.deed import carried_out
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing
from gridmend.operations.restoration import propose, restore
from gridmend.powerflow.network import Network
from tests.operations.streets import street

COLD = ColdLoad()
LIMITS = Limits()


@cache
def ieee123() -> tuple[Grid, Network, Topology]:
    grid = read("ieee123")
    return grid, Network.of(grid), Topology.of(grid)


LINES = tuple(ieee123()[0].lines)


def _healed(line: str, horizon: Horizon | None, snapshot: Snapshot | None = None) -> Plan:
    grid, network, topology = ieee123()
    snapshot = Snapshot.normal(grid) if snapshot is None else snapshot
    return restore(
        grid, snapshot, line, ahead=horizon, network=network, topology=topology,
        seconds_limit=float("inf"),
    )  # fmt: skip


def _hours(*factors: float, cold: ColdLoad | None = None, repair_min: float = 240) -> Horizon:
    normal = Snapshot.normal(ieee123()[0])
    timing = Timing(repair_min=repair_min)
    return Horizon.scaled(normal, factors, step_min=60, timing=timing, cold=cold)


def test_everybody_whom_switching_reaches_is_back_where_demand_allows_it() -> None:
    plan = _healed("L52", _hours(1.0, 0.8, 1.0, cold=COLD))
    assert plan.customers_restored == plan.customers_restorable == 974
    assert plan.ahead is not None
    assert plan.ahead.step_min == (1.0, 1.5, 2.0, 2.5, 3.0)
    # 470 customers with 2.5 to 3 min out: a load of 1 draws 1 + 2.5 / 30 or 1 + 3 / 30
    assert 1.083 < 1 + plan.ahead.pickup_kw / plan.load_kw_restored < 1.1


def test_a_steady_horizon_without_pickup_changes_no_plan() -> None:
    for line in ("L115", "L52", "L105"):
        plain, ahead = _healed(line, None), _healed(line, Horizon())
        assert plain.steps == ahead.steps
        assert plain.gap_pct == ahead.gap_pct == 0


def test_a_plan_that_a_later_hour_forbids_is_refused_with_the_hour() -> None:
    assert _healed("L52", _hours(1.0)).customers_restored == 974
    assert _healed("L52", _hours(1.0, 1.0, 1.4)).customers_restored == 610
    left = " ".join(_healed("L52", _hours(1.0, 1.0, 1.4)).left_out)
    assert "2.0 h after the fault" in left
    # the hour after the repair is nobody's concern
    assert _healed("L52", _hours(1.0, 1.0, 1.4, repair_min=119)).customers_restored == 974


def test_what_a_long_outage_leaves_cold_is_not_carried_by_a_neighbour_that_has_no_room() -> None:
    grid, network, topology = ieee123()
    late = Horizon(Timing(detection_s=3600), cold=COLD)
    plan = restore(
        grid, Snapshot.normal(grid), "L115", ahead=late, network=network, topology=topology
    )
    assert 0 < plan.customers_restored < _healed("L115", None).customers_restored
    assert any("while loads pick up" in sentence for sentence in plan.left_out)


def _pickup(out_min: float, back_min: float) -> float:
    depth = min(out_min / 30, 1)
    return 1 + 0.5 * 2 * depth * np.exp(-max(back_min - 15 * depth, 0) / 30)


@given(
    st.sampled_from(LINES),
    st.lists(st.floats(0.5, 1.3), min_size=1, max_size=3),
    st.sampled_from([30.0, 600.0, 3600.0]),
)
@settings(max_examples=12, deadline=None)
def test_no_state_is_beyond_a_limit_at_any_minute_until_the_repair(
    line: str, factors: list[float], detection_s: float
) -> None:
    grid, network, topology = ieee123()
    timing = Timing(repair_min=170, detection_s=detection_s)
    normal = Snapshot.normal(grid)
    first = normal.with_demand(normal.load_kw * factors[0], normal.load_kvar * factors[0])
    horizon = Horizon.scaled(normal, factors, step_min=60, timing=timing, cold=COLD)
    proposal = propose(grid, first, line, ahead=horizon, network=network, topology=topology)
    plan = proposal.plans[0]
    if not plan.steps:
        return
    assert plan.ahead is not None
    times = [*plan.ahead.step_min, 170.0]
    state = proposal.isolation.tripped
    had = topology.supplied(topology.energised(first))
    has = topology.supplied(topology.energised(state))
    lost, back, out = (np.where(had & ~has, 0.0, np.nan), *np.full((2, len(had)), np.nan))
    for step, begin, end in zip(plan.steps, times, times[1:], strict=False):
        state = carried_out(step, grid, state)
        now = topology.supplied(topology.energised(state))
        lost[has & ~now] = begin
        came = now & ~has
        out[came], back[came] = begin - lost[came], begin
        has = now
        for minute in np.linspace(begin, max(end - 1e-3, begin), 4 if end - begin > 5 else 1):
            hour = factors[min(int(minute // 60), len(factors) - 1)]
            cold = np.array(
                [
                    1.0 if np.isnan(o) else _pickup(o, minute - b)
                    for o, b in zip(out, back, strict=True)
                ]
            )
            there = state.with_demand(normal.load_kw * hour * cold, normal.load_kvar * hour * cold)
            anyhow = normal.with_demand(normal.load_kw * hour, normal.load_kvar * hour)
            limits = Limits(
                v_low_pu=LIMITS.v_low_pu - LIMITS.worse_v_pu - 1e-3,
                v_high_pu=LIMITS.v_high_pu + LIMITS.worse_v_pu + 1e-3,
                loading_pct=120.0 if cold[has].max(initial=1) > 1.05 + 1e-6 else 105.0,
            )
            flow = network.solve(there, controls="static")
            assert flow.converged
            accepted = (*proposal.accepted, *violations(grid, network.solve(anyhow)))
            assert not worsened(accepted, violations(grid, flow, limits), limits)


LATE = Horizon(Timing(detection_s=3600), cold=COLD)
"""An hour out: every load draws twice its usual demand when it comes back."""


def test_a_line_that_serves_one_section_alone_is_not_held_against_its_customers() -> None:
    # 1000 kW are 46.3 A, and 92.6 A cold: whoever feeds it, the lateral carries them.
    grid = street(60.0)
    plan = restore(grid, Snapshot.normal(grid), "line.first", ahead=LATE)
    assert plan.customers_restored == 50
    assert plan.ahead is not None
    assert plan.ahead.loading_max_pct == pytest.approx(100 * 92.6 / 60, rel=0.01)
    assert plan.ahead.pickup_kw == pytest.approx(1000, rel=1e-6)


def test_a_neighbour_s_source_carries_no_more_than_it_may_while_loads_pick_up() -> None:
    for capacity_kva, restored in ((1650.0, 0), (1700.0, 50)):
        # 2000 kW cold on 120 % of the capacity: from 1667 kVA on
        grid = street(600.0, pole_kva=capacity_kva)
        plan = restore(grid, Snapshot.normal(grid), "line.first", ahead=LATE)
        assert plan.customers_restored == restored, capacity_kva


def test_a_tie_by_hand_finds_the_load_cold_that_a_remote_one_does_not() -> None:
    # after 1.5 min a load draws 1.05 times its demand, after 31 min twice
    grid = street(600.0, pole_kva=1100.0)
    quick = Horizon(cold=COLD)
    remote = restore(grid, Snapshot.normal(grid), "line.first", ahead=quick)
    by_hand = grid.with_changed("switch.tie", remote=False)
    plan = restore(by_hand, Snapshot.normal(grid), "line.first", ahead=quick)
    assert (remote.customers_restored, plan.customers_restored) == (50, 0)
    assert any("31 min after the fault" in sentence for sentence in plan.left_out)
    assert restore(by_hand, Snapshot.normal(grid), "line.first").customers_restored == 50


def test_demand_from_a_series_counts_load_by_load() -> None:
    # the head's own forecast rises; what the tie would carry does not
    grid = street(600.0, pole_kva=1500.0)
    normal = Snapshot.normal(grid)
    rising = Series(normal, np.array([[1.0, 1.6]]), {"load_kw": np.zeros(1, np.int64)})
    steady = Series(normal, np.array([[1.0, 1.4]]), {"load_kw": np.zeros(1, np.int64)})
    back = [
        restore(grid, normal, "line.first", ahead=Horizon(series=s)).customers_restored
        for s in (rising, steady)
    ]
    assert back == [0, 50]


def test_a_forecast_made_for_another_grid_is_an_error() -> None:
    other = Snapshot.normal(read("ieee13"))
    horizon = Horizon.scaled(other, [1.0, 1.2], step_min=60)
    with pytest.raises(GridError):
        _healed("L52", horizon)


def test_critical_customers_losses_and_switching_by_hand_are_told() -> None:
    grid, _, _ = ieee123()
    rows = [
        {"name": load, "load": load, "count": int(n),
         "priority": "critical" if load == "S62c" else "normal"}
        for load, n in zip(grid.loads, grid.loads["customers"], strict=True)
    ]  # fmt: skip
    count = next(row["count"] for row in rows if row["load"] == "S62c")
    plan = restore(grid.with_rows("customers", *rows), Snapshot.normal(grid), "L105")
    assert plan.critical_out in (0, count)
    plan = restore(grid.with_rows("customers", *rows), Snapshot.normal(grid), "L52")
    assert plan.critical_out == count
    assert plan.critical_restored == 0, "it stands in the faulted section"
    assert plan.by_hand == 0
    assert plan.loss_kw is not None
    assert 0 < plan.loss_kw < 0.1 * plan.load_kw_restored
