"""What of each switch a plan moves: all its poles, or those of the faulted phases alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.phasing import fed_by_several
from gridmend.model.errors import GridError
from gridmend.model.plan import Action, Step
from gridmend.model.sections import Sections
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.model.topology import Topology

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Poles:
    """The phases that are switched, and how the network looks on these.

    `phases` are theirs, as `a b`, empty for all. [switches] `bits` are the poles that move, `able`
    whether a switch moves them without the others; [nodes] `seen` are on these phases.
    """

    topology: Topology
    phases: str
    bits: NDArray[np.uint8]
    able: Flags
    seen: Flags

    @staticmethod
    def of(topology: Topology, phases: str = "") -> Poles:
        """Of some phases; of all where none are named."""
        switches, node_phase = topology.grid.switches, topology.wiring.node_phase
        words = phases.split()
        if not words:
            every = np.ones(len(switches), bool)
            whole = conductor_mask(switches)
            return Poles(topology, "", whole, every, np.ones(len(node_phase), bool))
        bits = np.array(
            [
                sum(1 << k for k, phase in enumerate(own.lower().split()) if phase in words)
                for own in switches.texts("phases1")
            ],
            np.uint8,
        )
        able = moved_apart(topology) & (bits > 0)
        return Poles(topology, phases, bits, able, np.isin(node_phase, words))

    def is_open(self, snapshot: Snapshot) -> Flags:
        """[switches] whether all poles that move are open."""
        return (snapshot.open_phases & self.bits) == self.bits

    def is_closed(self, snapshot: Snapshot) -> Flags:
        """[switches] whether all of them are closed."""
        return (snapshot.open_phases & self.bits) == 0

    def live_buses(self, snapshot: Snapshot) -> Flags:
        """[buses] what has supply on any of the phases."""
        found = np.zeros(len(self.topology.grid.buses), bool)
        live = self.topology.energised(snapshot) & self.seen
        found[self.topology.wiring.node_bus[live]] = True
        return found

    def live_sections(self, snapshot: Snapshot, cut: Sections) -> Flags:
        """[sections] the same."""
        found = np.zeros(cut.count + 1, bool)
        found[cut.of_bus[self.live_buses(snapshot)]] = True
        return found[:-1]

    def step(self, action: Action, device: str) -> Step:
        """A bare step of a device: of a switch with these poles."""
        return Step(action, device, "", phases=self.phases)

    def mixed(self, snapshot: Snapshot) -> str:
        """A load that different sources would feed by its phases; empty where none is."""
        if not self.phases:
            return ""
        found = np.flatnonzero(fed_by_several(self.topology, snapshot))
        return str(self.topology.grid.loads["name"][found[0]]) if len(found) else ""


def moved_apart(topology: Topology) -> Flags:
    """[switches] whether each moves its poles by themselves, as fuses do, and joins like phases."""
    switches = topology.grid.switches
    alike = [a.lower() == b.lower() for a, b in
             zip(switches.texts("phases1"), switches.texts("phases2"), strict=True)]  # fmt: skip
    apart = ~switches.flags("ganged") | (switches["kind"] == "fuse")
    return apart & np.array(alike, bool)


def faulted_phases(topology: Topology, nodes: Ints, phases: str) -> str:
    """The phases of a fault in the order of the alphabet; empty where none are named. `nodes` are
    those of what is faulted, none of what its own fuse clears; `GridError` for a phase that they
    do not have."""
    asked = phases.lower().replace(",", " ").split() if len(nodes) else []
    own = {str(phase) for phase in topology.wiring.node_phase[nodes]} & {"a", "b", "c"}
    if wrong := [phase for phase in asked if phase not in own]:
        has = " ".join(sorted(own)) or "none that switches move"
        raise GridError(f"what is faulted has no phase {' '.join(wrong)}", mend=f"it has {has}")
    return " ".join(sorted(set(asked)))
