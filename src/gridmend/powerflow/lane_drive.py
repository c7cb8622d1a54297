"""Lanes that go from step to step each on its own, their controls deciding at every step.

A lane takes a job, a run of steps from given positions, and goes on to its next step when its
voltages are settled and its controls quiet, whatever the others do. Settled states are gathered
until a vector of them is full, for reading one lane costs as much as reading all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.powerflow.control_queue import act, arm, disarm, look
from gridmend.powerflow.lane_kernel import sweep
from gridmend.powerflow.lane_measure import measure
from gridmend.powerflow.lane_steps import FAR, FIRST_PACE, anticipate, change, keep
from gridmend.powerflow.simd import in_lanes, inlined, unowned, width

EXACT_PU = 1e-9
"""To what a voltage is solved where a control is close to deciding otherwise."""

SAFETY = 30.0
"""How many times what is left of the error a control's margin must be, to decide on it."""

SAME_PU = 1e-9
"""Taps that are less apart are the same; sums of steps in another order differ by rounding."""


class Task(NamedTuple):
    """What lanes work on. `first`, `last` [jobs] steps of each job, with `begin_tap`
    [jobs, taps] and `begin_on` [jobs, banks] positions before it; `factors` [steps, profiles];
    `hour` [steps] of the day; `tolerance` [pu], and `rounds` and `looks` allowed in a step."""

    first: Any
    last: Any
    begin_tap: Any
    begin_on: Any
    factors: Any
    hour: Any
    tolerance: float
    rounds: int
    looks: int


class Trail(NamedTuple):
    """What lanes leave behind. `known` [steps] whether a step is done; `tap` [steps, taps] and
    `on` [steps, banks] positions after it; `quiet` [steps] whether its controls came to rest;
    `rounds`, `looks` [steps]; `out` [readings, steps]; `stopped` [jobs] the step that found no
    rest, -1 where none; `voltages` [steps or 0, rows × 2]."""

    known: Any
    tap: Any
    on: Any
    quiet: Any
    rounds: Any
    looks: Any
    out: Any
    stopped: Any
    voltages: Any


class Moves(NamedTuple):
    """What positions do in the kernel: `tie_tap` [ties] which tap each ratio is; `share`
    [banks, steps + 1] of its size by which a bank differs from the base."""

    tie_tap: Any
    share: Any


class Gathered(NamedTuple):
    """Settled states that wait to be read: `x`, `factors`, `ratio` as the lanes have them, the
    `step` [lanes] of each, and how `many` there are."""

    x: Any
    factors: Any
    ratio: Any
    step: Any
    many: Any


class Run(NamedTuple):
    """Where each lane is, all [lanes]: `job`, -1 for none, `step`, rounds since it last moved,
    looks in this step, whether it is `fresh`: at the start of a step; its `pace` and the change
    `before`. `next` [1] is the next job to take."""

    job: Any
    step: Any
    rounds: Any
    total: Any
    looks: Any
    fresh: Any
    pace: Any
    before: Any
    next: Any


@unowned
def _place(moves: Any, at: Any, ratio: Any, moved: Any, lanes: int, w: int) -> None:
    """Put a lane's positions into the kernel's arrays."""
    for q in range(len(moves.tie_tap)):
        ratio[q * lanes + w] = at.tap[moves.tie_tap[q] * lanes + w]
    for b in range(len(moves.share)):
        moved[b * lanes + w] = moves.share[b, at.on[b * lanes + w]]


@unowned
def _take(task: Any, run: Any, at: Any, start: Any, now: Any, x: Any, lanes: int, w: int) -> bool:
    """Take the next job with any steps, beginning at the base; False where none is left."""
    while run.next[0] < len(task.first):
        job = run.next[0]
        run.next[0] += 1
        if task.first[job] < task.last[job]:
            run.job[w], run.step[w], run.fresh[w] = job, task.first[job], 1
            run.pace[w] = FIRST_PACE
            for k in range(task.begin_tap.shape[1]):
                at.tap[k * lanes + w] = task.begin_tap[job, k]
            for k in range(task.begin_on.shape[1]):
                at.on[k * lanes + w] = task.begin_on[job, k]
            x[w::lanes] = 0.0
            for k in range(len(start.middle)):
                now[(2 * k + 1) * lanes + w] = start.middle[k]
            return True
    run.job[w] = -1
    return False


