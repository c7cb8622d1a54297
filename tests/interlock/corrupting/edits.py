"""How a journal is edited, and what a corruption of it is."""

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


def breaks(rule: str) -> Callable[[Callable[[Events, Random], Corrupted]], Corruption]:
    """Make a corruption of a function."""
    return lambda apply: Corruption(apply.__name__, rule, apply)


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


def last(events: Events, at: int, kind: str, **holds: Any) -> int:
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
    return at if name is None else last(events, at, "commanded", command=name)


def step_with(event: Event, **changes: Any) -> Event:
    return changed(event, step={**event.payload["step"], **changes})
