"""Which sections self-healing takes for faulted: by what was heard, and by what it closed onto."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gridmend.interlock.move import By
from gridmend.interlock.standing import standing
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.operations.suspects import Suspect
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.locating import (
    SUSPECTS_MOST,
    Closing,
    Heard,
    closed_onto,
    located,
)
from gridmend.runtime.exercise.onward import phases_at, poles_apart
from gridmend.runtime.exercise.room import Room

SEQUENCE_S = 120.0
"""Trips that are further apart are of two faults."""
LATE_S = 900.0
"""So long after a closing a trip is taken to be of it where nothing else tells the place: a fault
that draws little more than load does takes protection minutes."""

_Onto = tuple[tuple[Suspect, ...], Closing]


@dataclass
class Suspecting:
    """Hears what tells of faults and says, in the name of `by`, which sections are suspected.

    `equipped` are the switches with an indicator; flags are waited for during `detection_s`.
    """

    room: Room
    by: By
    equipped: tuple[str, ...]
    detection_s: float
    _heard: Heard = field(default_factory=Heard)
    _onto: dict[str, _Onto] = field(default_factory=dict[str, _Onto])
    """What was closed onto, by the device that tripped on it."""
    _told: dict[str, list[Suspect]] = field(default_factory=dict[str, list[Suspect]])
    """What is suspected for that alone, by the device that tripped."""
    _cleared: set[str] = field(default_factory=set[str])
    """First elements of sections of which that was taken back: once is enough."""
    _narrow_s: dict[str, float] = field(default_factory=dict[str, float])
    """When it is looked what flags say of what was closed onto, by the device that tripped [s]."""

    def hear(self, event: Event) -> None:
        """Keep what instruments say of faults; where somebody has found damage, it stays."""
        self._heard.hear(event, self.room.agenda.now_s)
        if event.kind == "fault_suspected" and event.cause != self.by.application:
            element = str(event.payload["element"]).lower()
            for told in self._told.values():
                told[:] = (one for one in told if element not in one.elements)

    def forget(self) -> None:
        """Another fault struck: what was closed onto until now has no part in it."""
        for known in (self._onto, self._told, self._narrow_s):
            known.clear()

    def take_for_closed_onto(
        self, trip: str, closings: Iterable[Closing], cases: Sequence[Case]
    ) -> None:
        """A trip on a closing: the fault is in what that made live, and no plan feeds it again."""
        topology = self.room.kernel.bench.site.topology
        for closing in closings:
            found = closed_onto(topology, closing, trip, self.room.agenda.now_s)
            if not found:
                continue
            self._onto[trip] = found, closing
            self._narrow_s[trip] = self.room.agenda.now_s + self.detection_s
            for case in cases:
                steps = case.plan.steps if case.order and case.plan is not None else ()
                if case.is_over or all(one.device.lower() != closing.device for one in steps):
                    continue
                known = {one.elements[0] for one in case.suspects}
                new = tuple(one for one in found if one.elements[0] not in known)
                if case.device:
                    case.suspects += new
                    case.onto |= {one.elements[0] for one in new}
                standing = self.room.kernel.situation.faults
                fresh = (one for one in new if one.elements[0] not in standing)
                self._told.setdefault(trip, []).extend(fresh)
                self._say(new, why=f"{trip} tripped as {closing.device} closed")

    def locate(
        self, case: Case, closings: Sequence[Closing] = (), cases: Sequence[Case] = ()
    ) -> str:
        """Find the sections that may hold the fault of a case, and say so; else why none is.

        Where what was heard does not tell, it is taken to be in what the last of the `closings`
        made live behind what tripped. What `cases` suspect for having been closed onto is cleared
        where flags say in which part of it the fault is.
        """
        onto, closing = self._onto.pop(case.device, ((), None))
        told = self._told.pop(case.device, [])
        # What was told before it was closed onto a fault has misled.
        closed_s = closing.at_s if closing is not None else -math.inf
        heard = self._heard.since(max(case.due_s - self.detection_s - SEQUENCE_S, closed_s))
        found, instead = self._located(case.before, case.device, heard)
        is_many = len(found) > SUSPECTS_MOST
        if onto:
            # It tripped as these were made live: whatever flags say, the fault is among them.
            live = {element for one in onto for element in one.elements}
            among = tuple(one for one in found if live & set(one.elements))
            if not among or is_many or not heard.flags:
                among = onto
            found, is_many = among, False
        elif is_many or not found or not heard.is_any:
            onto = self._late(case, closings, found)
            if is_many and not onto:
                return f"the fault is in one of {len(found)} sections: a crew looks for it"
            found = onto or found
        if not found:
            return "the fault is in none of the sections: a crew looks for it"
        case.suspects = found
        kernel = self.room.kernel
        case.phases = poles_apart(kernel.grid, kernel.situation, case.device, case.before)
        is_onto = found is onto
        case.instead = frozenset(one.elements[0] for one in onto) if is_onto else instead
        self._say(found, phases=case.phases)
        if onto and not is_onto:
            self._take_back(told, found, cases)
        return ""

    def due_s(self) -> float:
        """When it is looked what flags say of what was closed onto [s]."""
        return min(self._narrow_s.values(), default=math.inf)

    def narrow(self, cases: Sequence[Case]) -> None:
        """Where flags say in which part of what was closed onto the fault is, clear the others."""
        now_s, grid = self.room.agenda.now_s, self.room.kernel.grid
        for trip in [trip for trip, at_s in self._narrow_s.items() if at_s <= now_s]:
            del self._narrow_s[trip]
            onto, closing = self._onto.get(trip, ((), None))
            if closing is None or trip not in self._told:
                continue
            before = closing.stood.with_switch(grid, closing.device, is_open=False)
            heard = self._heard.since(closing.at_s)
            found, _ = self._located(before, trip, heard)
            live = {element for one in onto for element in one.elements}
            among = [one for one in found if live & set(one.elements)]
            if heard.flags and among and len(found) <= SUSPECTS_MOST:
                self._take_back(self._told.pop(trip), among, cases)

    def _located(
        self, before: Snapshot, device: str, heard: Heard
    ) -> tuple[tuple[Suspect, ...], frozenset[str]]:
        """The sections that may hold the fault which a device has cleared."""
        kernel = self.room.kernel
        bench = kernel.bench
        stands = standing(bench.site, kernel.situation, kernel.now_s, bench.policy)
        names = kernel.grid.switches.texts("name")
        silent = {n.lower() for n, sure in zip(names, stands.certain, strict=True) if not sure}
        found, instead = located(
            bench, before, device, heard, equipped=self.equipped, silent=silent
        )
        return tuple(one for one in found if one.elements), instead

    def _take_back(
        self, told: Sequence[Suspect], found: Sequence[Suspect], cases: Sequence[Case]
    ) -> None:
        """Clear what was suspected for having been closed onto and is not where the fault was
        found; what was cleared once and closed onto again stays suspected."""
        here = {element for one in found for element in one.elements}
        clear = {one.elements[0] for one in told if not here & set(one.elements)} - self._cleared
        self._cleared |= clear
        for case in cases:
            case.suspects = tuple(one for one in case.suspects if one.elements[0] not in clear)
            case.onto -= clear
        for element in sorted(clear):
            why = "flags say that the fault closed onto is elsewhere"
            self.room.kernel.say("repaired", self.by, element=element, why=why)

    def _late(
        self, case: Case, closings: Sequence[Closing], among: tuple[Suspect, ...]
    ) -> tuple[Suspect, ...]:
        """What the last closing that the device of a case feeds made live: of it what is `among`
        others, where any is. None where that is too much, or too long ago."""
        topology, tripped_s = self.room.kernel.bench.site.topology, case.due_s - self.detection_s
        for closing in reversed(closings):
            onto = closed_onto(topology, closing, case.device, tripped_s, within_s=LATE_S)
            live = {element for one in onto for element in one.elements}
            found = tuple(one for one in among if live & set(one.elements)) or onto
            if found:
                return found if len(found) <= SUSPECTS_MOST else ()
        return ()

    def _say(self, found: tuple[Suspect, ...], why: str = "", phases: str = "") -> None:
        topology = self.room.kernel.bench.site.topology
        for one in found:
            own = phases_at(topology, one.elements[:1], phases)
            poles = {"phases": own} if own else {}
            self.room.kernel.say(
                "fault_suspected", self.by, element=one.elements[0], behind=one.behind, why=why,
                **poles,
            )  # fmt: skip
