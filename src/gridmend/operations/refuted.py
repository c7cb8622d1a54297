"""Islands that a power flow has refused: whatever stands elsewhere, they are refused again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.model.topology import Topology


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a way does not hold, when, and by how much its worst limit is exceeded."""

    why: str
    excess: float = inf
    worst: Violation | None = None


_Island = tuple[bytes, bytes, bytes]


@dataclass(eq=False)
class Refuted:
    """What was found against islands, of one grid at one demand and one start of its controls.

    What conducts in an island and what feeds it settles its voltages, taps and banks: where only
    switches differ, it is told by those of its switches that conduct and by its sources. A way
    that makes it again beside others needs no flow to be refused. Nothing is learned of one with a
    control that looks elsewhere; and a flow whose controls found no rest is not to be learned from,
    as one that hunts may keep all others from acting.
    """

    topology: Topology
    _known: dict[_Island, Hindrance] = field(default_factory=dict[_Island, Hindrance])
    _ends: NDArray[np.int64] = field(init=False)
    """[switches] the bus at its first end."""
    _whole: NDArray[np.uint8] = field(init=False)
    _looks: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = field(init=False)
    """Of each control the buses of what it moves, and of where it looks."""

    def __post_init__(self) -> None:
        grid = self.topology.grid
        self._whole = conductor_mask(grid.switches)
        self._looks = list(_looks(self.topology))
        rows = [grid.buses.row(bus) for bus in grid.switches.texts("bus1")]
        self._ends = np.array(rows, np.int64)

    def against(self, snapshot: Snapshot) -> Hindrance | None:
        """What is known against any island of a snapshot."""
        if not self._known:
            return None
        found = (self._known.get(island) for _, island in self._islands(snapshot))
        return next((one for one in found if one is not None), None)

    def learn(self, snapshot: Snapshot, found: Hindrance) -> None:
        """A flow of a snapshot is refused: the island of its worst violation is known from then."""
        if found.worst is None:
            return
        w = self.topology.wiring
        buses = set(w.node_bus[self.topology.nodes_of(found.worst.element)].tolist())
        for inside, island in self._islands(snapshot):
            is_here = bool(buses) and all(inside[bus] for bus in buses)
            if is_here and not any(self._crosses(inside)):
                self._known[island] = found

    def _crosses(self, inside: NDArray[np.bool_]) -> Iterator[bool]:
        """Of each control whether it moves something of an island [buses] and looks elsewhere."""
        for moves, looks in self._looks:
            yield bool(inside[moves].any()) and not inside[looks].all()

    def _islands(self, snapshot: Snapshot) -> Iterator[tuple[NDArray[np.bool_], _Island]]:
        """[buses] and name of each island that has a source."""
        topology = self.topology
        of_bus, _ = topology.pieces_at(snapshot.open_phases)
        rows, nodes = topology.wiring.source_nodes
        piece = of_bus[topology.wiring.node_bus[nodes]]
        on = snapshot.source_on[rows]
        conducts = np.flatnonzero(snapshot.open_phases != self._whole)
        of_switch = of_bus[self._ends[conducts]]
        for one in np.unique(piece[on]).tolist():
            here = conducts[of_switch == one]
            feeding = np.unique(rows[on & (piece == one)])
            open_phases = snapshot.open_phases[here]
            yield of_bus == one, (feeding.tobytes(), here.tobytes(), open_phases.tobytes())


def _looks(topology: Topology) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Of each control the buses of what it moves, and of where it looks."""
    grid, node_bus = topology.grid, topology.wiring.node_bus

    def buses(element: str) -> NDArray[np.int64]:
        return np.unique(node_bus[topology.nodes_of(element)])

    taps, banks = grid.tap_controls, grid.capacitor_controls
    for unit, bus in zip(taps.texts("transformer"), taps.texts("bus"), strict=True):
        if bus:
            yield buses(f"transformer.{unit}"), buses(f"bus.{bus}")
    places = banks.texts("element"), banks.texts("v_override_bus")
    for bank, *looks in zip(banks.texts("capacitor"), *places, strict=True):
        for look, prefix in zip(looks, ("", "bus."), strict=True):
            if look:
                yield buses(f"capacitor.{bank}"), buses(prefix + look)
