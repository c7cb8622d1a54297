"""The electrical look-ahead: what the power flow and the fault currents say of what follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gridmend.interlock.limits import Limits, Reading, excess_pu, sentence, worsened
from gridmend.interlock.move import Move
from gridmend.interlock.site import Flags, Ints
from gridmend.model.flow import Flow
from gridmend.model.graph import inherit
from gridmend.model.grid import Grid
from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.nearby import Nearby
from gridmend.powerflow.network import Network
from gridmend.powerflow.short_circuit import short_circuit

KEPT_MOST = 10_000
"""Fault levels that are remembered; every position of a tap gives new ones."""
WORSE = 1.05
"""A fault level that stood above a rating may vary by as much. Assumed, as for loading."""


class Solver(Protocol):
    """What solves a snapshot: `powerflow.nearby.Nearby`, or one that remembers its answers."""

    @property
    def network(self) -> Network:
        """The network that it solves."""
        ...

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        """The flow at a snapshot, which may be quicker where one is `near`."""
        ...


def solver_of(grid: Grid, given: Network | Solver | None = None) -> Solver:
    """What was given, or a solver of that network, or of the grid; `GridError` where it is none."""
    network = Network.of(grid) if given is None else given
    return Nearby(network) if isinstance(network, Network) else network


def look_ahead(
    flow: Flow, accepted: tuple[Violation, ...], reading: Reading, limits: Limits
) -> str | None:
    """No step leads to a state without a solution, or to a violation new or worse."""
    if not flow.converged:
        return "no solution is found for what would follow"
    found = worsened(accepted, reading.violations, limits)
    if not found:
        return None
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return sentence(max(found, key=excess_pu)) + more


@dataclass(eq=False)
class FaultLevels:
    """Prospective fault currents at buses of a grid, computed where a rating asks for them.

    Loads and DER are left out, as in `short_circuit`.
    """

    grid: Grid
    solver: Solver
    _found: dict[tuple[bytes, ...], dict[str, Any]] = field(default_factory=dict[Any, Any])

    def largest_a(self, snapshot: Snapshot, bus: str) -> float:
        """The largest current of any fault at a bus [A]; 0 where it is dead."""
        kinds = ("three_phase_a", "line_ground_a", "line_line_a", "line_line_ground_a")
        return max((float(self._at(snapshot, bus)[k] or 0.0) for k in kinds), default=0.0)

    def smallest_a(self, snapshot: Snapshot, bus: str) -> float:
        """The smallest current of a fault to ground or between two phases at a bus [A]."""
        return min(self._at(snapshot, bus)["phases"].values(), default=0.0)

    def _at(self, snapshot: Snapshot, bus: str) -> dict[str, Any]:
        arrays = (snapshot.open_phases, snapshot.tap_pu, snapshot.source_on)
        key = (bus.lower().encode(), *(a.tobytes() for a in arrays))
        if key not in self._found:
            if len(self._found) >= KEPT_MOST:
                self._found.clear()
            found = short_circuit(self.grid, snapshot, bus=bus, network=self.solver.network)
            self._found[key] = next(iter(found.values()))
        return self._found[key]


def fault_level(move: Move, levels: FaultLevels) -> tuple[str | None, tuple[str, ...]]:
    """Nothing closes onto, or is left with, a fault current beyond its rating.

    The second value names the ratings that are unknown.
    """
    if not move.closes:
        return None, ()
    if move.row < 0:
        return _breaking(move, levels), ()
    switches = move.before.site.grid.switches
    after, before = move.after.snapshot, move.before.snapshot
    name = str(switches["name"][move.row])
    making_a = float(switches.numbers("making_a")[move.row])
    if np.isnan(making_a):
        return _breaking(move, levels), (f"making current of switch.{name}",)
    at_a = max(levels.largest_a(after, str(switches[end][move.row])) for end in ("bus1", "bus2"))
    if at_a > making_a:
        return f"a fault behind it would carry {at_a:.0f} A and it makes {making_a:.0f} A", ()
    was = before.with_switch(move.before.site.grid, name, is_open=True)
    return _breaking(move, levels, was), ()


def _breaking(move: Move, levels: FaultLevels, before: Snapshot | None = None) -> str | None:
    """Breakers that the step leaves with a fault current they cannot break."""
    switches = move.before.site.grid.switches
    after, before = move.after.snapshot, before or move.before.snapshot
    most_a = switches.numbers("interrupting_a")
    for row in np.flatnonzero((switches["interrupts"] == "fault") & np.isfinite(most_a)).tolist():
        bus = str(switches["bus1"][row])
        at_a = levels.largest_a(after, bus)
        if at_a > most_a[row] and at_a > WORSE * levels.largest_a(before, bus):
            name = switches["name"][row]
            return f"a fault at {name} would carry {at_a:.0f} A and it breaks {most_a[row]:.0f} A"
    return None


def protection_reach(move: Move, levels: FaultLevels) -> str | None:
    """Every bus that a step supplies stays within reach of the device that protects it.

    Devices with a known `pickup_a` count; each answers for what lies behind it up to the next.
    """
    if not move.closes:
        return None
    site = move.before.site
    pickup_a = site.grid.switches.numbers("pickup_a")
    if not np.isfinite(pickup_a).any():
        return None
    snapshot = move.after.snapshot
    protector = _protectors(move, np.isfinite(pickup_a))
    earlier = _protectors(move, np.isfinite(pickup_a), after=False)
    buses = site.topology.wiring.node_bus
    for bus in np.unique(buses[(protector >= 0) & (protector != earlier)]).tolist():
        row = int(protector[buses == bus].max())
        name = str(site.grid.buses["name"][bus])
        at_a = levels.smallest_a(snapshot, name)
        if at_a < pickup_a[row]:
            device = site.grid.switches["name"][row]
            return (
                f"{device} would not see a fault at {name}: {at_a:.0f} A, "
                f"and it trips from {pickup_a[row]:.0f} A"
            )
    return None


def _protectors(move: Move, able: Flags, *, after: bool = True) -> Ints:
    """[nodes] the nearest able switch towards the source, -1 where there is none or no supply."""
    site, snapshot = move.before.site, (move.after if after else move.before).snapshot
    topology, w = site.topology, site.topology.wiring
    reached, _ = topology.from_sources(topology.closed(snapshot), snapshot.source_on)
    own = np.full(len(w.edge_branch), -1, np.int64)
    edges, rows = topology.switch_edges
    own[edges] = np.where(able[rows], rows, -1)
    nothing = np.full(len(w.node_bus), -1, np.int64)
    return inherit(reached, w.edge_from, w.edge_to, at_seed=nothing, own=own, nested=True)
