"""Authority, worlds, applications: who may not act, or not there."""

from __future__ import annotations

from random import Random

from tests.interlock.corrupting.edits import (
    MOVES,
    Corrupted,
    Events,
    before,
    breaks,
    changed,
    commanded,
    last,
    pick,
    swap,
    told,
)


@breaks("one authority")
def stale_epoch(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", bool)
    return swap(events, at, changed(events[at], epoch=rng.choice([0, 1, 2])))


@breaks("one authority")
def epoch_of_the_future(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", bool)
    return swap(events, at, changed(events[at], epoch=4))


@breaks("one authority")
def authority_gone_to_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", bool)
    given = told(events[at], "authority_granted", area="town", holder="eve", epoch=4)
    return before(events, at, given)


@breaks("one authority")
def another_hand(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="")
    return swap(events, at, changed(events[at], principal="mallory", login="another desk"))


@breaks("one authority")
def another_area(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", bool)
    given = told(events[at], "authority_granted", area="port", holder="ann", epoch=3)
    return swap(events, at, given, changed(events[at], area="port"))


@breaks("worlds apart")
def other_world(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", bool)
    return swap(events, at, changed(events[at], world=rng.choice(["twin", "training", "study"])))


@breaks("autonomy")
def killed(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    area = rng.choice(["town", ""])
    return before(events, at, told(events[at], "killed", area=area, by="ann"))


@breaks("autonomy")
def application_only_advises(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    mode = {"application": "heal", "area": "town", "mode": rng.choice(["off", "advise"])}
    return before(events, at, told(events[at], "mode_set", **mode, by="ann"))


@breaks("autonomy")
def application_that_nobody_let_act(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    del events[last(events, at, "mode_set")]
    return events, events[at - 1]


@breaks("autonomy")
def application_without_an_order(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    return swap(events, at, changed(events[at], order="", number=0))


@breaks("autonomy")
def application_with_anothers_order(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close", order="O", application="")
    by = told(events[at], "mode_set", application="heal", area="town", mode="automatic", by="ann")
    return swap(events, at, by, changed(events[at], application="heal"))


@breaks("autonomy")
def leave_where_a_person_is_to_be_asked(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    last(events, at, "leave_given")
    mode = {"application": "heal", "area": "town", "mode": "approve", "by": "ann"}
    return before(events, at, told(events[at], "mode_set", **mode))
