"""Powers and currents of every element over a block of steps, from its voltages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.errors import GridError
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.answer import terminal_currents
from gridmend.powerflow.legs import INJECTED
from gridmend.powerflow.network import Network
from gridmend.powerflow.positions import values_at
from gridmend.powerflow.step_by_step import SeriesFlow

Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ElementFlows:
    """Conductors of terminals over steps: arrays [steps, shown], of the terminals in `shown`.

    `p_kw`, `q_kvar` go into the element; `i_a` is the size of the current; `loading_pct` is of
    the rating, nan where there is none. A step that did not converge is nan.
    """

    shown: Ints
    p_kw: Singles
    q_kvar: Singles
    i_a: Singles
    loading_pct: Singles


def shown_terminals(network: Network) -> Ints:
    """Terminals but for the grounded ends of what is injected, as `element_rows` shows them."""
    terminals = network.terminals
    left_out = np.isin(terminals.table.astype(str), INJECTED) & (terminals.phase == "g")
    return np.flatnonzero(~left_out)


def element_flows(
    network: Network, series: Series, flow: SeriesFlow, *, first: int, begin: Snapshot
) -> ElementFlows:
    """The flows of a block that starts at step `first`, with the switches of `begin`.

    Raises `GridError` where the block has no voltages.
    """
    if flow.v_v is None:
        raise GridError("the block has no voltages", mend="solve it with keep_voltages=True")
    shown = shown_terminals(network)
    rating_a = network.rating_a[shown]
    node = network.terminals.node[shown]
    shape = (len(flow), len(shown))
    p_kw, q_kvar, i_a = (np.full(shape, np.nan, np.float32) for _ in range(3))
    known: tuple[bytes, Complexes] | None = None
    for at in np.flatnonzero(flow.converged).tolist():
        here = series[first + at].at_positions_of(begin)
        here = here.with_taps(flow.tap_pu[at]).with_capacitors(flow.steps_on[at])
        key = here.tap_pu.tobytes() + here.steps_on.tobytes()
        if known is None or known[0] != key:
            known = (key, values_at(network, here))
        i = terminal_currents(network, here, known[1], flow.v_v[at])[shown]
        s_kva = np.where(node >= 0, flow.v_v[at][node], 0.0) * np.conj(i) / 1e3
        p_kw[at], q_kvar[at], i_a[at] = s_kva.real, s_kva.imag, np.abs(i)
    rated = np.where(rating_a > 0, rating_a, np.nan)
    return ElementFlows(shown, p_kw, q_kvar, i_a, (100 * i_a / rated).astype(np.float32))
