"""Lanes that go from step to step each on its own, their controls deciding at every step.

A lane takes a job, a run of steps from given positions, and goes on to its next step when its
voltages are settled and its controls quiet, whatever the others do. Controls decide as soon as
what is left of the error cannot change their mind, which may be long before the voltages are
settled. Settled states are gathered until a vector of them is full, for reading one lane costs as
much as reading all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.powerflow.controls.queue import SAFETY, act, arm, look_beside
from gridmend.powerflow.lanes.ahead import anticipate
from gridmend.powerflow.lanes.glance import banks_rest, glance
from gridmend.powerflow.lanes.kernel import sweep
from gridmend.powerflow.lanes.progress import (
    QUIET,
    RESTLESS,
    UNDECIDED,
    begin,
    end,
    fetch,
    left_of,
    note,
    place,
    read_all,
    take,
)
from gridmend.powerflow.lanes.steps import (
    AFTER,
    DOUBT,
    FAR,
    FIRST_PACE,
    LEAST_PACE,
    REMEMBERED,
    ROUNDING,
    change,
)
from gridmend.powerflow.simd import in_lanes, inlined, load, store, width

EXACT_PU = 1e-9
"""To what a voltage is solved where a control is close to deciding otherwise."""

LOOK_PU = 3e-5
"""What may be left of the error for controls to look at all."""


@inlined
def _decide(
    task: Any, run: Any, regs: Any, banks: Any, probes: Any, at: Any, left: float, x: Any,
    ratio: Any, w: int, seen: Any, near: float,
) -> bool:  # fmt: skip
    """Let a lane's controls look and, if sure of it, act; whether they moved. A glance has `seen`
    how far each of its regulators is from wanting anything, and how `near` one is."""
    lanes = len(run.job)
    hour, sure = task.hour[run.step[w]], SAFETY * max(left, EXACT_PU)
    if near >= sure and banks_rest(banks, probes, at, hour, x, ratio, lanes, w, sure):
        run.verdict[w] = QUIET
        return False
    least = SAFETY * left if left > EXACT_PU else 0.0
    margin = look_beside(
        regs, banks, probes, at, hour, x, ratio, lanes, w, least, seen, sure
    )  # fmt: skip
    if margin < least:
        return False
    delay = arm(regs, banks, at, lanes, w)
    if np.isnan(delay):
        run.verdict[w] = QUIET
        return False
    if run.looks[w] + 1 >= task.looks:
        run.verdict[w] = RESTLESS
        return False
    act(regs, banks, at, delay, lanes, w)
    run.looks[w] += 1
    run.rounds[w], run.before[w] = 0, 0.0
    run.pace[w] = max(run.pace[w], FIRST_PACE)
    return True


@inlined
def _left(task: Any, run: Any, found: Any, w: int) -> float:
    """What may be left of the error of a lane's voltages [pu] after the change just made.

    After the first round that goes by how fast changes shrank from there to the second lately,
    which is doubted; now and then a step takes a round more, to show it. Where what loads take
    jumps, earlier steps tell nothing.
    """
    before, moved = run.before[w], np.sqrt(found[w])
    left = left_of(run, found, w)
    at = w if run.looks[w] == 0 else len(run.before) + w
    if not task.learns:
        return left
    if run.rounds[w] == 1:
        shows, pace = run.step[w] % AFTER == 0, run.first[at]
        return np.inf if shows or not pace > 0.0 else DOUBT * moved * pace / (1.0 - pace)
    if run.rounds[w] == 2 and before > ROUNDING * task.tolerance:
        seen = min(max(moved / before, LEAST_PACE), 0.999)
        run.first[at] = max(seen, REMEMBERED * run.first[at])
    return left


@in_lanes
def drive(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, banks: Any, readings: Any, start: Any,
    watched: Any, regs: Any, bank_controls: Any, probes: Any, glances: bool, moves: Any, at: Any,
    run: Any, got: Any, task: Any, trail: Any, x: Any,
) -> None:  # fmt: skip
    """All jobs of a task; `at`, `run`, `got` and `x` are room, zeros. `glances` says whether a
    glance at the regulators is enough to know that none wants anything."""
    lanes = width(x)
    profiles = len(task.factors)
    now = np.zeros(2 * profiles * lanes, x.dtype)
    ratio, moved = np.ones(len(moves.tie_tap) * lanes, x.dtype), np.zeros(len(at.on), x.dtype)
    special = len(ties.below)
    extra, taken = np.zeros(special * 2 * lanes, x.dtype), np.zeros(2 * lanes, x.dtype)
    size = max(2 * len(loose_legs.model), profiles, 3)
    room, read = np.zeros(size * lanes, x.dtype), np.zeros(len(trail.out) * lanes, x.dtype)
    old, found = np.zeros(2 * len(watched) * lanes, x.dtype), np.zeros(lanes, x.dtype)
    seen, near = np.full(len(regs.tap) * lanes, -1.0, x.dtype), np.full(lanes, -1.0, x.dtype)
    live = 0
    for w in range(lanes):
        live += take(task, run, at, start, moves, now, ratio, moved, x, lanes, w)
    while live > 0:
        if begin(task, run, at, now):
            if len(start.rows):
                anticipate(start, now, 2 * lanes, 0, lanes, x, room)
            for k in range(profiles):
                store(now, (2 * k + 1) * lanes, load(now, 2 * k * lanes))
        sweep(
            rows, legs, loose_legs, ties, banks, now, 2 * lanes, 0, ratio, moved, x, extra, room,
            taken, watched, old,
        )  # fmt: skip
        change(watched, x, old, found)
        if glances:
            glance(regs, probes, x, ratio, seen, near)
        for w in range(lanes):
            if run.job[w] < 0:
                continue
            left = _left(task, run, found, w)
            if not found[w] < FAR * FAR or run.rounds[w] > task.rounds:
                trail.stopped[run.job[w]] = run.step[w]
                live -= not take(task, run, at, start, moves, now, ratio, moved, x, lanes, w)
                continue
            undecided = run.verdict[w] == UNDECIDED and left < LOOK_PU
            if undecided and _decide(
                task, run, regs, bank_controls, probes, at, left, x, ratio, w, seen, near[w]
            ):
                place(moves, at, ratio, moved, x, lanes, w)
                continue
            doubted = left if run.rounds[w] == 1 else DOUBT * left
            if run.verdict[w] == UNDECIDED or not doubted < task.tolerance:
                continue
            met = end(task, run, at, trail, run.verdict[w] == QUIET, lanes, w)
            if not met:
                note(run, got, w)
                if got.many[0] + got.waits[0] == lanes:
                    fetch(rows, got, now, ratio, x, lanes)
                    read_all(
                        rows, legs, loose_legs, readings, got, extra, room, taken, read, trail
                    )  # fmt: skip
            run.step[w] += 1
            run.fresh[w] = 1
            if met or run.step[w] >= task.last[run.job[w]]:
                fetch(rows, got, now, ratio, x, lanes)
                live -= not take(task, run, at, start, moves, now, ratio, moved, x, lanes, w)
        fetch(rows, got, now, ratio, x, lanes)
    if got.many[0]:
        read_all(rows, legs, loose_legs, readings, got, extra, room, taken, read, trail)
