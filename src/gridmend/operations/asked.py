"""What the network has, as the search asks of it: by section, and by the source behind a switch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Violation
from gridmend.operations.configurations import LIVE, Configuration, Tie
from gridmend.operations.trial import Case, positions


def by_section(case: Case, values: NDArray[Any]) -> dict[int, float]:
    """Of each section the sum over the loads that are out, as if supplied on all phases."""
    rows, nodes = case.topology.wiring.load_nodes
    section = np.full(len(values), -1, np.int64)
    section[rows] = case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes]]
    inside = case.out & (section >= 0)
    sums = np.bincount(section[inside], values[inside], case.isolation.sections.count)
    return dict(enumerate(sums.tolist()))


def kvar_by_section(case: Case) -> dict[int, float]:
    """Of each section what its capacitors are rated at that are on [kvar]."""
    capacitors, steps_on = case.topology.grid.capacitors, case.flow.snapshot.steps_on
    found: dict[int, float] = {}
    shunt = (capacitors["bus1"] == capacitors["bus2"]) & capacitors.flags("in_service")
    for row in np.flatnonzero(shunt).tolist():
        bus = case.topology.grid.buses.row(str(capacitors["bus1"][row]))
        at = int(case.isolation.sections.of_bus[bus])
        kvar = float(sum(capacitors["step_kvar"][row][: steps_on[row]]))
        found[at] = found.get(at, 0.0) + kvar
    return found


def fed_kw(case: Case) -> dict[int, float]:
    """What each source [row] feeds once the fault is isolated [kW]."""
    rows, nodes = case.topology.wiring.load_nodes
    source = np.full(len(case.out), -1, np.int64)
    source[rows] = case.topology.fed_by(case.isolation.isolated)[nodes]
    fed = source >= 0
    sums = np.bincount(source[fed], case.flow.snapshot.load_kw[fed])
    return dict(enumerate(sums.tolist()))


def source_of(case: Case, here: Configuration, violation: Violation) -> int | None:
    """The source [row] that feeds what a violation is on."""
    fed_by = case.topology.fed_by(positions(case, here))
    nodes = case.topology.nodes_of(violation.element)
    known = fed_by[nodes][fed_by[nodes] >= 0]
    return int(known[0]) if len(known) else None


def section_of(case: Case, violation: Violation) -> int | None:
    """The section in which what a violation is on has its first end."""
    nodes = case.topology.nodes_of(violation.element)
    if not len(nodes):
        return None
    return int(case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes[0]]])


def sources_behind(case: Case, among: list[Tie]) -> dict[int, int]:
    """The source [row] behind each switch between something live and something dead, and each that
    may form an island."""
    w, topology = case.topology.wiring, case.topology
    fed_by = topology.fed_by(case.isolation.isolated)
    edges, rows = topology.switch_edges
    seen = case.isolation.poles.seen[w.edge_from[edges]]
    edges, rows = edges[seen], rows[seen]
    best = np.maximum(fed_by[w.edge_from[edges]], fed_by[w.edge_to[edges]])
    entering = {t.switch for t in among if LIVE in (t.one, t.two)}
    found = {
        int(row): int(source)
        for row, source in zip(rows.tolist(), best.tolist(), strict=True)
        if row in entering and source >= 0
    }
    formers = case.devices.formers
    return found | {number: formers[number].source for number in entering & formers.keys()}
