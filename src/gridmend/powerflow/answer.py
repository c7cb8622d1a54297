"""From voltages to a flow: currents of every element, and what the solve has to say."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.errors import Finding
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.iteration import Solution, State
from gridmend.powerflow.legs import leg_currents, leg_voltages, powers
from gridmend.powerflow.network import Network


def as_flow(
    state: State,
    snapshot: Snapshot,
    solution: Solution,
    *,
    control_iterations: int = 0,
    settled: bool = True,
    s_va: Complexes | None = None,
) -> Flow:
    """The solution with its currents, and what it has to say; `s_va` [legs] as the snapshot has
    it [VA], where it is known."""
    network, v = state.network, solution.v_v
    bus = network.nodes.bus[solution.worst] if len(network.nodes.bus) else -1
    return Flow(
        nodes=network.nodes,
        terminals=network.terminals,
        snapshot=snapshot,
        v_v=v,
        i_a=terminal_currents(network, snapshot, state.values, v, s_va),
        energised=state.alive,
        converged=solution.converged and bool(state.alive.any()),
        iterations=solution.iterations,
        mismatch_pu=solution.mismatch_pu,
        worst_bus=str(network.grid.buses["name"][bus]) if bus >= 0 else "",
        control_iterations=control_iterations,
        controls_settled=settled,
        findings=_findings(state),
        bus_names=network.grid.buses["name"],
    )


def terminal_currents(
    network: Network,
    snapshot: Snapshot,
    values: Complexes,
    v_v: Complexes,
    s_va: Complexes | None = None,
) -> Complexes:
    """[terminals] current into each element [A]: passive ones by `values` [S], then legs, whose
    rated power `s_va` [VA] is the snapshot's."""
    s_va = powers(network.legs, snapshot) if s_va is None else s_va
    i_legs = leg_currents(network.legs, s_va, leg_voltages(network.legs, v_v))
    primitives = network.primitives
    i_a = np.zeros(len(network.terminals.node), complex)
    passive, ends = i_a[: len(primitives.nodes)], i_a[len(primitives.nodes) :]
    passive_currents(network, values, v_v, passive)
    for row, driven_a in network.source_a.items():
        if snapshot.source_on[row]:
            # what a source drives is no current into its impedance
            first = primitives.node_start[primitives.place["sources"][row]]
            passive[first : first + len(driven_a)] -= driven_a
    ends[0::2], ends[1::2] = i_legs, -i_legs
    return i_a


def passive_currents(network: Network, values: Complexes, v_v: Complexes, i_a: Complexes) -> None:
    """Add to `i_a` [conductors] the current into each primitive of `values` [A]."""
    of = network.primitives
    _element_currents(of.node_start, of.nodes, of.value_start, values, v_v, i_a)


@compiled
def _element_currents(
    node_start: Ints, nodes: Ints, value_start: Ints, values: Complexes, v: Complexes,
    i_a: Complexes,
) -> None:  # fmt: skip
    for k in range(len(node_start) - 1):
        first, end = node_start[k], node_start[k + 1]
        at = value_start[k]
        for a in range(first, end):
            for b in range(first, end):
                if nodes[b] >= 0:
                    i_a[a] += values[at] * v[nodes[b]]
                at += 1


def _findings(state: State) -> tuple[Finding, ...]:
    network = state.network
    found: list[Finding] = []
    names, nodes = network.grid.buses["name"], network.nodes
    if len(state.floating):
        at = np.argsort(network.place)[state.floating]
        where = ", ".join(f"{names[nodes.bus[i]]}.{nodes.phase[i]}" for i in at[:5])
        found.append(
            Finding(
                "note",
                f"{len(at)} floating parts have no path to ground and were anchored",
                where,
                "ground a neutral or give the winding's transformer an anti_float_ppm",
            )
        )
    dead = ~state.alive
    if dead.any():
        buses = np.unique(nodes.bus[dead])
        where = ", ".join(names[buses[:5]]) + (" …" if len(buses) > 5 else "")
        found.append(
            Finding(
                "note",
                f"{int(dead.sum())} nodes at {len(buses)} buses are de-energised",
                where,
                "close a switch towards a source",
            )
        )
    return tuple(found)
