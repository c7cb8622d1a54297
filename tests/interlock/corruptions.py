"""Ways to make a lawful journal unlawful, each with the rule that it breaks and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from gridmend.model.event import Event

Events = list[Event]
Corrupted = tuple[Events, Event]
"""The journal, and the entry in it that is to be objected."""
MOVES = ("open", "close", "set_power", "limit", "set_capacitor")


class NotHereError(Exception):
    """The journal holds nothing that could be corrupted in this way."""


@dataclass(frozen=True)
class Corruption:
    """One way, by name, with the rule that it breaks."""

    name: str
    rule: str
    apply: Callable[[Events, Random], Corrupted]


ALL: list[Corruption] = []


def breaks(rule: str) -> Callable[[Callable[[Events, Random], Corrupted]], Any]:
    """Put a corruption on the list."""

    def listed(apply: Callable[[Events, Random], Corrupted]) -> Any:
        ALL.append(Corruption(apply.__name__, rule, apply))
        return apply

    return listed


def pick(events: Events, rng: Random, kind: str, holds: Callable[[Mapping[str, Any]], Any]) -> int:
    """The place of an entry of a kind whose payload holds something; any of them."""
    found = [k for k, e in enumerate(events) if e.kind == kind and holds(e.payload)]
    if not found:
        raise NotHereError
    return rng.choice(found)


def commanded(events: Events, rng: Random, *actions: str, **holds: Any) -> int:
    """The place of a command of one of some actions."""
    return pick(
        events, rng, "commanded",
        lambda p: p["step"]["action"] in actions and all(p[k] == v for k, v in holds.items()),
    )  # fmt: skip


def changed(event: Event, **payload: Any) -> Event:
    return Event(
        event.time_utc, event.source, event.cause, event.kind, {**event.payload, **payload}
    )


def without(event: Event, *keys: str) -> Event:
    left = {key: value for key, value in event.payload.items() if key not in keys}
    return Event(event.time_utc, event.source, event.cause, event.kind, left)


def told(beside: Event, kind: str, /, **payload: Any) -> Event:
    return Event(beside.time_utc, "test", "corruption", kind, payload)


def swap(events: Events, at: int, *instead: Event) -> Corrupted:
    """Other entries in place of one; the last of them is the one to be objected."""
    return [*events[:at], *instead, *events[at + 1 :]], instead[-1]


def before(events: Events, at: int, *new: Event) -> Corrupted:
    """Entries put before one, which is then to be objected."""
    return [*events[:at], *new, *events[at:]], events[at]


def later(events: Events, at: int, seconds: float) -> Events:
    """The entries, those from a place on later."""
    shift = timedelta(seconds=seconds)
    moved = [Event(e.time_utc + shift, e.source, e.cause, e.kind, e.payload) for e in events[at:]]
    return [*events[:at], *moved]


def _last(events: Events, at: int, kind: str, **holds: Any) -> int:
    """The place of the last entry of a kind before a place."""
    for k in range(at - 1, -1, -1):
        p = events[k].payload
        if events[k].kind == kind and all(p.get(key) == value for key, value in holds.items()):
            return k
    raise NotHereError


def undone(events: Events, at: int) -> Events:
    """The entries without a fact, nor the outcome of the command that brought it about."""
    name = events[at].payload.get("command")
    return [
        event for k, event in enumerate(events)
        if k != at and (name is None or (event.kind, event.payload.get("command"))
                        != ("outcome", name))
    ]  # fmt: skip


def asked_for(events: Events, at: int) -> int:
    """The place of the command of a fact; of the fact itself where it was not commanded."""
    name = events[at].payload.get("command")
    return at if name is None else _last(events, at, "commanded", command=name)


def _step(event: Event, **changes: Any) -> Event:
    return changed(event, step={**event.payload["step"], **changes})


# Selects and ids.


@breaks("select before operate")
def other_device(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    others = {"S1", "S2", "S3"} - {events[at].payload["step"]["device"]}
    return swap(events, at, _step(events[at], device=rng.choice(sorted(others))))


@breaks("select before operate")
def other_action(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    opens = events[at].payload["step"]["action"] == "open"
    return swap(events, at, _step(events[at], action="close" if opens else "open"))


@breaks("select before operate")
def other_value(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_power", "set_capacitor")
    return swap(events, at, _step(events[at], value=events[at].payload["step"]["value"] - 1))


@breaks("select before operate")
def no_select(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    del events[_last(events, at, "selected")]
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
    again = changed(events[_last(events, at, "selected")], select="newer")
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
    select = _last(events, at, "selected")
    events, _ = swap(events, select, changed(events[select], principal="mallory"))
    return events, events[at]


@breaks("select before operate")
def select_under_another_epoch(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    select = _last(events, at, "selected")
    events, _ = swap(events, select, changed(events[select], epoch=2))
    return events, events[at]


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


# Authority, worlds, applications.


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
    del events[_last(events, at, "mode_set")]
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
    _last(events, at, "leave_given")
    mode = {"application": "heal", "area": "town", "mode": "approve", "by": "ann"}
    return before(events, at, told(events[at], "mode_set", **mode))


# Orders, two people, leaves.


@breaks("two people")
def author_approves(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    word = _last(events, at, "order_approved")
    author = events[_last(events, word, "order_written")].payload["author"]
    events, _ = swap(events, word, changed(events[word], by=author))
    return events, events[at]


@breaks("two people")
def leave_expired(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    leave = _last(events, at, "leave_given")
    until = events[at].time_utc - timedelta(seconds=rng.uniform(0.01, 1))
    events, _ = swap(events, leave, changed(events[leave], expires_utc=until.isoformat()))
    return events, events[at]


@breaks("two people")
def leave_for_less(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    leave = _last(events, at, "leave_given")
    less = rng.choice([{"steps_most": 1}, {"application": "volts"}, {"area": "port"}])
    events, _ = swap(events, leave, changed(events[leave], **less))
    return events, events[at]


@breaks("two people")
def leave_withdrawn(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    _last(events, at, "leave_given")
    return before(events, at, told(events[at], "leave_withdrawn", leave="L"))


@breaks("two people")
def leave_that_the_application_gave(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    leave = _last(events, at, "leave_given")
    events, _ = swap(events, leave, changed(events[leave], by="heal"))
    return events, events[at]


@breaks("order")
def swapped_steps(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    written = _last(events, at, "order_written")
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
    first = _last(events, at, "commanded")
    return events[:first] + events[at:], events[at]


@breaks("order")
def order_not_issued(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    word = _last(events, at, rng.choice(["order_studied", "order_approved", "order_issued"]))
    return events[:word] + events[word + 1 :], events[at]


@breaks("order")
def order_rests(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    kind = rng.choice(["order_suspended", "order_aborted"])
    return before(events, at, told(events[at], kind, order="O", why="", by="ann"))


@breaks("order")
def order_edited_after_approval(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    return before(events, at, events[_last(events, at, "order_written")])


@breaks("order")
def topology_changed_under_the_order(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    return before(events, at, told(events[at], "status", device="S4", position="open"))


@breaks("order")
def step_before_has_no_outcome(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", lambda p: p["number"] > 1)
    outcome = _last(events, at, "outcome")
    return events[:outcome] + events[outcome + 1 :], events[at]


@breaks("order")
def step_asked_for_twice(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, order="O")
    return swap(events, at, events[at], changed(events[at], command="again"))


@breaks("order")
def step_before_failed(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded", lambda p: p["number"] > 1)
    outcome = _last(events, at, "outcome")
    events, _ = swap(events, outcome, changed(events[outcome], state="failed"))
    return events, events[at]


# Work on the network.


@breaks("tags")
def tag_placed_before(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    device = events[at].payload["step"]["device"]
    tag = told(events[at], "tag_placed", tag="X", device=device, kind="hold", holder="dan")
    return before(events, at, tag)


@breaks("tags")
def hot_line_tag_before_closing(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    tag = told(events[at], "tag_placed", tag="X", device=device, kind="hot_line", holder="ann")
    return before(events, at, tag)


@breaks("tags")
def tag_that_was_not_lifted(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    lifted = _last(events, at, "tag_lifted", tag=f"T-{device}")
    return undone(events, lifted), events[at]


@breaks("tags")
def tag_lifted_by_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "tag_lifted", bool)
    other = rng.choice([changed(events[at], by="mallory"), without(events[at], "by", "command")])
    tag = events[at].payload["tag"]
    if "command" in events[at].payload and "by" not in other.payload:
        events, _ = swap(events, at, other)
        begun = next(
            k for k, e in enumerate(events)
            if e.kind == "commanded" and e.payload["step"]["action"] == "untag"
            and e.payload["step"]["mark"] == tag
        )  # fmt: skip
        return events[:begun] + events[begun + 1 :], other
    return swap(events, at, other)


@breaks("tags")
def untag_of_anothers_tag(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "untag")
    if events[at].payload["step"]["mark"] == "T-S1":  # its holder changes twice before that
        at = _last(events, at, "commanded")
    placed = _last(events, at, "tag_placed", tag=events[at].payload["step"]["mark"])
    events, _ = swap(events, placed, changed(events[placed], holder="dan"))
    return events, events[at]


@breaks("tags")
def tag_handed_over_by_one(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "tag_handed_over", bool)
    witness = rng.choice([events[at].payload["by"], ""])
    return swap(events, at, changed(events[at], witness=witness))


@breaks("tags")
def tag_in_place_of_anothers(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "tag_lifted", bool)
    tag = told(events[at], "tag_placed", tag=events[at].payload["tag"], device="S3", kind="hold",
               holder="mallory")  # fmt: skip
    return [*events[:at], tag, *events[at:]], tag


def _ends(device: str) -> list[str]:
    ends = {"s1": ["src", "a"], "s2": ["b", "c"], "s3": ["d", "alt"], "s4": ["d", "e"]}
    return ends[device.lower()]


@breaks("clearance")
def clearance_before_closing(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    ends = _ends(events[at].payload["step"]["device"])
    zone = told(events[at], "clearance_issued", clearance="X", holder="dan", buses=ends)
    return before(events, at, zone)


@breaks("clearance")
def clearance_not_released(events: Events, rng: Random) -> Corrupted:
    kind = rng.choice(["commanded", "tag_lifted"])
    lifts = {"untag": 1}
    at = pick(events, rng, kind, lambda p: kind != "commanded" or p["step"]["action"] in lifts)
    released = _last(events, at, "clearance_released")
    return undone(events, released), events[at]


@breaks("clearance")
def clearance_without_tags(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "clearance_issued", bool))
    tags = [k for k in range(at) if events[k].kind == "tag_placed"]
    return undone(events, rng.choice(tags)), events[at]


@breaks("clearance")
def clearance_behind_a_closed_device(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "clearance_issued", bool))
    device = rng.choice(["S1", "S2"])
    word = rng.choice([{"position": "closed"}, {"position": "unknown"},
                       {"position": "open", "quality": "bad"}])  # fmt: skip
    return before(events, at, told(events[at], "status", device=device, **word))


@breaks("clearance")
def clearance_on_old_positions(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "clearance_issued", bool))
    events = later(events, at, rng.uniform(4, 100))
    return events, events[at]


@breaks("clearance")
def clearance_released_by_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "clearance_released", bool)
    return swap(events, at, changed(events[at], by="mallory"))


@breaks("clearance")
def clearance_in_place_of_anothers(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "crew_at", bool)
    zone = told(events[at], "clearance_issued", clearance="C", holder="mallory", buses=["a"])
    return [*events[:at], zone, *events[at:]], zone


@breaks("ground")
def ground_in_place_of_anothers(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "crew_at", bool)
    earth = told(events[at], "ground_placed", ground="G", bus="a", holder="mallory")
    return [*events[:at], earth, *events[at:]], earth


@breaks("ground")
def ground_before_closing(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    ends = _ends(events[at].payload["step"]["device"])
    earths = [
        told(events[at], "ground_placed", ground=f"X-{bus}", bus=bus, holder="dan") for bus in ends
    ]
    return before(events, at, *earths)


@breaks("ground")
def ground_on_a_live_bus(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "ground_placed", lambda p: "command" not in p)
    return swap(events, at, changed(events[at], bus=rng.choice(["src", "d", "alt", "c"])))


@breaks("ground")
def ground_without_tags(events: Events, rng: Random) -> Corrupted:
    at = asked_for(events, pick(events, rng, "ground_placed", bool))
    gone = rng.choice([k for k in range(at) if events[k].kind == "tag_placed"])
    return undone(events, gone), events[at]


@breaks("ground")
def ground_left_at_the_release(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "clearance_released", bool)
    return undone(events, _last(events, at, "ground_removed")), events[at]


@breaks("ground")
def ground_removed_by_another(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "ground_removed", lambda p: "command" not in p)
    return swap(events, at, changed(events[at], by="mallory"))


# What the network allows.


@breaks("radiality")
def loop_without_a_leave(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    leave = _last(events, at, "loop_authorised", device=events[at].payload["step"]["device"])
    return events[:leave] + events[leave + 1 :], events[at]


@breaks("radiality")
def loop_with_another_leave(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    leave = _last(events, at, "loop_authorised", device=device)
    past = (events[at].time_utc - timedelta(seconds=0.1)).isoformat()
    far = (events[leave].time_utc + timedelta(minutes=15, seconds=1)).isoformat()
    other = rng.choice([{"sources": ["north"]}, {"sources": []}, {"expires_utc": past},
                        {"expires_utc": far}, {"device": "S1"}])  # fmt: skip
    events, _ = swap(events, leave, changed(events[leave], **other))
    return events, events[at]


@breaks("radiality")
def loop_through_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "commanded",
              lambda p: p["step"]["action"] == "close" and p["step"]["device"] == "S3")  # fmt: skip
    if any(e.kind == "loop_authorised" for e in events):
        raise NotHereError
    doubt = told(events[at], "status", device="S2", position="unknown")
    closed = told(events[at], "status", device="S1", position="closed")
    return before(events, at, doubt, closed)


@breaks("synchronism")
def islands_joined_unchecked(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    check = _last(events, at, "sync_checked", device=events[at].payload["step"]["device"])
    return events[:check] + events[check + 1 :], events[at]


@breaks("synchronism")
def islands_joined_too_late(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    check = _last(events, at, "sync_checked", device=events[at].payload["step"]["device"])
    events = later(events, check + 1, rng.uniform(4.9, 60))
    return events, events[at]


@breaks("synchronism")
def islands_that_do_not_agree(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    check = _last(events, at, "sync_checked", device=events[at].payload["step"]["device"])
    odd = rng.choice([{"dv_pu": 0.031}, {"dv_pu": -0.2}, {"dangle_deg": 10.1}, {"df_hz": -0.11},
                      {"phasing_known": False}, {"df_hz": float("nan")}])  # fmt: skip
    events, _ = swap(events, check, changed(events[check], **odd))
    return events, events[at]


@breaks("capability")
def more_than_it_breaks(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", order="O")
    if events[at].payload["step"]["device"] != "S2":
        raise NotHereError
    flow = _last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], carries_a=rng.uniform(401, 9000)))
    return events, events[at]


@breaks("capability")
def load_on_a_disconnect(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open")
    if events[at].payload["step"]["device"] != "S4":
        raise NotHereError
    flow = _last(events, at, "flow_recorded")
    load = changed(events[flow], carries_a=rng.choice([1.1, 50.0, None, "nothing"]))
    events, _ = swap(events, flow, rng.choice([load, without(events[flow], "carries_a")]))
    return events, events[at]


@breaks("capability")
def onto_a_fault(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    bus = {"S1": "a", "S2": "c", "S3": "d", "S4": "e"}[device]
    fault = told(events[at], "fault_suspected", element=f"bus.{bus}")
    others = [e for e in events if e.kind in ("loop_authorised", "sync_checked")]
    if others or "set_power" in repr(events):
        raise NotHereError
    return before(events, at, fault)


@breaks("wear")
def fourth_operation(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "open", "close")
    cycle = [changed(events[at], command=f"w{k}") for k in range(3)]
    done = [told(events[at], "outcome", command=f"w{k}", state="confirmed") for k in range(3)]
    return before(events, at, *[e for pair in zip(cycle, done, strict=True) for e in pair])


@breaks("wear")
def seventeenth_step_of_a_bank(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_capacitor")
    cycle = [changed(events[at], command=f"w{k}") for k in range(16)]
    done = [told(events[at], "outcome", command=f"w{k}", state="confirmed") for k in range(16)]
    return before(events, at, *[e for pair in zip(cycle, done, strict=True) for e in pair])


@breaks("wear")
def onto_a_lock_out(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close")
    device = events[at].payload["step"]["device"]
    return before(events, at, told(events[at], "tripped", device=device, locked_out=True))


@breaks("wear")
def too_steep(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_power")
    kw = rng.choice([-1, 1]) * rng.uniform(1500, 9000)
    return swap(events, at, _step(events[at], value=kw))


@breaks("wear")
def too_steep_together(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "set_power")
    other = changed(_step(events[at], device="generator.island", value=950.0), command="w")
    done = told(events[at], "outcome", command="w", state="confirmed")
    return before(events, at, other, done)


@breaks("fresh data")
def automation_on_old_data(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    scan = _last(events, at, "scanned")
    for k in [k for k in range(scan, -1, -1) if events[k].kind == "scanned"]:
        left = [d for d in events[k].payload["devices"] if d not in ("S2", "S3")]
        events, _ = swap(events, k, changed(events[k], devices=left))
    events = later(events, at, 4.0)
    return events, events[at]


def _doubtful(events: Events, rng: Random, action: str, moved: str, doubtful: str) -> Corrupted:
    """A device that nobody is sure of, when an application moves another."""
    at = pick(events, rng, "commanded", lambda p: (
        p["application"], p["step"]["action"], p["step"]["device"]) == ("heal", action, moved),
    )  # fmt: skip
    word = "open" if (moved, doubtful) == ("S2", "S3") else "closed"
    told_so = told(events[at], "status", device=doubtful, position=word, quality="bad")
    select = _last(events, at, "selected")
    return [*events[:select], told_so, *events[select:]], events[at]


@breaks("fresh data")
def automation_beside_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    return _doubtful(events, rng, "open", "S2", rng.choice(["S3", "S4"]))


@breaks("fresh data")
def automation_behind_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    return _doubtful(events, rng, "open", "S4", "S1")


@breaks("fresh data")
def automation_relying_on_a_doubtful_device(events: Events, rng: Random) -> Corrupted:
    return _doubtful(events, rng, "open", "S1", "S3")


@breaks("fresh data")
def automation_without_a_solution(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, application="heal")
    flow = _last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], converged=False))
    return events, events[at]


@breaks("look-ahead")
def flow_not_converged(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, "close", "set_power", "limit", "set_capacitor")
    flow = _last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], converged=False))
    return events, events[at]


@breaks("look-ahead")
def violation_recorded(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    flow = _last(events, at, "flow_recorded")
    worse = [{"limit": "voltage_low", "element": "load.Db", "value": 0.8, "bound": 0.9167}]
    events, _ = swap(events, flow, changed(events[flow], worse=worse))
    return events, events[at]


@breaks("look-ahead")
def no_flow(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    flow = _last(events, at, "flow_recorded")
    return events[:flow] + events[flow + 1 :], events[at]


@breaks("look-ahead")
def flow_of_another_command(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    flow = _last(events, at, "flow_recorded")
    events, _ = swap(events, flow, changed(events[flow], command="c0"))
    return events, events[at]


@breaks("look-ahead")
def positions_changed_since_the_flow(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES)
    return before(events, at, told(events[at], "tripped", device=rng.choice(["S1", "S3"])),
                  told(events[at], "status", device="S1", position="closed"),
                  told(events[at], "status", device="S3", position="closed"))  # fmt: skip


# The record.


@breaks("record first")
def effect_without_a_command(events: Events, rng: Random) -> Corrupted:
    at = commanded(events, rng, *MOVES, "tag", "ground", "clear")
    told_so = [k for k in range(at + 1, len(events)) if events[k].kind != "outcome"
               and events[k].payload.get("command") == events[at].payload["command"]]  # fmt: skip
    effect = events[told_so[0]]
    return events[:at] + events[at + 1 :], effect


@breaks("record first")
def effect_twice(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, rng.choice(["switched", "banked"]), lambda p: "command" in p)
    return swap(events, at, events[at], changed(events[at]))


@breaks("record first")
def effect_on_another_device(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "switched", lambda p: p["device"] in ("S1", "S2", "S3"))
    others = sorted({"S1", "S2", "S3"} - {events[at].payload["device"]})
    return swap(events, at, changed(events[at], device=rng.choice(others)))


@breaks("record first")
def effect_after_the_outcome(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "switched", lambda p: "command" in p)
    events[at], events[at + 1] = events[at + 1], events[at]
    return events, events[at + 1]


@breaks("record first")
def outcome_of_nothing(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, "outcome", bool)
    return swap(events, at, changed(events[at], command="never"))


@breaks("unreadable")
def malformed(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, rng.choice(["commanded", "outcome", "switched", "selected"]), bool)
    needed = {"commanded": ["step", "login", "issued_utc"], "outcome": ["state", "command"],
              "switched": ["device", "action"], "selected": ["step", "epoch"]}  # fmt: skip
    key = rng.choice(needed[events[at].kind])
    odd = [without(events[at], key), changed(events[at], **{key: None}),
           changed(events[at], **{key: [{}]})]  # fmt: skip
    return swap(events, at, rng.choice(odd))


@breaks("unreadable")
def not_in_the_model(events: Events, rng: Random) -> Corrupted:
    at = pick(events, rng, rng.choice(["commanded", "switched", "sync_checked", "tag_placed"]),
              bool)  # fmt: skip
    if events[at].kind == "commanded":
        return swap(events, at, _step(events[at], device="S99"))
    return swap(events, at, changed(events[at], device="S99"))
