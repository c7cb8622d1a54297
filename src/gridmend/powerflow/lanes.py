"""A series of demand solved in lanes: packing, the run, and what comes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import lane_kernel, shunt
from gridmend.powerflow.chord import Line, linearised
from gridmend.powerflow.iteration import State, direct, iterate, prepare, unloaded
from gridmend.powerflow.legs import leg_currents, leg_voltages
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import WIDTH

Sources = list[tuple[Ints, Complexes, Complexes]]
"""Each source's conductors, voltages [V] and impedance [ohm]."""


@dataclass(frozen=True, eq=False)
class Demand:
    """What legs take over time: rated power at factor 1 and the profile that each follows.

    `s_va` [legs]; `p_profile`, `q_profile` [legs] rows of `factors` [profiles, steps].
    """

    s_va: Complexes
    p_profile: Ints
    q_profile: Ints
    factors: Floats


@dataclass(frozen=True, eq=False)
class Lanes:
    """What a series of solves found; all [steps].

    `rounds` are those that a step took in its lane; a step that did not come to rest there was
    solved alone, and `converged` says whether that helped. Voltages are in per unit of their
    base, with the node where they are; powers in kilowatts and kilovars.
    """

    v_min_pu: Floats
    v_min_node: Ints
    v_max_pu: Floats
    v_max_node: Ints
    load_kw: Floats
    load_kvar: Floats
    source_kw: Floats
    source_kvar: Floats
    rounds: Ints
    converged: Flags


