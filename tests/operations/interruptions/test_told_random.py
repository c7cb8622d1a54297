"""Whatever a journal says, in whatever order: nobody is out twice, and minutes are those of a plain
search through the network."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridmend.model.event import Event
from gridmend.operations.interruptions.ledger import Records
from gridmend.operations.interruptions.measures import customer_minutes
from tests.operations.interruptions.feeder import (
    T0,
    called,
    commanded,
    corrected,
    event,
    folded,
    gasped,
    out_min,
    returned,
    stands,
    tripped,
)

END_MIN = 200.0
ENDS = {
    "R1": ("src", "a"), "L1": ("a", "b"), "S2": ("b", "c"), "L2": ("c", "d"), "S3": ("d", "alt"),
    "F1": ("c", "c2"),
}  # fmt: skip
LOAD_BUS = {"Da": "a", "Db": "b", "Dc2": "c2", "Dd": "d"}

devices = st.sampled_from(["R1", "S2", "S3", "F1"])
minutes = st.lists(st.integers(1, 190), min_size=1, max_size=12, unique=True)


@st.composite
def some_moves(draw: st.DrawFn) -> list[Event]:
    """Devices trip and close, some by command, at times that differ."""
    found: list[Event] = []
    for at_min in sorted(draw(minutes)):
        device, how = draw(devices), draw(st.sampled_from(["trip", "open", "ask", "close"]))
        if how == "trip":
            found.append(tripped(at_min, device))
        elif how == "ask":
            found.append(commanded(at_min, "open", device, f"k{at_min}"))
            found.append(stands(at_min, device, "open", "command"))
        else:
            found.append(stands(at_min, device, "open" if how == "open" else "closed"))
    return found


@st.composite
def some_words(draw: st.DrawFn) -> list[Event]:
    """What meters and customers say, and corrections."""
    found: list[Event] = []
    for at_min in draw(st.lists(st.integers(1, 190), max_size=10, unique=True)):
        load, when = draw(st.sampled_from([*LOAD_BUS])), at_min + 0.5
        said = [
            gasped(when, load), returned(when, load), called(when, f"{load}/2"),
            called(when, f"{load}/2", "power is back"),
            corrected(when, "denied", interruption="r1@nowhere", customer=f"{load}/1"),
            event(when, "repaired", element="L1", cause="tree"),
        ]  # fmt: skip
        found.append(draw(st.sampled_from(said)))
    return found


def _lit(open_now: set[str]) -> set[str]:
    """Buses that a source reaches, by a plain search."""
    reached, fringe = {"src", "alt"}, ["src", "alt"]
    while fringe:
        at = fringe.pop()
        for name, ends in ENDS.items():
            if at in ends and name not in open_now:
                other = ends[0] if ends[1] == at else ends[1]
                if other not in reached:
                    reached.add(other)
                    fringe.append(other)
    return reached


def _dark_min(events: list[Event]) -> dict[str, float]:
    """Customer-minutes by load, ten customers each, by walking from event to event."""
    open_now, last, dark = {"S3"}, 0.0, defaultdict[str, float](float)
    moves = [e for e in events if e.kind != "commanded"]
    for one in [*sorted(moves, key=lambda e: e.time_utc), None]:
        now = END_MIN if one is None else (one.time_utc.timestamp() - T0) / 60
        lit = _lit(open_now)
        for load, bus in LOAD_BUS.items():
            if bus not in lit:
                dark[load] += 10 * (now - last)
        if one is not None:
            is_open = one.kind == "tripped" or one.payload["position"] == "open"
            (open_now.add if is_open else open_now.discard)(one.payload["device"])
        last = now
    return {load: value for load, value in dark.items() if value > 0}


def _same(one: Records, other: Records) -> bool:
    arrays = ("customer", "start_s", "end_s", "event", "interruption", "planned")
    return all(np.array_equal(getattr(one, a), getattr(other, a)) for a in arrays) and (
        (one.events, one.device, one.cause) == (other.events, other.device, other.cause)
    )


@given(some_moves())
@settings(max_examples=60, deadline=None)
def test_minutes_are_those_of_a_plain_search_through_the_network(events: list[Event]) -> None:
    known, records = folded(*events)
    assert out_min(known, records, END_MIN) == pytest.approx(_dark_min(events))
    assert records.findings == ()


@given(some_moves(), some_words(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_in_which_a_journal_has_its_events_and_their_repetition_change_nothing(
    moves: list[Event], words: list[Event], dice: random.Random
) -> None:
    own = [e for e in (*moves, *words) if e.source == "control room"]
    field = [e for e in (*moves, *words) if e.source != "control room"]
    shuffled = [*field, *dice.sample(field, len(field) // 2)]
    dice.shuffle(shuffled)
    # the room's own come first, as their order says by when something had been heard
    assert _same(folded(*own, *field)[1], folded(*own, *shuffled)[1])


@given(some_moves(), some_words())
@settings(max_examples=60, deadline=None)
def test_nobody_is_out_twice_at_one_instant_and_devices_add_up_to_customers(
    moves: list[Event], words: list[Event]
) -> None:
    known, records = folded(*moves, *words)
    for number in range(len(known.roster)):
        mine = np.flatnonzero(records.customer == number)
        assert all(records.end_s[k] <= records.start_s[after] for k, after in pairwise(mine))
    total = sum(out_min(known, records, END_MIN).values())
    for by in ("device", "cause", "event"):
        shares = customer_minutes(
            records, by, end_s=T0 + 60 * END_MIN, customers=known.roster.customers
        )
        assert sum(shares.values()) == pytest.approx(total)


def test_a_call_back_that_denies_takes_a_customers_minutes_off_once() -> None:
    fault = [tripped(0.0, "R1"), stands(60.0, "R1", "closed"), tripped(100.0, "S2")]
    name = "r1@2026-07-15T12:00:00.000Z"
    denied = corrected(300.0, "denied", interruption=name, customer="Dd/7")
    again = corrected(301.0, "denied", interruption=name, customer="Dd/7")
    before, after = folded(*fault), folded(*fault, denied, again, denied)
    lost = sum(out_min(*before, 160.0).values()) - sum(out_min(*after, 160.0).values())
    assert lost == pytest.approx(60.0)


plain = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(), st.text(max_size=4))
values = st.one_of(
    plain, st.lists(plain, max_size=2), st.sampled_from(["R1", "Da", "open", "north"])
)
KINDS = (
    "status", "switched", "tripped", "meter_gasped", "meter_returned", "meter_pinged", "outcome",
    "customer_called", "commanded", "repaired", "interruption_denied", "interruption_blamed",
    "interruption_merged",
)  # fmt: skip
KEYS = (
    "device", "position", "action", "open_phases", "meter", "customer", "text", "command", "state",
    "step", "element", "cause", "interruption", "into", "quality", "measured_utc", "planned",
)  # fmt: skip


payloads = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)
sayings = st.tuples(st.integers(0, 9), st.sampled_from(KINDS), payloads)


@given(st.lists(sayings, max_size=8))
@example([(0, "status", {"device": "R1", "position": "open", "open_phases": 99})])
@example([(0, "tripped", {"device": "source.north"}), (1, "status", {"device": "Da"})])
@settings(max_examples=150, deadline=None)
def test_nothing_that_an_event_may_say_stops_the_ledger(
    said: list[tuple[int, str, dict[str, Any]]],
) -> None:
    events = [Event(event(at, kind).time_utc, "field", "x", kind, it) for at, kind, it in said]
    known, records = folded(*events, tripped(20.0, "R1"))
    assert len(records.customer) >= 4
    assert known.last_s == T0 + 1200


def test_what_cannot_be_used_is_a_finding_that_names_it() -> None:
    known, records = folded(
        tripped(0.0, "R9"), stands(0.0, "R1", "ajar"), event(0.0, "tripped"), gasped(1.0, "Mx"),
        stands(2.0, "R1", "open", quality="bad"), gasped(3.0, "Da"), gasped(3.0, "Da"),
        event(4.0, "repaired", element="line.none", cause="tree"),
        tripped(500.0, "R1"), event(10.0, "note", "control room", text="x"),
    )  # fmt: skip
    said = " ".join(f.what for f in known.findings)
    for word in ("R9", "ajar", "lacks 'device'", "meter 'Mx'", "twice", "ahead", "line.none"):
        assert word in said or word.replace("line.", "") in said, word
    # the wrong clock: by the time of hearing
    assert ((records.start_s - T0) / 60).tolist() == [10.0] * 4
