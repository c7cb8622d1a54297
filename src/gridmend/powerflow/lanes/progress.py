"""Where lanes that go each on its own are: the jobs they take, the steps they begin and end."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.powerflow.controls.queue import disarm
from gridmend.powerflow.lanes.measure import measure
from gridmend.powerflow.lanes.packing import pack
from gridmend.powerflow.lanes.steps import FIRST_PACE
from gridmend.powerflow.lanes.tap_response import follow_tap
from gridmend.powerflow.simd import get, inlined, put

UNDECIDED, QUIET, RESTLESS = range(3)
"""Of a lane's controls: not known yet, at rest, or given up."""

SAME_PU = 1e-9
"""Taps that are less apart are the same; sums of steps in another order differ by rounding."""


class Task(NamedTuple):
    """What lanes work on. `first`, `last` [jobs] steps of each job, with `begin_tap`
    [jobs, taps] and `begin_on` [jobs, banks] positions before it; `factors` [profiles, steps];
    `hour` [steps] of the day; `tolerance` [pu], and `rounds` and `looks` allowed in a step; whether
    a lane `learns` from earlier steps how fast changes shrink."""

    first: Any
    last: Any
    begin_tap: Any
    begin_on: Any
    factors: Any
    hour: Any
    tolerance: float
    rounds: int
    looks: int
    learns: bool


class Trail(NamedTuple):
    """What lanes leave behind. `known` [steps] whether a step is done; `tap` [steps, taps] and
    `on` [steps, banks] positions after it; `quiet` [steps] whether its controls came to rest;
    `rounds` [steps]; `out` [readings, steps]; `stopped` [jobs] the step that found no
    rest, -1 where none; `voltages` [steps or 0, rows × 2]."""

    known: Any
    tap: Any
    on: Any
    quiet: Any
    rounds: Any
    out: Any
    stopped: Any
    voltages: Any


class Moves(NamedTuple):
    """What positions do in the kernel: `tie_tap` [ties] which tap each ratio is, -1 for one that
    stays one, `ratio0` [ties] of the base and the `response` to them; `share` [banks, steps + 1]
    kvar by which a bank differs from the base."""

    tie_tap: Any
    ratio0: Any
    response: Any
    share: Any


class Gathered(NamedTuple):
    """Settled states that wait to be read, the `step` [lanes] of each, and how `many` there are.

    `x`, `factors` and `ratio`, where they are put side by side. Behind those are as many as `waits`
    says that are still in their lanes; `lane` [lanes] says which that was or is.
    """

    x: Any
    factors: Any
    ratio: Any
    step: Any
    many: Any
    lane: Any
    waits: Any


class Run(NamedTuple):
    """Where each lane is, all [lanes]: `job`, -1 for none, `step`, rounds since it last moved,
    `total` in this step and `looks`; the `verdict` of its controls; whether it is `fresh`: at the
    start of a step; its `pace` and the change `before`; `first` [2 × lanes] how changes shrank
    lately from the first to the second round, of a step and after a move, 0 where none has been
    seen to. `next` [1] is the next job to take; `lane` room for a list."""

    job: Any
    step: Any
    rounds: Any
    total: Any
    looks: Any
    verdict: Any
    fresh: Any
    pace: Any
    before: Any
    first: Any
    next: Any
    lane: Any


@inlined
def place(moves: Any, at: Any, ratio: Any, moved: Any, x: Any, lanes: int, w: int) -> None:
    """Put a lane's positions into the kernel's arrays, and its voltages where ratios move them."""
    for q in range(len(moves.tie_tap)):
        tap, here = get(moves.tie_tap, q), q * lanes + w
        if tap >= 0:
            now = get(at.tap, tap * lanes + w)
            if now != get(ratio, here):
                follow_tap(moves.response, q, now - get(ratio, here), x, lanes, w)
                put(ratio, here, now)
    for b in range(len(moves.share)):
        moved[b * lanes + w] = moves.share[b, at.on[b * lanes + w]]


