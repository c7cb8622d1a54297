"""The network of the lanes: regulated nodes cut from their coils, zone below zone.

A winding whose tap moves becomes one at unit tap that ends in a twin of its node, and an ideal
ratio between the two. Where the ratios cut the network into zones that hang below each other
like a tree, every lane may have its own ratios with one factor: the zone below is eliminated
down to its regulated nodes, and what is left of it is seen through the ratio from above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.lanes.shape import Shape
from gridmend.powerflow.lanes.zones import bounds, zones_of
from gridmend.powerflow.network import (
    Network,
    adjacency,
    conductor_pairs,
    slots_of,
    upper_columns,
)
from gridmend.powerflow.ordering import order
from gridmend.powerflow.pattern import analyse, depths
from gridmend.powerflow.positions import values_at

_Ties = tuple[Ints, Ints, Complexes]
"""Of each tie its winding, its place among the primitives' conductors, and what stands there
whatever the tap [S]."""


_ALIKE = 0.9
"""Of the entries that a network was compiled for, how many must be there for its order to do."""


@dataclass(frozen=True, eq=False)
class Split:
    """A network with ties, in an order of elimination.

    Nodes from `network.pattern.n` on are twins. `winding` [ties] rows of the windings, -1
    for a ratio that stays one,
    `conductors` [ties] their places among the primitives' conductors and `fixed` [ties] what
    stands there whatever the tap [S]; `node` [ties] the nodes regulated. `base_v` [nodes and
    twins]; `flat_nodes` and `flat_values` the primitives with twins, at unit taps; `values` make
    the admittance at unit taps, in the slots of its `shape`.
    """

    winding: Ints
    conductors: Ints
    fixed: Complexes
    node: Ints
    base_v: Floats
    flat_nodes: Ints
    flat_values: Complexes
    values: Complexes
    shape: Shape


def whole(network: Network, values: Complexes, kept: Ints) -> Split:
    """A network that is cut nowhere, of primitive `values` [S]; `kept` as in `split`."""
    none = np.empty(0, np.int64)
    found = _cut_at(network, values, (none, none, np.empty(0, complex)), kept)
    if found is None:
        raise AssertionError("a network without ties is always one zone")
    return found


def split(network: Network, snapshot: Snapshot, windings: Ints, kept: Ints) -> Split | None:
    """Cut a network at the windings whose taps move, at a snapshot's switch positions.

    `kept` are nodes that must stay in the iteration. None where a winding is no grounded wye, or
    where the cuts leave no tree of zones.
    """
    found = _conductors(network, windings)
    if found is None:
        return None
    cut = _cut(network, snapshot, found, kept)
    return cut or _cut(network, snapshot, _with_companions(network, snapshot, found), kept)


def _cut(network: Network, snapshot: Snapshot, found: _Ties, kept: Ints) -> Split | None:
    winding = found[0]
    unit_taps = snapshot.tap_pu.copy()
    unit_taps[winding[winding >= 0]] = 1.0
    return _cut_at(network, values_at(network, snapshot.with_taps(unit_taps)), found, kept)


def _cut_at(network: Network, at_unit: Complexes, found: _Ties, kept: Ints) -> Split | None:
    n = network.pattern.n
    winding, at, fixed = found
    flat = network.primitives.nodes.copy()
    node = flat[at]
    if len(np.unique(node)) < len(node):
        return None
    twin = n + np.arange(len(node))
    flat[at] = twin
    a, b = network.remembered("pairs", at.tobytes(), lambda: _pairs(network, flat, node))
    flat_values = at_unit.copy()
    _take_fixed(flat_values, a, b, twin, fixed)
    values = np.concatenate([flat_values, fixed])
    here = values != 0
    shape = network.remembered(
        "shape",
        (at.tobytes(), kept.tobytes(), np.packbits(here).tobytes()),
        lambda: _shape(network, (a[here], b[here]), node, kept),
    )
    if shape is None:
        return None
    return Split(
        winding=winding,
        conductors=at,
        fixed=fixed,
        node=node,
        base_v=np.concatenate([network.nodes.base_v, network.nodes.base_v[node]]),
        flat_nodes=flat,
        flat_values=flat_values,
        values=values[here],
        shape=shape,
    )


def _pairs(network: Network, flat: Ints, node: Ints) -> tuple[Ints, Ints]:
    """Row and column of each primitive value, and of what stands at nodes whatever the tap."""
    a, b = conductor_pairs(network.primitives.node_start, flat)
    return np.concatenate([a, node]), np.concatenate([b, node])


def _shape(network: Network, pairs: tuple[Ints, Ints], node: Ints, kept: Ints) -> Shape | None:
    """An order of elimination for what `pairs` join; None where the cuts leave no tree."""
    legs, n = network.legs, network.pattern.n
    leg_a = np.stack([legs.plus, legs.minus, legs.plus, legs.minus], 1).ravel()
    leg_b = np.stack([legs.plus, legs.minus, legs.minus, legs.plus], 1).ravel()
    off = (np.concatenate([pairs[0], leg_a]), np.concatenate([pairs[1], leg_b]))
    size, twin = n + len(node), n + np.arange(len(node))
    tree = zones_of(size, *off, node, twin)
    if tree is None:
        return None
    zone, depth = tree
    one, other = np.nonzero(np.triu(zone[node][:, None] == zone[node][None, :], 1))
    off = (
        np.concatenate([off[0], twin[one], node[one]]),
        np.concatenate([off[1], twin[other], node[other]]),
    )
    passive = np.ones(size, np.bool_)
    for active in (legs.plus, legs.minus, node, twin, kept):
        passive[active[active >= 0]] = False
    last = np.zeros(size, np.bool_)
    last[node] = True
    joined = adjacency(size, *off)
    permutation, first = _ordered(network, joined, passive, last)
    place = np.argsort(permutation)
    # of a zone those first that others wait for longest: one after the other they are independent
    deep, entries = (each[first:] for each in depths(size, *upper_columns(*joined, place)))
    active = permutation[first:]
    late = np.where(last[active], np.arange(len(active)), -1)
    taking = np.bincount(legs.plus[legs.plus >= 0], minlength=size)[active]
    by_zone = np.lexsort((entries, taking, -deep, late, zone[active], -depth[zone[active]]))
    permutation[first:] = active[by_zone]
    place[permutation] = np.arange(size)
    above = upper_columns(*joined, place)
    return Shape(
        place=place,
        first=first,
        zones=bounds(zone[permutation[first:]], last[permutation[first:]]) + first,
        pattern=analyse(size, *above),
        tied=place[node],
        slots=slots_of(place, *above, *pairs),
        leg_slots=slots_of(place, *above, leg_a, leg_b),
    )


def _ordered(
    network: Network, joined: tuple[Ints, Ints], passive: Flags, last: Flags
) -> tuple[Ints, int]:
    """Nodes in an order of elimination, and how many passive ones it begins with: that which the
    network was compiled in, where it is no more than that, less what is open."""
    as_compiled = len(joined[1]) > _ALIKE * 2 * len(network.pattern.rows)
    if as_compiled and not last.any() and _only(passive, network):
        return np.argsort(network.place), network.first
    return order(*joined, passive, last)


def _only(passive: Flags, network: Network) -> bool:
    """Whether these are the nodes that come first in a network's own order."""
    return bool(((network.place < network.first) <= passive).all())


