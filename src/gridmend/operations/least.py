"""What loads take at the least: who asks more of a source than it may carry need not be solved.

Where every limit is kept, each load that is fed has a voltage within them. What all that a source
feeds takes there at the least, with nothing lost, is no more than what the source carries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.limits import Limits
from gridmend.model.islanding import capacities_kva
from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.legs import INJECTED, leg_currents, powers
from gridmend.powerflow.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_VOLTAGES = 9
"""Between the limits of voltage a load is asked at so many what it takes."""
_NEAR = 1e-4
"""How far on both sides of where its model changes it is asked too [of that voltage]; a jump of
`leg_models` is narrower."""
_BETWEEN = 0.995
"""What it takes between two of these is no less than this share of what it takes at them."""
_DER_MOST = 1.5
"""A DER gives no more than this times what it is set to, whatever its voltage. Assumed."""


@dataclass(frozen=True, eq=False)
class Least:
    """`kw` [loads] what each takes at the least where limits are kept, `der_kw` what all DER give
    at most, and `allowed_kva` [sources] what each may carry; nan where that is not known, or was
    too much before."""

    topology: Topology
    kw: Floats
    der_kw: float
    allowed_kva: Floats

    @staticmethod
    def of(
        topology: Topology, network: Network, snapshot: Snapshot, limits: Limits,
        accepted: tuple[Violation, ...],
    ) -> Least:  # fmt: skip
        """At a snapshot's demand; what is beyond a limit in `accepted` is not held to it."""
        grid, kw = topology.grid, _least_kw(network, snapshot, limits)
        allowed = capacities_kva(grid) * limits.loading_pct / 100
        for one in accepted:
            kind, _, name = one.element.partition(".")
            if kind == "load":
                kw[grid.loads.row(name)] = min(kw[grid.loads.row(name)], 0.0)
            elif kind == "source":
                allowed[grid.sources.row(name)] = np.nan
        given = (snapshot.generator_kw, snapshot.pv_kw, snapshot.storage_kw)
        der_kw = _DER_MOST * sum(float(np.abs(one).sum()) for one in given)
        return Least(topology, kw, der_kw, allowed)

    def beyond(self, snapshot: Snapshot) -> Violation | None:
        """The source that would surely carry more than it may, by the most; None where none is."""
        topology, sources = self.topology, self.topology.grid.sources
        fed_by = topology.fed_by(snapshot)
        rows, nodes = topology.wiring.load_nodes
        by = np.full(len(self.kw), -1, np.int64)
        by[rows] = fed_by[nodes]
        whole = topology.supplied(fed_by >= 0)
        kw = np.where(whole, self.kw, np.minimum(self.kw, 0.0))[by >= 0]
        fed_kw = np.bincount(by[by >= 0], kw, len(sources)) - self.der_kw
        allowed = self.allowed_kva.copy()
        allowed[self._together(snapshot, fed_by)] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(np.isnan(allowed), 0.0, fed_kw / allowed)
        worst = int(np.argmax(share)) if len(share) else -1
        if worst < 0 or not share[worst] > 1.0:
            return None
        name = f"source.{sources['name'][worst]}"
        return Violation("loading_kva", name, float(fed_kw[worst]), float(allowed[worst]))

    def _together(self, snapshot: Snapshot, fed_by: Ints) -> Ints:
        """[any] rows of sources that feed anything together: what one carries then depends on the
        others. They do where they are joined, and where phases of a bus or load are of several."""
        w = self.topology.wiring
        closed = self.topology.closed(snapshot)
        rows, nodes = w.source_nodes
        on = snapshot.source_on[rows]
        pairs = [
            (fed_by[w.edge_from[closed]], fed_by[w.edge_to[closed]]),
            (rows[on], fed_by[nodes[on]]),
            _first_and_own(w.node_bus, fed_by),
            _first_and_own(w.load_nodes[0], fed_by[w.load_nodes[1]]),
        ]
        found = [end[(one != other) & (one >= 0) & (other >= 0)]
                 for one, other in pairs for end in (one, other)]  # fmt: skip
        return np.concatenate(found)


def _first_and_own(group: Ints, fed_by: Ints) -> tuple[Ints, Ints]:
    """[nodes] the first source that feeds any node of the same group, and the node's own."""
    live = fed_by >= 0
    first = np.full(int(group.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, group[live], fed_by[live])
    return first[group[live]], fed_by[live]


def _least_kw(network: Network, snapshot: Snapshot, limits: Limits) -> Floats:
    """[loads] the least active power of each within the limits of voltage [kW]."""
    legs = network.legs
    s_va = powers(legs, snapshot)
    least_w, ones = np.full(len(s_va), np.inf), np.ones(len(s_va))
    asked = [v_pu * ones for v_pu in np.linspace(limits.v_low_pu, limits.v_high_pu, _VOLTAGES)]
    # on both sides of where a model changes: there some jump
    asked += [edge * near for edge in legs.limits.T for near in (1 - _NEAR, 1 + _NEAR)]
    for v_pu in asked:
        u_v = np.clip(v_pu, limits.v_low_pu, limits.v_high_pu) * legs.rated_v.astype(complex)
        least_w = np.minimum(least_w, (u_v * np.conj(leg_currents(legs, s_va, u_v))).real)
    here = legs.table == INJECTED.index("loads")
    kw = np.bincount(legs.element[here], least_w[here], len(snapshot.load_kw)) / 1e3
    return np.where(kw > 0, _BETWEEN, 1.0) * kw
