from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridmend.model.event import Event
from gridmend.model.vocabulary import KINDS as EVENTS
from gridmend.operations.alarms import Alarm, Alarms, AlarmState, Condition, raising
from gridmend.operations.alarms.alarm import SHELF_MOST
from gridmend.operations.alarms.waiting import JUDGED
from tests.operations.alarms.said import (
    acknowledged,
    at,
    empty,
    event,
    heard,
    low,
    shelved,
    watched,
)
from tests.operations.interruptions.feeder import commanded, stands, tripped

IDS = ("trip:r1", "trip:s2", "fault:line.l2", "command:c1", "undervoltage:s2", "indication:r1")
CLEARS = {
    "trip:r1": ("status", "lockout_reset"), "trip:s2": ("status", "lockout_reset"),
    "fault:line.l2": ("repaired",), "command:c1": ("outcome",),
    "undervoltage:s2": ("alarm_cleared",),
}  # fmt: skip
_RAISED = {"alarm": "undervoltage:s2", "device": "s2", "value": 0.94}


def _said(minute: float) -> st.SearchStrategy[Event]:
    """One event of those that alarms are about."""
    alarm = st.sampled_from(IDS)
    return st.one_of(
        st.sampled_from((
            tripped(minute, "R1"), tripped(minute, "S2", locked_out=True),
            stands(minute, "R1", "closed"), stands(minute, "S2", "open"),
            event(minute, "lockout_reset", device="S2"),
            event(minute, "fault_indicated", device="R1", phases=["a"]),
            event(minute, "fault_suspected", element="L2", behind="S2"),
            event(minute, "repaired", element="line.l2"),
            commanded(minute, "open", "S2", "c1"),
            event(minute, "outcome", command="c1", state="in_doubt"),
            event(minute, "outcome", command="c1", state="failed"),
            event(minute, "outcome", command="c1", state="confirmed"),
            event(minute, "alarm_raised", condition="undervoltage_a", **_RAISED),
            event(minute, "alarm_raised", condition="undervoltage_b", **_RAISED),
            event(minute, "alarm_cleared", alarm="undervoltage:s2"),
        )),
        alarm.map(lambda id: acknowledged(minute, id)),
        st.tuples(alarm, st.sampled_from((1.0, 5.0, 9000.0))).map(
            lambda pair: shelved(minute, pair[0], lasts_min=pair[1])
        ),
        alarm.map(lambda id: event(minute, "alarm_unshelved", alarm=id, by="ann")),
    )  # fmt: skip


@st.composite
def _journal(draw: st.DrawFn) -> list[Event]:
    """Up to thirty events, a minute apart at most; clocks of devices step back now and then."""
    steps = draw(st.lists(st.sampled_from((0.0, 0.5, 1.0, -0.2)), max_size=30))
    minute, found = 0.0, list[Event]()
    for step in steps:
        minute = max(minute + step, 0.0)
        found.append(draw(_said(minute)))
    return found


def _shown(alarms: Alarms, now: datetime) -> dict[str, Alarm]:
    return {alarm.id: alarm for alarm in alarms.listed(now)}


@given(_journal())
@settings(max_examples=150, deadline=None)
def test_nothing_that_stands_goes_without_its_clearing_in_any_order_of_events(
    events: list[Event],
) -> None:
    alarms = empty()
    for number, one in enumerate(events, 1):
        before = {a.id for a in alarms.listed(one.time_utc) if a.cleared_utc is None}
        alarms = alarms.heard(one, number)
        after = _shown(alarms, one.time_utc)
        for id in before:
            stood = id in after and after[id].cleared_utc is None
            assert stood or one.kind in CLEARS[id], f"{one} took away {id}"


@given(_journal())
@settings(max_examples=150, deadline=None)
def test_what_was_acknowledged_stays_so_until_it_comes_again_or_is_shelved(
    events: list[Event],
) -> None:
    alarms = empty()
    for number, one in enumerate(events, 1):
        before = _shown(alarms, one.time_utc)
        alarms = alarms.heard(one, number)
        after = _shown(alarms, one.time_utc)
        for id, alarm in before.items():
            if not alarm.acknowledged_by or id not in after:
                continue
            now = after[id]
            came = now.times > alarm.times or now.priority < alarm.priority
            came |= now.raised_utc > alarm.raised_utc or now.condition != alarm.condition
            shelf = one.kind == "alarm_shelved" and one.payload["alarm"] == id
            assert now.acknowledged_by == "ann" or came or shelf


@given(_journal())
@settings(max_examples=150, deadline=None)
def test_every_shelf_is_shown_while_it_lasts_and_ends(events: list[Event]) -> None:
    alarms = heard(events)
    last = max((one.time_utc for one in events), default=at(0))
    for alarm in alarms.listed(last):
        if alarm.state is AlarmState.SHELVED:
            assert alarm.shelved_reason and alarm.shelved_by
            assert alarm.shelved_until_utc is not None
            assert alarm.shelved_until_utc <= last + SHELF_MOST
            end = _shown(alarms, alarm.shelved_until_utc).get(alarm.id)
            assert (end is None) == (alarm.cleared_utc is not None)
            assert end is None or end.state is not AlarmState.SHELVED
    late = alarms.listed(last + SHELF_MOST + timedelta(seconds=1))
    assert not [alarm for alarm in late if alarm.state is AlarmState.SHELVED]


