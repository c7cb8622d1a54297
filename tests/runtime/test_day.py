from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.day import Day, Fault, Restoration, run_day

FAULT = Fault(line="L52", at="17:30", repair_min=180)


def test_every_quarter_hour_of_a_quiet_day_is_solved(quiet: Day) -> None:
    assert len(quiet.times) == len(quiet.load_kw) == 96
    assert quiet.converged.all()
    assert quiet.times[0] == datetime(2026, 7, 15, tzinfo=UTC)
    assert quiet.times[-1] == datetime(2026, 7, 15, 23, 45, tzinfo=UTC)


def test_nobody_is_out_on_a_quiet_day(quiet: Day) -> None:
    assert not quiet.customers_out.any()
    assert quiet.saidi_min == 0
    commands = ("commanded", "tripped", "switched", "refused", "fault_suspected")
    assert not [event for event in quiet.events if event.kind in commands]


def test_load_follows_the_shape_and_losses_grow_faster_than_load(quiet: Day) -> None:
    assert int(np.argmax(quiet.load_kw)) == 72
    share = quiet.losses_kw / quiet.load_kw
    assert share[72] > share[12]


def test_the_lowest_voltage_says_where_and_when(quiet: Day) -> None:
    low = quiet.lowest_voltage()
    assert low.v_pu == quiet.v_min_pu.min()
    assert low.bus in quiet.grid.buses
    assert low.phase in ("a", "b", "c")
    assert str(low.bus) in str(low)
    assert "pu" in str(low)


def test_taps_are_carried_from_step_to_step(quiet: Day) -> None:
    assert 0 < quiet.tap_operations.sum() < 200
    flat = run_day(quiet.grid, shape=[0.8])
    assert flat.tap_operations[1:].sum() == 0


def test_the_crew_alone_leaves_everybody_behind_the_breaker_out_until_the_repair(
    by_crew: Day,
) -> None:
    out = by_crew.customers_out
    assert out[:71].sum() == 0, "at 17:30 the fault has not been cleared yet"
    assert (out[71:82] == out[71]).all()
    assert out[71] > 0
    assert out[83:].sum() == 0
    locked = next(h for h in by_crew.happened if h.kind == "lock_out")
    closed = [h.time_s for h in by_crew.happened if h.kind == "close"][-1]
    assert 10 < locked.time_s - 17.5 * 3600 < 60
    assert 0 < closed - 20.5 * 3600 < 10
    out_min = (closed - locked.time_s) / 60
    assert by_crew.customer_minutes == pytest.approx(out[71] * out_min)
    assert by_crew.saidi_min == pytest.approx(out[71] * out_min / by_crew.grid.customer_count())


def test_restoration_does_its_job(by_crew: Day, healed: Day) -> None:
    plan = healed.plans[0]
    assert plan.steps
    assert plan.customers_restored > 0
    assert plan.customers_restored_by_tie > 0
    assert plan.customers_restored == plan.customers_restorable
    assert healed.saidi_min < 0.5 * by_crew.saidi_min
    after = healed.customers_out[71]
    assert after == plan.customers_out - plan.customers_restored


def test_restoration_does_no_harm(quiet: Day, by_crew: Day, healed: Day) -> None:
    assert healed.converged.all()
    assert healed.customer_minutes <= by_crew.customer_minutes
    until_repair = slice(0, 82)
    assert (healed.customers_out <= by_crew.customers_out)[until_repair].all()
    assert np.nanmin(healed.v_min_pu[71:82]) > 0.95
    before = slice(0, 70)
    np.testing.assert_array_equal(healed.load_kw[before], quiet.load_kw[before])


@pytest.mark.parametrize("line", ["L13", "L35", "L67", "L97", "L108"])
def test_no_fault_is_made_worse_by_restoration(ieee123: Grid, line: str) -> None:
    fault = replace(FAULT, line=line)
    crew = run_day(ieee123, fault=fault, step_min=1440)
    switched = run_day(ieee123, fault=fault, restoration=Restoration(), step_min=1440)
    assert switched.customer_minutes <= crew.customer_minutes
    assert switched.curve[-1][1] == 0
    assert not any(event.kind == "plan_stopped" for event in switched.events)


