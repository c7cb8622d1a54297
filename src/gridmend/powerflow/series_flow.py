"""A series solved step by step: what is kept of it, and positions carried from step to step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot, tap_step_pu
from gridmend.powerflow.lane_series import LEAST_STEPS, Found, solve_off
from gridmend.powerflow.network import Network
from gridmend.powerflow.solve import check_fits
from gridmend.powerflow.step_summary import (
    ANSI_RANGE_A,
    SUMMARY,
    Gauge,
    Limits,
    failed,
    summed_up,
)
from gridmend.powerflow.time_control import Clockwork, run_to
from gridmend.powerflow.waiting import Waiting

CONTROLS = ("off", "static", "time")

_Step = Callable[[Snapshot, Waiting | None, float], tuple[Flow, Waiting | None]]
"""Solves a snapshot with what waits at an instant [s] since the series began."""


@dataclass(frozen=True, eq=False)
class SeriesFlow:
    """What a block of steps found. Arrays are [steps] unless said.

    A step that did not converge has nan for its numbers and -1 for its nodes, and leaves the
    positions as they were before it.

    - `converged`; `settled`: whether the controls came to rest, True where they are off
    - `v_min_pu`, `v_max_pu` over the live nodes, with the node (row of `network.nodes`) where
    - `source_kw`, `source_kvar`: what sources give
    - `load_kw`, `load_kvar`: what loads take less what generation gives, at their voltage
    - `loss_kw`: what every other element consumes
    - `overloads`: elements with a rating that are loaded above 100 % of it
    - `customers_outside`: customers of energised loads with a phase outside the voltage limits
      [of the load's rated voltage]
    - `tap_pu` [steps, windings], `steps_on` [steps, capacitors]: positions at the end of a step
    - `tap_operations`, `capacitor_operations`: whole steps moved since the step before
    - `v_v` [steps, nodes] complex voltages [V], where they were asked for
    - `end`: positions after the last step, at its time and demand
    - `waiting`: what waits after it, of controls in time mode
    """

    converged: Flags
    settled: Flags
    v_min_pu: Floats
    v_min_node: Ints
    v_max_pu: Floats
    v_max_node: Ints
    source_kw: Floats
    source_kvar: Floats
    load_kw: Floats
    load_kvar: Floats
    loss_kw: Floats
    overloads: Ints
    customers_outside: Floats
    tap_pu: Floats
    steps_on: Ints
    tap_operations: Ints
    capacitor_operations: Ints
    v_v: Complexes | None
    end: Snapshot
    waiting: Waiting | None = None

    def __len__(self) -> int:
        return len(self.converged)


def solve_series(
    network: Network,
    series: Series,
    *,
    controls: str = "static",
    first: int = 0,
    last: int | None = None,
    begin: Snapshot | None = None,
    waiting: Waiting | None = None,
    keep_voltages: bool = False,
    limits: Limits = ANSI_RANGE_A,
    threads: int = 1,
) -> SeriesFlow:
    """Solve the steps of a series from `first` up to but not including `last`.

    Parameters
    ----------
    network
        The compiled grid.
    series
        Its demand over time.
    controls
        `off`: positions stay; `static`: regulators and capacitors settle at every step, and the
        next one starts where they ended; `time`: they act when their delays have run out in
        simulated time (see `time_control`), over as many steps as that takes.
    first, last
        Which steps; all of them unless given.
    begin
        Positions (taps, capacitors, switches, sources) before the first of these steps; those of
        `series.start` unless given. Its demand is not used.
    waiting
        In time mode, what waits from the steps before; nothing unless given.
    keep_voltages
        Whether to keep every node's voltage at every step.
    limits
        Voltage limits that `customers_outside` judges by.
    threads
        How many threads may share the work; the answer does not depend on it.

    Returns
    -------
    SeriesFlow
        It does not raise because a step did not converge: `converged` says so.

    Raises
    ------
    GridError
        Where the steps are not in the series, or it was made for another grid.
    """
    last = series.steps if last is None else last
    if not 0 <= first <= last <= series.steps:
        raise GridError(f"a series of {series.steps} steps has no steps {first} to {last}")
    if controls not in CONTROLS:
        raise GridError(f"controls cannot be '{controls}'", mend=f"say {', '.join(CONTROLS)}")
    if threads < 1:
        raise GridError(f"{threads} threads solve nothing", mend="give one or more")
    check_fits(network.grid, series.start)
    begin = series.start if begin is None else begin
    kept: dict[str, Any] = {"keep_voltages": keep_voltages, "limits": limits}

    def alone(steps: range) -> SeriesFlow:
        step = _step(network, controls)
        return _one_by_one(network, series, steps, step=step, begin=begin, waiting=waiting, **kept)

    if controls != "off" or last - first < LEAST_STEPS:
        return alone(range(first, last))
    found = solve_off(network, series, (first, last), begin, threads=threads, **kept)
    return _together(begin, found, lambda k: alone(range(first + k, first + k + 1)))


def _together(begin: Snapshot, found: Found, alone: Callable[[int], SeriesFlow]) -> SeriesFlow:
    """What lanes found at positions that stay, with the steps that had to be solved alone."""
    flow = _at_rest(begin, found, alone(len(found.settled) - 1).end)
    for at in np.flatnonzero(~found.settled).tolist():
        _put(flow, at, alone(at))
    return flow


def _at_rest(begin: Snapshot, found: Found, end: Snapshot) -> SeriesFlow:
    """What lanes found at positions that stay."""
    count, nothing = len(found.settled), np.zeros(len(found.settled), np.int64)
    return SeriesFlow(
        converged=found.settled.copy(),
        settled=np.ones(count, np.bool_),
        **found.summary,
        tap_pu=np.tile(begin.tap_pu, (count, 1)),
        steps_on=np.tile(begin.steps_on, (count, 1)),
        tap_operations=nothing,
        capacitor_operations=nothing.copy(),
        v_v=found.v_v,
        end=end,
    )


def _put(flow: SeriesFlow, at: int, step: SeriesFlow) -> None:
    """Put a step that was solved alone among the others."""
    for name in ("converged", "settled", *SUMMARY):
        getattr(flow, name)[at] = getattr(step, name)[0]
    if flow.v_v is not None and step.v_v is not None:
        flow.v_v[at] = step.v_v[0]


def _step(network: Network, controls: str) -> _Step:
    if controls != "time":
        return lambda snapshot, waiting, _: (network.solve(snapshot, controls=controls), waiting)
    clockwork, nothing = Clockwork.of(network), Waiting.nothing(network)
    return lambda snapshot, waiting, now_s: run_to(clockwork, snapshot, waiting or nothing, now_s)


def positioned(snapshot: Snapshot, begin: Snapshot) -> Snapshot:
    """A snapshot's demand and time at the positions of another."""
    return replace(
        snapshot,
        open_phases=begin.open_phases,
        tap_pu=begin.tap_pu,
        steps_on=begin.steps_on,
        source_on=begin.source_on,
    )


def _one_by_one(
    network: Network,
    series: Series,
    steps: range,
    *,
    step: _Step,
    begin: Snapshot,
    waiting: Waiting | None,
    keep_voltages: bool,
    limits: Limits,
) -> SeriesFlow:
    """Each step a solve of its own: the reference for whatever is faster."""
    gauge, count = Gauge.of(network), len(steps)
    found: dict[str, Any] = {name: np.zeros(count, kind) for name, kind in SUMMARY.items()}
    converged, settled = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    tap_pu, steps_on = np.empty((count, len(begin.tap_pu))), np.empty((count, len(begin.steps_on)))
    v_v = np.zeros((count, len(network.nodes.bus)), complex) if keep_voltages else None
    end = begin
    for at, k in enumerate(steps):
        snapshot = positioned(series[k], end)
        flow, waiting = step(snapshot, waiting, (k + 1) * series.step_s)
        converged[at], settled[at] = flow.converged, flow.controls_settled
        row = summed_up(network, gauge, flow, limits) if flow.converged else failed()
        for name, value in row.items():
            found[name][at] = value
        end = flow.snapshot if flow.converged else snapshot
        tap_pu[at], steps_on[at] = end.tap_pu, end.steps_on
        if v_v is not None:
            v_v[at] = flow.v_v if flow.converged else np.nan
    return SeriesFlow(
        converged=converged,
        settled=settled,
        **found,
        tap_pu=tap_pu,
        steps_on=steps_on.astype(np.int64),
        tap_operations=tap_moves(network.grid, tap_pu, begin).sum(axis=1),
        capacitor_operations=capacitor_moves(steps_on.astype(np.int64), begin).sum(axis=1),
        v_v=v_v,
        end=end,
        waiting=waiting,
    )


def tap_moves(grid: Grid, tap_pu: Floats, begin: Snapshot) -> Ints:
    """[steps, windings] whole tap steps moved since the step before."""
    step_pu = np.array([tap_step_pu(grid.windings, w) for w in range(len(grid.windings))])
    moved = np.abs(np.diff(tap_pu, axis=0, prepend=begin.tap_pu[None]))
    return np.rint(moved / np.where(step_pu > 0, step_pu, np.inf)).astype(np.int64)


def capacitor_moves(steps_on: Ints, begin: Snapshot) -> Ints:
    """[steps, capacitors] bank steps switched since the step before."""
    return np.abs(np.diff(steps_on, axis=0, prepend=begin.steps_on[None]))