@given(_journal(), st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_folding_twice_in_parts_or_with_repeats_gives_the_same(
    events: list[Event], cut: int
) -> None:
    now = at(60)
    whole = heard(events).listed(now)
    assert heard(events).listed(now) == whole
    alarms = empty()
    for number, one in enumerate(events, 1):
        told = alarms.listed(now)
        again = alarms.heard(one, number)
        assert alarms.listed(now) == told, "the alarms that were folded on have changed"
        alarms = again.heard(one, number)
        if number == cut:
            alarms = alarms.heard(events[0], 1)
    assert alarms.listed(now) == whole


@given(st.lists(st.floats(0.9501, 0.9529), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_value_that_chatters_within_the_dead_band_is_raised_once(v_pu: list[float]) -> None:
    alarms, raised = empty(), 0
    for k, value in enumerate(v_pu):
        alarms, events = watched(alarms, 2.0 * k - 200, *low(value))
        assert not events, "it was never beyond the limit"
    for k, value in enumerate([0.949, 0.949, *v_pu]):
        alarms, events = watched(alarms, 2.0 * k, *low(value))
        raised += len(events)
    assert raised == 1
    one = _shown(alarms, at(100))["undervoltage:s2"]
    assert (one.times, one.state) == (1, AlarmState.UNACKNOWLEDGED)


@given(st.lists(st.sampled_from((0.94, 0.951, 0.96)), max_size=60))
@settings(max_examples=100, deadline=None)
def test_however_a_value_moves_between_looks_it_is_told_no_faster_than_its_delays(
    v_pu: list[float],
) -> None:
    alarms, told = empty(), list[tuple[float, str]]()
    for k, value in enumerate(v_pu):
        alarms, events = watched(alarms, k / 6, *low(value))
        told += [(k / 6, one.kind) for one in events]
    for (before_min, one), (after_min, other) in pairwise(told):
        assert one != other, "raised and cleared take turns"
        assert after_min - before_min >= 0.999


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)  # fmt: skip


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_events_of_any_content_raise_no_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(EVENTS)))
    keys = [*(key for key, _ in EVENTS[kind].needs), "behind", "value", "measured_utc", "times"]
    known = st.sampled_from(["R1", "trip:r1", "c1", "in_doubt", "open", 3, ["x"]])
    payload: dict[str, Any] = {key: data.draw(_ANYTHING | known) for key in keys}
    start = heard([tripped(0, "R1"), commanded(0, "open", "S2", "c1")])
    after = start.heard(Event(at(1), "x", "x", kind, payload), 99)
    assert len(after.listed(at(2))) <= 2
    assert all(alarm.as_json() for alarm in after.listed(at(2)))


def test_the_list_is_bounded_and_says_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raising, "ENTRIES_MOST", 20)
    alarms = heard(tripped(k, f"nobody knows {k}") for k in range(60))
    shown = alarms.listed(at(60))
    assert len(shown) == len(alarms.entries) == 21
    (full,) = [alarm for alarm in shown if alarm.condition == "list_full"]
    assert full.times == 40 and "nobody knows 59" in full.what
    assert alarms.rate(at(60)).per_10_min == 10, "what is not listed is counted"


def test_what_is_remembered_beside_the_alarms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raising, "NAMES_MOST", 10)
    many = [
        one
        for k in range(50)
        for one in (
            commanded(k, "open", "S2", f"c{k}"),
            event(k, "order_written", order=f"o{k}", author="ann", area="", steps=[]),
            event(k, "tag_placed", tag=f"t{k}", device="S2", kind="hold", holder="ann"),
            event(k, "authority_granted", area=f"a{k}", holder="ann", epoch=1),
        )
    ]
    alarms = heard(many)
    for known in (alarms.commands, alarms.orders, alarms.tagged, alarms.holders):
        assert len(known) == 10 and isinstance(known, MappingProxyType)


@given(st.lists(st.sampled_from(sorted(JUDGED)), max_size=8), st.booleans())
@example(["not_converged", "overload"], True)
@settings(max_examples=100, deadline=None)
def test_what_is_recorded_of_conditions_is_what_a_replay_shows(
    kinds: list[str], clears: bool
) -> None:
    found = tuple(Condition(kind, "s2", kind, value=1.0) for kind in kinds)
    alarms, journal = empty(), list[Event]()
    for minutes in range(0, 20, 2):
        seen = () if clears and minutes >= 12 else found
        alarms, events = watched(alarms, minutes, *seen)
        journal += events
    live = [(a.id, a.state, a.raised_utc, a.times) for a in alarms.listed(at(20))]
    replayed = heard(journal).listed(at(20))
    assert [(a.id, a.state, a.raised_utc, a.times) for a in replayed] == live
