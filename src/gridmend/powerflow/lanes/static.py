"""A series with static control, solved in lanes: blocks of steps, cut and mended.

Positions carry over from step to step, so lanes of different blocks begin from positions that
are guessed. When all have run, each block whose guess was wrong is run again from where the one
before it truly ended, until it meets what is known: from there on both are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.powerflow import simd
from gridmend.powerflow.controls.queue import places
from gridmend.powerflow.controls.static import ROUNDS
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.lanes import measure as lane_measure
from gridmend.powerflow.lanes.beginnings import STRIDE, WINDOW, Positions, carried, swings
from gridmend.powerflow.lanes.drive import drive
from gridmend.powerflow.lanes.glance import can_glance
from gridmend.powerflow.lanes.layout import Packed
from gridmend.powerflow.lanes.progress import Gathered, Moves, Run, Task, Trail

_SOLVES = 40
_LEAST_BLOCK, _SMALL = 24, 8
"""Rounds that a solve may take, steps that a block has at least, and what part of all are small
ones."""

_MOST_DOUBTED = 0.05
"""Of how many steps may be beside a jump, for lanes to be worth while."""

_ROUGH_PU = 1e-4
"""How exact the voltages of that run are."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What lanes need beside the network's layout: its controls, the `probes` and `moves` that
    these make, where the devices stand at the `base`, and each step's `factors` [profiles, steps],
    `level` [steps] of demand and `hour` [steps] of the day; whether legs `jump`."""

    laid: Packed
    controls: Controls
    probes: Any
    moves: Moves
    base: Positions
    factors: Floats
    level: Floats
    hour: Floats
    jump: bool
    tolerance: float


@dataclass(frozen=True)
class Job:
    """Steps to run from positions."""

    first: int
    last: int
    begin: Positions


Alone = Callable[[int, Positions], tuple[Positions, bool]]
"""Settles one step from positions by itself: where it ends, and whether it came to rest."""


def follow(
    plan: Plan, begin: Positions, alone: Alone, *, threads: int, keep_voltages: bool
) -> Trail | None:
    """All steps from the controls' positions before the first.

    A step that no lane can settle, or settles beside a jump of a load, is settled by `alone`; its
    rounds are -1. None where that would be many.
    """
    # where power jumps many blocks begin from a wrong guess, the more the more there are
    edges = blocks(len(plan.level), threads, alike=plan.jump)
    began = _piloted(plan, begin, edges, threads)
    trail = _empty(plan, keep_voltages=keep_voltages)
    dirty = list(range(len(edges)))
    while dirty:
        jobs = left = [Job(*edges[k], began.of(k)) for k in dirty]
        while left:
            _finish(plan, trail, left, alone, threads)
            if np.count_nonzero(trail.out[10]) > _MOST_DOUBTED * len(plan.level):
                return None
            left = _doubted(trail, jobs, alone)
        truly = carried(trail, edges, began)
        dirty = np.flatnonzero(~truly.same(began)).tolist()
        began = truly
    return trail


def _piloted(plan: Plan, begin: Positions, edges: list[tuple[int, int]], threads: int) -> Positions:
    """Where each block is likely to begin, by a run over a few of the steps.

    After the first block all begin at the base, and so does what follows a step that no lane
    can settle.
    """
    began = plan.base.times(len(edges))
    began.tap[0], began.on[0] = begin.tap, begin.on
    if len(plan.level) < WINDOW * len(edges):
        return began
    at = np.arange(0, len(plan.level), STRIDE) if plan.jump else swings(plan.level, edges)
    factors = np.take(plan.factors, at, axis=1)
    factors.flags.writeable = False
    few = replace(
        plan, tolerance=_ROUGH_PU, factors=factors, level=plan.level[at], hour=plan.hour[at]
    )
    starts = np.searchsorted(at, [first for first, _ in edges]).tolist()
    some = list(pairwise([*starts, len(at)]))
    trail = _empty(few, keep_voltages=False)
    jobs = [Job(*edge, began.of(k)) for k, edge in enumerate(some)]

    def passed_over(step: int, at: Positions) -> tuple[Positions, bool]:
        return plan.base, True

    _finish(few, trail, jobs, passed_over, threads)
    return carried(trail, some, began)


def _finish(plan: Plan, trail: Trail, jobs: list[Job], alone: Alone, threads: int) -> None:
    """Run jobs to their ends, settling alone what no lane can."""
    while jobs:
        stuck = _run(plan, trail, jobs, threads)
        jobs = _past(trail, jobs, stuck, alone)


def _doubted(trail: Trail, jobs: list[Job], alone: Alone) -> list[Job]:
    """Settle alone what lanes settled beside a jump; what to run anew where that ends elsewhere."""
    rest: list[Job] = []
    for job in jobs if trail.out[10].any() else ():
        span = slice(job.first, job.last)
        beside = (trail.out[10, span] != 0) & (trail.rounds[span] > 0)
        for step in (job.first + np.flatnonzero(beside)).tolist():
            before = Positions.after(trail, step - 1) if step > job.first else job.begin
            in_lane = Positions.after(trail, step)
            end, quiet = alone(step, before)
            trail.tap[step], trail.on[step] = end.tap, end.on
            trail.quiet[step], trail.rounds[step] = quiet, -1
            if not end.same(in_lane) and step + 1 < job.last:
                rest.append(Job(step + 1, job.last, end))
                break
    return rest


def _past(trail: Trail, jobs: list[Job], stuck: list[int], alone: Alone) -> list[Job]:
    """Settle the steps at which jobs were stuck; what is left of these jobs."""
    rest: list[Job] = []
    for job, step in zip(jobs, stuck, strict=True):
        if step < 0:
            continue
        before = Positions.after(trail, step - 1) if step > job.first else job.begin
        end, quiet = alone(step, before)
        met = trail.known[step] and end.same(Positions.after(trail, step))
        trail.tap[step], trail.on[step] = end.tap, end.on
        trail.known[step], trail.quiet[step], trail.rounds[step] = 1, quiet, -1
        if not met and step + 1 < job.last:
            rest.append(Job(step + 1, job.last, end))
    return rest


def _empty(plan: Plan, *, keep_voltages: bool) -> Trail:
    """Nothing known."""
    steps, rows = len(plan.level), len(plan.laid.node)
    return Trail(
        known=np.zeros(steps, np.int64),
        tap=np.zeros((steps, len(plan.controls.windings))),
        on=np.zeros((steps, len(plan.controls.banks)), np.int64),
        quiet=np.zeros(steps, np.bool_),
        rounds=np.zeros(steps, np.int64),
        out=np.zeros((lane_measure.ROWS, steps)),
        stopped=np.empty(0, np.int64),
        voltages=np.zeros((steps if keep_voltages else 0, rows * 2)),
    )


def blocks(steps: int, threads: int, *, alike: bool) -> list[tuple[int, int]]:
    """Steps in as many blocks as there are lanes, unless they would be short; and as many small
    ones, with which lanes go on that are done before the others, unless all are to be `alike`."""
    count = max(1, min(simd.lanes_of(np.float64) * threads, steps // _LEAST_BLOCK))
    small = steps // _SMALL
    first = steps if alike or small < _LEAST_BLOCK * count else steps - small
    edges = [first * k // count for k in range(count)]
    edges += [first + small * k // count for k in range(count)] if first < steps else []
    return list(pairwise([*edges, steps]))


def _run(plan: Plan, trail: Trail, jobs: list[Job], threads: int) -> list[int]:
    """Run jobs in lanes; for each the step at which it was stuck, -1 for none."""
    shared = [jobs[k::threads] for k in range(min(threads, len(jobs)))]
    run = partial(_run_one, plan, trail)
    if len(shared) == 1:
        stuck = [run(shared[0])]
    else:
        with ThreadPoolExecutor(max(len(shared), 1)) as pool:
            stuck = list(pool.map(run, shared))
    found = [-1] * len(jobs)
    for k, part in enumerate(stuck):
        found[k::threads] = part.tolist()
    return found


def _run_one(plan: Plan, trail: Trail, jobs: list[Job]) -> Ints:
    """One thread's jobs in one vector of lanes."""
    laid, controls = plan.laid, plan.controls
    kind = laid.kind
    lanes = simd.lanes_of(kind)
    regulators, banks = controls.regulators, controls.bank_controls
    profiles, ties = len(plan.factors), len(plan.moves.tie_tap)
    task = Task(
        first=np.array([j.first for j in jobs], np.int64),
        last=np.array([j.last for j in jobs], np.int64),
        begin_tap=np.array([j.begin.tap for j in jobs], float).reshape(len(jobs), -1),
        begin_on=np.array([j.begin.on for j in jobs], np.int64).reshape(len(jobs), -1),
        factors=plan.factors,
        hour=plan.hour,
        tolerance=plan.tolerance,
        rounds=_SOLVES,
        looks=ROUNDS,
        learns=not plan.jump,
    )
    whole = partial(np.zeros, lanes, np.int64)
    rows = len(laid.node)
    drive(
        *laid.tables, laid.start, laid.watched, regulators, banks, plan.probes,
        can_glance(regulators), plan.moves,
        places(len(controls.windings), len(controls.banks), len(regulators.tap), len(banks.bank),
               lanes),
        Run(
            job=np.full(lanes, -1), step=whole(), rounds=whole(), total=whole(), looks=whole(),
            verdict=whole(), fresh=whole(), pace=np.zeros(lanes), before=np.zeros(lanes),
            first=np.zeros(2 * lanes), next=np.zeros(1, np.int64), lane=whole(),
        ),
        Gathered(
            x=simd.aligned(rows * 2 * lanes, kind),
            factors=simd.aligned(profiles * lanes, kind),
            ratio=np.ones(ties * lanes, kind), step=whole(), many=np.zeros(1, np.int64),
            lane=whole(), waits=np.zeros(1, np.int64),
        ),
        task, trail._replace(stopped=(stopped := np.full(len(jobs), -1))),
        simd.aligned(rows * 2 * lanes, kind),
    )  # fmt: skip
    return stopped
