"""Orders, two people, leaves: what nobody approved, or not in its turn."""

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
    pick,
    swap,
    told,
)


@breaks("two people")
def author_approves(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    word = last(events, at, "order_approved")
    author = events[last(events, word, "order_written")].payload["author"]
    events, _ = swap(events, word, changed(events[word], by=author))
    return events, events[at]


@breaks("two people")
def leave_expired(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    leave = last(events, at, "leave_given")
    until = events[at].time_utc - timedelta(seconds=rng.uniform(0.01, 1))
    events, _ = swap(events, leave, changed(events[leave], expires_utc=until.isoformat()))
    return events, events[at]


@breaks("two people")
def leave_for_less(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    leave = last(events, at, "leave_given")
    less = rng.choice([{"steps_most": 1}, {"application": "volts"}, {"area": "port"}])
    events, _ = swap(events, leave, changed(events[leave], **less))
    return events, events[at]


@breaks("two people")
def leave_withdrawn(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    last(events, at, "leave_given")
    return before(events, at, told(events[at], "leave_withdrawn", leave="L"))


@breaks("two people")
def leave_that_the_application_gave(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    leave = last(events, at, "leave_given")
    events, _ = swap(events, leave, changed(events[leave], by="heal"))
    return events, events[at]


@breaks("order")
def swapped_steps(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    written = last(events, at, "order_written")
    steps = list(events[written].payload["steps"])
    number = events[at].payload["number"] - 1
    if len(steps) == 1:
        raise NotHereError
    other = rng.choice([k for k in range(len(steps)) if k != number])
    steps[number], steps[other] = steps[other], steps[number]
    events, _ = swap(events, written, changed(events[written], steps=steps))
    return events, events[at]


@breaks("order")
def step_out_of_turn(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    number = events[at].payload["number"] + rng.choice([-1, 1, 2])
    return swap(events, at, changed(events[at], number=number))


@breaks("order")
def step_skipped(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    if events[at].payload["number"] == 1:
        raise NotHereError
    first = last(events, at, "commanded")
    return events[:first] + events[at:], events[at]


@breaks("order")
def order_not_issued(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    word = last(events, at, rng.choice(["order_studied", "order_approved", "order_issued"]))
    return events[:word] + events[word + 1 :], events[at]


@breaks("order")
def order_rests(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    kind = rng.choice(["order_suspended", "order_aborted"])
    return before(events, at, told(events[at], kind, order="O", why="", by="ann"))


@breaks("order")
def order_edited_after_approval(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    return before(events, at, events[last(events, at, "order_written")])


@breaks("order")
def topology_changed_under_the_order(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    return before(events, at, told(events[at], "status", device="S4", position="open"))


@breaks("order")
def step_before_has_no_outcome(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", lambda p: p["number"] > 1)
    outcome = last(events, at, "outcome")
    return events[:outcome] + events[outcome + 1 :], events[at]


@breaks("order")
def step_asked_for_twice(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    return swap(events, at, events[at], changed(events[at], command="again"))


@breaks("order")
def step_before_failed(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", lambda p: p["number"] > 1)
    outcome = last(events, at, "outcome")
    events, _ = swap(events, outcome, changed(events[outcome], state="failed"))
    return events, events[at]
