"""Sections that are kept dead as suspected, and that no crew is looking at or will."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Flags
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.sections import sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.suspects import elements_of, suspects
from gridmend.runtime.exercise.incident import Incident

SEEK_S = 300.0
"""How long a suspicion is left to those who patrol behind what locked out, and until it is looked
at again who seeks."""


@dataclass
class Seeking:
    """What is suspected, since when it waits, and the device behind which it is."""

    _waits: dict[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])

    def hear(self, event: Event, now_s: float) -> None:
        """A section is suspected, or cleared or mended."""
        if event.kind == "fault_suspected":
            behind = str(event.payload.get("behind", "")).lower()
            self._waits[str(event.payload["element"]).lower()] = behind, now_s + SEEK_S
        elif event.kind == "repaired":
            self._waits.pop(str(event.payload["element"]).lower(), None)

    def due_s(self) -> float:
        """When the next suspicion is looked at [s]."""
        return min((at_s for _, at_s in self._waits.values()), default=math.inf)

    def unsought(
        self,
        topology: Topology,
        stood: Snapshot,
        incidents: Iterable[Incident],
        equipped: Collection[str],
        now_s: float,
    ) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The device, and the elements of the section, of each suspicion that waited long enough
        and that no open incident will come to. A bus, a switch or what the model does not have is
        left to whoever suspects it: a patrol walks what lies in a section."""
        due = [element for element, (_, at_s) in self._waits.items() if at_s <= now_s]
        for element in due:
            self._waits[element] = self._waits[element][0], now_s + SEEK_S
        opened = [one for one in incidents if one.stage != "over"]
        left = [e for e in due if not any(_comes_to(topology, one, e) for one in opened)]
        if not left:
            return ()
        marks = {name.lower() for name in equipped}
        names = topology.grid.switches.texts("name")
        separators = np.array([name.lower() in marks for name in names], bool)
        cut = sections(topology, separators=separators, snapshot=stood)
        found: dict[tuple[str, ...], str] = {}
        for element in left:
            try:
                nodes = topology.nodes_of(element)
            except GridError:
                continue
            at = [int(cut.of_bus[topology.wiring.node_bus[node]]) for node in nodes[:1]]
            here = elements_of(topology, cut, at[0]) if at else ()
            if element in here:
                found.setdefault(here, self._waits[element][0])
        return tuple((device, elements) for elements, device in found.items())


def dark_around(topology: Topology, live: Flags, *elements: str) -> Flags:
    """[nodes] what is dead together with elements, whatever switches lie between, and all phases
    that meet at a bus: it may all wait for what is looked at there. `live` [nodes] has supply."""
    w = topology.wiring
    usable = ~live[w.edge_from] & ~live[w.edge_to]
    nodes = np.concatenate([topology.nodes_of(element) for element in elements])
    return topology.reached(usable, nodes) & ~live


def _comes_to(topology: Topology, incident: Incident, element: str) -> bool:
    """Whether those who work at an incident will look at an element."""
    if incident.sought:
        return element in incident.sought
    if element in incident.found or any(element in j.elements for j in incident.jobs.values()):
        return True
    if element in incident.patrolled:
        return False
    behind = suspects(topology, incident.before, tripped=incident.device)
    return any(element in one.elements for one in behind)
