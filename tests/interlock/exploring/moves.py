"""What a person may do in what is known, as far as an exploration goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from gridmend.model.plan import Action, Step
from tests.interlock.exploring.judging import Desk
from tests.interlock.exploring.knowledge import (
    CLOSED,
    DOUBT,
    HANGS,
    IN_DOUBT,
    LIFTING,
    OPEN,
    PLACING,
    STILL_CLOSED,
    STILL_OPEN,
    Known,
    Place,
)

Way = tuple[str, bool, bool, frozenset[str], bool]
"""A command to close on its way: its device, leave, check, and `Sent.covered`, `excused`."""
WORK = (
    ("zone", Action.CLEAR, Action.RELEASE, "z"),
    ("earth", Action.GROUND, Action.UNGROUND, "g"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is left out of an exploration so that it ends."""

    tags: int = 2
    kinds: tuple[str, ...] = ("hold",)
    doubtful: int = 99
    """How many devices are in doubt at a time."""
    sent: int = 2
    """How many commands to close are on their way at a time."""
    sources: bool = True
    """Whether sources are switched."""
    phases: bool = True
    """Whether tags, grounds and clearances are on their way for a while."""
    work: tuple[str, ...] = ("zone", "earth")


@dataclass(frozen=True, slots=True)
class Move:
    """A command: what is known once it is given, and once it is confirmed."""

    step: Step
    label: str
    then: Known
    done: Known
    way: Way | None = None
    voids: str = ""
    """A device of which an earlier command can have no effect any more."""


def allowed(place: Place, bounds: Bounds, known: Known, desk: Desk) -> list[Move]:
    """Every command that the interlock allows; one that starts with `!` is a violation."""
    found = list(_operations(place, bounds, known, desk))
    if not bounds.phases or known.is_settled:
        found += [*_tags(place, bounds, known, desk), *_work(place, bounds, known, desk)]
    return found


def doubts(known: Known) -> int:
    """How many devices are in doubt."""
    return sum(at in IN_DOUBT for at in known.at)


def doubted(known: Known, index: int) -> Known:
    """The same with a device in doubt; one that is open stays so until it is told to close."""
    return known.moved(index, STILL_OPEN if known.at[index] in (OPEN, STILL_OPEN) else DOUBT)


def _operations(place: Place, bounds: Bounds, known: Known, desk: Desk) -> Iterator[Move]:
    full = doubts(known) >= bounds.doubtful
    for index, device in enumerate(place.devices):
        at = known.at[index]
        if (full and at in (OPEN, CLOSED)) or not (bounds.sources or place.is_switch[index]):
            continue
        step = Step(Action.OPEN, device, "")
        if not desk.refusals(step):
            done = replace(known, sent=known.sent - {device}).moved(index, OPEN)
            voids = device if at == STILL_CLOSED else ""
            yield Move(step, f"open {device}", doubted(known, index), done, voids=voids)
        if device in known.sent:
            continue
        step = Step(Action.CLOSE, device, "")
        for leave, check in desk.ways_to_close(step):
            letter = STILL_CLOSED if at in (CLOSED, STILL_CLOSED) else DOUBT
            then = replace(known, sent=known.sent | {device}).moved(index, letter)
            way = (device, leave, check, frozenset[str](), False)
            label = f"close {device}{' by leave' * leave}{' by check' * check}"
            yield Move(step, label, then, known.moved(index, CLOSED), way)


def _work(place: Place, bounds: Bounds, known: Known, desk: Desk) -> Iterator[Move]:
    for name, give, take, mark in WORK:
        if name not in bounds.work:
            continue
        now = getattr(known, name)
        for bus in sorted(place.plant.buses) if now is None else ():
            step = Step(give, bus, "", mark=mark)
            if not desk.refusals(step):
                what: Any = frozenset(desk.standing.zone(bus)) if name == "zone" else bus
                then, done = {name: (what, PLACING)}, {name: (what, HANGS)}
                yield _marked(known, bounds, step, then, done)
        if now is not None:
            bus = min(now[0]) if name == "zone" else now[0]
            step = Step(take, bus, "", mark=mark)
            if not desk.refusals(step):
                yield _marked(known, bounds, step, {name: (now[0], LIFTING)}, {name: None})
            if not desk.refusals(step, "bob"):
                yield Move(step, f"! bob may {take} {bus}", known, known)


def _tags(place: Place, bounds: Bounds, known: Known, desk: Desk) -> Iterator[Move]:
    on = {(device, kind) for device, kind, _ in known.tags}
    for device, kind in product((*place.devices, *place.plant.der), bounds.kinds):
        name = f"{kind}-{device}"
        if (device, kind) in on:
            step = Step(Action.UNTAG, device, "", mark=name)
            rest = known.tags - {(device, kind, HANGS)}
            if not desk.refusals(step):
                then = {"tags": rest | {(device, kind, LIFTING)}}
                yield _marked(known, bounds, step, then, {"tags": rest})
            if not desk.refusals(step, "bob"):
                yield Move(step, f"! bob may lift {name}", known, known)
        elif len(on) < bounds.tags:
            step = Step(Action.TAG, device, "", mark=name, kind=kind)
            if not desk.refusals(step):
                then = {"tags": known.tags | {(device, kind, PLACING)}}
                hung = {"tags": known.tags | {(device, kind, HANGS)}}
                yield _marked(known, bounds, step, then, hung)


def _marked(
    known: Known, bounds: Bounds, step: Step, then: dict[str, Any], done: dict[str, Any]
) -> Move:
    end = replace(known, **done)
    label = f"{step.action} {step.device} {step.kind}".strip()
    return Move(step, label, replace(known, **then) if bounds.phases else end, end)
