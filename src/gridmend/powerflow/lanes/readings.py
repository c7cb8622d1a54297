"""What the kernel reads off a settled state, laid out from the network."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import shunt
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.kernel import Rows
from gridmend.powerflow.lanes.legs import TOGETHER, Fused
from gridmend.powerflow.lanes.matrix import Base, Kind, Matrix, flat, parts
from gridmend.powerflow.lanes.measure import Readings
from gridmend.powerflow.lanes.overloads import Watch
from gridmend.powerflow.lanes.split import Split
from gridmend.powerflow.legs import INJECTED, across
from gridmend.powerflow.network import Network
from gridmend.powerflow.step_summary import Limits, customers_behind


def readings(
    network: Network, snapshot: Snapshot, base: Base, matrix: Matrix, limits: Limits, watch: Watch,
    cut: Split, legs: Fused, profiles: int, kind: Kind,
) -> Readings:  # fmt: skip
    """What is read off each settled state; voltages of service are counted outside the limits.
    `legs` are the fused ones, and follow so many `profiles`."""
    n = network.pattern.n
    starts, rows, y, i = [0], list[int](), list[complex](), list[complex]()
    for source in np.flatnonzero(snapshot.source_on).tolist():
        if network.primitives.place["sources"][source] < 0:
            continue
        nodes, span = network.primitives.of("sources", source)
        own = base.state.values[span].reshape(len(nodes), len(nodes))
        v = np.where(nodes >= 0, base.v_v[np.maximum(nodes, 0)], 0.0)
        driven = own @ (shunt.source_voltages(network.grid.sources, source, len(nodes)) - v)
        volts = np.where(nodes >= 0, network.nodes.base_v[nodes], 1.0)
        rows += np.where(nodes >= 0, matrix.row[nodes], -1).tolist()
        i += (driven * volts).tolist()
        y += (own * volts[:, None] * volts[None, :]).ravel().tolist()
        starts.append(len(rows))
    order = np.argsort(matrix.row[:n])
    live = base.state.alive
    served = _served(network, base, matrix)
    calm, steady = _steady_of(legs.kinds, legs.calm, legs.rated, legs.p_at, legs.q_at, profiles)
    driven_by: Complexes = np.array(i, complex)
    own_by: Complexes = np.array(y, complex)
    seen = matrix.row[:n][order][live[order]]
    return Readings(
        seen=seen.astype(np.int32),
        seen_active=int(np.searchsorted(seen, matrix.rows.active)),
        passive=np.arange(matrix.rows.active, len(matrix.row)).astype(np.int32),
        mask=(1 << len(matrix.row).bit_length()) - 1,
        source_start=np.array(starts, np.int64),
        source_row=np.array(rows, np.int64),
        source_y=parts(own_by),
        source_i=parts(driven_by),
        served_start=served.start,
        served_row=served.row,
        served=flat(served.by, kind),
        customers=flat(served.customers, kind),
        earthed=served.earthed,
        lowest=limits.v_low_pu**2 * served.most,
        highest=limits.v_high_pu**2 * served.least,
        low=limits.v_low_pu**2,
        high=limits.v_high_pu**2,
        calm=calm,
        steady=flat(steady, kind),
        element_start=watch.element.astype(np.int32),
        entry_start=watch.entry.astype(np.int32),
        entry_row=matrix.row[watch.node].astype(np.int32),
        entry=_entries(cut, base, watch),
        entry_tie=watch.tie.astype(np.int32),
    )


def looked_at(read: Readings, rows: Rows, shown: Flags) -> Readings:
    """The same where of all rows only those `shown` are looked at for extremes, at the least."""
    seen = read.seen[shown[read.seen]]
    asked = np.concatenate([seen, read.entry_row])
    return read._replace(
        seen=seen,
        seen_active=int(np.searchsorted(seen, rows.active)),
        passive=_passive(rows.active, rows.upper_start, rows.upper_at, asked),
    )


def serving(read: Readings, between: Floats) -> Readings:
    """The same with only the customers that may be outside their limits, where the voltages of rows
    stay `between` [rows, 2] [pu]; all whose load is not between one node and ground."""
    rows, by = read.served_row.reshape(-1, 2), read.served.reshape(-1, 4)[:, :1]
    stays = between[rows[:, 0]] * by
    inside = (stays[:, 0] ** 2 > read.low) & (stays[:, 1] ** 2 < read.high) & (stays[:, 0] > 0.0)
    may: Flags = ~inside | (rows[:, 1] >= 0) | (rows[:, 0] < 0)
    counts = np.diff(read.served_start)
    of = np.repeat(np.arange(len(counts)), counts)
    kept = np.bincount(of[may], minlength=len(counts)) > 0
    legs = kept[of]
    return read._replace(
        served_start=np.append(0, np.cumsum(counts[kept])).astype(np.int32),
        served_row=np.ascontiguousarray(rows[legs].ravel()),
        served=np.ascontiguousarray(read.served.reshape(-1, 4)[legs].ravel()),
        customers=read.customers[kept],
        earthed=int(kept[: read.earthed].sum()),
    )


@compiled
def _passive(active: int, starts: Ints, places: Ints, asked: Ints) -> Any:
    """Passive rows that are asked for, and those that they are found from."""
    size = len(starts) - 1
    found = np.zeros(size, np.bool_)
    for row in asked:
        found[row] = True
    for row in range(size - 1, active - 1, -1):
        if found[row]:
            for p in range(starts[row], starts[row + 1]):
                found[places[p]] = True
    return (active + np.flatnonzero(found[active:])).astype(np.int32)


def _entries(cut: Split, base: Base, watch: Watch) -> Floats:
    """[entries × 4] admittances by deviations, and the base's own part of each current.

    Always float64: of a short line they are large numbers against each other.
    """
    y = (watch.y_re + 1j * watch.y_im) * cut.base_v[watch.node]
    own = (watch.y_re + 1j * watch.y_im) * base.v_v[watch.node]
    at = np.repeat(np.arange(len(watch.entry) - 1), np.diff(watch.entry))
    first = np.zeros(len(own), np.bool_)
    first[watch.entry[:-1][np.diff(watch.entry) > 0]] = True
    total = np.bincount(at, own.real, len(watch.entry) - 1) + 1j * np.bincount(
        at, own.imag, len(watch.entry) - 1
    )
    return flat(np.concatenate([parts(y), parts(np.where(first, total[at], 0.0))], 1), np.float64)


@compiled
def _steady_of(
    kinds: Any, calm: Floats, rated: Floats, p_at: Any, q_at: Any, profiles: int
) -> tuple[Floats, Floats]:
    """Between which squared voltages [2] all legs of a kind that takes p and q alike are calm, and
    what they take by profile [profiles, 2]."""
    between, found = np.array([0.0, np.inf]), np.zeros((profiles, 2))
    for k in range(len(kinds)):
        if kinds[k] == TOGETHER:
            middle, reach = calm[2 * k], calm[2 * k + 1]
            between[0] = max(between[0], middle - reach)
            between[1] = min(between[1], middle + reach)
            found[p_at[k], 0] += rated[2 * k]
            found[q_at[k], 1] += rated[2 * k + 1]
    return between, found


class _Served(NamedTuple):
    """Loads with customers: where their legs begin, the legs' rows and voltages, how many customers
    each has. The first `earthed` are between a node and ground only; of them the `least` and the
    `most` that a squared rated voltage is [of the squared base voltage]."""

    start: Any
    row: Any
    by: Floats
    customers: Floats
    earthed: int
    least: float
    most: float


def _served(network: Network, base: Base, matrix: Matrix) -> _Served:
    """The loads of live legs."""
    legs = network.legs
    u = across(legs, base.v_v[: network.pattern.n])
    alive = np.append(base.state.alive, True)
    live = alive[legs.plus] & alive[legs.minus]
    mine = np.flatnonzero((legs.table == INJECTED.index("loads")) & live)
    own = legs.element[mine]
    between = np.zeros(len(network.grid.loads), np.bool_)
    between[own[(legs.minus[mine] >= 0) | (legs.plus[mine] < 0)]] = True
    order = np.lexsort((own, between[own]))
    mine, own = mine[order], own[order]
    first = np.flatnonzero(np.diff(own, prepend=-1))
    u = u[mine]
    rated = legs.rated_v[mine]
    rows = np.full((len(mine), 2), -1, np.int64)
    by = np.zeros((len(mine), 2))
    for end, (node, sign) in enumerate(((legs.plus[mine], 1.0), (legs.minus[mine], -1.0))):
        here = node >= 0
        rows[here, end] = matrix.row[node[here]]
        by[here, end] = sign * network.nodes.base_v[node[here]]
    table = np.concatenate([by, parts(u)], 1) / rated[:, None]
    square = table[~between[own], 0] ** -2.0
    return _Served(
        start=np.append(first, len(mine)).astype(np.int32),
        row=rows.ravel().astype(np.int32),
        by=table,
        customers=customers_behind(network)[own[first]],
        earthed=int((~between[own[first]]).sum()),
        least=float(square.min(initial=np.inf)),
        most=float(square.max(initial=0.0)),
    )
