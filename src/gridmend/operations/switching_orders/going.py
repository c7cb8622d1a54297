"""A sheet's lines gone through from first to last: what each leads to, and what forbids one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.electric import look_ahead
from gridmend.interlock.limits import Reading
from gridmend.model.customers import customer_counts
from gridmend.model.deed import subject
from gridmend.model.plan import Action, Refusal, Violation
from gridmend.operations.switching_orders.sheet import Hardest, Line, Phase
from gridmend.operations.switching_orders.walk import Walk, at, taken, walk_of

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gone:
    """What going through lines came to.

    `lines` are those that are allowed, with their figures; `problem` and `refusal` say what
    forbids the next, or what stands against the work. `out` [loads] are without supply during the
    work, and `interrupted` at any time. `zones` are the buses under each clearance.
    """

    lines: tuple[Line, ...]
    out: Flags
    interrupted: Flags
    customer_minutes: float
    hardest: Hardest | None
    unknown: tuple[str, ...]
    zones: dict[str, tuple[str, ...]]
    problem: str = ""
    refusal: Refusal | None = None
    after: dict[str, bool] | None = None
    left: tuple[str, ...] = ()
    """Tags, grounds and clearances that still stand after the last line."""
    accepted: tuple[Violation, ...] = ()
    """Beyond a limit before the first line already."""
    broken_at: datetime | None = None
    """The hour at which what stands during the work would break a limit."""


def going_through(walk: Walk, lines: Sequence[Line]) -> Gone:
    """Take every line at its own time and demand, from the positions that `walk` began with.

    Raises `GridmendError` where a line's device is not there.
    """
    grid = walk.bench.site.grid
    cold = walk.pickup.cold if walk.pickup is not None else None
    here = walk_of(walk.bench, walk.forecast, lines[0].at, by=walk.by, loops=walk.loops, cold=cold)
    first = here
    had, counts = here.supplied(), customer_counts(grid)
    out = interrupted = np.zeros(len(had), bool)
    told: list[Line] = []
    zones: dict[str, tuple[str, ...]] = {}
    minutes, refusal, during, problem = 0.0, None, None, ""
    for number, written in enumerate(lines):
        here = at(here, written.at)
        line = _freed(here, written)
        loop = False
        if line.step is not None:
            here, refusal, loop = taken(here, line.step)
        if refusal is not None:
            refusal = replace(refusal, step=line.number)
            problem = f"line {line.number}, {line.what} {line.device}: {refusal.why}"
            break
        lost = had & ~here.supplied()
        interrupted = interrupted | lost
        if line.step is not None and line.step.action is Action.CLEAR:
            zones[line.step.mark] = here.situation.clearances[line.step.mark].buses
        if line.phase is Phase.WORK:
            out, during = lost, here
        told.append(_with_figures(here, line, int(counts[lost].sum()), loop))
        following = lines[number + 1].at if number + 1 < len(lines) else line.at
        lasts_min = max(0.0, (following - line.at).total_seconds() / 60)
        minutes += float(counts[lost].sum()) * lasts_min
    hardest, worse = None, ""
    if during is not None:
        hardest, worse = _steady(during, lines)
    unknown = dict.fromkeys((*first.reading.unknown, *here.reading.unknown))
    if during is not None:
        unknown |= dict.fromkeys(during.reading.unknown)
    return Gone(
        tuple(told), out, interrupted, minutes, hardest, tuple(unknown), zones,
        problem or worse, refusal, _changed(first, here) if not problem else None,
        (*here.situation.tags, *here.situation.grounds, *here.situation.clearances),
        first.accepted,
        hardest.at if hardest is not None and worse else None,
    )  # fmt: skip


def _freed(walk: Walk, line: Line) -> Line:
    """A DER that is let free again, with the power that is expected of it then."""
    step = line.step
    if step is None or step.action is not Action.SET_POWER or step.value is not None:
        return line
    key = subject(walk.bench.site.grid, step)
    power_kw = walk.demand.power_kw(walk.bench.site.grid, key)
    # What gives nothing at this hour is free as soon as its tag is lifted.
    return replace(line, step=replace(step, value=power_kw) if power_kw else None)


def _with_figures(walk: Walk, line: Line, customers: int, loop: bool) -> Line:
    reading: Reading = walk.reading
    live = bool(walk.flow.energised.any())
    return replace(
        line,
        customers_out=customers,
        v_min_pu=reading.v_min_pu if live else None,
        loading_max_pct=reading.loading_max_pct if live else None,
        most_loaded=reading.most_loaded if live else "",
        loop=loop,
    )


def _steady(walk: Walk, lines: Sequence[Line]) -> tuple[Hardest | None, str]:
    """The hour of the window that is nearest to a limit during the work, and why the work is not
    possible at some hour; empty where it is."""
    begin, end = lines[0].at, max(line.at for line in lines)
    limits = walk.bench.limits
    found: list[tuple[float, Hardest]] = []
    for when, _ in walk.forecast.during(begin, max(begin, end)):
        here = at(walk, when)
        reading = here.reading
        if not here.flow.energised.any():
            continue
        why = look_ahead(here.flow, here.accepted, reading, limits)
        if why is not None:
            return _hardest(when, reading), f"during the work, at {when:%Y-%m-%d %H:%M} UTC: {why}"
        near = max(
            (reading.loading_max_pct or 0.0) / limits.loading_pct,
            limits.v_low_pu / (reading.v_min_pu or 1.0),
        )
        found.append((near, _hardest(when, reading)))
    return (max(found, key=lambda one: one[0])[1] if found else None), ""


def _hardest(when: datetime, reading: Reading) -> Hardest:
    return Hardest(when, reading.v_min_pu, reading.loading_max_pct, reading.most_loaded)


def _changed(first: Walk, last: Walk) -> dict[str, bool]:
    """Switches that stand otherwise than at the start, and whether each is open."""
    was, now = first.snapshot.open_phases, last.snapshot.open_phases
    names = first.bench.site.grid.switches.texts("name")
    return {names[k]: bool(now[k]) for k in np.flatnonzero(was != now).tolist()}
