"""Where a fault is, by what the room has heard of it: sections that hold it together, so sure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from gridmend.interlock.check import Bench
from gridmend.model.event import Event
from gridmend.model.sections import sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.location.answer import Location
from gridmend.operations.location.evidence import Evidence, Passage, Recording, Sag, State, tripped
from gridmend.operations.location.locate import Locator
from gridmend.operations.suspects import FAULTED, Suspect, suspects

SURE = 0.85
"""Sections are isolated together until they hold the fault with this chance: one phase of one
indicator gives 0.9, and docs/healing.md says what waiting for more costs."""
SUSPECTS_MOST = 4
"""Sections of which each may hold the fault, or hold one of several, that are isolated together."""
ONTO_S = 30.0
"""A trip so soon after a closing that its device feeds is taken to be of what was closed onto."""
PHASES = ("a", "b", "c")


@dataclass(frozen=True, eq=False)
class Closing:
    """A switch, in lower case, that was told to close at a time [s], and what stood before."""

    at_s: float
    device: str
    stood: Snapshot


@dataclass
class Heard:
    """What instruments said of faults, by device or bus, each with when it came [s]."""

    flags: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict[str, "_Flag"])
    currents: dict[str, tuple[float, Recording]] = field(default_factory=dict[str, "_Current"])
    sags: dict[str, tuple[float, Sag]] = field(default_factory=dict[str, "_Sag"])

    def hear(self, event: Event, now_s: float) -> None:
        """Keep what an event says; others are passed over."""
        p = event.payload
        if event.kind == "fault_indicated":
            device = str(p["device"]).lower()
            self.flags[device] = now_s, frozenset(str(phase) for phase in p["phases"])
        elif event.kind == "tripped" and p.get("current_a"):
            device = str(p["device"]).lower()
            before = _numbers(p.get("before_a", {}))
            found = Recording(device, current_a=_numbers(p["current_a"]), before_a=before)
            self.currents[device] = now_s, found
        elif event.kind == "voltage_sagged":
            self.sags[str(p["bus"]).lower()] = now_s, Sag(str(p["bus"]), _numbers(p["v_pu"]))

    @property
    def is_any(self) -> bool:
        """Whether anything tells of a place."""
        return bool(self.flags or self.currents or self.sags)

    def since(self, time_s: float) -> Heard:
        """What came at a time [s] or later."""
        return Heard(
            {k: v for k, v in self.flags.items() if v[0] >= time_s},
            {k: v for k, v in self.currents.items() if v[0] >= time_s},
            {k: v for k, v in self.sags.items() if v[0] >= time_s},
        )


_Flag = tuple[float, frozenset[str]]
_Current = tuple[float, Recording]
_Sag = tuple[float, Sag]


def located(
    bench: Bench,
    before: Snapshot,
    device: str,
    heard: Heard,
    *,
    equipped: Collection[str] = (),
    silent: Collection[str] = (),
    sure: float = SURE,
    most: int = SUSPECTS_MOST,
) -> tuple[tuple[Suspect, ...], frozenset[str]]:
    """The sections that hold the fault which a device has cleared, and the first elements of those
    that hold it only if no other does.

    `before` are the positions as it struck; `equipped` are switches with an indicator, `silent`
    those of them that cannot be heard now, whose silence says nothing. With evidence beside the
    trip itself the answer is the fewest sections that hold `sure` of the chance, the likeliest
    line first, and all that flags point to where they point to several, as there may be several
    faults. Where that is more than `most`, one fault is taken to be the case, and flags that do not
    fit it to be false. Without evidence, or where no line is fed behind the device, it is that of
    `operations.suspects`.
    """
    topology = bench.site.topology
    by_flags = suspects(
        topology, before, tripped=device, equipped=equipped, flagged=tuple(heard.flags)
    )
    evidence = _evidence(topology, device, heard, equipped, silent)
    if device.startswith("source.") or not (heard.flags or evidence.recordings or evidence.sags):
        return by_flags, frozenset()
    flow = bench.solver.solve(before, controls="static")
    locator = Locator.of(topology.grid, network=bench.solver.network, topology=topology, flow=flow)
    where = locator.locate(evidence)
    if not where.informed:
        return by_flags, frozenset()
    found = _held(topology, before, where, sure)
    if len(by_flags) == 1:
        return found or by_flags, frozenset(one.elements[0] for one in found)
    flagged = {key for one in by_flags for key in one.elements}
    lines = {key for one in found for key in one.elements}
    more = tuple(one for one in by_flags if not lines & set(one.elements))
    if 0 < len(found) <= most < len(found) + len(more):
        return found, frozenset(one.elements[0] for one in found)
    instead = (one.elements[0] for one in found if not flagged & set(one.elements))
    return found + more, frozenset(instead)


def _evidence(
    topology: Topology,
    device: str,
    heard: Heard,
    equipped: Collection[str],
    silent: Collection[str],
) -> Evidence:
    """What is known of one fault, each device once."""
    switches = topology.grid.switches
    passages = [] if device.startswith("source.") else [tripped(device)]
    for name in sorted({name.lower() for name in equipped} - {device}):
        row = switches.index.get(name)
        if row is None:
            continue
        up = heard.flags.get(name, (0.0, frozenset[str]()))[1]
        unheard: State = "failed" if name in silent and not up else "clear"
        phases = [p for p in switches.texts("phases1")[row].lower().split() if p in PHASES]
        passages.append(Passage(name, {p: "flagged" if p in up else unheard for p in phases}))
    return Evidence(
        recordings=tuple(found for _, found in heard.currents.values()),
        passages=tuple(passages),
        sags=tuple(found for _, found in heard.sags.values()),
    )


def _held(
    topology: Topology, before: Snapshot, where: Location, sure: float
) -> tuple[Suspect, ...]:
    """The fewest sections that hold so much of the chance: of each its lines, the likeliest first,
    then what else lies there."""
    cut, w = sections(topology, snapshot=before), topology.wiring
    behind = {line.line: one.behind for one in where.sections for line in one.lines}
    chance: dict[int, float] = {}
    lines: dict[int, list[str]] = {}
    for one in where.lines:
        buses = w.node_bus[topology.nodes_of(one.line)]
        number = int(cut.of_bus[buses[0]]) if len(buses) else -1
        chance[number] = chance.get(number, 0.0) + one.probability
        lines.setdefault(number, []).append(one.line)
    found: list[Suspect] = []
    held = 0.0
    for number in sorted(chance, key=lambda number: -chance[number]):
        if held >= sure:
            break
        held += chance[number]
        there = lines[number]
        more = (key for key in _elements(topology, cut.of_bus == number) if key not in there)
        found.append(Suspect((*there, *more), behind[there[0]]))
    return tuple(found)


def _elements(topology: Topology, inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[str]:
    """Keys of what lies wholly at some buses [buses]."""
    w = topology.wiring
    real = w.edge_branch >= 0
    whole = np.zeros(len(topology.branch_names), bool)
    whole[w.edge_branch[real]] = True
    for end in (w.edge_from[real], w.edge_to[real]):
        whole[w.edge_branch[real][~inside[w.node_bus[end]]]] = False
    rows = np.flatnonzero(whole & np.isin(w.branch_table, FAULTED)).tolist()
    return [topology.branch_names[row].lower() for row in rows]


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    return {str(key): float(str(value)) for key, value in values.items()}


def closed_onto(
    topology: Topology, closing: Closing, trip: str, now_s: float, *, within_s: float = ONTO_S
) -> tuple[Suspect, ...]:
    """The sections that a closing made live, where the device that trips now feeds them.

    None where `trip` feeds nothing of it, or where the closing is longer ago than `within_s`: it is
    another fault then.
    """
    if now_s - closing.at_s > within_s:
        return ()
    after = closing.stood.with_switch(topology.grid, closing.device, is_open=False)
    fresh = topology.energised(after) & ~topology.energised(closing.stood)
    if not fresh.any():
        return ()
    if trip.startswith("source."):
        row = topology.grid.sources.row(trip.partition(".")[2])
        feeds = bool((topology.fed_by(after)[fresh] == row).any())
    else:
        way = topology.up(after, f"switch.{closing.device}").tolist()
        feeds = topology.branch(f"switch.{trip}") in way or trip == closing.device
    cut, w = sections(topology, snapshot=after), topology.wiring
    numbers = np.unique(cut.of_bus[w.node_bus[fresh]]).tolist() if feeds else []
    found = (tuple(_elements(topology, cut.of_bus == number)) for number in numbers)
    return tuple(Suspect(elements, closing.device) for elements in found if elements)
