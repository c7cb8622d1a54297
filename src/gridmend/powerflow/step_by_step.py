"""A series solved step by step: what is kept of it, and positions carried from step to step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot, controlled_winding, tap_step_pu
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.controls.clockwork import Clockwork, run_to
from gridmend.powerflow.controls.static import Settling, settle_from
from gridmend.powerflow.controls.waiting import Waiting
from gridmend.powerflow.network import Network
from gridmend.powerflow.step_summary import SUMMARY, Gauge, Limits, failed, summed_up

Step = Callable[[Snapshot, Waiting | None, float], tuple[Flow, Waiting | None]]
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
    - `begin`: positions before the first step; `windings`: rows of those whose taps controls move
    - `taps` [steps, those windings], `steps_on` [steps, capacitors]: at the end of a step
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
    begin: Snapshot
    windings: Ints
    taps: Floats
    steps_on: Ints
    tap_operations: Ints
    capacitor_operations: Ints
    v_v: Complexes | None
    end: Snapshot
    waiting: Waiting | None = None

    def __len__(self) -> int:
        return len(self.converged)

    @property
    def tap_pu(self) -> Floats:
        """[steps, windings] taps at the end of each step [pu]: of every winding, so it is large."""
        return self.taps_of(np.arange(len(self.begin.tap_pu)))

    def positions(self, step: int) -> Snapshot:
        """A snapshot with the positions at the end of a step; its demand is not of that step."""
        tap_pu = self.begin.tap_pu.copy()
        tap_pu[self.windings] = self.taps[step]
        return self.begin.with_taps(tap_pu).with_capacitors(self.steps_on[step])

    def taps_of(self, windings: Ints) -> Floats:
        """[steps, windings given] the same of some windings."""
        place = np.full(len(self.begin.tap_pu), -1, np.int64)
        place[self.windings] = np.arange(len(self.windings))
        found = np.tile(self.begin.tap_pu[windings], (len(self), 1))
        moving = place[windings] >= 0
        found[:, moving] = self.taps[:, place[windings][moving]]
        return found


def step_of(network: Network, controls: str, *, going_on: bool = False) -> Step:
    """How a step is solved with controls `off`, `static` or in `time`.

    As if it were alone; static control, `going_on`, from the solution of the step before, which
    takes less and differs by the tolerance of the iteration.
    """
    if controls == "static" and going_on:
        settling = Settling.of(network)
        return lambda snapshot, waiting, _: (settle_from(settling, snapshot), waiting)
    if controls != "time":
        return lambda snapshot, waiting, _: (network.solve(snapshot, controls=controls), waiting)
    clockwork, nothing = Clockwork.of(network), Waiting.nothing(network)
    return lambda snapshot, waiting, now_s: run_to(clockwork, snapshot, waiting or nothing, now_s)


def one_by_one(
    network: Network,
    series: Series,
    steps: range,
    *,
    step: Step,
    begin: Snapshot,
    waiting: Waiting | None,
    keep_voltages: bool,
    limits: Limits,
) -> SeriesFlow:
    """Each step a solve of its own: the reference for whatever is faster."""
    gauge, count = Gauge.of(network), len(steps)
    found: dict[str, Any] = {name: np.zeros(count, kind) for name, kind in SUMMARY.items()}
    converged, settled = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    windings = movable(network.grid)
    taps = np.empty((count, len(windings)))
    steps_on = np.empty((count, len(begin.steps_on)), np.int64)
    v_v = np.zeros((count, len(network.nodes.bus)), complex) if keep_voltages else None
    end = begin
    for at, k in enumerate(steps):
        snapshot = series[k].at_positions_of(end)
        flow, waiting = step(snapshot, waiting, (k + 1) * series.step_s)
        converged[at], settled[at] = flow.converged, flow.controls_settled
        row = summed_up(network, gauge, flow, limits) if flow.converged else failed()
        for name, value in row.items():
            found[name][at] = value
        end = flow.snapshot if flow.converged else snapshot
        taps[at], steps_on[at] = end.tap_pu[windings], end.steps_on
        if v_v is not None:
            v_v[at] = flow.v_v if flow.converged else np.nan
    return SeriesFlow(
        converged=converged,
        settled=settled,
        **found,
        begin=begin,
        windings=windings,
        taps=taps,
        steps_on=steps_on,
        tap_operations=of_all(tap_moves(network.grid, windings, taps, begin)),
        capacitor_operations=of_all(capacitor_moves(steps_on, begin)),
        v_v=v_v,
        end=end,
        waiting=waiting,
    )


def movable(grid: Grid) -> Ints:
    """The windings whose taps controls move, in service or not, in their order."""
    found = [controlled_winding(grid, at) for at in range(len(grid.tap_controls))]
    return np.unique(np.array(found, np.int64))


def tap_moves(grid: Grid, windings: Ints, taps: Floats, begin: Snapshot) -> Ints:
    """[steps, windings] whole tap steps moved since the step before, of `taps` [pu] alike."""
    step_pu = (tap_step_pu(grid.windings, w) for w in windings.tolist())
    size: Floats = np.array([step if step > 0 else np.inf for step in step_pu], float)
    return _moves(taps, begin.tap_pu[windings], size)


def capacitor_moves(steps_on: Ints, begin: Snapshot) -> Ints:
    """[steps, capacitors] bank steps switched since the step before."""
    return _moves(steps_on, begin.steps_on, np.ones(len(begin.steps_on)))


@compiled
def of_all(moves: Ints) -> Ints:
    """[steps] of [steps, devices] the sum over all devices."""
    found = np.zeros(len(moves), np.int64)
    for k in range(len(moves)):
        for d in range(moves.shape[1]):
            found[k] += moves[k, d]
    return found


@compiled
def _moves(positions: Any, before: Any, size: Floats) -> Ints:
    """[steps, devices] by how many steps of a `size` [devices] each moved since the step before."""
    found = np.empty(positions.shape, np.int64)
    for k in range(len(positions)):
        for d in range(len(size)):
            was = before[d] if k == 0 else positions[k - 1, d]
            off = abs(positions[k, d] - was)
            found[k, d] = round(off / size[d]) if off > 0 else 0
    return found