def _with_companions(network: Network, snapshot: Snapshot, found: _Ties) -> _Ties:
    """The ties with those of a ratio of one in the phases beside a regulator.

    Where one phase is regulated and the others are carried past by switches or lines, only all of
    them together cut the network in two.
    """
    winding, at, fixed = found
    primitives, bus = network.primitives, np.append(network.nodes.bus, -1)
    start, value_start = primitives.node_start, primitives.value_start
    values = values_at(network, snapshot)
    element = np.repeat(np.arange(len(primitives.row)), np.diff(start))
    of_place = bus[primitives.nodes]
    pairs: set[tuple[int, int]] = set()
    for place in at.tolist():
        k = element[place]
        here = int(of_place[place])
        pairs |= {(here, int(b)) for b in of_place[start[k] : start[k + 1]] if b not in (here, -1)}
    beside: list[int] = []
    for k in np.unique(element[np.isin(of_place, [here for here, _ in pairs])]).tolist():
        span = slice(int(start[k]), int(start[k + 1]))
        ends = sorted({int(b) for b in of_place[span]} - {-1})
        live = (values[int(value_start[k]) : int(value_start[k + 1])] != 0).any()
        for here, there in ((e, o) for e in ends for o in ends if len(ends) == 2 and e != o):
            if live and (here, there) in pairs:
                beside += (span.start + np.flatnonzero(of_place[span] == here)).tolist()
    tied = set(network.primitives.nodes[at].tolist())
    more = [p for p in sorted(set(beside)) if int(primitives.nodes[p]) not in tied]
    return (
        np.concatenate([winding, np.full(len(more), -1, np.int64)]),
        np.concatenate([at, np.array(more, np.int64)]),
        np.concatenate([fixed, np.zeros(len(more))]),
    )


def _conductors(network: Network, windings: Ints) -> _Ties | None:
    """Every coil of the windings: its winding, its place among the primitives' conductors, and
    what stands there whatever the tap [S]."""
    grid, primitives = network.grid, network.primitives
    rows: list[int] = []
    places: list[int] = []
    fixed: list[complex] = []
    names = grid.windings.texts("transformer")
    for winding in sorted({int(w) for w in windings}):
        unit = network.units.get(grid.transformers.row(names[winding]))
        if unit is None:
            continue
        number = int(np.flatnonzero(unit.windings == winding)[0])
        coils = unit.make.incidence[:, number * unit.make.phase_count :][:, : unit.make.phase_count]
        live = (coils != 0) & (unit.nodes >= 0)[:, None]
        if (live.sum(axis=0) > 1).any() or (live.sum(axis=1) > 1).any():
            return None
        elsewhere = np.delete(
            unit.make.incidence, np.s_[number * coils.shape[1] : (number + 1) * coils.shape[1]], 1
        )
        start = int(primitives.node_start[primitives.place["transformers"][unit.row]])
        for conductor in np.flatnonzero(live.any(axis=1)).tolist():
            if elsewhere[conductor].any():
                return None
            rows.append(winding)
            places.append(start + conductor)
            fixed.append(complex(unit.make.fixed[conductor, conductor]))
    return np.array(rows, np.int64), np.array(places, np.int64), np.array(fixed, complex)


def _take_fixed(values: Complexes, a: Ints, b: Ints, twin: Ints, fixed: Complexes) -> None:
    """Take what taps do not move from the twins' own values; it stays at the nodes."""
    for t, y in zip(twin.tolist(), fixed.tolist(), strict=True):
        own = np.flatnonzero((a == t) & (b == t))
        values[own] -= y
