"""Where a fault must be, by what tripped and which indicators saw it pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.sections import Sections, sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

Flags = NDArray[np.bool_]

FAULTED = ("lines", "transformers", "reactors")
"""Tables whose elements a section's fault is looked for on."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A section that may hold the fault: what lies in it, and what of that it is known by.

    `elements` are keys as `line.l52`, in the order of the grid's tables; `behind` the device
    through which it is fed, empty at a source.
    """

    elements: tuple[str, ...]
    behind: str


def suspects(
    topology: Topology,
    before: Snapshot,
    *,
    tripped: str,
    equipped: Collection[str] = (),
    flagged: Collection[str] = (),
) -> tuple[Suspect, ...]:
    """The sections that may hold a fault which `tripped` has cleared.

    `before` are the positions that stood as it struck. `equipped` are switches with an indicator
    and `flagged` those among them whose indicator saw the current of a fault; `tripped` is a
    switch or, as `source.grid`, a source. From the device that tripped, a fault lies beyond every
    switch on its way that flagged, and short of every equipped one that did not. Several sections
    are given where flags contradict each other, all that lie behind the device where nothing is
    equipped, and none where the device fed nothing. Section borders are the equipped switches and
    the device itself. A flag off the way of the current is passed over: it is a false one.
    """
    grid = topology.grid
    names = [name.lower() for name in grid.switches.texts("name")]
    marks = {name.lower() for name in equipped} | {tripped.lower()}
    seen = {name.lower() for name in flagged}
    cut = sections(
        topology, separators=np.array([name in marks for name in names], bool), snapshot=before
    )
    beyond = _fed_through(topology, before, cut)
    first = [k for k, via in beyond.items() if via >= 0 and names[via] == tripped.lower()]
    if tripped.lower().startswith("source."):
        row = grid.sources.row(tripped.partition(".")[2])
        first = [int(cut.of_bus[grid.buses.row(str(grid.sources["bus"][row]))])]
    found: list[int] = []
    reached = list(first)
    while reached:
        section = reached.pop(0)
        later = [k for k, via in beyond.items() if via >= 0 and _other(cut, via, k) == section]
        passed = [k for k in later if names[beyond[k]] in seen]
        reached += passed
        if not passed:
            found.append(section)
    return tuple(
        Suspect(elements_of(topology, cut, k), names[beyond[k]] if beyond.get(k, -1) >= 0 else "")
        for k in found
    )


def _fed_through(topology: Topology, before: Snapshot, cut: Sections) -> dict[int, int]:
    """Every fed section and the switch [row] through which it is fed; -1 at a source."""
    grid = topology.grid
    closed = before.open_phases == 0
    found: dict[int, int] = {}
    for row in np.flatnonzero(before.source_on).tolist():
        found.setdefault(int(cut.of_bus[grid.buses.row(str(grid.sources["bus"][row]))]), -1)
    todo = list(found)
    while todo:
        section = todo.pop(0)
        for row in cut.of_switches(section).tolist():
            other = _other(cut, row, section)
            if closed[row] and other not in found:
                found[other] = row
                todo.append(other)
    return found


def _other(cut: Sections, row: int, section: int) -> int:
    one, two = cut.ends[row].tolist()
    return two if one == section else one


def elements_of(topology: Topology, cut: Sections, section: int) -> tuple[str, ...]:
    """Keys of what lies wholly in a section."""
    w, count = topology.wiring, len(topology.branch_names)
    inside, there = np.ones(count, bool), np.zeros(count, bool)
    real = w.edge_branch >= 0
    branch = w.edge_branch[real]
    for end in (w.edge_from[real], w.edge_to[real]):
        here = cut.of_bus[w.node_bus[end]] == section
        there[branch] = True
        inside[branch[~here]] = False
    found = np.flatnonzero(inside & there & np.isin(w.branch_table, FAULTED))
    return tuple(topology.branch_names[k].lower() for k in found.tolist())
