"""Short circuits on elements, as what they do to the element's primitive.

A fault along a line makes a node between its two parts, which is eliminated at once: the
network keeps its nodes, and the line's own matrix says what its ends see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import SINGULAR
from gridmend.powerflow.network import Network

LEAST_OHM = 1e-4
"""A fault that is said to have no resistance has this, as a fault of OpenDSS by default."""

FAULTED = ("lines", "switches", "transformers", "reactors")
"""Tables whose elements may be shorted."""


@dataclass(frozen=True, slots=True)
class Short:
    """A short circuit on one element.

    `phases` are joined to ground, each through `r_ohm`, or where it is not `to_ground` to one
    another, each pair through `r_ohm`. `share` is how far along a line from its first bus, 0 to 1;
    on other elements it is at the first bus. Raises `GridError` for what is no short circuit.
    """

    element: str
    phases: tuple[str, ...]
    r_ohm: float = 0.0
    to_ground: bool = True
    share: float = 0.0

    def __post_init__(self) -> None:
        where = f"short circuit on {self.element}"
        if not (math.isfinite(self.r_ohm) and self.r_ohm >= 0):
            raise GridError(
                f"{self.r_ohm} ohm is no resistance", where=where, mend="give 0 or more"
            )
        if not 0 <= self.share <= 1:
            raise GridError(
                f"a line has no place at {self.share} of its length",
                where=where,
                mend="give 0 to 1",
            )
        fewest = 1 if self.to_ground else 2
        if len(set(self.phases)) != len(self.phases) or len(self.phases) < fewest:
            said = " ".join(self.phases) or "none"
            mend = f"name {fewest} or more phases, each once"
            raise GridError(f"no current can flow between phases {said}", where=where, mend=mend)


def device_of(network: Network, short: Short) -> tuple[str, int]:
    """The table and row of the element that is shorted.

    Raises `GridError` where there is no such element or phase, or no fault can be on it.
    """
    table, row = network.grid.find(short.element)
    if table not in FAULTED or network.primitives.place[table][row] < 0:
        raise GridError(
            f"'{short.element}' cannot be shorted",
            mend="name a line, a switch, a transformer or a reactor that is in service",
        )
    _conductors(network, (table, row), short)
    return table, row


def shorted(
    network: Network, device: tuple[str, int], built: Complexes, shorts: Sequence[Short]
) -> Complexes:
    """[conductors²] the primitive [S] of a device with some short circuits on it."""
    matrix, inner = _joined(network, device, built, shorts)
    size = len(matrix) - inner
    if not inner:
        return matrix.ravel()
    ends, mid = slice(0, size), slice(size, None)
    passed = np.linalg.solve(matrix[mid, mid], matrix[mid, ends])
    return (matrix[ends, ends] - matrix[ends, mid] @ passed).ravel()


def fault_currents(
    network: Network, short: Short, v_v: Complexes, built: Complexes | None = None
) -> Complexes:
    """[phases] current from each shorted phase into the fault [A] at node voltages [V].

    `built` is the element's primitive without it, as the network has it unless given (a
    transformer's depends on its taps). Checked against the same line cut in two at that place.
    """
    device = device_of(network, short)
    nodes, span = network.primitives.of(*device)
    built = network.primitives.values[span] if built is None else built
    matrix, inner = _joined(network, device, built, [short])
    at = _conductors(network, device, short)
    v = np.where(nodes >= 0, np.append(v_v, 0.0)[nodes], 0.0)
    if inner:
        size = len(nodes)
        v = np.linalg.solve(matrix[size:, size:], -matrix[size:, :size] @ v)
    elif short.share == 1.0 and device[0] == "lines":
        at = at + len(nodes) // 2
    return _admittance(short) @ v[at]


def _joined(
    network: Network, device: tuple[str, int], built: Complexes, shorts: Sequence[Short]
) -> tuple[Complexes, int]:
    """The matrix of an element's conductors, then of places between its ends; how many of these."""
    nodes, _ = network.primitives.of(*device)
    size, half = len(nodes), len(nodes) // 2
    along = device[0] == "lines"
    between = sorted({s.share for s in shorts if along and 0 < s.share < 1})
    inner = half * len(between)
    matrix = np.zeros((size + inner, size + inner), complex)
    matrix[:size, :size] = built.reshape(size, size)
    if between:
        series = -matrix[:half, half:size]
        matrix[:half, half:size] = matrix[half:size, :half] = 0.0
        matrix[:half, :half] -= series
        matrix[half:size, half:size] -= series
        starts = [0, *range(size, size + inner, half), half]
        lengths = np.diff([0.0, *between, 1.0])
        for one, other, length in zip(starts, starts[1:], lengths, strict=False):
            _add_series(matrix, series / length, one, other)
    for short in shorts:
        at = _conductors(network, device, short)
        if along and short.share == 1.0:
            at = at + half
        elif along and short.share > 0.0:
            at = at + size + half * between.index(short.share)
        matrix[np.ix_(at, at)] += _admittance(short)
    return matrix, inner


def _add_series(matrix: Complexes, series: Complexes, one: int, other: int) -> None:
    """Join two places of as many conductors by a series admittance."""
    n = len(series)
    a, b = slice(one, one + n), slice(other, other + n)
    matrix[a, a] += series
    matrix[b, b] += series
    matrix[a, b] -= series
    matrix[b, a] -= series.T


def _conductors(network: Network, device: tuple[str, int], short: Short) -> Ints:
    """Where the shorted phases are among the conductors of an element's first end."""
    nodes, _ = network.primitives.of(*device)
    half = len(nodes) // 2
    if device[0] == "transformers":
        k = int(network.primitives.place["transformers"][device[1]])
        first = network.primitives.node_start[k]
        terminal = network.primitives.terminal[first : first + len(nodes)]
        half = int(np.count_nonzero(terminal == terminal[0]))
    there = ["" if n < 0 else str(network.nodes.phase[n]) for n in nodes[:half].tolist()]
    missing = [phase for phase in short.phases if phase not in there]
    if missing:
        table, row = device
        name = f"{SINGULAR[table]}.{network.grid.table(table)['name'][row]}"
        has = " ".join(p for p in there if p)
        raise GridError(f"{name} has no phase {' '.join(missing)}", mend=f"its phases are {has}")
    return np.array([there.index(phase) for phase in short.phases], np.int64)


def _admittance(short: Short) -> Complexes:
    """[phases, phases] what the fault itself joins [S]."""
    n, y = len(short.phases), 1.0 / max(short.r_ohm, LEAST_OHM)
    own = np.eye(n) * y if short.to_ground else n * y * np.eye(n) - y
    return own.astype(complex)
