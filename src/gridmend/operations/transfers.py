"""Room made by moving load between healthy feeders, so that more can be restored.

A part of a healthy feeder is opened at one remote switch and at once fed from another feeder by
closing another: its customers are without supply for that moment. Every radial arrangement of all
sections, the healthy ones with the others, is ranked as ways of restoration are: those that drop
nobody first, and of these the ones with the fewest moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice, permutations

import numpy as np
from numpy.typing import NDArray

from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from gridmend.operations.arrangement import Board, burdens, is_live
from gridmend.operations.burden import Unfit
from gridmend.operations.configurations import Configuration, Merit
from gridmend.operations.trial import (
    Case,
    Found,
    Refused,
    isolating,
    merit_of,
    positions,
    restored,
    tried,
    weight_of,
)

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PARTS_MOST = 20_000
"""Parts of arrangements that are looked at."""

MOVED_MOST = 4
"""Parts of healthy feeders that one plan moves."""


@dataclass(frozen=True, eq=False)
class Transferred:
    """The best plan with transfers, if any is better, and what none that is untried exceeds."""

    found: Found | None
    refused: tuple[Refused, ...]
    bound: float


@dataclass(eq=False)
class Transferring:
    """A search for transfers that may be gone on with.

    An arrangement that burdens a source about as much as one that was refused for it, or no more
    than one of which a voltage was too high, is put aside and tried last.
    """

    case: Case
    whole: Board
    refused: list[Refused] = field(default_factory=list[Refused])
    _aside: list[tuple[Merit, int, Configuration]] = field(
        default_factory=list[tuple[Merit, int, Configuration]]
    )
    _unfit: Unfit = field(default_factory=Unfit)
    _untold: float = 0.0
    _number: int = 0

    def on(
        self, more_than: float, out_of_time: Callable[[], bool], late_most: int = PARTS_MOST
    ) -> Transferred:
        """Go on for a plan that restores more weight than `more_than`, by transfers as well;
        `late_most` of those put aside are tried."""
        case, whole = self.case, self.whole
        while not out_of_time():
            way = self._next(more_than)
            if way is None:
                break
            merit, here, is_late = way
            if is_late and not late_most:
                self._put_aside(merit, here)
                break
            late_most -= is_late
            moved = [k for k in here.to_open if is_live(case, whole, k)]
            if len(moved) > MOVED_MOST:
                self._leave_open(merit)
                continue
            if not moved:
                continue
            exact = weight_of(case, here)
            if exact + whole.every < -merit[0]:
                whole.ways.give_back((-exact - whole.every, *merit[1:]), here)
                continue
            if not is_late and self._unfit.seems(burdens(whole, here)):
                self._put_aside(merit, here)
                continue
            came = _tried(case, here, moved)
            if isinstance(came, Found):
                bound = max(-came.merit[0], self.left(-came.merit[0]))
                return Transferred(came, tuple(self.refused), bound)
            self.refused.append(came)
            if not came.is_proved:
                self._leave_open(merit)
            self._learn(came)
        return Transferred(None, tuple(self.refused), self.left(more_than))

    def _leave_open(self, merit: Merit) -> None:
        self._untold = max(self._untold, -merit[0] - self.whole.every)

    def _put_aside(self, merit: Merit, here: Configuration) -> None:
        self._number += 1
        heappush(self._aside, (merit, self._number, here))

    def _next(self, more_than: float) -> tuple[Merit, Configuration, bool] | None:
        """The next arrangement that drops nobody and may restore more; then those put aside."""
        whole = self.whole
        ahead = whole.ways.best
        if ahead is not None and -ahead[0] > whole.every + more_than:
            way = whole.ways.take(PARTS_MOST - whole.ways.parts)
            if way is not None and -way[0][0] > whole.every + more_than:
                return *way, False
            if way is not None:
                whole.ways.give_back(*way)
        while self._aside:
            merit, _, here = heappop(self._aside)
            if -merit[0] > whole.every + more_than:
                return merit, here, True
        return None

    def left(self, at_least: float) -> float:
        """The most that an arrangement restores which was not tried, or not in every order of its
        steps, and no less than that."""
        ahead = [self.whole.ways.best, self._aside[0][0] if self._aside else None]
        worth = (-merit[0] - self.whole.every for merit in ahead if merit is not None)
        return max([at_least, self._untold, *worth])

    def _learn(self, came: Refused) -> None:
        if came.worst is None:
            return
        fed_by = self.case.topology.fed_by(positions(self.case, came.configuration))
        nodes = fed_by[self.case.topology.nodes_of(came.worst.element)]
        fed = burdens(self.whole, came.configuration)
        for row in np.unique(nodes[nodes >= 0]).tolist():
            if row in fed:
                self._unfit.learn_by(row, fed[row], came.worst, came.excess)


def _tried(case: Case, here: Configuration, moved: list[int]) -> Found | Refused:
    """The way to an arrangement, whoever had supply keeping it in the end."""
    final = positions(case, here)
    topology = case.topology
    had = topology.supplied(topology.energised(case.isolation.isolated))
    if (had & ~topology.supplied(topology.energised(final))).any():
        return Refused(here, "somebody who has supply would lose it")
    merit = merit_of(case, here, float(case.weights[restored(case, final)].sum()))
    return tried(case, here, merit, sequences(case, here, moved))


def sequences(case: Case, here: Configuration, moved: list[int]) -> Iterator[tuple[Step, ...]]:
    """Steps that isolate, move one part after the other, and restore outward: all of it after the
    moves, or the first of it before them, where a part moves to what is dead until then."""
    for first in range(len(here.to_close)):
        for order in islice(permutations(moved), 6):
            steps = _sequence(case, here, order, first)
            if steps is not None:
                yield steps


def _sequence(
    case: Case, here: Configuration, moved: tuple[int, ...], first: int
) -> tuple[Step, ...] | None:
    """The same in one order; None where a part that was moved would stay without supply."""
    devices, isolation = case.devices, case.isolation
    names, remote = devices.names, devices.remote
    apart = sorted(set(here.to_open) - set(moved), key=lambda k: not remote[k])
    opening = [*isolating(case, here), *(names[k] for k in apart)]
    steps = [Step(Action.OPEN, name, "") for name in opening]
    now = devices.moved(isolation.tripped, dict.fromkeys(opening, True))
    healthy = case.topology.energised_buses(now)
    closing = sorted(here.to_close, key=lambda k: not remote[k])

    def close(switch: int) -> Snapshot:
        closing.remove(switch)
        steps.append(Step(Action.CLOSE, names[switch], ""))
        return devices.moved(now, {names[switch]: False})

    for _ in range(first):
        switch = _bringing(case, now, closing, ~healthy)
        if switch is None:
            return None
        now = close(switch)
    for switch in moved:
        now = devices.moved(now, {names[switch]: True})
        steps.append(Step(Action.OPEN, names[switch], ""))
        while not case.topology.energised_buses(now)[healthy].all():
            back = _bringing(case, now, closing, healthy)
            if back is None:
                return None
            now = close(back)
    while closing:
        switch = _bringing(case, now, closing, ~healthy)
        now = close(closing[0] if switch is None else switch)
    return tuple(steps)


def _bringing(case: Case, now: Snapshot, closing: list[int], wanted: Flags) -> int | None:
    """A switch that brings supply from a live end to a dead one [buses], which is wanted, or a
    source that brings it there."""
    grid, formers = case.topology.grid, case.devices.formers
    live = case.topology.energised_buses(now)
    for switch in closing:
        if switch in formers:
            ends = [grid.buses.row(str(grid.sources["bus"][formers[switch].source]))]
        else:
            ends = [grid.buses.row(str(grid.switches[end][switch])) for end in ("bus1", "bus2")]
        dead = [k for k in ends if not live[k]]
        if len(dead) == 1 and wanted[dead[0]]:
            return switch
    return None
