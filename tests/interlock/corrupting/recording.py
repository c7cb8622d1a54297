"""The record: effects before their command, and what cannot be read."""

from __future__ import annotations

from random import Random

from tests.interlock.corrupting.edits import (
    MOVES,
    Corrupted,
    Events,
    breaks,
    changed,
    commanded,
    pick,
    step_with,
    swap,
    without,
)


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
        return swap(events, at, step_with(events[at], device="S99"))
    return swap(events, at, changed(events[at], device="S99"))
