"""A network as it really is beside what its journal says: commands on their way, and the field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from gridmend.model.command import Command
from gridmend.model.event import Event
from gridmend.model.plan import MOVES, SWITCHING, Action
from gridmend.model.situation import Situation
from gridmend.runtime.fold import Folding
from oracles.switching import (
    Known,
    Plant,
    Sent,
    Truth,
    alive,
    islands,
    known,
    live,
    unsafe,
    unsafe_operation,
)
from tests.interlock.exploring.judging import Room
from tests.interlock.exploring.knowledge import NOON
from tests.interlock.exploring.scenery import scenery

KEPT = 40
"""How many of the last events a violation tells."""


class UnsafeError(AssertionError):
    """What the interlock let happen, with the last that was said."""


@dataclass(slots=True)
class Going:
    """A command that was given; `done` once carried out, `void` where it can have no effect."""

    command: Command
    key: str
    sent: Sent
    buses: frozenset[str] = frozenset()
    done: bool = False
    void: bool = False


class World:
    """Truth and journal of one random network."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        grid = scenery(self.rng)
        self.room, self.plant, self.seed = Room.of(grid), Plant.of(grid), seed
        self.now: datetime = NOON
        self.folding = Folding(grid)
        self._seen: Situation | None = None
        ties = {str(n).lower() for n in grid.switches["name"][grid.switches.flags("normally_open")]}
        self.truth = Truth(
            frozenset(self.plant.switches.keys() - ties), frozenset(self.plant.sources)
        )
        self.going: list[Going] = []
        self.given: list[Command] = []
        self.carried: set[str] = set()
        self.unheard: set[str] = set()
        self.told: list[str] = []
        self.rng.shuffle(self.told)

    @property
    def situation(self) -> Situation:
        """What the journal says."""
        if self._seen is None:
            self._seen = self.folding.situation()
        return self._seen

    def known(self, *, converged: bool = True) -> Known:
        """The same for the oracle."""
        return known(self.plant, self.situation, self.now.timestamp(), converged=converged)

    def say(self, kind: str, /, **payload: Any) -> None:
        """Write an event into the journal."""
        event = Event(self.now, "test", "test", kind, payload)
        self.folding.add(event)
        self._seen = None
        self.told = [*self.told[-KEPT:], str(event)]

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    def wrong(self, why: str) -> None:
        """Stop with what led here."""
        raise UnsafeError(f"seed {self.seed}: {why}\n  " + "\n  ".join(self.told))

    def safe(self, truth: Truth) -> None:
        """The truth is this from now on."""
        self.truth = truth
        reason = unsafe(self.plant, truth)
        if reason:
            self.wrong(reason)

    def word(self, device: str) -> str:
        """How a device really stands."""
        return "closed" if device in self.truth.closed | self.truth.on else "open"

    def reports(self, device: str) -> None:
        """A device says how it stands."""
        self.unheard.discard(device)
        self.say("status", device=device, position=self.word(device))

    def trips(self, device: str, *, is_heard: bool) -> None:
        """Protection opens a device."""
        was = self.truth
        self.opened(device)
        cut_off = self.cut_off(was)
        for one in self.going:
            one.sent.excused |= self.joins(one.key, self.truth.closed)
            one.sent.faults -= cut_off
        self.told.append(f"{device} trips {'' if is_heard else 'un'}heard")
        if is_heard:
            self.say("tripped", device=device, locked_out=self.rng.random() < 0.2)
        else:
            self.unheard.add(device)

    def opened(self, device: str) -> None:
        """A device is open from now on."""
        self.safe(replace(
            self.truth, closed=self.truth.closed - {device}, on=self.truth.on - {device}
        ))  # fmt: skip
        for one in self.going:
            one.sent.covered -= {device}

    def closed(self, device: str) -> None:
        """A device is closed from now on."""
        t = self.truth
        if device in self.plant.switches:
            self.safe(replace(t, closed=t.closed | {device}))
        else:
            self.safe(replace(t, on=t.on | {device}))
        self.unheard.discard(device)

    def joins(self, device: str, closed: frozenset[str]) -> bool:
        """Whether closing a device would join two live islands."""
        if device not in self.plant.switches and device not in self.plant.sources:
            return False
        return islands(self.plant, closed - {device}, alive(self.plant, self.truth), device)

    def cut_off(self, was: Truth) -> frozenset[str]:
        """What may be faulted, and would be live in another truth, but is not."""
        fed, now = live(self.plant, was), live(self.plant, self.truth)
        places = {f: self.plant.at(f) for f in self.situation.faults}
        return frozenset(f for f, at in places.items() if at <= fed and not at <= now)

    def unheard_of(self, known: Known) -> Truth:
        """The truth, had no device tripped unheard that is taken to stand as it did."""
        t, unheard = self.truth, frozenset(self.unheard) - known.doubtful
        switches = self.plant.switches.keys()
        return replace(t, closed=t.closed | (unheard & switches), on=t.on | (unheard - switches))

    def carry_out(self, one: Going) -> None:
        """The field does what a command says; earlier ones for the device are void."""
        step, who = one.command.step, one.command.principal
        self.told.append(f"carried out: {one.command.id} {step.action} {step.device} {step.mark}")
        if one.command.id in self.carried and step.action in MOVES:
            self.wrong(f"{one.key} was operated twice for {one.command.id}")
        self.carried.add(one.command.id)
        one.done = True
        for earlier in self.going[: self.going.index(one)]:
            earlier.void |= earlier.key == one.key
        if step.action in MOVES:
            reason = unsafe_operation(self.plant, self.truth, one.sent)
            if reason:
                self.wrong(reason)
            if step.action in SWITCHING:
                (self.closed if step.action is Action.CLOSE else self.opened)(one.key)
            return
        self.works(one, step.action, step.mark, who)

    def works(self, one: Going, action: Action, mark: str, who: str) -> None:
        """Tags, grounds and clearances are placed or lifted."""
        t = self.truth
        tag = next((x for x in t.tags if x[0] == mark), None)
        if action is Action.TAG:
            new = (mark, one.key, one.command.step.kind, who)
            self.safe(replace(t, tags=t.tags | {new}))
        elif action is Action.UNTAG and tag:
            if tag[3] != who:
                self.wrong(f"{who} lifted the tag {mark} of {tag[3]}")
            self.safe(replace(t, tags=t.tags - {tag}))
        elif action is Action.GROUND:
            new_ground = (mark, one.key.removeprefix("bus."), who)
            self.safe(replace(t, grounds=t.grounds | {new_ground}))
        elif action is Action.UNGROUND:
            self.safe(replace(t, grounds=frozenset(g for g in t.grounds if g[0] != mark)))
        elif action is Action.CLEAR:
            self.safe(replace(t, clearances=t.clearances | {(mark, who, one.buses)}))
        else:
            rest = frozenset(c for c in t.clearances if c[0] != mark)
            self.safe(replace(t, clearances=rest))

    def tells(self, one: Going) -> None:
        """The field says what became of a command that it carried out."""
        step, mark, t = one.command.step, one.command.step.mark, self.truth
        if step.action in SWITCHING:
            self.reports(one.key)
        elif step.action in MOVES:
            value = {"value": step.value}
            self.say("switched", device=step.device, action=step.action.value, **value)
        elif step.action is Action.TAG:
            for name, device, kind, holder in t.tags:
                if name == mark:
                    self.say("tag_placed", tag=name, device=device, kind=kind, holder=holder)
        elif step.action is Action.GROUND:
            for name, bus, holder in t.grounds:
                if name == mark:
                    self.say("ground_placed", ground=name, bus=bus, holder=holder)
        elif step.action is Action.CLEAR:
            for name, holder, buses in t.clearances:
                if name == mark:
                    self.say("clearance_issued", clearance=name, holder=holder, buses=sorted(buses))
        elif step.action is Action.UNTAG:
            self.say("tag_lifted", tag=mark)
        elif step.action is Action.UNGROUND:
            self.say("ground_removed", ground=mark)
        else:
            self.say("clearance_released", clearance=mark)

    def ends(self, one: Going, state: str) -> None:
        """The outcome of a command is written."""
        self.say("outcome", command=one.command.id, state=state)
        if state != "in_doubt":
            self.going.remove(one)
