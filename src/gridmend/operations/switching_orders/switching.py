"""The order of the switching: load goes over first, nobody interrupted where that is possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Action, Refusal, Step
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders.target import Target
from gridmend.operations.switching_orders.walk import Walk, taken
from gridmend.operations.switching_orders.zone import BREAKING

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

DROPS_MOST = 6
"""Devices towards the source that are tried to take the load off one that cannot break it."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step of the switching. `loop`: it closes a loop, under a leave; `drops` names the device
    that it lets open or close without load."""

    step: Step
    loop: bool = False
    drops: str = ""


@dataclass(frozen=True, eq=False)
class Switching:
    """Moves that the interlock allows, in order, and what stands after them.

    `refusal` is why it goes no further, None where it leads all the way; `stuck` [rows] are the
    devices to open that could not be. `interrupted` [loads] have supply before and after, and not
    in between.
    """

    moves: tuple[Move, ...]
    walk: Walk
    interrupted: Flags
    refusal: Refusal | None = None
    stuck: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class _State:
    """What is left to move, and what has been done."""

    walk: Walk
    moves: tuple[Move, ...]
    to_close: tuple[int, ...]
    to_open: tuple[int, ...]
    interrupted: Flags


def switching_of(walk: Walk, target: Target) -> Switching:
    """Moves from what stands to a target, each allowed by the interlock at the walk's demand.

    First whatever interrupts nobody who is to keep supply: a tie closed and another switch of the
    loop opened (make before break), a dead piece fed, the zone cut off. Then, where no such move
    is left, the opening that interrupts the fewest, to be fed again at once (break before
    make). A device that cannot break its load is opened while one nearer to the source is open.
    """
    loads = walk.supplied()
    keep = loads & _finally(walk, target)
    depth = _depth(walk)
    to_open = sorted(target.to_open, key=lambda k: (-depth[k], k))
    state = _State(walk, (), target.to_close, tuple(to_open), np.zeros(len(loads), bool))
    while state.to_close or state.to_open:
        found, refused = _next(state, keep)
        if found is None:
            return Switching(state.moves, state.walk, state.interrupted, refused, state.to_open)
        lost = keep & ~found.walk.supplied()
        state = _State(
            found.walk, found.moves, found.to_close, found.to_open,
            state.interrupted | found.interrupted | lost,
        )  # fmt: skip
    return Switching(state.moves, state.walk, state.interrupted)


def _next(state: _State, keep: Flags) -> tuple[_State | None, Refusal | None]:
    """The state after the best next move or pair of moves, or why none is allowed."""
    refused: list[Refusal] = []
    for candidates in (_pairs, _unloaded, _feeding, _cutting, _breaking):
        for moves in candidates(state, keep):
            then = _after(state, moves, keep, refused)
            if then is not None:
                return then, None
    for row in _by_fewest(state, keep):
        then = _dropped(state, row, keep)
        if then is not None:
            return then, None
    # What was refused last is nearest to what must be done at all.
    return None, refused[-1] if refused else None


def _pairs(state: _State, keep: Flags) -> Iterator[tuple[Step, ...]]:
    """A tie closed between two live parts, and a switch opened so that no loop is left."""
    for close, opening in product(state.to_close, state.to_open):
        snapshot = _with(state, close, is_open=False)
        if not _is_live(state, close) or not _keeps(state, snapshot, keep):
            continue
        name = _name(state, opening)
        then = snapshot.with_switch(state.walk.bench.site.grid, name, is_open=True)
        if _keeps(state, then, keep) and _is_needed(state, then, close):
            yield _close(state, close), _open(state, opening)


def _unloaded(state: _State, keep: Flags) -> Iterator[tuple[Step, ...]]:
    """A switch opened that breaks no load, while it is dead: before anything feeds it again."""
    kinds = state.walk.bench.site.grid.switches["interrupts"]
    for opening in state.to_open:
        if kinds[opening] not in BREAKING and not _feeds(state, opening):
            yield (_open(state, opening),)


def _feeding(state: _State, keep: Flags) -> Iterator[tuple[Step, ...]]:
    """A tie closed that makes no loop: what it feeds is dead."""
    for close in state.to_close:
        if not _is_live(state, close) and _feeds(state, close):
            yield (_close(state, close),)
    if not state.to_open:
        for close in state.to_close:
            yield (_close(state, close),)


def _cutting(state: _State, keep: Flags) -> Iterator[tuple[Step, ...]]:
    """A switch opened that interrupts nobody who is to keep supply."""
    for opening in state.to_open:
        if _keeps(state, _with(state, opening, is_open=True), keep):
            yield (_open(state, opening),)


def _breaking(state: _State, keep: Flags) -> Iterator[tuple[Step, ...]]:
    """A switch opened that interrupts somebody, the fewest first."""
    for opening in _by_fewest(state, keep):
        yield (_open(state, opening),)


def _by_fewest(state: _State, keep: Flags) -> list[int]:
    def lost(opening: int) -> int:
        return int((keep & ~_supplied(state, _with(state, opening, is_open=True))).sum())

    return sorted(state.to_open, key=lost)


def _dropped(state: _State, row: int, keep: Flags) -> _State | None:
    """A device opened without load: one nearer to the source that breaks load is opened first
    and closed again after."""
    walk = state.walk
    topology, switches = walk.bench.site.topology, walk.bench.site.grid.switches
    if switches["interrupts"][row] in BREAKING:
        return None
    w, tried_ = topology.wiring, 0
    for branch in topology.up(walk.snapshot, f"switch.{_name(state, row)}").tolist():
        if w.branch_table[branch] != "switches":
            continue
        at = int(w.branch_row[branch])
        if switches["interrupts"][at] not in BREAKING or at in state.to_open:
            continue
        steps = (_open(state, at), _open(state, row), _close(state, at))
        then = _after(state, steps, keep, [], drops=_name(state, row))
        if then is not None:
            return then
        tried_ += 1
        if tried_ >= DROPS_MOST:
            break
    return None


def _after(
    state: _State, steps: Sequence[Step], keep: Flags, refused: list[Refusal], *, drops: str = ""
) -> _State | None:
    """The state once steps are taken; None where one is refused, which is noted."""
    walk, moves, interrupted = state.walk, list(state.moves), state.interrupted
    for step in steps:
        walk, refusal, loop = taken(walk, step)
        if refusal is not None:
            refused.append(refusal)
            return None
        helps = drops if drops and step.device != drops else ""
        moves.append(Move(step, loop, helps))
        interrupted = interrupted | (keep & ~walk.supplied())
    names = {step.device for step in steps}
    grid = walk.bench.site.grid
    left = [
        tuple(k for k in rows if str(grid.switches["name"][k]) not in names)
        for rows in (state.to_close, state.to_open)
    ]
    return _State(walk, tuple(moves), left[0], left[1], interrupted)


def _finally(walk: Walk, target: Target) -> Flags:
    """[loads] who has supply in the target."""
    topology, names = walk.bench.site.topology, walk.bench.site.grid.switches["name"]
    moves = {str(names[k]): True for k in target.to_open}
    moves |= {str(names[k]): False for k in target.to_close}
    snapshot = walk.snapshot.with_switches(walk.bench.site.grid, moves)
    return topology.supplied(topology.energised(snapshot))


def _depth(walk: Walk) -> Ints:
    """[switches] how far from its source each is, in the order in which supply spreads."""
    topology = walk.bench.site.topology
    reached, _ = topology.from_sources(topology.closed(walk.snapshot), walk.snapshot.source_on)
    place = np.zeros(len(reached.tree), np.int64)
    place[reached.order] = np.arange(len(reached.order))
    found = np.zeros(len(topology.grid.switches), np.int64)
    for row, (one, other) in enumerate(walk.bench.site.ends):
        found[row] = max(place[one].max(initial=0), place[other].max(initial=0))
    return found


def _with(state: _State, row: int, *, is_open: bool) -> Snapshot:
    grid = state.walk.bench.site.grid
    return state.walk.snapshot.with_switch(grid, _name(state, row), is_open=is_open)


def _supplied(state: _State, snapshot: Snapshot) -> Flags:
    topology = state.walk.bench.site.topology
    return topology.supplied(topology.energised(snapshot))


def _keeps(state: _State, snapshot: Snapshot, keep: Flags) -> bool:
    """Whether nobody who has supply, and is to keep it, loses it."""
    now = keep & state.walk.supplied()
    return not bool((now & ~_supplied(state, snapshot)).any())


def _is_needed(state: _State, snapshot: Snapshot, row: int) -> bool:
    """Whether something has supply through a closed switch only: it lies on no loop any more."""
    topology = state.walk.bench.site.topology
    without = snapshot.with_switch(topology.grid, _name(state, row), is_open=True)
    live, left = topology.energised(snapshot), topology.energised(without)
    return bool((live & ~left).any())


def _is_live(state: _State, row: int) -> bool:
    """Whether both sides of a switch have supply on some conductor."""
    live = state.walk.bench.site.topology.energised(state.walk.snapshot)
    one, other = state.walk.bench.site.ends[row]
    return bool((live[one] & live[other]).any())


def _feeds(state: _State, row: int) -> bool:
    """Whether one side of a switch has supply."""
    live = state.walk.bench.site.topology.energised(state.walk.snapshot)
    one, other = state.walk.bench.site.ends[row]
    return bool((live[one] | live[other]).any())


def _name(state: _State, row: int) -> str:
    return str(state.walk.bench.site.grid.switches["name"][row])


def _close(state: _State, row: int) -> Step:
    return Step(Action.CLOSE, _name(state, row), "")


def _open(state: _State, row: int) -> Step:
    return Step(Action.OPEN, _name(state, row), "")
