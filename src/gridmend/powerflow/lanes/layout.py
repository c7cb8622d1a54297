"""A network laid out for the lanes at a base: what every run of them begins with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.iteration import State
from gridmend.powerflow.jumps import beyond, taken
from gridmend.powerflow.lanes.banks import bank_nodes, switched
from gridmend.powerflow.lanes.curves import near_a_jump
from gridmend.powerflow.lanes.jumping import apart
from gridmend.powerflow.lanes.matrix import Base, Kind, Matrix, matrix
from gridmend.powerflow.lanes.overloads import Watch
from gridmend.powerflow.lanes.readings import looked_at, readings, serving
from gridmend.powerflow.lanes.split import Split
from gridmend.powerflow.lanes.start import leg_rows, moved_by_profiles, start_of
from gridmend.powerflow.lanes.tables import Demand, fused_legs, loose_legs, loose_nodes
from gridmend.powerflow.lanes.watched import watched
from gridmend.powerflow.leg_models import EXPONENTIAL
from gridmend.powerflow.legs import Shares
from gridmend.powerflow.network import Network
from gridmend.powerflow.step_summary import Limits
from gridmend.powerflow.walk import Walk

_HALVINGS = 8
_ROUGH_PU = 1e-5
_APART, _ENOUGH = 37, 64
"""Of a long series the median of every so many steps will do, if that are enough: a prime that
divides no day or week, so that all hours are among them."""
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Packed:
    """A network laid out for the kernel at a base; `node` [rows] whose each row is, `middle`
    [profiles] the factors there, `moved` [rows, 2, profiles] what profiles do to rows [pu], if
    known; `stays` says whether a step at which a leg is beyond its limits counts as near a jump."""

    tables: tuple[Any, ...]
    matrix: Matrix
    start: Any
    watched: Ints
    node: Ints
    base: Base
    kind: Kind
    base_v: Floats
    ratio: Floats
    banks: int
    stays: bool
    middle: Floats
    moved: Floats | None

    def reading(self, shown: Flags, between: Floats) -> Packed:
        """The same of which only the rows `shown` are looked at for extremes, and only customers
        whose voltages may leave their limits where rows stay `between` [rows, 2] [pu]."""
        read = looked_at(self.tables[-1], self.matrix.rows, shown)
        return replace(self, tables=(*self.tables[:-1], serving(read, between)))


def laid_out(
    network: Network, snapshot: Snapshot, cut: Split, demand: Demand,
    solution: tuple[State, Floats, Complexes], judged: tuple[Watch, Limits], kind: Kind,
    switches: Ints = _NONE, shares: Shares | None = None,
    *, stay: bool = False,
) -> Packed:  # fmt: skip
    """Lay out a network for lanes at a base: its state, its factors and their voltages.

    `switches` are the capacitors whose steps differ from lane to lane; `shares` what legs are of
    above their limits at the base, by their voltages unless given. Where they are given, steps near
    a jump can be solved by their legs' sides, so what is near is taken for as wide as it may be.
    With `stay`, and no leg beyond its limits at the base, a step at which one is counts as near.
    """
    state, middle, v_v = solution
    s_base = demand.at(middle)
    base = Base.of(state, cut, s_base, v_v, snapshot.tap_pu, shares)
    special = np.concatenate([loose_nodes(network, demand), bank_nodes(network, switches)])
    laid = matrix(cut, base, special, kind)
    stays = stay and shares is not None and _between_limits(network, shares)
    reach = apart(network, demand, base, laid, together=shares is not None)
    near = near_a_jump(network, reach, stay=stays)
    legs, leg_start = fused_legs(network, demand, base, laid, kind, near)
    moved = moved_by_profiles(network, demand, base, laid)
    rows = leg_rows(network, base, laid)
    tables = (
        laid.rows._replace(leg_start=leg_start), legs,
        loose_legs(network, demand, base, laid, kind, near), laid.ties,
        switched(network, switches, cut, base, laid),
    )  # fmt: skip
    read = readings(
        network, snapshot, base, laid, judged[1], judged[0], cut, legs, len(middle), kind
    )
    node = np.empty(len(laid.row), np.int64)
    node[laid.row] = np.arange(len(laid.row))
    return Packed(
        (*tables, read),
        laid,
        start_of(network, demand, middle, laid, rows, moved, kind),
        watched(
            tables,
            demand,
            rows,
            cut.shape.zones[:, 0] - cut.shape.first,
            base.ratio,
            len(switches),
            kind,
        ),
        node,
        base,
        kind,
        cut.base_v,
        base.ratio,
        len(switches),
        stays,
        middle,
        moved,
    )


def _between_limits(network: Network, shares: Shares) -> bool:
    """Whether all legs whose power jumps are between their limits."""
    return bool((shares[network.legs.model == EXPONENTIAL] == (1.0, 0.0)).all())


def median_of(factors: Floats) -> Floats:
    """[profiles] the median of factors [profiles, steps]."""
    every = _APART if factors.shape[1] >= _APART * _ENOUGH else 1
    some = factors[:, ::every]
    last = some.shape[1] - 1
    middle = (last // 2, (last + 1) // 2)
    ordered = np.partition(some, middle, axis=1)
    return (ordered[:, middle[0]] + ordered[:, middle[1]]) / 2


def median_state(walk: Walk, demand: Demand, middle: Floats) -> tuple[Floats, Complexes]:
    """The factors of a base and its voltages: the median of each profile, which no single step
    can spoil, or so much of it as has a solution."""
    for _ in range(_HALVINGS):
        solution = walk.to(demand.at(middle))
        if solution.converged:
            return middle, solution.v_v
        middle = middle / 2
    return np.zeros(len(middle)), walk.to(demand.at(np.zeros(len(middle)))).v_v


def base_state(walk: Walk, demand: Demand) -> tuple[Floats, Complexes, Shares | None]:
    """The same where each leg stays on its side of its limits, and shares that say so; None where
    no power jumps, or that finds no rest.

    Where the sides of a rough solution are those of an exact one, that will do as a base: what is
    near a jump is solved by its sides. Else it is the answer's sides.
    """
    middle, state = median_of(demand.factors), walk.state
    if not state.network.legs.jump:
        return *median_state(walk, demand, middle), None
    s_va, legs = demand.at(middle), state.network.legs
    rough = walk.to(s_va, within_pu=_ROUGH_PU)
    if rough.converged:
        found, shares = walk.on_sides(s_va, rough.v_v)
        if found.converged and (taken(beyond(legs, found.v_v)) == shares).all():
            return middle, found.v_v, shares
    middle, v_v = median_state(walk, demand, middle)
    found, shares = walk.on_sides(demand.at(middle), v_v)
    return (middle, found.v_v, shares) if found.converged else (middle, v_v, None)


def source_nodes(network: Network) -> Ints:
    """The nodes of all sources; they stay in the iteration, which gives their currents."""
    at = np.flatnonzero(network.primitives.place["sources"] >= 0).tolist()
    return np.concatenate([*(network.primitives.of("sources", row)[0] for row in at), _NONE])


def voltages_of(laid: Packed, kept: Floats) -> Complexes:
    """[steps, nodes] voltages [V] of what lanes kept [steps, rows, 2, lanes]."""
    nodes = len(laid.base_v) - len(laid.ratio)
    row = laid.matrix.row[:nodes]
    return _voltages(kept, row, laid.base_v[:nodes], laid.base.v_v[:nodes]).T


@compiled
def _voltages(kept: Floats, row: Ints, base_v: Floats, v_v: Complexes) -> Complexes:
    """[nodes, steps] the same."""
    many, lanes = kept.shape[0], kept.shape[3]
    found = np.empty((len(row), many * lanes), np.complex128)
    for n in range(len(row)):
        re, im, by = v_v[n].real, v_v[n].imag, base_v[n]
        for step in range(many):
            apart = kept[step, row[n]]
            for w in range(lanes):
                at = complex(re + by * apart[0, w], im + by * apart[1, w])
                found[n, w * many + step] = at
    return found
