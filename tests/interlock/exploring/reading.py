"""What is known after real events, read back from the situation that they fold into."""

from __future__ import annotations

from collections.abc import Iterator

from gridmend.model.event import Event
from gridmend.model.plan import SWITCHING, Action
from gridmend.model.situation import Situation
from oracles.switching import known as read
from tests.interlock.exploring.judging import NOW_S
from tests.interlock.exploring.knowledge import (
    CLOSED,
    DOUBT,
    HANGS,
    LIFTING,
    OPEN,
    PLACING,
    Known,
    Place,
    command_to,
    said,
)
from tests.interlock.exploring.moves import Move


def known_from(place: Place, situation: Situation) -> Known:
    """What is known, as an exploration writes it."""
    found = read(place.plant, situation, NOW_S)
    closed = found.closed | found.on
    at = tuple(
        DOUBT if d in found.doubtful else CLOSED if d in closed else OPEN for d in place.devices
    )
    way = {
        (p.command.step.action, p.command.step.mark)
        for p in situation.pending.values()
        if p.command.step.action not in SWITCHING
    }

    def phase(mark: str, gives: Action, takes: Action) -> str:
        return PLACING if (gives, mark) in way else LIFTING if (takes, mark) in way else HANGS

    zones = {buses for _, _, buses in found.clearances}
    earths = {bus for _, bus, _ in found.grounds}
    return Known(
        at,
        found.pending,
        frozenset((t.device, t.kind, phase(t.id, Action.TAG, Action.UNTAG)) for t in found.tags),
        next(((z, phase("z", Action.CLEAR, Action.RELEASE)) for z in zones), None),
        next(((e, phase("g", Action.GROUND, Action.UNGROUND)) for e in earths), None),
    )


def given(known: Known, move: Move) -> Event:
    """The event that a command is given."""
    zone = move.then.zone
    more = {"buses": sorted(zone[0])} if move.step.action is Action.CLEAR and zone else {}
    return said("commanded", **{**command_to(move.step).as_json(), "command": "new"}, **more)


def confirmed(move: Move, *, by_word: bool) -> Iterator[Event]:
    """The events that it was carried out: with a report, or by an outcome alone."""
    step, mark = move.step, move.step.mark
    told = {
        Action.OPEN: ("status", {"device": step.device, "position": "open"}),
        Action.CLOSE: ("status", {"device": step.device, "position": "closed"}),
        Action.TAG: (
            "tag_placed",
            {"tag": mark, "device": step.device, "kind": step.kind, "holder": "ann"},
        ),
        Action.UNTAG: ("tag_lifted", {"tag": mark}),
        Action.GROUND: ("ground_placed", {"ground": mark, "bus": step.device, "holder": "ann"}),
        Action.UNGROUND: ("ground_removed", {"ground": mark}),
        Action.CLEAR: (
            "clearance_issued",
            {"clearance": mark, "holder": "ann", "buses": sorted((move.done.zone or ((),))[0])},
        ),
        Action.RELEASE: ("clearance_released", {"clearance": mark}),
    }
    if not by_word:
        kind, payload = told[step.action]
        yield said(kind, **payload)
    yield said("outcome", command="new", state="confirmed")
