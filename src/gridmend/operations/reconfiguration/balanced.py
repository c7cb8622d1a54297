"""A balanced network as one phase: what the fast search and the proved bound work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridmend.model.graph import adjacency
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ABC = ["a", "b", "c"]
_SAME = 1e-6
"""Relative difference up to which matrices count as symmetric and voltages as one."""
_V_LEAST_PU = 0.5
"""A load must take its power at least down to here: no configuration that serves is lower."""
_SOURCE_DROP_PU = 1e-5
BASE_KVA = 1000.0
"""What 1 pu of power is [kVA]."""
_ABSENT = (
    ("transformers", "transformers"),
    ("capacitors", "capacitors"),
    ("reactors", "reactors"),
    ("faults", "faults"),
    ("generators", "generators"),
    ("pv_systems", "PV systems"),
    ("storages", "storages"),
)
"""What a balanced network of branches and loads does not have."""


@dataclass(frozen=True, eq=False)
class Balanced:
    """One phase of a balanced network, all sources joined into node 0.

    Powers are per unit of 1 MVA, impedances of its base at the sources' voltage, which is 1 pu.

    - `node_of_bus`: [buses] the node of each, -1 where nothing uses it
    - `edge_from`, `edge_to`, `r_pu`, `x_pu`: [edges] lines and switches
    - `switch`: [edges] row of the switch, -1 for what is always closed
    - `p_pu`, `q_pu`: [nodes] demand
    - `start`, `neighbour`, `via`: the same edges by node (`model.graph.adjacency`)
    - `u_least`: [nodes] square of the voltage that a configuration has to keep [pu]
    - `i_most`: [edges] square of the current that it may lead [pu]
    """

    node_of_bus: Ints
    edge_from: Ints
    edge_to: Ints
    r_pu: Floats
    x_pu: Floats
    switch: Ints
    p_pu: Floats
    q_pu: Floats
    start: Ints
    neighbour: Ints
    via: Ints
    u_least: Floats
    i_most: Floats

    @property
    def movable(self) -> Flags:
        """[edges] whether an edge may be opened."""
        return self.switch >= 0

    def joined(self, closed: Flags) -> Ints:
        """[nodes] a number each, equal where closed edges join them."""
        edges = np.flatnonzero(closed)
        shape = (self.nodes, self.nodes)
        ends = (self.edge_from[edges], self.edge_to[edges])
        graph = csr_matrix((np.ones(len(edges)), ends), shape=shape)
        return connected_components(graph, directed=False)[1]

    @property
    def nodes(self) -> int:
        """How many nodes."""
        return len(self.p_pu)


def balanced_of(network: Network, snapshot: Snapshot, usable: Flags) -> Balanced | str:
    """One phase of a network at a snapshot's demand; or why it has none, in words.

    `usable` [switches] may be operated; of the others those that are closed are as lines.
    Positive sequence of each line and switch is taken from its admittance in the power flow.
    """
    grid, closed = network.grid, snapshot.open_phases == 0
    why = _other_parts(grid) or _sources_differ(grid, snapshot) or _loads_differ(grid, snapshot)
    if why:
        return why
    parts: list[tuple[str, int]] = []
    for table in ("lines", "switches"):
        parts += [
            (table, int(row)) for row in np.flatnonzero(grid.table(table).flags("in_service"))
        ]
    parts = [(t, row) for t, row in parts if t == "lines" or usable[row] or closed[row]]
    z_ohm = np.empty(len(parts), complex)
    for at, (table, row) in enumerate(parts):
        name = grid.table(table)["name"][row]
        ends = (grid.table(table)["phases1"][row], grid.table(table)["phases2"][row])
        z = _positive_sequence(network, table, row)
        if ends[0] != ends[1] or ends[0].split() != _ABC or z is None:
            return f"{name} is not three equal phases without capacitance"
        if z.real < 0 or z.imag < 0:
            return f"{name} has a negative impedance"
        z_ohm[at] = z
    movable = np.array([t == "switches" and bool(usable[row]) for t, row in parts], bool)
    net = _numbered(grid, snapshot, parts, z_ohm, movable)
    fixed = net.joined(~movable)
    if int((~movable).sum()) > net.nodes - len(np.unique(fixed)):
        return "it has a loop without a switch"
    return net


def _other_parts(grid: Grid) -> str:
    for table, said in _ABSENT:
        if grid.table(table).flags("in_service").any():
            return f"it has {said}"
    return "" if len(grid.loads) else "it has no loads"


def _sources_differ(grid: Grid, snapshot: Snapshot) -> str:
    sources = grid.sources
    used = np.flatnonzero(snapshot.source_on)
    if not len(used):
        return "no source is in use"
    volts = (sources.numbers("v_pu") * sources.numbers("base_kv"))[used]
    if np.ptp(volts) > _SAME * volts[0]:
        return "its sources hold different voltages"
    if any(sources["phases"][row].split() != _ABC for row in used):
        return "a source does not have three phases"
    z = sources.numbers("r1_ohm")[used] + 1j * sources.numbers("x1_ohm")[used]
    load_mva = float(np.hypot(snapshot.load_kw, snapshot.load_kvar).sum()) / BASE_KVA
    if (np.abs(z) * load_mva / volts**2 > _SOURCE_DROP_PU).any():
        return "a source has an impedance"
    return ""


def _loads_differ(grid: Grid, snapshot: Snapshot) -> str:
    loads = grid.loads
    for row in np.flatnonzero(loads.flags("in_service")).tolist():
        name, words = loads["name"][row], loads["phases"][row].split()
        if [w for w in words if w not in ("n", "g")] != _ABC:
            return f"load {name} is not on three phases"
        if loads["model"][row] != "constant_power" or loads["v_min_pu"][row] > _V_LEAST_PU:
            return f"the power of load {name} varies with its voltage"
        if snapshot.load_kw[row] < 0 or snapshot.load_kvar[row] < 0:
            return f"load {name} gives power"
    return ""


def _positive_sequence(network: Network, table: str, row: int) -> complex | None:
    """Series impedance [ohm] where all phases are alike and nothing goes to ground, or None."""
    nodes, span = network.primitives.of(table, row)
    if len(nodes) != 6:
        return None
    y = network.primitives.values[span].reshape(6, 6)
    scale = float(np.abs(y).max())
    if np.abs(y[:3, :3] + y[:3, 3:]).max() > _SAME * scale:
        return None
    z = np.linalg.inv(-y[:3, 3:])
    own, mutual = np.diag(z), z[~np.eye(3, dtype=bool)]
    if max(np.abs(own - own[0]).max(), np.abs(mutual - mutual[0]).max()) > _SAME * abs(own[0]):
        return None
    return complex(own[0] - mutual[0])


def _numbered(
    grid: Grid,
    snapshot: Snapshot,
    parts: list[tuple[str, int]],
    z_ohm: NDArray[np.complex128],
    movable: Flags,
) -> Balanced:
    sources, loads, used = grid.sources, grid.loads, snapshot.source_on
    at_source = [grid.buses.row(sources["bus"][row]) for row in np.flatnonzero(used).tolist()]
    kv = float((sources.numbers("v_pu") * sources.numbers("base_kv"))[used][0])
    ends = np.array(
        [[grid.buses.row(grid.table(t)[b][row]) for b in ("bus1", "bus2")] for t, row in parts],
        np.int64,
    ).reshape(-1, 2)
    at_load = [grid.buses.row(bus) for bus in loads.texts("bus")]
    number = np.full(len(grid.buses), -1, np.int64)
    number[at_source] = 0
    others = np.unique(np.concatenate([ends.ravel(), np.array(at_load, np.int64)]))
    others = others[number[others] < 0]
    number[others] = np.arange(1, len(others) + 1)
    nodes = len(others) + 1
    on = loads.flags("in_service")
    powers = [
        np.bincount(number[at_load], power * on, nodes) / BASE_KVA
        for power in (snapshot.load_kw, snapshot.load_kvar)
    ]
    edge_from, edge_to = number[ends[:, 0]], number[ends[:, 1]]
    z_pu = z_ohm / kv**2
    return Balanced(
        node_of_bus=number,
        edge_from=edge_from,
        edge_to=edge_to,
        r_pu=z_pu.real.copy(),
        x_pu=z_pu.imag.copy(),
        switch=np.where(movable, [row for _, row in parts], -1).astype(np.int64),
        p_pu=powers[0],
        q_pu=powers[1],
        **dict(
            zip(("start", "neighbour", "via"), adjacency(edge_from, edge_to, nodes), strict=True)
        ),
        u_least=np.zeros(nodes),
        i_most=np.full(len(parts), np.inf),
    )