def solve_lanes(
    network: Network,
    snapshot: Snapshot,
    demand: Demand,
    *,
    tolerance: float = 1e-5,
    threads: int = 1,
) -> Lanes:
    """Every step of a demand at one set of positions, controls off.

    The base is the state at the mean factors. `tolerance` is the largest change of a leg's
    voltage in the last round [pu of its rated voltage]. Threads take blocks of lanes.
    """
    state = prepare(network, snapshot)
    mean = demand.factors.mean(axis=1)
    s_base = demand.s_va.real * mean[demand.p_profile] + 1j * (
        demand.s_va.imag * mean[demand.q_profile]
    )
    base = iterate(state, s_base)
    packed = _packed(network, snapshot, state, demand, s_base, base.v_v)
    steps = demand.factors.shape[1]
    if len(network.legs.balanced):
        # what drives positive sequence alone couples its legs, which the lanes do not
        found, rounds = np.empty((packed.rows, steps)), np.full(steps, _ROUNDS + 1)
    else:
        count = max(1, min(threads, steps // WIDTH))
        edges = [k * steps // count for k in range(count + 1)]
        blocks: list[Ints] = [np.arange(a, b) for a, b in pairwise(edges)]
        with ThreadPoolExecutor(len(blocks)) as pool:
            parts = list(pool.map(partial(_block, packed, demand, tolerance), blocks))
        found = np.concatenate([part[0] for part in parts], axis=1)
        rounds = np.concatenate([part[1] for part in parts])
    converged = rounds <= _ROUNDS
    for step in np.flatnonzero(~converged).tolist():
        found[:, step], converged[step] = _alone(network, state, packed, demand, step)
    return _answer(packed, found, rounds, converged)


_ROUNDS = 25


@dataclass(frozen=True, eq=False)
class _Packed:
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    nodes: int
    order: Ints
    sources: Sources

    @property
    def rows(self) -> int:
        """Rows of the kernel's answer: six, and two a conductor of a source."""
        return 6 + 2 * len(self.after[-1])


def _block(packed: _Packed, demand: Demand, tolerance: float, block: Ints) -> tuple[Any, Any]:
    """One thread's steps: [rows, steps] of the kernel's answer, and rounds [steps]."""
    per_lane = -(-len(block) // WIDTH)
    at = np.minimum(np.arange(per_lane * WIDTH), len(block) - 1).reshape(WIDTH, per_lane)
    factors = np.ascontiguousarray(demand.factors[:, block[at]].transpose(0, 2, 1)).ravel()
    rows = packed.rows
    out, counts = np.zeros(rows * per_lane * WIDTH), np.zeros(per_lane, np.int64)
    x = np.zeros(packed.nodes * 2 * WIDTH)
    lane_kernel.run(
        *packed.before, factors, *packed.after, per_lane, tolerance, _ROUNDS, x, out, counts
    )
    found = out.reshape(rows, per_lane, WIDTH).transpose(0, 2, 1).reshape(rows, -1)
    return found[:, : len(block)], np.tile(counts, WIDTH)[: len(block)]


def _packed(
    network: Network,
    snapshot: Snapshot,
    state: State,
    demand: Demand,
    s_base: Complexes,
    v: Complexes,
) -> _Packed:
    legs, pattern, first = network.legs, network.pattern, network.first
    line = linearised(state, s_base, v)
    base_v = network.nodes.base_v
    place = np.append(network.place, -1)
    plus, minus = place[legs.plus], place[legs.minus]
    u0 = leg_voltages(legs, v)
    i0 = leg_currents(legs, s_base, u0)
    scale_plus = np.where(legs.plus >= 0, base_v[legs.plus], 0.0)
    scale_minus = np.where(legs.minus >= 0, base_v[legs.minus], 0.0)
    rated = legs.rated_v
    table = np.stack(
        [
            scale_plus, scale_minus, u0.real, u0.imag,
            (legs.limits[:, 1] * rated) ** 2, (legs.limits[:, 2] * rated) ** 2,
            1 / rated**2, 1 / rated, demand.s_va.real, demand.s_va.imag, rated,
        ], 1,
    )  # fmt: skip
    places = np.stack([np.where(p >= first, p - first, -1) for p in (plus, minus)], 1)
    at_base = np.stack([u0.real, u0.imag, i0.real, i0.imag], 1)
    before = (
        places, legs.model, table, legs.limits, legs.exponents, legs.zip, legs.fixed_kvar * 1e3,
        line.slope, at_base, demand.p_profile, demand.q_profile,
    )  # fmt: skip
    base = np.empty((pattern.n, 2))
    in_pu = v / base_v
    base[network.place] = np.stack([in_pu.real, in_pu.imag], 1)
    live = np.empty(pattern.n, np.bool_)
    live[network.place] = state.alive
    order = np.concatenate([np.arange(first, pattern.n), np.arange(first)])
    sources, share, driven = _sources(network, snapshot)
    after = (
        *_rows_of_legs(places, scale_plus, scale_minus, pattern.n - first),
        *_scaled(line, first),
        base[order].copy(), live[order].copy(), share, driven,
    )  # fmt: skip
    return _Packed(before, after, pattern.n, np.argsort(network.place)[order], sources)


def _rows_of_legs(
    places: Ints, scale_plus: Floats, scale_minus: Floats, rows: int
) -> tuple[Ints, Ints, Floats]:
    """Which legs stand at each active row, and with what sign and base."""
    ends = np.concatenate([places[:, 0], places[:, 1]])
    leg = np.tile(np.arange(len(places)), 2)
    sign = np.concatenate([scale_plus, -scale_minus])
    here = np.flatnonzero(ends >= 0)
    here = here[np.argsort(ends[here], kind="stable")]
    start = np.concatenate([[0], np.cumsum(np.bincount(ends[here], minlength=rows))])
    return start.astype(np.int64), leg[here], sign[here]


def _scaled(line: Line, first: int) -> tuple[Any, ...]:
    """Pivots, rows for the forward pass, columns for the backward one, passive ones last."""
    blocks, p = line.blocks, line.blocks.pattern
    column = np.repeat(np.arange(p.n), np.diff(p.l_start))
    inverse = blocks.inverse.reshape(-1, 2, 2)
    pivot = np.linalg.inv(inverse)
    lower = -(inverse[p.l_rows] @ (blocks.lower.reshape(-1, 2, 2) @ pivot[column]))
    upper = -blocks.upper.reshape(-1, 2, 2)
    active = np.flatnonzero(column >= first)
    by_row = active[np.lexsort((column[active], p.l_rows[active]))]
    size = p.n - first
    f_start = np.concatenate(
        [[0], np.cumsum(np.bincount(p.l_rows[active] - first, minlength=size))]
    )
    spot = np.concatenate([size + np.arange(first), np.arange(size)])
    back = np.concatenate([active, np.arange(int(p.l_start[first]))])
    counts = np.diff(p.l_start)
    b_count = np.concatenate([counts[first:], counts[:first]])
    b_start = np.concatenate([[0], np.cumsum(b_count)]).astype(np.int64)
    return (
        inverse[first:].reshape(-1, 4).copy(),
        f_start.astype(np.int64), column[by_row] - first, lower[by_row].reshape(-1, 4).copy(),
        b_start, spot[p.l_rows[back]], upper[back].reshape(-1, 4).copy(),
    )  # fmt: skip


def _sources(network: Network, snapshot: Snapshot) -> tuple[Sources, Floats, Floats]:
    """Each source's conductors with its voltages and impedance; [conductors, legs, 2] what a
    leg's current adds to a conductor's; [conductors, 2] its current without legs."""
    bare = prepare(network, snapshot, with_legs=False)
    v, legs = unloaded(bare), network.legs
    sources: Sources = []
    share: list[Complexes] = []
    driven: list[complex] = []
    for row in np.flatnonzero(snapshot.source_on).tolist():
        if network.primitives.place["sources"][row] < 0:
            continue
        nodes, span = network.primitives.of("sources", row)
        y = network.primitives.values[span].reshape(len(nodes), len(nodes))
        e = shunt.source_voltages(network.grid.sources, row, len(nodes))
        sources.append((nodes, e, np.linalg.inv(y)))
        for s in range(len(nodes)):
            currents = np.zeros(len(v), complex)
            currents[nodes] = y[s]
            seen = direct(bare, currents)
            seen_by = np.where(legs.plus >= 0, seen[legs.plus], 0.0)
            share.append(seen_by - np.where(legs.minus >= 0, seen[legs.minus], 0.0))
            driven.append(complex(y[s] @ (e - v[nodes])))
    both: Complexes = np.array(share)
    alone: Complexes = np.array(driven)
    return (
        sources,
        np.ascontiguousarray(np.stack([both.real, both.imag], 2)),
        np.stack([alone.real, alone.imag], 1),
    )


def _alone(
    network: Network, state: State, packed: _Packed, demand: Demand, step: int
) -> tuple[Floats, bool]:
    """One step as the kernel would answer it, by the solve of a single snapshot."""
    p, q = (demand.factors[k, step] for k in (demand.p_profile, demand.q_profile))
    s_va = demand.s_va.real * p + 1j * demand.s_va.imag * q
    solution = iterate(state, s_va)
    u = leg_voltages(network.legs, solution.v_v)
    i = leg_currents(network.legs, s_va, u)
    square = (np.abs(solution.v_v) / network.nodes.base_v)[packed.order] ** 2
    live = state.alive[packed.order]
    low = int(np.argmin(np.where(live, square, np.inf)))
    high = int(np.argmax(np.where(live, square, -np.inf)))
    taken = complex(np.sum(u * np.conj(i)))
    share, driven = packed.after[-2], packed.after[-1]
    given = driven[:, 0] + 1j * driven[:, 1] + (share[..., 0] + 1j * share[..., 1]) @ i
    currents = np.stack([given.real, given.imag], 1).ravel()
    extremes = [square[low], low, square[high], high, taken.real, taken.imag]
    return np.concatenate([extremes, currents]), solution.converged


def _answer(packed: _Packed, found: Floats, rounds: Ints, converged: Flags) -> Lanes:
    p_va, q_va = np.zeros(found.shape[1]), np.zeros(found.shape[1])
    at = 6
    for conductors, e, z in packed.sources:
        rows = found[at : at + 2 * len(conductors)]
        i = rows[0::2] + 1j * rows[1::2]
        given = (e[:, None] - z @ i) * np.conj(i)
        p_va += given.real.sum(axis=0)
        q_va += given.imag.sum(axis=0)
        at += 2 * len(conductors)
    return Lanes(
        v_min_pu=np.sqrt(found[0]),
        v_min_node=packed.order[found[1].astype(np.int64)],
        v_max_pu=np.sqrt(found[2]),
        v_max_node=packed.order[found[3].astype(np.int64)],
        load_kw=found[4] / 1e3,
        load_kvar=found[5] / 1e3,
        source_kw=p_va / 1e3,
        source_kvar=q_va / 1e3,
        rounds=rounds,
        converged=converged,
    )