@unowned
def _begin(task: Any, run: Any, at: Any, moves: Any, now: Any, ratio: Any, moved: Any) -> bool:
    """Give lanes that are fresh the factors of their step; whether any is."""
    lanes, found = len(run.job), False
    for w in range(lanes):
        if not run.fresh[w] or run.job[w] < 0:
            continue
        found = True
        step = run.step[w]
        for k in range(task.factors.shape[1]):
            now[2 * k * lanes + w] = task.factors[step, k]
        disarm(at, lanes, w)
        _place(moves, at, ratio, moved, lanes, w)
        run.fresh[w], run.rounds[w], run.looks[w], run.before[w] = 0, 0, 0, 0.0
        run.total[w] = 0
    return found


@inlined
def _gather(
    rows: Any, run: Any, got: Any, now: Any, ratio: Any, x: Any, lanes: int, w: int
) -> None:
    """Put a lane's state among those that wait to be read."""
    slot = got.many[0]
    for k in range(2 * rows.active):
        got.x[k * lanes + slot] = x[k * lanes + w]
    for k in range(len(now) // (2 * lanes)):
        got.factors[k * lanes + slot] = now[2 * k * lanes + w]
    for q in range(len(ratio) // lanes):
        got.ratio[q * lanes + slot] = ratio[q * lanes + w]
    got.step[slot] = run.step[w]
    got.many[0] = slot + 1


@unowned
def _read(
    rows: Any, legs: Any, loose_legs: Any, readings: Any, got: Any, extra: Any, room: Any,
    taken: Any, read: Any, trail: Any,
) -> None:  # fmt: skip
    """Read all states that wait."""
    lanes = len(got.step)
    measure(
        rows, legs, loose_legs, readings, got.factors, lanes, 0, got.ratio, got.x, extra, room,
        taken, read, lanes, 0,
    )  # fmt: skip
    for slot in range(got.many[0]):
        step = got.step[slot]
        for k in range(len(trail.out)):
            trail.out[k, step] = read[k * lanes + slot]
        if len(trail.voltages):
            for k in range(len(got.x) // lanes):
                trail.voltages[step, k] = got.x[k * lanes + slot]
    got.many[0] = 0


@inlined
def _end(task: Any, run: Any, at: Any, trail: Any, quiet: bool, lanes: int, w: int) -> bool:
    """Note where a lane's step ended; whether it met what was known of it."""
    step = run.step[w]
    met = trail.known[step] == 1
    for k in range(trail.tap.shape[1]):
        met &= abs(trail.tap[step, k] - at.tap[k * lanes + w]) < SAME_PU
        trail.tap[step, k] = at.tap[k * lanes + w]
    for k in range(trail.on.shape[1]):
        met &= trail.on[step, k] == at.on[k * lanes + w]
        trail.on[step, k] = at.on[k * lanes + w]
    trail.known[step], trail.quiet[step] = 1, quiet
    trail.rounds[step], trail.looks[step] = run.total[w], run.looks[w] + 1
    return met


@inlined
def _left(run: Any, found: Any, w: int) -> float:
    """What is left of the error of a lane's voltages [pu] after the change just made."""
    moved = np.sqrt(found[w])
    if run.before[w] > 0.0:
        run.pace[w] = min(max(moved / run.before[w], 0.02), 0.999)
    run.before[w] = moved
    run.rounds[w] += 1
    run.total[w] += 1
    return moved * run.pace[w] / (1.0 - run.pace[w])


@inlined
def _decide(
    task: Any, run: Any, regs: Any, banks: Any, probes: Any, at: Any, left: float, x: Any,
    ratio: Any, w: int,
) -> int:  # fmt: skip
    """What a settled lane does: 0 goes on solving, 1 has moved, 2 is done, 3 gives its looks up."""
    lanes = len(run.job)
    hour = task.hour[run.step[w]]
    margin = look(regs, banks, probes, at, hour, x, ratio, lanes, w)
    if margin < SAFETY * left and left > EXACT_PU:
        return 0
    delay = arm(regs, banks, at, lanes, w)
    if np.isnan(delay):
        return 2
    if run.looks[w] + 1 >= task.looks:
        return 3
    act(regs, banks, at, delay, lanes, w)
    run.looks[w] += 1
    run.rounds[w], run.before[w] = 0, 0.0
    return 1


@in_lanes
def drive(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, banks: Any, readings: Any, start: Any,
    watched: Any, regs: Any, bank_controls: Any, probes: Any, moves: Any, at: Any, run: Any,
    got: Any, task: Any, trail: Any, x: Any,
) -> None:  # fmt: skip
    """All jobs of a task; `at`, `run`, `got` and `x` are room, zeros."""
    lanes = width(x)
    profiles = task.factors.shape[1]
    now = np.zeros(2 * profiles * lanes, x.dtype)
    ratio, moved = np.ones(len(moves.tie_tap) * lanes, x.dtype), np.zeros(len(at.on), x.dtype)
    special = len(ties.below)
    extra, taken = np.zeros(special * 2 * lanes, x.dtype), np.zeros(2 * lanes, x.dtype)
    size = max(2 * len(loose_legs.model), len(start.mix) + profiles + 1, 3)
    room, read = np.zeros(size * lanes, x.dtype), np.zeros(len(trail.out) * lanes, x.dtype)
    old, found = np.zeros(2 * len(watched) * lanes, x.dtype), np.zeros(lanes, x.dtype)
    live = 0
    for w in range(lanes):
        live += _take(task, run, at, start, now, x, lanes, w)
    while live > 0:
        if _begin(task, run, at, moves, now, ratio, moved):
            if len(start.rows):
                anticipate(start, now, 2 * lanes, 0, lanes, x, room)
            for k in range(profiles):
                now[(2 * k + 1) * lanes : (2 * k + 2) * lanes] = now[
                    2 * k * lanes : (2 * k + 1) * lanes
                ]
            keep(watched, x, old)
        sweep(
            rows, legs, loose_legs, ties, banks, now, 2 * lanes, 0, ratio, moved, x, extra, room,
            taken,
        )  # fmt: skip
        change(watched, x, old, found)
        for w in range(lanes):
            if run.job[w] < 0:
                continue
            left = _left(run, found, w)
            if not found[w] < FAR * FAR or run.rounds[w] > task.rounds:
                trail.stopped[run.job[w]] = run.step[w]
                live -= not _take(task, run, at, start, now, x, lanes, w)
                continue
            if not left < task.tolerance:
                continue
            verdict = _decide(task, run, regs, bank_controls, probes, at, left, x, ratio, w)
            if verdict == 1:
                _place(moves, at, ratio, moved, lanes, w)
            if verdict < 2:
                continue
            met = _end(task, run, at, trail, verdict == 2, lanes, w)
            if not met:
                _gather(rows, run, got, now, ratio, x, lanes, w)
                if got.many[0] == lanes:
                    _read(
                        rows, legs, loose_legs, readings, got, extra, room, taken, read, trail
                    )  # fmt: skip
            run.step[w] += 1
            run.fresh[w] = 1
            if met or run.step[w] >= task.last[run.job[w]]:
                live -= not _take(task, run, at, start, now, x, lanes, w)
    if got.many[0]:
        _read(rows, legs, loose_legs, readings, got, extra, room, taken, read, trail)
