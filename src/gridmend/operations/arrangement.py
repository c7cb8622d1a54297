"""All sections, healthy and dead, as one arrangement of trees behind their sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.operations.burden import burden_kw
from gridmend.operations.configurations import LIVE, Configuration, Tie, ties
from gridmend.operations.trial import Case
from gridmend.operations.ways import Ways

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Board:
    """All sections as an arrangement sees them.

    `group` [sections]: those that no usable switch parts are one. `live` [sections] have supply
    once the fault is isolated. `ways` go through the arrangements; `every` is the weight that
    stands for all healthy sections. `kw` is demand by group, `source` the source [row] behind
    the switches that leave one.
    """

    group: Ints
    live: Flags
    ways: Ways
    every: float
    kw: dict[int, float]
    source: dict[int, int]


def board(case: Case, was_live: Flags, restorable: Flags) -> Board | None:
    """None where no remote switch parts a healthy feeder."""
    topology, isolation = case.topology, case.isolation
    grid, cut, w = topology.grid, isolation.sections, topology.wiring
    remote, names = grid.switches.flags("remote"), grid.switches.texts("name")
    section = cut.of_bus[w.node_bus]
    live = np.zeros(cut.count, bool)
    live[section[topology.energised(isolation.isolated)]] = True
    closed = isolation.isolated.open_phases == 0
    both = (cut.ends >= 0).all(axis=1) & live[cut.ends].all(axis=1)
    if not (both & remote & closed).any():
        return None
    fixed = both & closed & ~remote
    group = _joined(cut.ends[fixed], cut.count)
    rows, nodes = w.source_nodes
    on = isolation.isolated.source_on[rows]
    heads = np.zeros(cut.count, bool)
    heads[group[section[nodes[on]]]] = True
    tripped = {name.lower() for name in isolation.opened_by_protection}
    able = np.array(
        [kind != "fuse" or name.lower() in tripped
         for kind, name in zip(grid.switches.texts("kind"), names, strict=True)]
    )  # fmt: skip
    banned = np.zeros(cut.count, bool)
    banned[group[isolation.zone | ~was_live]] = True
    ends = np.where(cut.ends >= 0, group[cut.ends], -1)
    among = ties(
        ends,
        live=heads,
        banned=banned,
        usable=able & ~isolation.locked & ~fixed & (remote | ~both),
        closed=closed,
        by_hand=~remote,
        normally_open=grid.switches.flags("normally_open"),
    )
    group_of_bus = np.where(cut.of_bus >= 0, group[cut.of_bus], -1)
    among = [*among, *island_ties(case, group_of_bus, heads | banned)]
    healthy = {int(k) for k in np.unique(group[live])} - set(np.flatnonzero(heads).tolist())
    dead = _by_group(case, group, np.where(restorable, case.weights, 0.0))
    heavy = 1.0 + sum(dead.values())
    weights = {k: heavy * (k in healthy) + dead.get(k, 0.0) for k in range(cut.count)}
    fed_by = topology.fed_by(isolation.isolated)
    source = {int(group[s]): int(f) for s, f in zip(section, fed_by, strict=True) if f >= 0}
    entering = {
        t.switch: case.devices.formers[t.switch].source
        if t.is_island
        else source.get(_head(group, cut.ends[t.switch], heads), -1)
        for t in among
        if LIVE in (t.one, t.two)
    }
    kw = _by_group(case, group, case.flow.snapshot.load_kw.astype(np.float64))
    return Board(group, live, Ways(among, weights), heavy * len(healthy), kw, entering)


def island_ties(case: Case, of_bus: Ints, unfit: Flags) -> Iterator[Tie]:
    """The sources that may form an island, each as a tie from what is live to the part in which its
    bus is (`of_bus` [buses]); none where that is `unfit` [parts]."""
    grid, devices = case.topology.grid, case.devices
    for number, one in devices.formers.items():
        at = int(of_bus[grid.buses.row(str(grid.sources["bus"][one.source]))])
        is_on = bool(case.isolation.isolated.source_on[one.source])
        is_held = devices.names[number].lower() in case.isolation.held
        if at >= 0 and not (is_on or is_held or unfit[at]):
            yield Tie(number, LIVE, at, is_closed=False, normally_open=True, is_island=True)


def _head(group: Ints, ends: Ints, heads: Flags) -> int:
    one, two = group[ends].tolist()
    return one if heads[one] else two


def _joined(pairs: Ints, count: int) -> Ints:
    """[sections] the smallest section that each is joined with."""
    group = np.arange(count)
    for one, two in pairs.tolist():
        low, high = sorted((int(group[one]), int(group[two])))
        group[group == high] = low
    return group


def _by_group(case: Case, group: Ints, values: Floats) -> dict[int, float]:
    rows, nodes = case.topology.wiring.load_nodes
    section = np.full(len(values), -1, np.int64)
    section[rows] = case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes]]
    known = section >= 0
    sums = np.bincount(group[section[known]], values[known], len(group))
    return dict(enumerate(sums.tolist()))


def is_live(case: Case, board: Board, switch: int) -> bool:
    return bool(board.live[case.isolation.sections.ends[switch]].all())


def burdens(board: Board, here: Configuration) -> dict[int, float]:
    """What each source feeds [kW], beside what no switch parts from it."""
    return burden_kw(board.ways.among, here, board.kw, board.source)