@inlined
def take(
    task: Any, run: Any, at: Any, start: Any, moves: Any, now: Any, ratio: Any, moved: Any, x: Any,
    lanes: int, w: int,
) -> bool:  # fmt: skip
    """Take the next job with any steps, beginning at the base; False where none is left."""
    while run.next[0] < len(task.first):
        job = run.next[0]
        run.next[0] += 1
        if task.first[job] < task.last[job]:
            run.job[w], run.step[w], run.fresh[w] = job, task.first[job], 1
            run.pace[w], run.first[w], run.first[lanes + w] = FIRST_PACE, 0.0, 0.0
            for k in range(task.begin_tap.shape[1]):
                at.tap[k * lanes + w] = task.begin_tap[job, k]
            for k in range(task.begin_on.shape[1]):
                at.on[k * lanes + w] = task.begin_on[job, k]
            disarm(at, lanes, w)
            x[w::lanes] = 0.0
            for q in range(len(moves.ratio0)):
                put(ratio, q * lanes + w, get(moves.ratio0, q))
            place(moves, at, ratio, moved, x, lanes, w)
            for k in range(len(start.middle)):
                now[(2 * k + 1) * lanes + w] = start.middle[k]
            return True
    run.job[w] = -1
    return False


@inlined
def begin(task: Any, run: Any, at: Any, now: Any) -> int:
    """Give lanes that are fresh the factors of their step; how many are."""
    lanes, (profiles, steps), count = len(run.job), task.factors.shape, 0
    for w in range(lanes):
        if run.fresh[w] and run.job[w] >= 0:
            run.lane[count] = w
            count += 1
            if run.looks[w]:
                disarm(at, lanes, w)
            run.fresh[w], run.rounds[w], run.looks[w], run.before[w] = 0, 0, 0, 0.0
            run.total[w], run.verdict[w] = 0, UNDECIDED
            run.pace[w] = max(run.pace[w], FIRST_PACE)
    # profile by profile, for a lane's own are far apart
    for k in range(profiles):
        for n in range(count):
            w = get(run.lane, n)
            put(now, 2 * k * lanes + w, get(task.factors, k * steps + run.step[w]))
    return count


@inlined
def note(run: Any, got: Any, w: int) -> None:
    """Have a lane's state wait to be read; it is fetched later, with others."""
    slot = got.many[0] + got.waits[0]
    got.step[slot], got.lane[slot] = run.step[w], w
    got.waits[0] += 1


@inlined
def fetch(rows: Any, got: Any, now: Any, ratio: Any, x: Any, lanes: int) -> None:
    """Put side by side the states that are noted and still in their lanes."""
    first, last = got.many[0], got.many[0] + got.waits[0]
    if first < last:
        pack(x, lanes, got.lane, first, last, got.x[: 2 * rows.active * lanes])
        pack(now, 2 * lanes, got.lane, first, last, got.factors)
        pack(ratio, lanes, got.lane, first, last, got.ratio)
    got.many[0], got.waits[0] = last, 0


@inlined
def read_all(
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
def end(task: Any, run: Any, at: Any, trail: Any, quiet: bool, lanes: int, w: int) -> bool:
    """Note where a lane's step ended, unless that was known of it; whether it was."""
    step, taps, banks = run.step[w], trail.tap.shape[1], trail.on.shape[1]
    met = trail.known[step] == 1
    for k in range(taps):
        met &= abs(get(trail.tap, step * taps + k) - get(at.tap, k * lanes + w)) < SAME_PU
    for k in range(banks):
        met &= get(trail.on, step * banks + k) == get(at.on, k * lanes + w)
    if met:
        return True
    for k in range(taps):
        put(trail.tap, step * taps + k, get(at.tap, k * lanes + w))
    for k in range(banks):
        put(trail.on, step * banks + k, get(at.on, k * lanes + w))
    trail.known[step], trail.quiet[step], trail.rounds[step] = 1, quiet, run.total[w]
    return False


@inlined
def left_of(run: Any, found: Any, w: int) -> float:
    """What is left of the error of a lane's voltages [pu] after the change just made."""
    moved = np.sqrt(found[w])
    if run.before[w] > 0.0:
        run.pace[w] = min(max(moved / run.before[w], 0.02), 0.999)
    run.before[w] = moved
    run.rounds[w] += 1
    run.total[w] += 1
    return moved * run.pace[w] / (1.0 - run.pace[w])