def test_everything_is_back_to_normal_after_the_repair(healed: Day, quiet: Day) -> None:
    assert healed.customers_out[-1] == 0
    last = [event for event in healed.events if event.kind == "switched"]
    position = {event.payload["device"]: event.payload["action"] for event in last}
    for device, action in position.items():
        row = healed.grid.switches.row(device)
        is_open = bool(healed.grid.switches["normally_open"][row])
        assert action == ("open" if is_open else "close")
    assert healed.load_kw[-1] == pytest.approx(quiet.load_kw[-1], rel=0.01)


def test_steps_happen_on_the_virtual_clock(healed: Day) -> None:
    locked = next(h for h in healed.happened if h.kind == "lock_out")
    start = datetime(2026, 7, 15, tzinfo=UTC) + timedelta(seconds=locked.time_s)
    moved = [e for e in healed.events if e.kind == "commanded"]
    plan = healed.plans[0]
    first = moved[0].time_utc - start
    assert timedelta(seconds=60) <= first < timedelta(seconds=62), "after the time to be sure of it"
    steps = moved[1 : len(plan.steps) + 1]
    assert [e.payload["step"]["device"] for e in steps] == [s.device for s in plan.steps]
    for one, two in pairwise(steps):
        assert timedelta(seconds=30) <= two.time_utc - one.time_utc < timedelta(seconds=35)


def test_every_command_went_through_the_interlock_and_was_read_back(healed: Day) -> None:
    commands = {e.payload["command"] for e in healed.events if e.kind == "commanded"}
    judged = {e.payload["command"] for e in healed.events if e.kind == "flow_recorded"}
    ended = [e.payload for e in healed.events if e.kind == "outcome"]
    assert commands
    assert commands == judged == {said["command"] for said in ended}
    assert {said["state"] for said in ended} == {"confirmed"}
    checker = Recheck(healed.grid, world=World.TWIN)
    assert not [o for n, e in enumerate(healed.events, 1) for o in checker.add(e, n)]


def test_the_control_room_knows_of_the_fault_only_what_instruments_said(healed: Day) -> None:
    kinds = {event.kind for event in healed.events}
    assert "fault_struck" not in kinds
    struck = next(h for h in healed.happened if h.kind == "fault_struck")
    suspected = next(e for e in healed.events if e.kind == "fault_suspected")
    flagged = [e for e in healed.events if e.kind == "fault_indicated"]
    assert struck.payload["element"] == "line.l52"
    assert {e.payload["device"] for e in flagged if e.time_utc < suspected.time_utc} == {
        "sw1", "sw2",
    }  # fmt: skip
    assert suspected.payload["behind"] == "sw2"


def test_every_event_has_its_source_and_cause(healed: Day) -> None:
    assert healed.events
    assert all(event.source and event.cause for event in healed.events)


def test_equal_inputs_give_equal_bytes(ieee123: Grid, healed: Day) -> None:
    again = run_day(ieee123, fault=FAULT, restoration=Restoration())
    assert [e.as_line() for e in again.events] == [e.as_line() for e in healed.events]
    np.testing.assert_array_equal(again.v_min_pu, healed.v_min_pu)


def test_a_fault_before_midnight_counts_until_it_is_repaired(ieee123: Grid) -> None:
    day = run_day(ieee123, fault=Fault(line="L52", at="23:30", repair_min=120), step_min=60)
    assert day.curve[-1][1] == 0
    assert day.customer_minutes == pytest.approx(day.curve[-2][1] * 120, rel=0.01)


def test_a_repair_of_five_minutes_is_momentary(ieee123: Grid) -> None:
    day = run_day(ieee123, fault=Fault(line="L52", repair_min=5), step_min=1440)
    assert day.saidi_min == 0
    assert day.indices.maifi > 0


