"""A series solved: in lanes where they can, step by step where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gridmend.model.errors import GridError
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls.waiting import Waiting
from gridmend.powerflow.lanes.series import (
    LEAST_STEPS,
    Found,
    move_in_lanes,
    solve_off,
    solve_static,
)
from gridmend.powerflow.network import Network
from gridmend.powerflow.solve import check_fits
from gridmend.powerflow.step_by_step import (
    SeriesFlow,
    capacitor_moves,
    movable,
    of_all,
    one_by_one,
    step_of,
    tap_moves,
)
from gridmend.powerflow.step_summary import ANSI_RANGE_A, SUMMARY, Limits

__all__ = ["CONTROLS", "SeriesFlow", "capacitor_moves", "solve_series", "tap_moves"]

CONTROLS = ("off", "static", "time")


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
    tolerance_pu: float = 1e-8,
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
        simulated time (see `controls.clockwork`), over as many steps as that takes.
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
    tolerance_pu
        What may be left of the error of a voltage, of steps solved in lanes. Controls decide
        by voltages that are exact enough for them whatever it is.

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
    _check(network, series, controls, (first, last), threads)
    begin = series.start if begin is None else begin
    kept: dict[str, Any] = {"keep_voltages": keep_voltages, "limits": limits}
    flow = None
    if last - first >= LEAST_STEPS and controls != "time":
        fast: dict[str, Any] = {"threads": threads, "tolerance_pu": tolerance_pu}
        flow = _in_lanes(network, series, (first, last), begin, controls, kept, fast)
    if flow is None:
        step = step_of(network, controls, going_on=last - first >= LEAST_STEPS)
        steps = range(first, last)
        return one_by_one(network, series, steps, step=step, begin=begin, waiting=waiting, **kept)
    return flow


def _check(
    network: Network, series: Series, controls: str, steps: tuple[int, int], threads: int
) -> None:
    first, last = steps
    if not 0 <= first <= last <= series.steps:
        raise GridError(f"a series of {series.steps} steps has no steps {first} to {last}")
    if controls not in CONTROLS:
        raise GridError(f"controls cannot be '{controls}'", mend=f"say {', '.join(CONTROLS)}")
    if threads < 1:
        raise GridError(f"{threads} threads solve nothing", mend="give one or more")
    check_fits(network.grid, series.start)


def _in_lanes(
    network: Network, series: Series, steps: tuple[int, int], begin: Snapshot, controls: str,
    kept: dict[str, Any], fast: dict[str, Any],
) -> SeriesFlow | None:  # fmt: skip
    """The steps in lanes, and alone those that do not settle there; None where none can."""
    in_service = network.primitives.place["sources"] >= 0
    if not (begin.source_on & in_service).any():
        return None
    first, last = steps
    alone: dict[int, SeriesFlow] = {}
    ways = {how: step_of(network, how) for how in ("off", "static")[: 1 + (controls == "static")]}

    def by_itself(at: int, positions: Snapshot, how: str) -> SeriesFlow:
        here = range(first + at, first + at + 1)
        return one_by_one(
            network, series, here, step=ways[how], begin=positions, waiting=None, **kept
        )

    def settle(at: int, positions: Snapshot) -> tuple[Snapshot, bool]:
        alone[at] = by_itself(at, positions, "static")
        return alone[at].end, bool(alone[at].settled[0])

    if controls == "off" or not _controlled(network):
        found = solve_off(network, series, steps, begin, **kept, **fast)
    else:
        found = solve_static(network, series, steps, begin, settle, **kept, **fast)
    if found is None:
        return None
    flow = _together(network, begin, series[last - 1], found)
    for at in np.flatnonzero(~found.settled).tolist():
        own = alone.get(at)
        if own is None or not _at_same_positions(flow, at, own):
            own = by_itself(at, flow.positions(at), "off")
        _put(flow, at, own)
    return flow


def goes_in_lanes(network: Network, start: Snapshot, controls: str) -> bool:
    """Whether a series of more than a few steps is solved in lanes, which is some ten times
    faster: controls that move do where ratios cut the network into a tree of zones."""
    if controls == "static" and _controlled(network):
        return move_in_lanes(network, start)
    return controls != "time"


def _controlled(network: Network) -> bool:
    """Whether any control is in service."""
    grid = network.grid
    return bool(
        grid.tap_controls.flags("in_service").any()
        or grid.capacitor_controls.flags("in_service").any()
    )


def _together(network: Network, begin: Snapshot, last: Snapshot, found: Found) -> SeriesFlow:
    """What lanes found."""
    count, windings = len(found.settled), movable(network.grid)
    taps, moved = found.taps, found.windings
    if taps is None or moved is None:
        taps = np.tile(begin.tap_pu[windings], (count, 1))
    elif len(moved) < len(windings):
        taps = np.tile(begin.tap_pu[windings], (count, 1))
        taps[:, np.searchsorted(windings, moved)] = found.taps
    steps_on = np.tile(begin.steps_on, (count, 1)) if found.steps_on is None else found.steps_on
    flow = SeriesFlow(
        converged=found.settled.copy(),
        settled=np.ones(count, np.bool_) if found.quiet is None else found.quiet.copy(),
        **found.summary,
        begin=begin,
        windings=windings,
        taps=taps,
        steps_on=steps_on,
        tap_operations=of_all(tap_moves(network.grid, windings, taps, begin)),
        capacitor_operations=of_all(capacitor_moves(steps_on, begin)),
        v_v=found.v_v,
        end=last,
    )
    return replace(flow, end=last.at_positions_of(flow.positions(count - 1)))


def _at_same_positions(flow: SeriesFlow, at: int, own: SeriesFlow) -> bool:
    same = (flow.taps[at] == own.taps[0]).all() and (flow.steps_on[at] == own.steps_on[0]).all()
    return bool(same)


def _put(flow: SeriesFlow, at: int, step: SeriesFlow) -> None:
    """Put a step that was solved alone among the others."""
    flow.settled[at] &= step.settled[0]
    for name in ("converged", *SUMMARY):
        getattr(flow, name)[at] = getattr(step, name)[0]
    if flow.v_v is not None and step.v_v is not None:
        flow.v_v[at] = step.v_v[0]
