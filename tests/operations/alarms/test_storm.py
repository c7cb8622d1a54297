from __future__ import annotations

from functools import cache

import gridmend as gm
from gridmend.model.event import Event
from gridmend.operations.alarms import Alarms, AlarmState
from gridmend.runtime.exercise.exercise import rehearse
from gridmend.runtime.exercise.storming import Front, storm_of


@cache
def storm() -> tuple[Alarms, tuple[Event, ...]]:
    """What a control room heard of a storm that automation fought on the IEEE 123."""
    grid = gm.read("ieee123")
    run = rehearse(storm_of(grid, seed=3, front=Front(faults=10.0)), "healing", grid=grid)
    return Alarms.of(grid), tuple(run.events)


def test_every_trip_of_a_storm_is_an_alarm_and_is_grouped_with_what_it_brought() -> None:
    alarms, events = storm()
    trips, indicated, last = 0, 0, ""
    for number, one in enumerate(events, 1):
        alarms = alarms.heard(one, number)
        if one.kind not in ("tripped", "fault_indicated"):
            continue
        shown = {alarm.id: alarm for alarm in alarms.listed(one.time_utc)}
        if one.kind == "tripped":
            last = f"trip:{one.payload['device']}"
        trip = shown.get(last)
        if one.kind == "tripped":
            trips += 1
            assert trip is not None and trip.cleared_utc is None
            assert trip.state is AlarmState.UNACKNOWLEDGED
            assert trip.raised_utc == one.time_utc and "tripped" in trip.what
        elif trip is not None and trip.cleared_utc is None:
            # A device that trips for a fault, and an indicator that saw its current pass.
            indicated += 1
            assert shown[f"indication:{one.payload['device']}"].group == trip.group
    assert indicated > 10
    assert trips >= 10
    shown = {alarm.id: alarm for alarm in alarms.listed(events[-1].time_utc)}
    sw1 = [e for e in events if e.kind == "tripped" and e.payload["device"] == "sw1"]
    instants = {one.time_utc for one in sw1}
    assert shown["trip:sw1"].times == len(instants)
    assert len({alarm.group for alarm in shown.values()}) < len(shown) / 2
    assert len(shown) < 20, "what comes again is the same row"


def test_a_storm_is_a_flood_of_alarms_that_is_said_and_ends() -> None:
    alarms, events = storm()
    rates = []
    for number, one in enumerate(events, 1):
        alarms = alarms.heard(one, number)
        rates.append(alarms.rate(one.time_utc))
    assert max(rate.per_10_min for rate in rates) > 10
    assert any(rate.is_flood for rate in rates) and not rates[0].is_flood
    began = next(rate for rate in rates if rate.is_flood)
    assert began.since_utc is not None and began.per_10_min == 11
    assert not rates[-1].is_flood, "it ends once fewer than five came in ten minutes"
    assert all(not rate.is_flood for rate in rates if rate.per_10_min < 5)


def test_what_is_acknowledged_after_a_storm_leaves_the_list_to_what_stands() -> None:
    alarms, events = storm()
    for number, one in enumerate(events, 1):
        alarms = alarms.heard(one, number)
    now = events[-1].time_utc
    standing = {alarm.id for alarm in alarms.listed(now) if alarm.cleared_utc is None}
    for number, one in enumerate(
        alarms.acknowledging([a.id for a in alarms.listed(now)], by="ann", now=now), len(events) + 1
    ):
        alarms = alarms.heard(one, number)
    left = alarms.listed(now)
    assert {alarm.id for alarm in left} == standing
    assert {alarm.state for alarm in left} <= {AlarmState.ACKNOWLEDGED}
