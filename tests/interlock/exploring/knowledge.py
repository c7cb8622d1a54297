"""What is known at a point of the exploration, and the journal that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gridmend.model.command import Command, step_as_json
from gridmend.model.event import Event
from gridmend.model.plan import Action, Step
from oracles.switching import Plant, Truth

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
NOW = NOON + timedelta(seconds=1)
HERE: dict[str, Any] = {"principal": "ann", "login": "desk1", "epoch": 1}
OPEN, CLOSED, DOUBT, STILL_OPEN, STILL_CLOSED = "o", "c", "?", "u", "k"
"""Surely open or closed, in doubt, and in doubt though nothing can have closed or opened it."""
IN_DOUBT = (DOUBT, STILL_OPEN, STILL_CLOSED)
HANGS, PLACING, LIFTING = "", "+", "-"

Tag = tuple[str, str, str]
"""Device, kind, and whether it hangs, is on its way or is being lifted."""


@dataclass(frozen=True, slots=True)
class Known:
    """Positions of switches and sources as letters, and the work on the network.

    `sent` are devices with a command to close that has no outcome. A clearance is its buses, an
    earth its bus, each with how far it is.
    """

    at: tuple[str, ...]
    sent: frozenset[str] = frozenset()
    tags: frozenset[Tag] = frozenset()
    zone: tuple[frozenset[str], str] | None = None
    earth: tuple[str, str] | None = None

    def moved(self, index: int, letter: str) -> Known:
        """The same with one device at another position."""
        return replace(self, at=(*self.at[:index], letter, *self.at[index + 1 :]))

    @property
    def as_seen(self) -> Known:
        """The same as the control room sees it."""
        return replace(self, at=tuple(DOUBT if a in IN_DOUBT else a for a in self.at))

    @property
    def is_settled(self) -> bool:
        """Whether no mark is on its way."""
        marks = [phase for _, _, phase in self.tags]
        marks += [mark[1] for mark in (self.zone, self.earth) if mark]
        return all(phase == HANGS for phase in marks)


@dataclass(frozen=True, eq=False)
class Place:
    """A network that is explored: its devices in order, switches first."""

    plant: Plant
    devices: tuple[str, ...]
    is_switch: tuple[bool, ...]

    @staticmethod
    def of(plant: Plant) -> Place:
        """The devices of a network."""
        return Place(
            plant, (*plant.switches, *plant.sources),
            (*(True for _ in plant.switches), *(False for _ in plant.sources)),
        )  # fmt: skip

    def chosen(self, known: Known, letters: str, *, switches: bool) -> frozenset[str]:
        """The switches, or the sources, that stand at one of some letters."""
        rows = zip(self.devices, known.at, self.is_switch, strict=True)
        return frozenset(d for d, at, is_one in rows if at in letters and is_one is switches)

    def worst(self, known: Known) -> Truth:
        """The truth that agrees with what is known and is the worst for who works: all that may
        be closed is, and only tags that surely hang do."""
        return Truth(
            self.chosen(known, "ck?", switches=True),
            self.chosen(known, "ck?", switches=False),
            frozenset((d, d, kind, "ann") for d, kind, phase in known.tags if phase == HANGS),
            frozenset({("g", known.earth[0], "ann")} if known.earth else ()),
            frozenset({("z", "ann", known.zone[0])} if known.zone else ()),
        )

    def journal(self, known: Known) -> Iterator[Event]:
        """A short journal after which exactly this is known."""
        for device, at, is_switch in zip(self.devices, known.at, self.is_switch, strict=True):
            if is_switch or at in (OPEN, CLOSED):
                word = "open" if at == OPEN else "closed"
                more = {"quality": "bad"} if at == DOUBT else {}
                yield said("status", device=device, position=word, **more)
            if device in known.sent:
                yield self.commanded(Step(Action.CLOSE, device, ""))
            elif at == DOUBT and not is_switch:
                yield self.commanded(Step(Action.OPEN, device, ""))
        for device, kind, phase in sorted(known.tags):
            name = f"{kind}-{device}"
            if phase != PLACING:
                yield said("tag_placed", tag=name, device=device, kind=kind, holder="ann")
            if phase != HANGS:
                action = Action.TAG if phase == PLACING else Action.UNTAG
                yield self.commanded(Step(action, device, "", mark=name, kind=kind))
        if known.zone:
            buses, phase = sorted(known.zone[0]), known.zone[1]
            if phase != PLACING:
                yield said("clearance_issued", clearance="z", holder="ann", buses=buses)
            if phase != HANGS:
                action = Action.CLEAR if phase == PLACING else Action.RELEASE
                yield self.commanded(Step(action, buses[0], "", mark="z"), buses=buses)
        if known.earth:
            bus, phase = known.earth
            if phase != PLACING:
                yield said("ground_placed", ground="g", bus=bus, holder="ann")
            if phase != HANGS:
                action = Action.GROUND if phase == PLACING else Action.UNGROUND
                yield self.commanded(Step(action, bus, "", mark="g"))

    def commanded(self, step: Step, **more: Any) -> Event:
        """A command to carry out a step, named for it."""
        payload = command_to(step).as_json()
        assert payload["step"] == step_as_json(step)
        return said("commanded", **payload, **more)


def command_to(step: Step) -> Command:
    """A person's command, whose id says what it is."""
    return Command(
        f"{step.action} {step.device} {step.kind}", step, area="", issued_utc=NOON, select="x",
        **HERE,
    )  # fmt: skip


def said(kind: str, /, **payload: Any) -> Event:
    """Something that was said at noon."""
    return Event(NOON, "test", "test", kind, payload)
