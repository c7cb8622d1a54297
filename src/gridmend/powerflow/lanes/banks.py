"""What controls that move in lanes need of the network: switched banks, and probes at twins."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls.look import Probes
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.lanes.kernel import Banks
from gridmend.powerflow.lanes.matrix import Base, Matrix, parts
from gridmend.powerflow.lanes.split import Split
from gridmend.powerflow.network import Network


def bank_nodes(network: Network, banks: Ints) -> Ints:
    """The nodes that some capacitors stand at."""
    found = [network.primitives.of("capacitors", row)[0] for row in banks.tolist()]
    nodes = np.concatenate([*found, np.empty(0, np.int64)])
    return np.unique(nodes[nodes >= 0]).astype(np.int64)


def switched(network: Network, banks: Ints, cut: Split, base: Base, matrix: Matrix) -> Banks:
    """Capacitors whose steps differ from lane to lane; their admittance is by kvar."""
    entry: list[tuple[int, int, int]] = []
    value: list[tuple[float, float, float, float]] = []
    around = _around(cut, base, matrix)
    for bank, row in enumerate(banks.tolist()):
        nodes, span = network.primitives.of("capacitors", row)
        y = network.primitives.values[span].reshape(len(nodes), len(nodes))
        volts = np.where(nodes >= 0, network.nodes.base_v[nodes], 0.0)
        for i, j in zip(*np.nonzero(y * np.outer(volts, volts)), strict=True):
            at, other = int(matrix.row[nodes[i]]), int(matrix.row[nodes[j]])
            seen = complex(y[i, j] * volts[i] * volts[j])
            entry.append((bank, int(matrix.rows.special[at]), other))
            value.append((seen.real, seen.imag, *around[other].tolist()))
    return Banks(np.array(entry, np.int64).reshape(-1, 3), np.array(value, float).reshape(-1, 4))


def shares(network: Network, banks: Ints, begin: Snapshot) -> Floats:
    """[banks, steps + 1] kvar by which a bank at so many steps differs from the base."""
    steps = [np.asarray(network.grid.capacitors["step_kvar"][row], float) for row in banks.tolist()]
    most = max((len(s) for s in steps), default=0)
    found = np.zeros((len(banks), most + 1))
    for bank, (row, sizes) in enumerate(zip(banks.tolist(), steps, strict=True)):
        total = np.concatenate([[0.0], np.cumsum(sizes)])
        found[bank] = np.append(total, np.full(most + 1 - len(total), total[-1]))
        found[bank] -= total[min(int(begin.steps_on[row]), len(sizes))]
    return found


def measures_a_bank(network: Network, controls: Controls) -> bool:
    """Whether a control measures the current of a bank that is itself switched."""
    for row in controls.banks.tolist():
        _, span = network.primitives.of("capacitors", row)
        value = controls.terms.value
        if ((value >= span.start) & (value < span.stop)).any():
            return True
    return False


def probes_in_lanes(controls: Controls, cut: Split, base: Base, matrix: Matrix) -> Probes:
    """What the controls measure, of a network whose regulated nodes have twins."""
    terms = controls.terms
    tie_of = np.full(len(cut.flat_nodes) + 1, -1, np.int64)
    tie_of[cut.conductors] = np.arange(len(cut.conductors))
    current = terms.value >= 0
    tie = np.where(current, tie_of[terms.row], -1)
    node = np.where(current, cut.flat_nodes[terms.column], terms.node)
    by = np.where(current, cut.flat_values[terms.value], terms.sign)
    # What stands at a regulated node whatever the tap carries current beside the coil.
    own = np.flatnonzero(current & (terms.row == terms.column) & (tie >= 0))
    place = np.insert(np.arange(len(node)), own + 1, own)
    extra = np.zeros(len(place), np.bool_)
    extra[own + 1 + np.arange(len(own))] = True
    node = np.where(extra, terms.node[place], node[place])
    fixed = np.append(cut.fixed, 0.0)[tie[place]]
    by = np.where(extra, fixed, by[place]) * cut.base_v[node]
    starts = terms.start + np.searchsorted(own, terms.start)
    found: Any = by
    return Probes(
        start=starts,
        row=matrix.row[node],
        re=found.real.copy(),
        im=found.imag.copy(),
        tie=np.where(extra, -1, tie[place]),
        base=_around(cut, base, matrix).ravel(),
    )


def _around(cut: Split, base: Base, matrix: Matrix) -> Floats:
    """[rows, 2] the base's voltages [pu], whatever kind of number the lanes have."""
    found = np.empty((len(matrix.row), 2))
    found[matrix.row] = parts(base.v_v / cut.base_v)
    return found
