"""What instruments would read for a fault anywhere: superposition on the loaded network.

A fault at share `d` of a line of series impedance `Z` injects at its two ends as `1 - d` and `d`
of its current, and sees `(1-d)² Z11 + d(1-d)(Z12 + Z21) + d² Z22 + d(1-d) Z`: exact for a line
whose capacitance stands at its ends, as `shorts` has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.operations.location.kinds import Kind, currents
from gridmend.operations.location.places import PHASES, Places
from gridmend.operations.location.thevenin import impedances
from gridmend.powerflow.assembly import assemble
from gridmend.powerflow.factor import factorise, substitute
from gridmend.powerflow.iteration import State, prepare
from gridmend.powerflow.network import Network
from gridmend.powerflow.positions import values_at

STEP = 0.05
"""How much greater all line impedances are where the change of a reading with them is taken."""


@dataclass(frozen=True, eq=False)
class Ends:
    """What every candidate line's ends see, phases in the order a b c, 0 where there is none.

    `has` [lines, 3]; `node` [lines, 2, 3] nodes of the end towards the source, then the other;
    `v_v` [lines, 2, 3] before the fault; `z_ohm` [lines, 2, 2, 3, 3] between ends; `own_ohm`
    [lines, 3, 3] the line's own series impedance.
    """

    has: Flags
    node: Ints
    v_v: Complexes
    z_ohm: Complexes
    own_ohm: Complexes


@dataclass(frozen=True, eq=False)
class Side:
    """A network at one impedance of its lines: its factor and what its lines' ends see."""

    state: State
    ends: Ends


@dataclass(frozen=True, eq=False)
class Seen:
    """Linear readings: `before` [m] without the fault, and `transfer` [lines, 2, m, 3] of a current
    taken out at each end and phase of a line; voltages in V, currents in A."""

    before: Complexes
    transfer: Complexes


@dataclass(frozen=True, eq=False)
class Model:
    """A grid at a flow before the fault: as built, and with all lines' impedance `STEP` greater."""

    network: Network
    flow: Flow
    places: Places
    built: Side
    raised: Side

    @staticmethod
    def of(network: Network, flow: Flow, places: Places) -> Model:
        """Factor the network at the positions of a flow, loads by their rated admittance."""
        state = prepare(network, flow.snapshot)
        node, own = _line_nodes(network, places)
        node = np.where((node >= 0) & flow.energised[node], node, -1)
        raised = _raised(network, flow, state)
        return Model(
            network, flow, places,
            _side(flow, state, node, own), _side(flow, raised, node, own * (1 + STEP)),
        )  # fmt: skip

    def seen(self, side: Side, rows: list[tuple[Ints, Complexes, complex]]) -> Seen:
        """Readings, each a sum of node voltages by weights, and its value before the fault."""
        ends = side.ends
        lines = len(ends.node)
        transfer = np.zeros((lines, 2, len(rows), 3), complex)
        for k, (nodes, weights, _) in enumerate(rows):
            drive = np.zeros(len(self.flow.v_v), complex)
            np.add.at(drive, nodes, weights)
            spread = np.append(_spread(side.state, drive), 0.0)
            transfer[:, :, k] = np.where(ends.node >= 0, spread[ends.node], 0.0)
        return Seen(np.array([before for *_, before in rows], complex), transfer)

    def weights(self, side: Side, table: str, row: int, conductor: int) -> tuple[Ints, Complexes]:
        """Nodes and weights [S] of the current into a conductor of an element."""
        nodes, span = self.network.primitives.of(table, row)
        matrix = side.state.values[span].reshape(len(nodes), len(nodes))
        there = nodes >= 0
        return nodes[there], matrix[conductor][there]


def readings(
    side: Side, seen: Seen, kind: Kind, lines: Ints, outward: Floats, r_ohm: Floats
) -> Complexes:
    """[n, d, r, m] what is read for a fault on `lines` [n], at shares `outward` [n, d] of them from
    the end towards the source, and through resistances `r_ohm` [n, r]."""
    at, taken = list(kind.at), taken_by(side, kind, lines, outward, r_ohm)
    d = outward[..., None, None]
    near = seen.transfer[lines, 0][:, :, at]
    far = seen.transfer[lines, 1][:, :, at]
    passed = (1 - d) * near[:, None] + d * far[:, None]
    return seen.before - taken @ np.swapaxes(passed, -1, -2)


