"""The lines of a sheet, one after the other: what is done, where, by whom, why and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, SWITCHING, Action, Step
from gridmend.operations.switching_orders.request import Request
from gridmend.operations.switching_orders.sheet import BEFORE, Line, Phase
from gridmend.operations.switching_orders.switching import Move
from gridmend.operations.switching_orders.zone import Zone

ROOM = "control room"
TEST = "test dead"
WORK = "work"

_BACK = {Action.OPEN: Action.CLOSE, Action.CLOSE: Action.OPEN}


@dataclass(frozen=True, slots=True)
class Durations:
    """How long a line takes [min]: assumptions, to be replaced by a utility's own figures."""

    remote_min: float = 2.0
    by_hand_min: float = 15.0
    test_min: float = 5.0
    tag_min: float = 5.0
    ground_min: float = 10.0
    clearance_min: float = 5.0


def lines_of(
    grid: Grid, request: Request, zone: Zone, moves: Sequence[Move], durations: Durations
) -> tuple[Line, ...]:
    """Every line from the first transfer to the last, with planned times and no figures yet.

    The switching is undone in reverse. Grounds stand before the clearance is issued and are
    removed before it is released, since the kernel releases none while they stand.
    """
    there = [_moved(grid, zone, move) for move in moves]
    safe = _made_safe(grid, request, zone)
    middle = [_line(Phase.WORK, WORK, ", ".join(zone.elements), request.reason or "the work")]
    undone = [_undone(line) for line in reversed(safe) if line.step is not None]
    given = [line for line in undone if line.what in _GIVEN_BACK]
    given.sort(key=lambda line: _GIVEN_BACK.index(line.what))
    freed = [line for line in undone if line.step and line.step.action in MOVES]
    back = [replace(line, phase=Phase.RESTORE) for line in freed]
    back += [_moved_back(grid, zone, move) for move in reversed(moves)]
    switched_off = [line for line in safe if line.step and line.step.action in MOVES]
    safe = [line for line in safe if line not in switched_off]
    ordered = [*there, *switched_off, *safe, *middle, *given, *back]
    return timed(grid, request, placed(grid, request, ordered, zone.points), durations)


def _moved(grid: Grid, zone: Zone, move: Move) -> Line:
    step, row = move.step, grid.switches.row(move.step.device)
    opens = step.action is Action.OPEN
    phase = Phase.ISOLATE if opens and row in (*zone.points, *zone.breaking) else Phase.TRANSFER
    for_work = ", ".join(zone.elements)
    if move.drops:
        verb = "takes the load off" if opens else "feeds again, now that it is open, up to"
        why = f"{verb} {move.drops}, which does not break load"
        phase = Phase.ISOLATE
    elif phase is Phase.ISOLATE and row in zone.breaking:
        why = f"breaks the load of {for_work}"
    elif phase is Phase.ISOLATE:
        why = f"isolates {for_work}"
    elif opens:
        why = "opens the way that fed it before"
    elif move.loop:
        why = "takes the load over: a loop for a moment"
    else:
        why = "takes the load over from its other side"
    line = _line(phase, step.action.value, step.device, why, replace(step, why=why))
    return replace(line, loop=move.loop)


def _moved_back(grid: Grid, zone: Zone, move: Move) -> Line:
    """The opposite of a move. Closing back closes the loop for a moment where opening left it."""
    row = grid.switches.row(move.step.device)
    action = _BACK[move.step.action]
    closes = action is Action.CLOSE
    if move.drops:
        why = f"lets {move.drops} close without load" if not closes else "feeds what lies behind"
    elif closes:
        why = "back to where it stood before the work"
        if row in (*zone.points, *zone.breaking):
            why = "feeds back what was isolated"
    else:
        why = "opens the tie again: the normal way feeds"
    step = Step(action, move.step.device, why)
    return _line(Phase.RESTORE, action.value, step.device, why, step)


def _made_safe(grid: Grid, request: Request, zone: Zone) -> list[Line]:
    """DER off, proof, tags, grounds, clearances; in this order."""
    names = grid.switches.texts("name")
    found: list[Line] = []
    for der in zone.ders:
        why = "may feed the zone: off and disconnected at its own switch"
        step = Step(Action.SET_POWER, der, why, value=0.0)
        found.append(_line(Phase.ISOLATE, "switch off", der, why, step))
    for bus, _ in zone.grounds:
        why = "every conductor, tester proved"
        found.append(_line(Phase.MAKE_SAFE, TEST, f"bus.{bus}", why))
    guarded = [names[row] for row in zone.points] + list(zone.ders)
    for number, device in enumerate(guarded, 1):
        row = grid.switches.index.get(device.lower())
        why = "nobody operates it before the tag is lifted"
        if row is None:
            why = "nobody connects it before the tag is lifted"
        step = Step(Action.TAG, device, why, mark=f"t{number}", kind="hold")
        found.append(_line(Phase.MAKE_SAFE, "tag", device, why, step))
    if request.grounds:
        for number, (bus, _) in enumerate(zone.grounds, 1):
            why = "every conductor, between work and supply"
            step = Step(Action.GROUND, bus, why, mark=f"g{number}")
            found.append(_line(Phase.MAKE_SAFE, "ground", f"bus.{bus}", why, step))
    for part in range(zone.parts):
        bus = _a_bus(grid, zone, part)
        why = f"the zone around {bus} is handed to whoever works"
        step = Step(Action.CLEAR, bus, why, mark=f"c{part + 1}")
        found.append(_line(Phase.MAKE_SAFE, "clear", f"bus.{bus}", why, step))
    return found


