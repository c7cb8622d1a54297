"""The outage desk in a run: what is out is predicted, who is back asked, what is nested found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.prediction.remaining import STAGES
from gridmend.powerflow.network import Network
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.exercise.outage_looks import SETTLE_MOST_S, SETTLE_S
from gridmend.runtime.exercise.outages import CALM_S, OutageDesk
from gridmend.runtime.exercise.restoration_times import restoration_times
from gridmend.runtime.exercise.room import Room
from gridmend.twin.field import Equipment, Field
from gridmend.twin.people.crew import Crew
from gridmend.twin.people.habits import Habits
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.scenario import (
    Equipped,
    People,
    Realism,
    Scenario,
    Sky,
    Telemetry,
)
from gridmend.twin.streams import Streams
from gridmend.twin.telemetry.meters import Metering

START = datetime(2026, 7, 15, 8, tzinfo=UTC)
NESTED = ("s28a", "s29a", "s30c", "s31c", "s32c", "s33a")
"""Loads behind the fuse."""


def fused(grid: Grid) -> Grid:
    """The feeder with a fuse where the line to bus 25 begins."""
    row = {str(k): v for k, v in grid.lines.record("L24").items()}
    fuse = {"name": "F1", "bus1": row["bus1"], "phases1": row["phases1"], "bus2": "23f",
            "phases2": row["phases2"], "kind": "fuse", "interrupts": "fault"}  # fmt: skip
    base_kv = float(grid.buses["base_kv"][grid.buses.row(str(row["bus1"]))])
    grid = grid.without("line.L24").with_rows("buses", {"name": "23f", "base_kv": base_kv})
    return grid.with_rows("switches", fuse).with_rows("lines", {**row, "bus1": "23f"})


def run(
    *strikes: tuple[str, float], meters: Metering | None = None, hours: float = 6.0
) -> Exercise:
    """A quiet day without a call, on which elements are struck at times [s]."""
    scenario = Scenario(
        name="nested", grid="ieee123", start=START, hours=hours, seed=7,
        weather=Sky(ordinary_faults=False),
        telemetry=Telemetry(
            indicators=Equipped(at=("Sw1", "Sw2", "Sw3", "Sw4")),
            meters=meters or Metering(gasps=0.7),
        ),
        people=People(
            crews=(Crew("north", "T1", shift_start_h=7, shift_end_h=22),
                   Crew("south", "T2", shift_start_h=7, shift_end_h=22)),
            habits=Habits(call_share=(0.0, 0.0, 0.0)),
        ),
        realism=Realism(other_calls=False, false_flags=False, missed_flags=False),
        happenings=tuple(
            FaultStrikes(element=element, at_s=at_s, phases=("a", "b", "c"))
            for element, at_s in strikes
        ),
    )  # fmt: skip
    return rehearse(scenario, "crew", grid=fused(gridmend.read("ieee123")))


@pytest.fixture(scope="module")
def nested() -> Exercise:
    """A main line and a line behind the fuse are struck at one instant."""
    return run(("L52", 600.0), ("L26", 600.0))


def of_kind(exercise: Exercise, kind: str, **payload: Any) -> list[Event]:
    found = [event for event in exercise.events if event.kind == kind]
    assert not [problem for event in found if (problem := wrong_with(event))]
    return [e for e in found if all(e.payload.get(k) == v for k, v in payload.items())]


def minutes(event: Event) -> float:
    return (event.time_utc - START).total_seconds() / 60


def test_an_outage_is_predicted_verified_and_what_is_nested_found_by_pings_and_mended(
    nested: Exercise,
) -> None:
    first, second = of_kind(nested, "outage_predicted")
    assert first.payload["device"] == "sw1" and not first.payload["nested"]
    assert first.payload["customers"] == nested.grid.customer_count()
    locked = [e for e in of_kind(nested, "tripped") if e.payload.get("locked_out")]
    assert minutes(first) - minutes(locked[0]) == pytest.approx(2 / 60, abs=0.02), "at once"
    since = datetime.fromisoformat(first.payload["since_utc"])
    assert abs((since - locked[0].time_utc).total_seconds()) < 1.5, "not since it is told"
    assert second.payload["device"] == "f1" and second.payload["nested"]
    behind = sum(
        one.customers for one in nested.interruptions if one.event.lower() in NESTED
        and (one.start - START).total_seconds() < 3600
    )  # fmt: skip
    assert second.payload["customers"] == behind > 50
    closed = [
        e for e in of_kind(nested, "status", device="sw1") if e.payload["position"] == "closed"
    ]
    repaired = {e.payload["element"]: minutes(e) for e in of_kind(nested, "repaired")}
    assert minutes(closed[-1]) < minutes(second) < minutes(closed[-1]) + 10
    assert minutes(second) < repaired["line.l26"], "it was mended for having been found"
    silent = [e for e in of_kind(nested, "meter_pinged") if not e.payload["answered"]]
    assert {e.payload["meter"] for e in silent if minutes(e) < minutes(second)} == set(NESTED)
    assert not of_kind(nested, "customer_called"), "nobody has said so by telephone"
    assert nested.measures["customers_out_at_end"] == 0


def test_a_restoration_is_verified_by_those_who_answer(nested: Exercise) -> None:
    main, rest = of_kind(nested, "restoration_verified")
    counts = main.payload
    assert (counts["device"], counts["unknown"]) == ("sw1", 0)
    assert counts["back"] + counts["out"] == nested.grid.customer_count()
    behind = next(e for e in of_kind(nested, "outage_predicted") if e.payload["nested"])
    assert counts["out"] == behind.payload["customers"]
    assert (rest.payload["device"], rest.payload["out"]) == ("f1", 0)
    assert rest.payload["back"] == counts["out"]
    answered = [e for e in of_kind(nested, "meter_pinged") if e.payload["answered"]]
    assert {e.payload["meter"] for e in answered} <= set(NESTED)
    assert all(0.9 < e.payload["v_pu"] < 1.1 for e in answered)


def test_the_time_of_restoration_is_told_anew_at_each_stage(nested: Exercise) -> None:
    for device in ("sw1", "f1"):
        told = of_kind(nested, "restoration_estimated", device=device)
        assert [e.payload["stage"] for e in told] == list(STAGES[:5])
        assert all(e.payload["early_utc"] < e.payload["median_utc"] < e.payload["late_utc"]
                   for e in told)  # fmt: skip
    stages = {e.payload["stage"] for e in of_kind(nested, "time_estimated")}
    assert stages == {"assigned", "arrived", "patrolled"}


def test_what_is_measured_of_the_intervals_is_what_the_twin_saw(nested: Exercise) -> None:
    found = restoration_times([nested])
    told = of_kind(nested, "restoration_estimated")
    assert found["n"] + found["open_at_end"] + found["nobody_out"] == len(told)
    inside = 0
    for event in told:
        names = {str(name).lower() for name in event.payload["loads"]}
        back = max(
            one.end for one in nested.interruptions
            if one.event.lower() in names and one.start <= event.time_utc < one.end
        )  # fmt: skip
        early, late = (datetime.fromisoformat(event.payload[k]) for k in ("early_utc", "late_utc"))
        inside += early <= back <= late
    assert found["held_pct"] == pytest.approx(100 * inside / found["n"], abs=0.06)
    assert sum(one["n"] for one in found["by_stage"].values()) == found["n"]


@pytest.fixture(scope="module")
def room(ieee123: Grid) -> Room:
    """A control room over a quiet field."""
    series = Series.scaled(Snapshot.normal(ieee123), [0.7] * 8, step_s=900.0)
    return Course(Field.of(Network.of(ieee123), series, START, Streams(3), Equipment())).room


def desk_of(room: Room, asked: list[str]) -> OutageDesk:
    """A desk in a room, and whom it asks."""

    def ask(meters: Iterable[str]) -> int:
        names = list(meters)
        asked.extend(names)
        return len(names)

    return OutageDesk(room, (), ask)


STRANGE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("meter_gasped", {"meter": "nobody"}), ("meter_gasped", {}), ("meter_gasped", {"meter": 7}),
    ("customer_called", {"customer": "nobody/1", "text": "no power"}), ("customer_called", {}),
    ("customer_called", {"customer": "", "text": "no power"}),
    ("meter_pinged", {"meter": "S1a"}), ("meter_pinged", {"meter": "x", "answered": False}),
    ("tripped", {"device": "nothing"}), ("tripped", {}), ("commanded", {}),
    ("status", {"device": "Sw2", "position": "ajar"}), ("status", {}),
    ("crew_said", {}),
    ("crew_said", {"crew": "x", "job": "patrol 1 behind ", "text": "begins: patrol"}),
    ("crew_said", {"crew": "x", "job": "patrol 1 behind nothing", "text": "begins: patrol x"}),
    ("time_estimated", {"job": "mend 1 behind sw1", "end_utc": "soon", "stage": "patrolled"}),
    ("fault_suspected", {"behind": "nothing"}), ("something", {}),
    ("meter_gasped", {"meter": "S1a"}), ("tripped", {"device": "sw1", "locked_out": True}),
    ("status", {"device": "Sw1", "position": "closed"}),
)  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from(STRANGE), st.floats(-1e8, 1e8)), max_size=30),
    st.lists(st.integers(0, 90), max_size=12), st.booleans(),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_nothing_that_is_heard_breaks_the_desk_and_it_moves_nothing(
    room: Room, strange: list[tuple[tuple[str, dict[str, Any]], float]], dark: list[int],
    crew: bool,
) -> None:  # fmt: skip
    asked: list[str] = []
    desk, grid = desk_of(room, asked), room.kernel.grid
    kernel, before = desk.room.kernel, Snapshot.normal(grid)
    names = [str(name) for name in grid.loads["name"]]
    cause = "crew x" if crew else "test"
    events = [Event(START + timedelta(seconds=at), "field", cause, kind, said)
              for (kind, said), at in strange]  # fmt: skip
    events += [Event(START, "field", "meter", "meter_gasped", {"meter": names[k]}) for k in dark]
    sequence = kernel.sequence
    for event in events:
        desk.hear(event, before)
    for _ in range(3):
        desk.act()
    kinds = {entry.event.kind for entry in desk.room.journal.read(sequence)}
    assert kinds <= {"outage_predicted", "restoration_estimated", "restoration_verified"}
    assert set(asked) <= {name.lower() for name in names}
    assert len(asked) <= 20 * 3 * (1 + len(events))


def test_one_phase_that_is_out_is_told_with_its_phase(room: Room, ieee123: Grid) -> None:
    desk = desk_of(room, [])
    behind = desk.picture.home.below(desk.picture.home.rows["sw4"])
    phases, sequence = ieee123.loads.texts("phases"), room.kernel.sequence
    on_b = [desk.picture.home.loads[k] for k in behind.tolist() if phases[k].split()[0] == "b"]
    on_b = [name for name in on_b if len(phases[ieee123.loads.row(name)].split()) <= 2]
    for name in on_b:
        desk.hear(
            Event(START, "field", "meter", "meter_gasped", {"meter": name}),
            Snapshot.normal(ieee123),
        )
    for _ in range(3):
        desk.room.agenda.run_to(desk.room.agenda.now_s + 60.0)
        desk.act()
    told = [
        e.event.payload for e in room.journal.read(sequence) if e.event.kind == "outage_predicted"
    ]
    assert told and told[0]["phases"] == ["b"], told


def test_days_are_calm_until_a_storm_and_once_it_is_over_for_three_days(room: Room) -> None:
    desk, normal = desk_of(room, []), Snapshot.normal(room.kernel.grid)
    rages = False
    desk.storm = lambda: rages

    def told() -> dict[str, Any]:
        """What is known of an outage that is told now, after every other meter has gasped."""
        sequence = room.kernel.sequence
        desk.outages.clear()
        for name in room.kernel.grid.loads.texts("name")[::2]:
            gasp = Event(room.now(), "field", "meter", "meter_gasped", {"meter": name})
            desk.hear(gasp, normal)
        for _ in range(3):
            room.agenda.run_to(room.agenda.now_s + 60.0)
            desk.act()
        said = [e.event for e in room.journal.read(sequence)]
        return next(e.payload for e in said if e.kind == "restoration_estimated")

    assert told()["known"]["calm"]
    rages = True
    assert not told()["known"]["calm"]
    rages = False
    assert not told()["known"]["calm"], "its outages are still those of a storm"
    room.agenda.run_to(room.agenda.now_s + CALM_S)
    assert told()["known"]["calm"]


def test_a_look_waits_until_meters_are_quiet_but_not_for_ever(room: Room) -> None:
    desk, before = desk_of(room, []), Snapshot.normal(room.kernel.grid)
    names, begun_s = room.kernel.grid.loads.texts("name"), room.agenda.now_s
    last_s = begun_s
    for name in names[:60]:
        last_s = room.agenda.now_s
        desk.hear(Event(room.now(), "field", "meter", "meter_gasped", {"meter": name}), before)
        if desk.due_s() <= room.agenda.now_s:
            break
        assert desk.due_s() >= min(last_s + SETTLE_S, begun_s + SETTLE_MOST_S)
        room.agenda.run_to(room.agenda.now_s + 5.0)
    assert last_s == pytest.approx(begun_s + SETTLE_MOST_S, abs=5.0)
    desk.act()
    assert desk.due_s() > room.agenda.now_s
