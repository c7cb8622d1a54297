"""A series solved in lanes, its controls off or static, told as a `SeriesFlow`'s fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls.look import CLOCK
from gridmend.powerflow.controls.static import Settling, hour_of, settle_from
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.iteration import prepared_once
from gridmend.powerflow.lanes.banks import bank_nodes, measures_a_bank, probes_in_lanes, shares
from gridmend.powerflow.lanes.layout import (
    laid_out,
    median_of,
    median_state,
    source_nodes,
    voltages_of,
)
from gridmend.powerflow.lanes.overloads import corners, watch
from gridmend.powerflow.lanes.progress import Moves
from gridmend.powerflow.lanes.solve import Demand, Lanes, solve_lanes, told
from gridmend.powerflow.lanes.split import Split, split
from gridmend.powerflow.lanes.start import leg_rows
from gridmend.powerflow.lanes.static import Plan, Positions, follow
from gridmend.powerflow.lanes.tap_response import tap_response
from gridmend.powerflow.legs import INJECTED, powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.standing import stand_again
from gridmend.powerflow.step_summary import SUMMARY, Limits
from gridmend.powerflow.walk import Walk

LEAST_STEPS = 24
"""Fewer steps than this are solved one by one."""

_FIELDS = (
    ("load_kw", "load_kvar"),
    ("generator_kw", "generator_kvar"),
    ("pv_kw", "pv_kvar"),
    ("storage_kw", "storage_kvar"),
)
"""Powers of a snapshot, in the order of the legs' tables."""


@dataclass(frozen=True, eq=False)
class Found:
    """The summary of each step by the names of `step_summary.SUMMARY`; whether it settled in its
    lane, for the others are to be solved alone; voltages [steps, nodes] where asked for. Where
    controls moved, `taps` [steps, `windings`], `steps_on` [steps, capacitors] and whether the
    controls came to rest."""

    summary: dict[str, Any]
    settled: Flags
    v_v: Complexes | None
    windings: Ints | None = None
    taps: Floats | None = None
    steps_on: Ints | None = None
    quiet: Flags | None = None


def demand_of(
    network: Network, series: Series, first: int, last: int, begin: Snapshot | None = None
) -> Demand:
    """The legs' demand over some steps of a series; what is constant, if anything is, follows a
    profile of ones after the others.
    `begin` has the positions, where they are not those of the series."""
    assert len(INJECTED) == len(_FIELDS)
    legs = network.legs
    constant = len(series.factors)
    at: list[Ints] = [np.empty(len(legs.plus), np.int64) for _ in range(2)]
    for kind, fields in enumerate(_FIELDS):
        here = legs.table == kind
        for part, name in enumerate(fields):
            rows = series.follows.get(name)
            if rows is None:
                at[part][here] = constant
            else:
                followed = rows[legs.element[here]]
                at[part][here] = np.where(followed < 0, constant, followed)
    factors = np.ascontiguousarray(series.factors[:, first:last])
    if not constant or any((rows == constant).any() for rows in at):
        factors = np.concatenate([factors, np.ones((1, last - first))])
    # of one kind, for code is compiled for each
    factors.flags.writeable = False
    start = series.start.at_positions_of(begin) if begin is not None else series.start
    return Demand(powers(legs, start), at[0], at[1], factors)


def solve_off(
    network: Network,
    series: Series,
    steps: tuple[int, int],
    begin: Snapshot,
    *,
    keep_voltages: bool,
    limits: Limits,
    threads: int,
    tolerance_pu: float,
) -> Found:
    """Steps of a series, from the first up to but not including the second, at fixed positions."""
    found = solve_lanes(
        network,
        begin,
        demand_of(network, series, *steps, begin),
        tolerance=tolerance_pu,
        threads=threads,
        voltages=keep_voltages,
        limits=limits,
        rest=False,
    )
    return Found(_summary(found), found.in_lane, found.v_v)


def _summary(found: Lanes) -> dict[str, Floats | Ints]:
    summary: dict[str, Floats | Ints] = {
        name: getattr(found, name) for name in SUMMARY if name != "loss_kw"
    }
    return {**summary, "loss_kw": found.source_kw - found.load_kw}


