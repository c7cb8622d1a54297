"""A request made into a sheet: isolation, transfers, grounds, tags, clearance, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.check import Bench
from gridmend.interlock.electric import Solver
from gridmend.interlock.limits import Limits
from gridmend.interlock.move import By
from gridmend.model.customers import customer_counts
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.switching_orders.digest import digest_of
from gridmend.operations.switching_orders.forecast import Forecast
from gridmend.operations.switching_orders.judging import judged
from gridmend.operations.switching_orders.lines import Durations, lines_of
from gridmend.operations.switching_orders.request import Request, checked
from gridmend.operations.switching_orders.sheet import Sheet
from gridmend.operations.switching_orders.switching import Switching, switching_of
from gridmend.operations.switching_orders.target import Target, targets_of
from gridmend.operations.switching_orders.walk import Walk, walk_of
from gridmend.operations.switching_orders.zone import Zone, zone_of
from gridmend.powerflow.network import Network

Flags = NDArray[np.bool_]

ROUNDS_MOST = 20
"""How often a zone goes on to the next device, where one cannot be opened."""


HOURS_MOST = 4
"""Hours at which a way is sought, where the one of the hardest hour does not hold at another."""


@dataclass(frozen=True, eq=False)
class _Draft:
    """What was found for a request, before its lines are written."""

    zone: Zone
    target: Target
    switching: Switching


def draft(
    grid: Grid,
    demand: Snapshot | Series,
    request: Request,
    *,
    now: datetime | None = None,
    durations: Durations | None = None,
    limits: Limits | None = None,
    cold: ColdLoad | None = None,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
) -> Sheet:
    """Draft the switching order for a request, and judge it by the interlock line by line.

    The zone reaches on every side to the nearest device that can be opened, past which a source or
    DER could feed. Customers beyond it go over to other feeders: first those whom a loop, closed
    for a moment, spares any interruption. Then the zone is cut off, DER in it are disconnected,
    every bus is tested, every device tagged, grounds placed, the clearance issued; and all of it
    undone in reverse. The order of the switching is sought at the hardest hour of the window;
    each line is then judged at the demand of its own time, and what stands during the work at
    every step of the series. What was beyond a limit before is not held against the sheet.

    Parameters
    ----------
    demand
        Positions and demand before the work: one snapshot for the whole window, or a series
        that covers it.
    now
        The time at which it is drafted; without it a window may be past.
    cold
        What loads draw beyond their usual demand once they come back; not looked at without it.

    Returns
    -------
    Sheet
        `problem` says why where the request cannot be met; what is known by then is in it.

    Raises
    ------
    GridmendError
        Where an element is not there or is out of service, the window is none, or the series
        does not cover it.
    """
    request = checked(request, grid, now)
    forecast = Forecast(demand)
    _ = forecast.during(request.begin, request.end)
    bench = Bench.of(grid, network=network, topology=topology, limits=limits)
    blank = Sheet(
        network=grid.name, request=request, lines=(), demand=forecast.words(cold),
        customers=int(customer_counts(grid).sum()),
        digest=digest_of(grid, demand, request, durations, limits, cold),
    )  # fmt: skip
    by = By(request.who.strip(), "study")
    hour, _ = forecast.worst(request.begin, request.end)
    for _ in range(HOURS_MOST):
        begun = walk_of(bench, forecast, hour, by=by, loops=request.loops, cold=cold)
        sheet, broken_at = _at_hour(blank, begun, durations or Durations())
        if broken_at is None or broken_at == hour:
            break
        hour = broken_at
    return sheet


def _at_hour(blank: Sheet, walk: Walk, durations: Durations) -> tuple[Sheet, datetime | None]:
    """The sheet whose way is sought at the demand of a walk that begins; and the hour at which it
    does not hold, if there is one."""
    grid, request = walk.bench.site.grid, blank.request
    if not walk.flow.converged and walk.flow.energised.any():
        return replace(blank, problem=(
            "the power flow before the work does not converge: mismatch"
            f" {walk.flow.mismatch_pu:.3g} pu, worst at bus {walk.flow.worst_bus}"
        )), None  # fmt: skip
    found = _found(walk, request.elements)
    sheet = _known(blank, grid, found.zone, found.target)
    problem = _why_not(found, walk)
    if problem:
        sheet = replace(sheet, refusal=found.switching.refusal, problem=problem)
    if found.zone.sources:
        return sheet, None
    lines = lines_of(grid, request, found.zone, found.switching.moves, durations)
    if problem:
        return replace(sheet, lines=lines[: len(found.switching.moves)]), None
    return judged(sheet, walk, lines)


def _found(walk: Walk, elements: Sequence[str]) -> _Draft:
    """Zone, target and moves; a device that cannot be opened is passed over for those beyond."""
    topology, grid = walk.bench.site.topology, walk.bench.site.grid
    barred: dict[int, str] = {}
    first: _Draft | None = None
    for _ in range(ROUNDS_MOST):
        zone = zone_of(topology, elements, barred=barred)
        if zone.sources and first is not None:
            return first
        none = Switching((), walk, np.zeros(len(grid.loads), bool))
        if zone.sources:
            return _Draft(zone, Target((), (), 0.0, ()), none)
        targets = targets_of(walk, zone)
        if targets[0].problem:
            return first or _Draft(zone, targets[0], none)
        target, switching = _gentlest(walk, targets)
        names = grid.switches.texts("name")
        notes = tuple(
            f"{names[row]} cannot be opened ({why}): the zone goes on beyond it"
            for row, why in barred.items()
        )
        here = _Draft(replace(zone, notes=(*notes, *zone.notes)), target, switching)
        first = first or here
        if switching.refusal is None:
            return here
        bad = [row for row in switching.stuck if row in zone.points]
        if not bad or switching.refusal.rule != "capability":
            return first
        row = next((k for k in bad if names[k] == switching.refusal.device), bad[-1])
        barred[row] = switching.refusal.why
    assert first is not None
    return first


def _gentlest(walk: Walk, targets: Sequence[Target]) -> tuple[Target, Switching]:
    """Of targets that supply equally many, the one on whose way the fewest are interrupted."""
    counts = customer_counts(walk.bench.site.grid)
    ways = [(target, switching_of(walk, target)) for target in targets]

    def burden(way: tuple[Target, Switching]) -> tuple[bool, int, int]:
        _, switching = way
        interrupted = int(counts[switching.interrupted].sum())
        return switching.refusal is not None, interrupted, len(switching.moves)

    return min(ways, key=burden)


def _unparted(zone: Zone) -> str:
    """Why a zone cannot be parted from a source in it; empty where none stands there."""
    if not zone.sources:
        return ""
    names, what = " and ".join(zone.sources), ", ".join(zone.elements)
    if what == names:
        return f"{what} is the supply itself: whoever owns it has to isolate it"
    return (
        f"no switch parts {what} from {names}: whoever owns that source has to isolate it,"
        " and this network has no device for it"
    )


def _why_not(found: _Draft, walk: Walk) -> str:
    """Why there is no way to a dead zone; empty where there is one."""
    problem = _unparted(found.zone) or found.target.problem
    refusal = found.switching.refusal
    if problem or refusal is None:
        return problem
    grid = walk.bench.site.grid
    verb = "close" if walk.snapshot.is_open(grid, refusal.device) else "open"
    problem = f"{refusal.device} cannot {verb}: {refusal.why}"
    if "not known to break load" in refusal.why:
        problem += "; where it does, say so in its column 'interrupts'"
    return problem


def _known(blank: Sheet, grid: Grid, zone: Zone, target: Target) -> Sheet:
    names = grid.switches.texts("name")
    return replace(
        blank,
        zone=zone.buses(grid),
        points=tuple(names[row] for row in zone.points),
        ders=zone.ders,
        grounds=tuple(bus for bus, _ in zone.grounds) if blank.request.grounds else (),
        gap_pct=target.gap_pct,
        left_out=target.left_out,
        notes=(*zone.notes, *_of_elements(grid, zone)),
    )


def _of_elements(grid: Grid, zone: Zone) -> list[str]:
    """What a planner may not expect of an element."""
    found: list[str] = []
    for element in zone.elements:
        kind = element.partition(".")[0]
        if kind not in ("line", "switch", "transformer", "reactor", "bus"):
            found.append(f"{element} has no device of its own here: its whole section is isolated")
        if kind == "switch":
            found.append(f"{element} is worked on, so that both of its sides are isolated")
    return found