_UNDONE = {
    Action.TAG: (Action.UNTAG, "untag", "nothing stands in the zone any more"),
    Action.GROUND: (Action.UNGROUND, "unground", "work is done, everybody is away"),
    Action.CLEAR: (Action.RELEASE, "release", "whoever worked gives the zone back"),
}


_GIVEN_BACK = ("unground", "release", "untag")
"""In this order: the kernel releases no clearance while a ground stands in its zone."""


def _undone(line: Line) -> Line:
    """The line that takes back what another did."""
    step = line.step
    assert step is not None
    if step.action is Action.SET_POWER:
        why = "may give again what it gives; it returns by itself once it has voltage"
        back = Step(Action.SET_POWER, step.device, why, value=None)
        return replace(line, phase=Phase.RESTORE, what="free", why=why, step=back)
    action, what, why = _UNDONE[step.action]
    back = Step(action, step.device, why, mark=step.mark, kind="")
    return replace(line, phase=Phase.GIVE_BACK, what=what, why=why, step=back)


def _a_bus(grid: Grid, zone: Zone, part: int) -> str:
    """A bus by which a part of the zone is known: earthed if there is one."""
    earthed = [bus for bus, of in zone.grounds if of == part]
    return earthed[0] if earthed else str(grid.buses["name"][zone.of_bus == part][0])


def placed(
    grid: Grid, request: Request, lines: Sequence[Line], points: Sequence[int]
) -> list[Line]:
    """Lines with where each device stands and who goes there: the control room where it is remote,
    else a crew, one a side where several are named."""
    found: list[Line] = []
    for line in lines:
        row, by = grid.switches.index.get(line.device.lower()), ""
        place = (
            "" if row is None else f"{grid.switches['bus1'][row]} – {grid.switches['bus2'][row]}"
        )
        action = line.step.action if line.step is not None else None
        is_remote = row is not None and bool(grid.switches.flags("remote")[row])
        if action in (Action.CLEAR, Action.RELEASE) or (is_remote and action in SWITCHING):
            by = ROOM
        if line.device.startswith("bus."):
            place = _beside(grid, points, line.device.removeprefix("bus."))
        here = {line.device.removeprefix("bus."), line.device, *place.split(" – ")}
        found.append(replace(line, place=place, by=by or _crew(request, grid, points, here)))
    return found


def _beside(grid: Grid, points: Sequence[int], bus: str) -> str:
    """Which devices around the zone stand at a bus."""
    beside = [
        str(grid.switches["name"][row])
        for row in points
        if bus.lower() in (str(grid.switches[end][row]).lower() for end in ("bus1", "bus2"))
    ]
    return f"inside of {' and '.join(beside)}" if beside else "in the zone"


def timed(
    grid: Grid, request: Request, lines: Sequence[Line], durations: Durations
) -> tuple[Line, ...]:
    """Lines numbered, and with the time at which each is begun: those before the work from the
    start of the window on, those after it so that the last ends with the window. Several crews
    share what is done at every device."""
    remote = grid.switches.flags("remote")

    def minutes(line: Line) -> float:
        step = line.step
        if line.what == TEST:
            return durations.test_min
        if step is None:
            return 0.0
        if step.action in SWITCHING:
            is_remote = bool(remote[grid.switches.row(step.device)])
            return durations.remote_min if is_remote else durations.by_hand_min
        if step.action in (Action.GROUND, Action.UNGROUND):
            return durations.ground_min
        if step.action in (Action.CLEAR, Action.RELEASE):
            return durations.clearance_min
        return durations.tag_min

    def shared(line: Line) -> float:
        several = line.what in (TEST, "tag", "ground", "unground", "untag")
        return minutes(line) / (len(request.crews) or 1) if several else minutes(line)

    taken = [timedelta(minutes=shared(line)) for line in lines]
    work = next(k for k, line in enumerate(lines) if line.phase is Phase.WORK)
    begun: list[datetime] = []
    now = request.begin
    for took in taken[: work + 1]:
        begun.append(now)
        now += took
    now = request.end - sum(taken[work + 1 :], timedelta())
    for took in taken[work + 1 :]:
        begun.append(now)
        now += took
    return tuple(
        replace(line, number=k, at=at)
        for k, (line, at) in enumerate(zip(lines, begun, strict=True), 1)
    )


def work_window(lines: Sequence[Line]) -> tuple[datetime, datetime]:
    """From when to when people work; the second is before the first where no time is left."""
    work = next(line for line in lines if line.phase is Phase.WORK)
    after = next(line for line in lines if line.phase not in (*BEFORE, Phase.WORK))
    return work.at, after.at


def _crew(request: Request, grid: Grid, points: Sequence[int], here: set[str]) -> str:
    """Who goes to a place that is known by these names."""
    if not request.crews:
        return "crew"
    for number, row in enumerate(points):
        if here & {str(grid.switches[c][row]) for c in ("name", "bus1", "bus2")}:
            return request.crews[number % len(request.crews)]
    return request.crews[0]


def _line(phase: Phase, what: str, device: str, why: str, step: Step | None = None) -> Line:
    return Line(0, phase, what, device, why, datetime.min, step=step)