def solve_static(
    network: Network,
    series: Series,
    steps: tuple[int, int],
    begin: Snapshot,
    alone: Callable[[int, Snapshot], tuple[Snapshot, bool]],
    *,
    keep_voltages: bool,
    limits: Limits,
    threads: int,
    tolerance_pu: float,
) -> Found | None:
    """The same with static control, from the positions of `begin`.

    `alone` settles a step, counted from the first, from positions, and says whether its controls
    came to rest. None where the network's controls cannot move in lanes.
    """
    controls = network.controls
    plan = _plan(network, series, steps, begin, limits, tolerance_pu)
    if plan is None:
        return None
    laid = plan.laid

    def positions(of: Snapshot) -> Positions:
        return Positions(of.tap_pu[controls.windings], of.steps_on[controls.banks])

    def settle(step: int, before: Positions) -> tuple[Positions, bool]:
        end, quiet = alone(step, controls.put(begin, before.tap, before.on))
        return positions(end), quiet

    trail = follow(plan, positions(begin), settle, threads=threads, keep_voltages=keep_voltages)
    if trail is None:
        return None
    in_lane = (trail.rounds > 0) & np.isfinite(trail.out).all(axis=0) & (trail.out[10] == 0)
    v_v = None
    if keep_voltages:
        v_v = voltages_of(laid, trail.voltages.reshape(len(in_lane), -1, 2, 1))
    found = told(laid.node, trail.out, trail.rounds, (in_lane, in_lane), v_v)
    steps_on = np.tile(begin.steps_on, (len(in_lane), 1))
    steps_on[:, controls.banks] = trail.on
    windings = controls.windings
    return Found(_summary(found), in_lane, v_v, windings, trail.tap, steps_on, trail.quiet)


def _plan(
    network: Network, series: Series, steps: tuple[int, int], begin: Snapshot, limits: Limits,
    tolerance_pu: float,
) -> Plan | None:  # fmt: skip
    """What lanes go by, at where controls settle in the middle of the demand."""
    controls = network.controls
    demand = demand_of(network, series, *steps, begin)
    middle = median_of(demand.factors)
    flow = _settled_at(network, series, middle[: len(series.factors)], begin)
    base = flow.snapshot if flow.converged else begin
    cut = _cut(network, controls, base)
    if cut is None:
        return None
    state = prepared_once(network, base)
    walk = Walk(state, flow.v_v if flow.converged else None)
    v_v = flow.v_v
    if not flow.converged:
        middle, v_v = median_state(walk, demand, middle)
    solution = (state, middle, v_v)
    judged = (watch(state, corners(walk, demand), cut), limits)
    laid = laid_out(network, base, cut, demand, solution, judged, np.float64, controls.banks)

    return Plan(
        laid=laid,
        controls=controls,
        probes=probes_in_lanes(controls, cut, laid.base, laid.matrix),
        moves=Moves(
            np.where(cut.winding < 0, -1, np.searchsorted(controls.windings, cut.winding)),
            laid.ratio,
            tap_response(laid, leg_rows(network, laid.base, laid.matrix), len(controls.banks)),
            shares(network, controls.banks, base),
        ),
        base=Positions(base.tap_pu[controls.windings], base.steps_on[controls.banks]),
        factors=demand.factors,
        level=demand.level,
        jump=network.legs.jump,
        hour=_hours(controls, series, steps),
        tolerance=tolerance_pu,
    )


def _hours(controls: Controls, series: Series, steps: tuple[int, int]) -> Floats:
    """[steps] of the day, where any control goes by the clock."""
    if not (controls.bank_controls.kind == CLOCK).any():
        return np.full(steps[1] - steps[0], np.nan)
    return np.array([hour_of(series.time(k)) for k in range(*steps)])


def move_in_lanes(network: Network, snapshot: Snapshot) -> bool:
    """Whether the network's controls can move in lanes."""
    return _cut(network, network.controls, snapshot) is not None


def _cut(network: Network, controls: Controls, snapshot: Snapshot) -> Split | None:
    """The network cut at its regulated windings; None where that leaves no tree of zones, or a
    control measures a bank that moves."""

    def cut() -> Split | None:
        if measures_a_bank(network, controls):
            return None
        kept = [source_nodes(network), controls.terms.node, bank_nodes(network, controls.banks)]
        return split(network, snapshot, controls.windings, np.unique(np.concatenate(kept)))

    return network.remembered("cut", snapshot.positions_key, cut)


def _settled_at(network: Network, series: Series, middle: Floats, begin: Snapshot) -> Flow:
    """The flow at factors in the middle, to which controls settle from positions."""
    demand = replace(series, factors=middle[:, None], times=())[0]
    settling = Settling(network, network.controls, stand_again(network, begin))
    return settle_from(settling, demand.at_positions_of(begin))
