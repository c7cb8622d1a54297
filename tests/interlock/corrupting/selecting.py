"""Selects and ids: other deeds, other hands, late, twice."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from tests.interlock.corrupting.edits import (
    MOVES,
    Corrupted,
    Events,
    NotHereError,
    before,
    breaks,
    changed,
    commanded,
    last,
    later,
    step_with,
    swap,
    told,
)


@breaks("select before operate")
def other_device(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    others = {"S1", "S2", "S3"} - {events[at].payload["step"]["device"]}
    return swap(events, at, step_with(events[at], device=rng.choice(sorted(others))))


@breaks("select before operate")
def other_action(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    opens = events[at].payload["step"]["action"] == "open"
    return swap(events, at, step_with(events[at], action="close" if opens else "open"))


@breaks("select before operate")
def other_value(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_power", "set_capacitor")
    return swap(events, at, step_with(events[at], value=events[at].payload["step"]["value"] - 1))


@breaks("select before operate")
def no_select(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    del events[last(events, at, "selected")]
    return events, events[at - 1]


@breaks("select before operate")
def late_select(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    events = later(events, at, rng.uniform(10, 300))
    return events, events[at]


@breaks("select before operate")
def select_used_twice(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    return swap(events, at, events[at], changed(events[at], command="again"))


@breaks("select before operate")
def select_cancelled(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    gone = told(events[at], "select_cancelled", select=events[at].payload["select"])
    return before(events, at, gone)


@breaks("select before operate")
def another_select_since(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    again = changed(events[last(events, at, "selected")], select="newer")
    return before(events, at, again)


@breaks("select before operate")
def device_changed_since_the_select(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    step = events[at].payload["step"]
    word = "closed" if step["action"] == "close" else "open"
    return before(events, at, told(events[at], "status", device=step["device"], position=word))


@breaks("select before operate")
def other_login(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    return swap(events, at, changed(events[at], login="another desk"))


@breaks("select before operate")
def select_of_another_hand(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    select = last(events, at, "selected")
    events, _ = swap(events, select, changed(events[select], principal="mallory"))
    return events, events[at]


@breaks("select before operate")
def select_under_another_epoch(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    select = last(events, at, "selected")
    events, _ = swap(events, select, changed(events[select], epoch=2))
    return events, events[at]


@breaks("select before operate")
def bank_switched_since_the_select(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_capacitor")
    step = events[at].payload["step"]
    steps_on = 0 if step["value"] == 2 else 2
    return before(events, at, told(events[at], "banked", device=step["device"], steps_on=steps_on))


@breaks("at most once")
def same_id_at_once(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close", "tag", "clear", "ground")
    return swap(events, at, events[at], changed(events[at], select=""))


@breaks("at most once")
def same_id_later(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    first = commanded(events[:at], rng, *MOVES)
    return swap(events, at, changed(events[at], command=events[first].payload["command"]))


@breaks("at most once")
def old_command(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, "tag", "untag", "clear", "release")
    issued = events[at].time_utc - timedelta(seconds=rng.uniform(30.5, 4000))
    return swap(events, at, changed(events[at], issued_utc=issued.isoformat()))


@breaks("at most once")
def second_while_the_first_is_in_doubt(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close", "set_power", "limit", "set_capacitor")
    device = events[at].payload["step"]["device"]
    for k in range(at - 1, -1, -1):
        p = events[k].payload
        if events[k].kind == "commanded" and p["step"]["device"] == device:
            outcome = next(j for j in range(k, at) if events[j].kind == "outcome")
            events, _ = swap(events, outcome, changed(events[outcome], state="in_doubt"))
            return events, events[at]
    raise NotHereError
