"""Which sections self-healing takes for faulted: by what was heard, and by what it closed onto."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gridmend.interlock.move import By
from gridmend.interlock.standing import standing
from gridmend.model.event import Event
from gridmend.operations.suspects import Suspect
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.locating import Closing, Heard, closed_onto, located
from gridmend.runtime.exercise.room import Room

SUSPECTS_MOST = 4
"""Sections of which each may hold the fault, or hold one of several, that are isolated together."""
SEQUENCE_S = 120.0
"""Trips that are further apart are of two faults."""

_Onto = tuple[tuple[Suspect, ...], float]


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

    def hear(self, event: Event) -> None:
        """Keep what instruments say of faults."""
        self._heard.hear(event, self.room.agenda.now_s)

    def forget(self) -> None:
        """Another fault struck: what was closed onto until now has no part in it."""
        self._onto.clear()

    def take_for_closed_onto(
        self, trip: str, closings: Iterable[Closing], cases: Sequence[Case]
    ) -> None:
        """A trip on a closing: the fault is in what that made live, and no plan feeds it again."""
        topology = self.room.kernel.bench.site.topology
        for closing in closings:
            found = closed_onto(topology, closing, trip, self.room.agenda.now_s)
            if not found:
                continue
            self._onto[trip] = found, closing.at_s
            for case in cases:
                steps = case.plan.steps if case.order and case.plan is not None else ()
                if case.is_over or all(one.device.lower() != closing.device for one in steps):
                    continue
                known = {one.elements[0] for one in case.suspects}
                new = tuple(one for one in found if one.elements[0] not in known)
                if case.device:
                    case.suspects += new
                    case.onto |= {one.elements[0] for one in new}
                self._say(new, why=f"{trip} tripped as {closing.device} closed")

    def locate(self, case: Case) -> str:
        """Find the sections that may hold the fault of a case, and say so; else why none is."""
        kernel = self.room.kernel
        bench = kernel.bench
        stands = standing(bench.site, kernel.situation, kernel.now_s, bench.policy)
        names = kernel.grid.switches.texts("name")
        silent = {n.lower() for n, sure in zip(names, stands.certain, strict=True) if not sure}
        onto, closed_s = self._onto.pop(case.device, ((), -math.inf))
        # What was told before it was closed onto a fault has misled.
        heard = self._heard.since(max(case.due_s - self.detection_s - SEQUENCE_S, closed_s))
        found, instead = located(
            bench, case.before, case.device, heard, equipped=self.equipped, silent=silent
        )
        found = tuple(one for one in found if one.elements)
        is_many = len(found) > SUSPECTS_MOST
        if onto:
            # It tripped as these were made live: whatever flags say, the fault is among them.
            live = {element for one in onto for element in one.elements}
            among = tuple(one for one in found if live & set(one.elements))
            if not among or is_many or not heard.flags:
                among = onto
            found, is_many = among, False
        if not found or is_many:
            return f"the fault is in one of {len(found)} sections: a crew looks for it"
        case.suspects = found
        is_onto = found is onto
        case.instead = frozenset(one.elements[0] for one in onto) if is_onto else instead
        self._say(found)
        return ""

    def _say(self, found: tuple[Suspect, ...], why: str = "") -> None:
        for one in found:
            self.room.kernel.say(
                "fault_suspected", self.by, element=one.elements[0], behind=one.behind, why=why
            )
