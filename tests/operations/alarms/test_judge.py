from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest

import gridmend as gm
from gridmend.interlock.limits import Limits, violations
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.situation import (
    Authority,
    Clearance,
    Ground,
    Order,
    OrderState,
    Situation,
)
from gridmend.operations.alarms import Judge, conditions
from gridmend.operations.alarms.judge import ANSI, EN_50160, ranges_of
from gridmend.powerflow.solve import solve
from tests.interlock.networks import network
from tests.operations.alarms.said import at
from tests.operations.interruptions.feeder import feeder

HELD = {"": Authority("ann", 1)}


@cache
def eight() -> tuple[Grid, Flow, Judge]:
    grid = gm.read("ieee8500")
    return grid, gm.solve(grid), Judge.of(grid)


def situation(grid: Grid, **said: object) -> Situation:
    return replace(Situation.of(grid), authorities=HELD, **said)


def kinds(grid: Grid, now: Situation, minutes: float = 0) -> dict[str, str]:
    flow = solve(grid, now.snapshot)
    return {c.kind: c.device for c in conditions(grid, flow, now, now=at(minutes)) if c.is_beyond}


def test_voltages_and_loadings_are_those_that_the_interlock_finds() -> None:
    grid, flow, judge = eight()
    found = judge.conditions(flow, situation(grid), at(0))
    limits = Limits(v_low_pu=ANSI.wide_low_pu, v_high_pu=ANSI.wide_high_pu)
    theirs = violations(grid, flow, limits)
    low = {v.element.lower(): v.value for v in theirs if v.limit == "voltage_low"}
    ours = {c.at: c.value for c in found if c.kind == "undervoltage_b" and c.is_beyond}
    assert ours and set(ours) <= set(low)
    assert all(value == pytest.approx(low[at]) for at, value in ours.items())
    assert min(ours.values()) == pytest.approx(min(low.values()))
    heads = {judge.places.head(int(k)) for k in judge.places.of_node}
    sections = [c.device for c in found if c.kind == "undervoltage_b"]
    assert len(set(sections)) == len(sections) and set(sections) <= heads


def test_the_list_of_conditions_is_bounded_by_sections_whatever_the_voltage() -> None:
    grid, flow, judge = eight()
    sections = len(set(judge.places.of_node.tolist()))
    sunk = replace(flow, v_v=flow.v_v * 0.5, i_a=flow.i_a * 4)
    found = judge.conditions(sunk, situation(grid), at(0))
    assert sum(c.kind == "undervoltage_b" for c in found) <= sections
    assert len(found) <= 8 * sections + len(grid.sources)
    (worst,) = [c for c in found if c.kind == "undervoltage_b" and "more" in c.what][:1]
    assert worst.value is not None and worst.value < 0.6


def test_what_is_without_supply_has_no_voltage_to_be_told_of() -> None:
    grid = feeder()
    dead = situation(grid)
    snapshot = replace(dead.snapshot, source_on=np.zeros(2, bool))
    assert "undervoltage_b" not in kinds(grid, dead.with_snapshot(snapshot))


def test_a_flow_without_a_solution_is_one_condition_and_judges_nothing_else() -> None:
    grid, flow, judge = eight()
    blind = replace(flow, converged=False, v_v=flow.v_v * np.nan, worst_bus="m1")
    found = judge.conditions(blind, situation(grid), at(0))
    assert [c.kind for c in found] == ["not_converged"]
    assert "m1" in found[0].what


def test_the_ranges_are_those_of_the_frequency_unless_given() -> None:
    grid, flow, _ = eight()
    assert ranges_of(grid) is ANSI
    assert ranges_of(replace(grid, frequency_hz=50.0)) is EN_50160
    found = Judge.of(grid, ranges=EN_50160).conditions(flow, situation(grid), at(0))
    assert not [c for c in found if c.kind == "undervoltage_b" and c.is_beyond]


def test_a_value_just_inside_a_limit_holds_what_stands_and_raises_nothing() -> None:
    grid = gm.read("ieee123")
    flow, judge = gm.solve(grid), Judge.of(grid)
    (near,) = judge.conditions(flow, situation(grid), at(0))
    assert (near.kind, near.is_beyond) == ("overvoltage_a", False)
    assert near.value is not None and ANSI.high_pu - 0.003 < near.value < ANSI.high_pu
    calm = replace(flow, v_v=flow.v_v * 0.995)
    assert not judge.conditions(calm, situation(grid), at(0))


def test_overloads_are_told_by_rating_and_power_that_flows_into_a_source() -> None:
    grid = network(
        switches={"R1": ("src", "a")}, lines=[("a", "b")], sources={"north": "src"}, loads=["b"],
        following={"pv": "b"},
    )  # fmt: skip
    lines = grid.lines.changed("L1", {"rating_a": 1.0, "emergency_rating_a": 2.0})
    small = kinds(grid.with_tables(lines=lines), situation(grid))
    assert small["overload_emergency"] == small["overload"] == "r1"
    strong = grid.with_changed("pv", p_kw=5000.0)
    back = kinds(strong, situation(strong))
    assert back.get("reverse_flow") == "source.north"
    faint = grid.with_changed("pv", p_kw=0.5).with_changed("Db", p_kw=0.0, q_kvar=0.0)
    assert "reverse_flow" not in kinds(faint, situation(faint))


def test_a_clearance_wants_a_ground_and_no_voltage() -> None:
    grid = feeder()
    clearance = {"c1": Clearance("c1", "ann", ("d",))}
    hot = kinds(grid, situation(grid, clearances=clearance))
    assert {"clearance_energised", "clearance_without_ground"} <= set(hot)
    opened = situation(grid, clearances=clearance, grounds={"g": Ground("g", "d", "ann")})
    bits = opened.snapshot.open_phases.copy()
    bits[grid.switches.row("S2")] = 7
    dead = opened.with_snapshot(replace(opened.snapshot, open_phases=bits))
    assert not {"clearance_energised", "clearance_without_ground"} & set(kinds(grid, dead))


def test_orders_of_automation_wait_authority_lacks_and_devices_are_lost() -> None:
    grid = feeder()
    step = Step(Action.OPEN, "S2", "isolates")
    order = Order("o1", "flisr", "", (step,), OrderState.STUDIED, application="flisr")
    heard_s = np.full(len(grid.switches), at(0).timestamp())
    known = np.ones(len(grid.switches), bool)
    known[grid.switches.row("S3")] = False
    now = situation(grid, orders={"o1": order}, heard_s=heard_s, position_known=known)
    assert kinds(grid, now, 29) == {"approval_waits": "o1", "position_unknown": "s3"}
    late = kinds(grid, replace(now, authorities={}), 31)
    assert set(late) == {
        "approval_waits", "position_unknown", "communication_lost", "authority_missing",
    }  # fmt: skip
    written = replace(order, application="")
    assert "approval_waits" not in kinds(grid, replace(now, orders={"o1": written}))
    spoken = replace(now, heard_s=heard_s + timedelta(minutes=30).total_seconds())
    assert "communication_lost" not in kinds(grid, spoken, 31)


def test_every_element_of_a_section_is_fed_through_its_head() -> None:
    grid, _, judge = eight()
    places, topology = judge.places, judge.places.topology
    start = Situation.of(grid).snapshot
    for name in list(grid.switches["name"])[:40]:
        row = grid.switches.row(name)
        if places.above[row] < 0:
            continue
        lost, _ = topology.down(start, f"switch.{name}")
        inside = places.of_node == row
        assert not (inside & ~lost).any(), name