def test_a_repair_that_is_quicker_than_detection_leaves_nothing_to_plan(ieee123: Grid) -> None:
    policy = Restoration(detection_s=600)
    day = run_day(ieee123, fault=Fault(line="L52", repair_min=7), restoration=policy, step_min=1440)
    assert day.plans == ()
    assert day.curve[-1][1] == 0


def test_the_interruption_ledger_adds_up_to_the_curve(healed: Day) -> None:
    by_ledger = sum(i.customers * i.duration_min for i in healed.interruptions)
    curve = healed.curve
    by_curve = sum(n * (later - t).total_seconds() / 60 for (t, n), (later, _) in pairwise(curve))
    assert by_ledger == pytest.approx(by_curve)


def test_another_date_and_step_may_be_asked_for(ieee123: Grid) -> None:
    day = run_day(ieee123, date=date(2027, 1, 31), step_min=120)
    assert [t.hour for t in day.times] == list(range(0, 24, 2))
    assert day.times[0].date() == date(2027, 1, 31)


@pytest.mark.parametrize("step_min", [0, -15, 7, 2880])
def test_a_step_that_does_not_divide_a_day_is_refused(ieee123: Grid, step_min: int) -> None:
    with pytest.raises(GridmendError, match="do not divide a day"):
        run_day(ieee123, step_min=step_min)


def test_a_fault_on_a_line_that_is_not_there_names_the_nearest(ieee123: Grid) -> None:
    with pytest.raises(GridmendError, match="L520") as caught:
        run_day(ieee123, fault=Fault(line="L520"))
    assert "L52" in caught.value.mend


@pytest.mark.parametrize("repair_min", [0, -1, float("nan"), float("inf")])
def test_a_repair_needs_some_time(repair_min: float) -> None:
    with pytest.raises(GridmendError, match="cannot take"):
        Fault(line="L52", repair_min=repair_min)


def test_a_fault_needs_a_time_of_day() -> None:
    with pytest.raises(GridmendError, match="not a time of day"):
        Fault(line="L52", at="half past five")


@pytest.mark.parametrize("name", ["day.svg", "day.png", "day.pdf"])
def test_a_day_is_drawn_in_the_format_of_the_name(healed: Day, tmp_path: Path, name: str) -> None:
    path = healed.plot(tmp_path / name)
    head = path.read_bytes()[:100]
    assert head.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[name[-3:]])
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_the_same_day_gives_the_same_picture(quiet: Day, tmp_path: Path) -> None:
    one, two = quiet.plot(tmp_path / "one.svg"), quiet.plot(tmp_path / "two.svg")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", ["day", "day.bmp", "nowhere/day.svg"])
def test_a_picture_that_cannot_be_written_says_so(quiet: Day, tmp_path: Path, name: str) -> None:
    with pytest.raises(GridmendError):
        quiet.plot(tmp_path / name)


def test_a_grid_that_serves_nobody_has_a_day_too(ieee123: Grid) -> None:
    grid = ieee123.with_tables(loads=ieee123.loads.only(np.zeros(len(ieee123.loads), bool)))
    day = run_day(grid, fault=FAULT, step_min=720)
    assert day.saidi_min == 0
    assert "SAIDI 0.00 min" in str(day)
    assert np.isfinite(day.v_min_pu).all()


def test_a_fault_stops_at_the_load_it_is_not_on(ieee123: Grid) -> None:
    with pytest.raises(GridmendError, match="a fault cannot be on load"):
        run_day(ieee123, fault=Fault(line="load.S1a"), step_min=720)


@pytest.mark.parametrize("element", ["reg1a", "Sw5", "switch.sw1"])
def test_a_fault_may_be_on_a_transformer_or_a_switch(
    ieee123: Grid, tmp_path: Path, element: str
) -> None:
    fault = Fault(line=element, at="12:00")
    day = run_day(ieee123, fault=fault, restoration=Restoration(), step_min=720)
    assert day.curve[-1][1] == 0
    assert day.indices.saifi + day.indices.maifi > 0
    assert day.plot(tmp_path / "day.svg").is_file()
