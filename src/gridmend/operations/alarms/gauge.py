"""Where to look in a flow for what alarms are judged by, compiled once for a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.interlock.limits import Gauge as Limited
from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.flow import Flow, Nodes
from gridmend.model.islanding import capacities_kva
from gridmend.operations.alarms.places import Places
from gridmend.powerflow.results import amperes

LOW_V = 1000.0 / 3**0.5
"""Phase to ground: what is below is a service [V]."""


@dataclass(frozen=True, eq=False)
class Gauge:
    """The legs of loads and the carriers of current and power, each in its section.

    Arrays [names]: `normal` and `emergency` ratings [A, and kVA from `currents` on], nan where
    unset, and `is_service` for what serves customers: distribution transformers, all below 1 kV.
    """

    places: Places
    nodes: Nodes
    limited: Limited
    load_section: Ints
    load_names: tuple[str, ...]
    names: tuple[str, ...]
    section: Ints
    normal: Floats
    emergency: Floats
    is_service: Flags

    @staticmethod
    def of(places: Places, flow: Flow) -> Gauge:
        """Compile for the nodes and terminals that every flow of a network shares."""
        grid, topology = places.grid, places.topology
        limited = Limited.of(topology, flow.nodes, flow.terminals)
        of_load = np.full(len(grid.loads), -1, np.int64)
        rows, nodes = topology.wiring.load_nodes
        of_load[rows[::-1]] = places.of_node[nodes[::-1]]
        names = tuple(name.lower() for name in limited.names)
        normal, emergency, service = _ratings(places, names)
        base_v = np.zeros(len(names))
        at, group = limited.current_at, limited.current_group
        np.maximum.at(base_v, group, flow.nodes.base_v[flow.terminals.node[at]])
        service[: limited.currents] |= base_v[: limited.currents] < LOW_V
        return Gauge(
            places=places,
            nodes=flow.nodes,
            limited=limited,
            load_section=of_load,
            load_names=tuple(f"load.{name.lower()}" for name in grid.loads.texts("name")),
            names=names,
            section=_sections(places, names),
            normal=normal,
            emergency=emergency,
            is_service=service,
        )

    @property
    def currents(self) -> int:
        """How many of the names carry current; the others carry power."""
        return self.limited.currents

    def fits(self, flow: Flow) -> bool:
        """Whether a flow is of the network that this was compiled for."""
        return flow.nodes is self.nodes

    def voltages(self, flow: Flow) -> tuple[Floats, Ints, Ints]:
        """Voltage [pu of rated], load and section of each leg of a load that a source feeds."""
        gauge, topology = self.limited, self.places.topology
        live = topology.energised(flow.snapshot)
        rows, nodes = topology.wiring.load_nodes
        fed = np.zeros(len(self.load_section), bool)
        fed[rows[live[nodes]]] = True
        here = fed[gauge.load]
        v = np.append(flow.v_v, 0.0)
        across = np.abs(v[gauge.plus[here]] - v[gauge.minus[here]])
        load = gauge.load[here]
        return across / gauge.rated_v[here], load, self.load_section[load]

    def loadings(self, flow: Flow) -> Floats:
        """[names] current of the worst conductor [A], or power of all conductors [kVA]."""
        gauge = self.limited
        current = np.zeros(gauge.currents)
        np.maximum.at(current, gauge.current_group, np.abs(flow.i_a[gauge.current_at]))
        at = gauge.power_at
        s = np.append(flow.v_v, 0.0)[flow.terminals.node[at]] * np.conj(flow.i_a[at]) / 1000
        size = len(gauge.names) - gauge.currents
        total = np.bincount(gauge.power_group, s.real, size) + 1j * np.bincount(
            gauge.power_group, s.imag, size
        )
        return np.concatenate([current, np.abs(total)])


def _ratings(places: Places, names: tuple[str, ...]) -> tuple[Floats, Floats, Flags]:
    grid = places.grid
    known = {
        "line": (amperes(grid, "lines"), amperes(grid, "lines", emergency=True), grid.lines),
        "switch": (
            amperes(grid, "switches"), amperes(grid, "switches", emergency=True), grid.switches,
        ),
        "reactor": (
            amperes(grid, "reactors"), amperes(grid, "reactors", emergency=True), grid.reactors,
        ),
        "transformer": (
            grid.transformers.numbers("rating_kva"),
            grid.transformers.numbers("emergency_rating_kva"), grid.transformers,
        ),
    }  # fmt: skip
    capacity = capacities_kva(grid)
    known["source"] = (capacity, np.full(len(capacity), np.nan), grid.sources)
    kinds = grid.transformers.texts("kind")
    normal, emergency = np.full(len(names), np.nan), np.full(len(names), np.nan)
    service = np.zeros(len(names), bool)
    for k, name in enumerate(names):
        prefix, _, bare = name.partition(".")
        one, other, table = known[prefix]
        row = table.index[bare]
        normal[k], emergency[k] = one[row], other[row]
        service[k] = prefix == "transformer" and kinds[row] == "distribution"
    # A rating of zero is none.
    return (
        np.where(normal > 0, normal, np.nan), np.where(emergency > 0, emergency, np.nan), service
    )  # fmt: skip


def _sections(places: Places, names: tuple[str, ...]) -> Ints:
    """[names] the section that each is in: a switch is in that which it heads."""
    grid, topology = places.grid, places.topology
    w = topology.wiring
    first = np.full(len(w.branch_table), -1, np.int64)
    first[w.edge_branch[::-1]] = np.arange(len(w.edge_branch))[::-1]
    found = np.full(len(names), -1, np.int64)
    switches = len(grid.switches)
    tables = {"line": "lines", "switch": "switches", "reactor": "reactors",
              "transformer": "transformers"}  # fmt: skip
    for k, name in enumerate(names):
        prefix, _, bare = name.partition(".")
        if prefix == "source":
            found[k] = switches + grid.sources.row(bare)
            continue
        row = grid.table(tables[prefix]).index[bare]
        if prefix == "switch" and places.above[row] >= 0:
            found[k] = row
            continue
        branch = topology.branch_of.get((tables[prefix], row), -1)
        if branch < 0 or first[branch] < 0:
            continue
        ends = places.of_node[[w.edge_from[first[branch]], w.edge_to[first[branch]]]]
        found[k] = int(ends.max())
    return found
