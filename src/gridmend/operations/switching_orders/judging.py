"""A sheet judged as a whole: its lines, its window, and what it costs whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from gridmend.interlock.limits import excess_pu, sentence
from gridmend.model.customers import customer_counts
from gridmend.model.plan import Action
from gridmend.operations.switching_orders.going import Gone, going_through
from gridmend.operations.switching_orders.lines import work_window
from gridmend.operations.switching_orders.sheet import Line, Sheet
from gridmend.operations.switching_orders.walk import Walk


def judged(sheet: Sheet, walk: Walk, lines: Sequence[Line]) -> tuple[Sheet, datetime | None]:
    """The sheet with its lines, each judged at its own time, and what that came to; and the hour
    at which what stands during the work would break a limit, if there is one.

    Beside the interlock's word on every line, a sheet is not feasible where its switching takes
    up the whole window, where what is worked on lies in no clearance, and where some switch does
    not come back to where it stood.
    """
    grid, request = walk.bench.site.grid, sheet.request
    gone = going_through(walk, lines)
    counts = customer_counts(grid)
    found = replace(
        sheet,
        lines=gone.lines,
        customers_out=int(counts[gone.out].sum()),
        customers_interrupted=int(counts[gone.interrupted & ~gone.out].sum()),
        customer_minutes=gone.customer_minutes,
        hardest=gone.hardest,
        unknown=gone.unknown,
        problem=gone.problem or _unsafe(walk, gone, sheet) or _no_time(sheet, lines),
        refusal=gone.refusal,
        notes=(
            *sheet.notes,
            *_dead(walk, request.elements),
            *_loops(gone),
            *_before(gone),
            *_unearthed(sheet, gone),
        ),
    )
    return found, gone.broken_at


def _unsafe(walk: Walk, gone: Gone, sheet: Sheet) -> str:
    """Why people would not work in a zone that is cleared, or the network would not be left as it
    was; empty where they would, and it would."""
    topology, grid = walk.bench.site.topology, walk.bench.site.grid
    cleared = {bus for zone in gone.zones.values() for bus in zone}
    for element in sheet.request.elements:
        buses = grid.buses["name"][topology.wiring.node_bus[topology.nodes_of(element)]]
        outside = sorted(set(buses.tolist()) - cleared)
        if outside:
            return f"{element} reaches to bus {outside[0]}, which is under no clearance"
    for name, is_open in (gone.after or {}).items():
        return f"{name} stays {'open' if is_open else 'closed'} after the last line"
    return f"{gone.left[0]} still stands after the last line" if gone.left else ""


def _no_time(sheet: Sheet, lines: Sequence[Line]) -> str:
    request = sheet.request
    begin, end = work_window(lines)
    if end > begin:
        return ""
    minutes = (begin - request.begin + (request.end - end)).total_seconds() / 60
    return (
        f"the switching alone takes {minutes:.0f} min, and the window has"
        f" {(request.end - request.begin).total_seconds() / 60:.0f}: nothing is left for work;"
        " give it longer, or more crews"
    )


def _dead(walk: Walk, elements: Sequence[str]) -> list[str]:
    topology = walk.bench.site.topology
    nodes = np.concatenate([topology.nodes_of(element) for element in elements])
    if topology.energised(walk.snapshot)[nodes].any():
        return []
    return [f"{', '.join(elements)} is dead before the first line already"]


def _loops(gone: Gone) -> list[str]:
    devices = list(dict.fromkeys(line.device for line in gone.lines if line.loop))
    if not devices:
        return []
    return [
        f"a leave for the loop is needed when its line comes, at {' and at '.join(devices)};"
        " and a check of synchronism where two sources meet"
    ]


def _unearthed(sheet: Sheet, gone: Gone) -> list[str]:
    earths = any(line.step and line.step.action is Action.GROUND for line in gone.lines)
    if earths or not sheet.request.grounds or not gone.zones:
        return []
    return ["no line places a ground, though the work asks for them"]


def _before(gone: Gone) -> list[str]:
    """What is beyond a limit without any switching: it is not the sheet's doing."""
    if not gone.accepted:
        return []
    worst = max(gone.accepted, key=excess_pu)
    was = sentence(worst).replace(" would carry ", " carries ").replace(" would have ", " has ")
    more = f", and {len(gone.accepted) - 1:,} more" if len(gone.accepted) > 1 else ""
    return [f"beyond a limit before the first line already, and not held against it: {was}{more}"]
