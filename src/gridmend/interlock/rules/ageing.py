"""What automation may rest on: inputs that are good and late, and supply that is certain."""

from __future__ import annotations

import numpy as np

from gridmend.interlock.move import Move
from gridmend.interlock.site import Flags, Ints
from gridmend.interlock.standing import Standing
from gridmend.model.plan import MOVES


def fresh_data(move: Move) -> str | None:
    """Automation acts only where the devices around and on the way are certain, and a flow is."""
    if not move.by.is_automatic or move.step.action not in MOVES or move.situation is None:
        return None
    if move.flow is not None and not move.flow.converged and move.flow.energised.any():
        return "the power flow on which it would act has not converged"
    for row in _relied_on(move):
        if not move.before.certain[row]:
            name = move.before.site.grid.switches["name"][row]
            return f"the position of {name} is unknown, pending or older than it may be"
    return None


def reliance(move: Move) -> str | None:
    """Automation drops no supply because a device that may be open was taken for closed."""
    if not move.by.is_automatic or not move.opens:
        return None
    site, after = move.before.site, move.after
    topology = site.topology
    predicted = topology.reached_at(after.snapshot.open_phases, site.fed_nodes(after.feeds))
    sure = site.fed_nodes(after.surely_feeds)
    surely = topology.reached_at(after.reliance, sure)
    doubtful = predicted & ~surely & _surely_live(move)
    if not doubtful.any():
        return None
    bus = site.grid.buses["name"][topology.wiring.node_bus[int(np.flatnonzero(doubtful)[0])]]
    return f"whether {bus} would stay supplied rests on a device whose position is in doubt"


def _surely_live(move: Move) -> Flags:
    site, before = move.before.site, move.before
    return site.topology.reached_at(before.reliance, site.fed_nodes(before.surely_feeds))


def _relied_on(move: Move) -> list[int]:
    site = move.before.site
    nodes = np.concatenate(move.sides) if move.row >= 0 else site.topology.nodes_of(move.key)
    return relied_on(move.before, nodes)


def relied_on(stands: Standing, nodes: Ints) -> list[int]:
    """Rows of the switches at the borders of the sections of nodes, and on the way to a source."""
    site = stands.site
    topology, w = site.topology, site.topology.wiring
    found = site.around(nodes)
    reached, _ = topology.from_sources(
        topology.conducting(stands.danger), stands.snapshot.source_on
    )
    for node in nodes.tolist():
        at = int(node)
        while reached.towards[at] >= 0:
            edge = int(reached.towards[at])
            branch = w.edge_branch[edge]
            if w.branch_table[branch] == "switches":
                found.add(int(w.branch_row[branch]))
            at = int(w.edge_from[edge] + w.edge_to[edge]) - at
    return sorted(found)
