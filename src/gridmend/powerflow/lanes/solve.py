"""A series of demand solved in lanes: packing, the run, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.iteration import prepared_once
from gridmend.powerflow.lanes import measure as lane_measure
from gridmend.powerflow.lanes.blocks import (
    Solved,
    block_in_sides,
    block_in_step,
)
from gridmend.powerflow.lanes.layout import Packed, base_state, laid_out, source_nodes
from gridmend.powerflow.lanes.matrix import Kind
from gridmend.powerflow.lanes.outermost import outermost, tried
from gridmend.powerflow.lanes.overloads import corners, watch
from gridmend.powerflow.lanes.split import whole
from gridmend.powerflow.lanes.tables import (
    Demand,
)
from gridmend.powerflow.legs import leg_currents, leg_voltages
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import LIVE_PU
from gridmend.powerflow.rounds import Solution
from gridmend.powerflow.step_summary import ANSI_RANGE_A, Limits
from gridmend.powerflow.walk import Walk

__all__ = ["Demand", "Lanes", "solve_lanes"]

_STEPS_A_BASE = 1000
_PU_A_BASE = 0.1
_MOST_BASES = 6
_TRIED, _SETTLING, _STAYING = 64, 0.5, 0.95
"""How many steps tell what to do with all, and how many of them must settle for the others to be
tried, and with legs that stay between their limits."""

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Lanes:
    """What a series of solves found; all [steps].

    `rounds` are those that a step took in its lane; a step that did not come to rest there was
    solved alone, as `in_lane` tells, and `converged` says whether that helped; its customers
    and overloads are not known. Voltages are in per unit of their base, with the node where they
    are; powers in kilowatts and kilovars; `v_v` [steps, nodes] where it was asked for.
    """

    v_min_pu: Floats
    v_min_node: Ints
    v_max_pu: Floats
    v_max_node: Ints
    load_kw: Floats
    load_kvar: Floats
    source_kw: Floats
    source_kvar: Floats
    customers_outside: Floats
    overloads: Ints
    rounds: Ints
    converged: Flags
    in_lane: Flags
    v_v: Complexes | None


def solve_lanes(
    network: Network,
    snapshot: Snapshot,
    demand: Demand,
    *,
    tolerance: float = 1e-6,
    threads: int = 1,
    kind: Kind = np.float64,
    voltages: bool = False,
    limits: Limits = ANSI_RANGE_A,
    rest: bool = True,
) -> Lanes:
    """Every step of a demand at one set of positions, controls off.

    Steps of alike demand go together, each group about a base of its own: the state at its
    median factors. `tolerance` is what is left of the error of a voltage, by the pace at which its
    changes shrink [pu]. Threads take blocks of steps. With `kind` float32 the deviations from
    the base, which is float64, are float32. Steps that do not settle in lanes, and
    those whose factors are no numbers, are solved alone unless `rest` is False.
    """
    steps = demand.factors.shape[1]
    usable = np.asarray(np.isfinite(demand.factors).all(axis=0), np.bool_)
    asked = demand
    if not usable.all():
        demand = replace(demand, factors=np.where(usable, demand.factors, 0.0))
    found = np.zeros((lane_measure.ROWS, steps))
    rounds = np.zeros(steps, np.int64)
    v_v = np.zeros((steps, network.pattern.n), complex) if voltages else None
    state, node = prepared_once(network, snapshot), _NONE
    walk = Walk(state)
    if not steps:
        return told(node, found, rounds, (usable, usable), v_v)
    cut = network.remembered(
        "whole",
        snapshot.positions_key,
        lambda: whole(network, state.values, source_nodes(network)),
    )
    ends = corners(walk, demand)
    judged = (watch(state, ends, cut), limits)
    settled = np.zeros(steps, np.bool_)

    for group in _groups(walk, demand, ends):
        mine = demand
        if len(group) < steps:
            mine = replace(demand, factors=np.take(demand.factors, group, axis=1))
        middle, v_base, shares = base_state(walk, mine)
        of_kind = partial(
            laid_out, network, snapshot, cut, mine, (state, middle, v_base), judged,
            shares=shares,
        )  # fmt: skip
        some = _NONE if voltages else tried(mine)
        laid = of_kind(kind, stay=len(some) > 0)
        node = laid.node
        asked_for = (some, tolerance, voltages, threads)
        jumps = shares is not None
        for block, part in _solved(network, laid, of_kind, mine, asked_for, jumps=jumps):
            at = _span(group[block])
            found[:, at], rounds[at], settled[at] = part.out, part.rounds, part.settled
            if v_v is not None:
                v_v[at] = part.v_v
    settled &= usable
    converged = settled.copy()
    for step in np.flatnonzero(~settled & rest).tolist():
        converged[step] = _alone(walk, node, asked, step, found, v_v)
    return told(node, found, rounds, (settled, converged), v_v)


def _solved(
    network: Network, laid: Packed, of_kind: Callable[..., Packed], demand: Demand,
    asked: tuple[Ints, float, bool, int], *, jumps: bool,
) -> Iterator[tuple[Ints, Solved]]:  # fmt: skip
    """The steps of a demand by the voltages of legs, and where power `jumps`, those that are not
    settled so by the sides of legs; all by these where most of some are beside a jump.

    `asked` are steps to try first, the tolerance, whether for voltages, and threads. Where nearly
    all that are tried settle, only what may be outermost is looked at from there on; else
    legs need not stay between their limits.
    """
    some, tolerance, voltages, threads = asked
    steps: Ints = np.arange(int(demand.factors.shape[1]))
    settled = np.zeros(len(steps), np.bool_)
    share = 1.0
    if len(some):
        first = block_in_step(laid, demand, tolerance, True, some)
        share, fits = float(first.settled.mean()), first.settled
        if share >= _STAYING and first.v_v is not None:
            seen = first.v_v if fits.all() else first.v_v[fits]
            least = outermost(network, demand, laid, some[fits], seen)
            laid = laid if least is None else laid.reading(*least)
    if jumps and (not len(some) or share < _STAYING):
        laid = of_kind(laid.kind) if laid.stays else laid
        share = _settling(partial(block_in_step, laid, demand, tolerance, False), len(steps))
    run = partial(block_in_step, laid, demand, tolerance, voltages)
    if share >= _SETTLING or not jumps:
        for block, part in _in_blocks(run, steps, threads):
            settled[block] = part.settled
            yield block, part
    left = np.flatnonzero(~settled)
    if jumps and len(left):
        run = partial(block_in_sides, of_kind(np.float64), demand, tolerance, voltages)
        yield from _in_blocks(run, left, threads)


def _span(steps: Ints) -> Ints | slice:
    """Steps as a slice, where they follow one another."""
    first, last = int(steps[0]), int(steps[-1])
    return slice(first, last + 1) if last - first + 1 == len(steps) else steps


def _in_blocks(
    run: Callable[[Ints], Solved], steps: Ints, threads: int
) -> Iterator[tuple[Ints, Solved]]:
    """Steps in as many blocks as threads, and what comes of each."""
    edges = [len(steps) * k // threads for k in range(threads + 1)]
    blocks = [steps[a:b] for a, b in pairwise(edges) if b > a]
    if len(blocks) == 1:
        yield blocks[0], run(blocks[0])
        return
    with ThreadPoolExecutor(max(len(blocks), 1)) as pool:
        yield from zip(blocks, pool.map(run, blocks), strict=True)


def _settling(run: Callable[[Ints], Solved], steps: int) -> float:
    """How many of some steps settle, so that it is known whether to try the others."""
    return float(run(np.arange(0, steps, max(steps // _TRIED, 1))).settled.mean())


def _groups(walk: Walk, demand: Demand, bounds: tuple[Solution, Solution]) -> list[Ints]:
    """Steps by how much is taken in all, so that each group is close to its mean.

    A base is worth its cost for every `_PU_A_BASE` that the voltage moves between the steps of
    least and most demand, which it cannot where it moves less between the `bounds`.
    """
    steps = demand.factors.shape[1]
    level = demand.level
    count = 1 + min(steps // _STEPS_A_BASE, _MOST_BASES - 1)
    low, high = (float(level.min()), float(level.max())) if steps else (0.0, 0.0)

    def bases(one: Complexes, other: Complexes, share: float = 1.0) -> int:
        moved = share * np.abs(one - other) / walk.state.network.nodes.base_v
        most = float(np.max(moved, initial=0.0)) / _PU_A_BASE
        return 1 + int(most) if most < count else count

    if all(end.converged for end in bounds):
        # by how much of the way between the bounds the steps go, and half of that more
        weight = np.bincount(demand.p_profile, np.abs(demand.s_va.real), len(demand.factors))
        whole = float(weight @ (demand.most - demand.least)) if steps else 0.0
        share = min(1.5 * (high - low) / whole, 1.0) if whole > 0.0 else 1.0
        count = bases(bounds[0].v_v, bounds[1].v_v, share)
    if count > 1 and high > low:
        ends = (int(np.argmin(level)), int(np.argmax(level)))
        asked = [demand.at(demand.factors[:, at]) for at in ends]
        one, other = (walk.to(s_va, within_pu=_PU_A_BASE / 100).v_v for s_va in asked)
        count = bases(one, other)
    if count == 1 or high <= low:
        return [np.arange(steps)]
    group = np.minimum(((level - low) / (high - low) * count).astype(np.int64), count - 1)
    return [at for at in (np.flatnonzero(group == k) for k in range(count)) if len(at)]


def _alone(
    walk: Walk, node: Ints, demand: Demand, step: int, found: Floats, v_v: Complexes | None
) -> bool:
    """Put the solve of a single snapshot where lanes found no rest."""
    s_va, state, network = demand.at(demand.factors[:, step]), walk.state, walk.state.network
    solution = walk.to(s_va)
    u = leg_voltages(network.legs, solution.v_v)
    taken = complex(np.sum(u * np.conj(leg_currents(network.legs, s_va, u))))
    row = np.empty(len(node), np.int64)
    row[node] = np.arange(len(node))
    square = (np.abs(solution.v_v) / network.nodes.base_v) ** 2
    lit = state.alive & (square > LIVE_PU**2)
    low = int(np.argmin(np.where(lit, square, np.inf)))
    high = int(np.argmax(np.where(state.alive, square, -np.inf)))
    if not lit.any():
        row[[low, high]] = -1
    given = 0j
    for source in np.flatnonzero(network.primitives.place["sources"] >= 0).tolist():
        nodes, span = network.primitives.of("sources", source)
        y = state.values[span].reshape(len(nodes), len(nodes))
        v = np.where(nodes >= 0, solution.v_v[nodes], 0.0)
        i = np.where(nodes >= 0, state.driven[nodes], 0.0) - y @ v
        given += complex(np.sum(v * np.conj(i)))
    found[:8, step] = (
        square[low], row[low], square[high], row[high], taken.real, taken.imag, given.real,
        given.imag,
    )  # fmt: skip
    if v_v is not None:
        v_v[step] = solution.v_v
    return solution.converged


def told(
    node: Ints, found: Floats, rounds: Ints, flags: tuple[Flags, Flags], v_v: Complexes | None
) -> Lanes:
    """Readings [readings, steps] of rows that are `node`s, by name."""
    dark = found[1] < 0
    return Lanes(
        v_min_pu=np.where(dark, np.nan, np.sqrt(found[0])),
        v_min_node=np.where(dark, -1, node[np.maximum(found[1].astype(np.int64), 0)]),
        v_max_pu=np.where(dark, np.nan, np.sqrt(found[2])),
        v_max_node=np.where(dark, -1, node[np.maximum(found[3].astype(np.int64), 0)]),
        load_kw=found[4] / 1e3,
        load_kvar=found[5] / 1e3,
        source_kw=found[6] / 1e3,
        source_kvar=found[7] / 1e3,
        customers_outside=found[8],
        overloads=np.rint(found[9]).astype(np.int64),
        rounds=rounds,
        converged=flags[1],
        in_lane=flags[0],
        v_v=v_v,
    )