def taken_by(side: Side, kind: Kind, lines: Ints, outward: Floats, r_ohm: Floats) -> Complexes:
    """[n, d, r, k] what a fault takes out of its phases [A], given as to `readings`."""
    at, ends = list(kind.at), side.ends
    d = outward[..., None]
    v = (1 - d) * ends.v_v[lines, 0][:, None, at] + d * ends.v_v[lines, 1][:, None, at]
    d = d[..., None]
    pair = (lines[:, None, None], np.array(at)[:, None], np.array(at))
    z = (
        (1 - d) ** 2 * ends.z_ohm[:, 0, 0][pair][:, None]
        + d * (1 - d) * (ends.z_ohm[:, 0, 1][pair] + ends.z_ohm[:, 1, 0][pair])[:, None]
        + d**2 * ends.z_ohm[:, 1, 1][pair][:, None]
        + d * (1 - d) * ends.own_ohm[pair][:, None]
    )
    return currents(kind, z, v, r_ohm)


def _spread(state: State, currents: Complexes) -> Complexes:
    """[nodes] voltages [V] that currents [A] make at any nodes; `direct` takes those of legs."""
    network = state.network
    base = network.nodes.base_v
    x = np.zeros(network.pattern.n, complex)
    x[network.place] = np.where(state.alive, currents * base, 0.0)
    substitute(state.factor, x)
    return x[network.place] * base


def _side(flow: Flow, state: State, node: Ints, own_ohm: Complexes) -> Side:
    v = np.where(node >= 0, flow.v_v[node], 0.0)
    lines = len(node)
    z = impedances(state, node.reshape(lines, 6)).reshape(lines, 2, 3, 2, 3).swapaxes(2, 3)
    return Side(state, Ends(np.logical_and.reduce(node >= 0, axis=1), node, v, z, own_ohm))


def _line_nodes(network: Network, places: Places) -> tuple[Ints, Complexes]:
    """[lines, 2, 3] nodes of each phase at both ends, and [lines, 3, 3] series impedance [ohm]."""
    lines = len(places.row)
    node = np.full((lines, 2, 3), -1, np.int64)
    own = np.zeros((lines, 3, 3), complex)
    number = np.full(len(places.grid.lines), -1, np.int64)
    number[places.row] = np.arange(lines)
    letters = network.nodes.phase.astype(str)
    lane = np.select([letters == p for p in PHASES], [0, 1, 2], -1)
    for rows, every, at in network.primitives.alike("lines"):
        here = number[rows] >= 0
        k, nodes = number[rows[here]], every[here]
        half = nodes.shape[1] // 2
        z = np.linalg.inv(-network.primitives.values[at[here]][:, :half, half:])
        phase = np.where(nodes[:, :half] >= 0, lane[nodes[:, :half]], -1)
        first = places.first[k]
        for i in range(half):
            one = np.flatnonzero(phase[:, i] >= 0)
            ends = nodes[one, i], nodes[one, half + i]
            node[k[one], 0, phase[one, i]] = np.where(first[one], *ends)
            node[k[one], 1, phase[one, i]] = np.where(first[one], *ends[::-1])
            for j in range(half):
                both = np.flatnonzero((phase[:, i] >= 0) & (phase[:, j] >= 0))
                own[k[both], phase[both, i], phase[both, j]] = z[both, i, j]
    return node, own


def _raised(network: Network, flow: Flow, state: State) -> State:
    """The same network with the series impedance of every line `STEP` greater."""
    values = values_at(network, flow.snapshot).copy()
    for _, nodes, at in network.primitives.alike("lines"):
        half = nodes.shape[1] // 2
        less = -values[at][:, :half, half:] * (1 - 1 / (1 + STEP))
        values[at] += np.block([[-less, less], [less, -less]])
    diagonal, upper = assemble(network, values, state.admittance)
    # what a state adds to hold floating windings stays
    diagonal = diagonal + state.diagonal - assemble(network, state.values)[0]
    alive = np.empty(len(state.alive), np.bool_)
    alive[network.place] = state.alive
    factor = factorise(network.pattern, diagonal, upper, alive)
    return replace(state, values=values, factor=factor)
