"""Who can be fed another way while the zone is dead: restoration's search, without a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmend.model.customers import customer_counts
from gridmend.model.sections import sections
from gridmend.model.snapshot import Snapshot
from gridmend.operations import reasons
from gridmend.operations.arrangement import board
from gridmend.operations.asked import by_section
from gridmend.operations.configurations import Tie, reachable, ties
from gridmend.operations.customers import customer_weights
from gridmend.operations.fault import Isolation
from gridmend.operations.poles import Poles
from gridmend.operations.remembering import Remembering
from gridmend.operations.search import Search, Searching
from gridmend.operations.switching_orders.walk import Walk
from gridmend.operations.switching_orders.zone import Zone
from gridmend.operations.transfers import Transferring
from gridmend.operations.trial import Case, Found, restored
from gridmend.operations.ways import Ways

Flags = NDArray[np.bool_]

SOLVES_MOST = 1_000
"""Power flows after which the search for transfers gives what it has."""
EQUALS_MOST = 4
"""Ways that supply equally many and are compared by whom they interrupt."""


@dataclass(frozen=True, eq=False)
class Target:
    """How the network stands during the work.

    `to_open` and `to_close` [rows of switches] lead there from the start. `gap_pct` is how many
    per cent more of the customers beyond the zone some other way, that was not refused, might
    supply. `problem` says why no way is allowed at all, and is empty where one is. `left_out` are
    sentences on who is out, and why.
    """

    to_open: tuple[int, ...]
    to_close: tuple[int, ...]
    gap_pct: float
    left_out: tuple[str, ...]
    problem: str = ""


def targets_of(walk: Walk, zone: Zone) -> tuple[Target, ...]:
    """The positions in which as few customers as possible are out while a zone is dead: one, or
    several that are equal in this, the one that restoration ranks highest first.

    Candidates are judged at the demand of the walk. Ties that are fuses are not closed.
    """
    solver = Remembering(walk.bench.solver, walk.bench.site.topology)
    case = _case(walk, zone, solver)
    among = _ties(walk, case)
    everything = case.isolation.isolated.with_switches(
        walk.bench.site.grid, {_name(case, tie.switch): False for tie in among}
    )
    restorable = restored(case, everything)

    def out_of_time() -> bool:
        return solver.solved >= SOLVES_MOST

    weights = by_section(case, np.where(restorable, case.weights, 0.0))
    found = Searching.of(case, Ways(among, weights), EQUALS_MOST).on(out_of_time)
    found = _with_transfers(walk, case, found, restorable, out_of_time)
    opened = case.isolation.isolated.open_phases != walk.snapshot.open_phases
    isolating = np.flatnonzero(opened).tolist()
    if not found.found:
        why = found.refused[-1].why if found.refused else "the search ended before any was tried"
        left = (f"{reasons.people(int(case.counts[case.out].sum()))} would be out",)
        return (Target(tuple(isolating), (), 100.0, left, why),)
    weight = -found.found[0].merit[0]
    bound = min(found.bound, float(case.weights[restorable].sum()))
    gap_pct = max(0.0, 100 * (bound - weight) / bound) if bound > 0 else 0.0
    reach = frozenset(reachable(among))
    equals = [way for way in found.found if -way.merit[0] >= weight][:EQUALS_MOST]
    return tuple(
        Target(
            to_open=(*isolating, *(k for k in way.configuration.to_open if k not in isolating)),
            to_close=way.configuration.to_close,
            gap_pct=gap_pct,
            left_out=_left_out(case, found, way, reach, zone),
        )
        for way in equals
    )


def _case(walk: Walk, zone: Zone, solver: Remembering) -> Case:
    """The zone as a fault that is isolated already, so that only what follows is judged."""
    site = walk.bench.site
    topology, grid = site.topology, site.grid
    positions = walk.snapshot.open_phases.copy()
    rows = [*zone.points, *zone.breaking]
    positions[rows] = site.mask[rows]
    isolated = walk.snapshot.with_open_phases(positions)
    for name in zone.ders:
        isolated = isolated.with_power(grid, name, 0.0)
    separators = np.array([kind != "fuse" for kind in grid.switches.texts("kind")], bool)
    separators[rows] = True
    cut = sections(topology, separators=separators, snapshot=isolated)
    inside = np.zeros(cut.count + 1, bool)
    inside[cut.of_bus[zone.of_bus >= 0]] = True
    inside[-1] = False
    isolation = Isolation(
        fault=zone.elements[0], tripped=isolated, isolated=isolated, opened_by_protection=(),
        sources_off=(), to_open=(), isolated_by=tuple(grid.switches.texts("name")[k] for k in rows),
        sections=cut, zone=inside[:-1], locked=separators & inside[cut.ends].any(axis=1),
        poles=Poles.of(topology),
    )  # fmt: skip
    flow = solver.solve(isolated, controls="static", near=walk.flow)
    reader = walk.bench.reader
    reading = reader.read(walk.flow)
    assert reader.gauge is not None
    had = topology.supplied(topology.energised(walk.snapshot))
    out = had & ~topology.supplied(topology.energised(isolated))
    # What the isolation alone would bring beyond a limit is no excuse for a way that leaves it so.
    return Case(
        topology=topology, isolation=isolation, solver=solver, gauge=reader.gauge,
        limits=walk.bench.limits, flow=flow, start=reading,
        accepted=walk.accepted,
        out=out, counts=customer_counts(grid), weights=customer_weights(grid),
    )  # fmt: skip


def _ties(walk: Walk, case: Case) -> list[Tie]:
    switches, isolation = walk.bench.site.grid.switches, case.isolation
    was_live = _live(case, walk.snapshot)
    able = np.array([kind != "fuse" for kind in switches.texts("kind")], bool)
    able &= switches.flags("in_service")
    return ties(
        isolation.sections.ends,
        live=_live(case, isolation.isolated),
        banned=isolation.zone | ~was_live,
        usable=able & ~isolation.locked,
        closed=isolation.isolated.open_phases == 0,
        by_hand=~switches.flags("remote"),
        normally_open=switches.flags("normally_open"),
    )


def _live(case: Case, snapshot: Snapshot) -> Flags:
    """[sections] which have supply."""
    cut, topology = case.isolation.sections, case.topology
    found = np.zeros(cut.count, bool)
    found[cut.of_bus[topology.wiring.node_bus[topology.energised(snapshot)]]] = True
    return found


def _with_transfers(
    walk: Walk, case: Case, found: Search, restorable: Flags, out_of_time: Callable[[], bool]
) -> Search:
    """The same with a way that also moves load between healthy feeders, where it supplies more."""
    least = -found.found[0].merit[0] if found.found else 0.0
    if not found.found or least >= float(case.weights[restorable].sum()):
        return found
    whole = board(case, _live(case, walk.snapshot), restorable)
    if whole is None:
        return found
    more = Transferring(case, whole).on(least, out_of_time)
    if more.found is None:
        return replace(found, bound=max(found.bound, more.bound))
    return Search((more.found, *found.found), (*found.refused, *more.refused),
                  max(found.bound, more.bound))  # fmt: skip


def _left_out(
    case: Case, found: Search, way: Found, reach: frozenset[int], zone: Zone
) -> tuple[str, ...]:
    """Who is out during the work, a sentence a section, with the number and the reason."""
    still = case.out & ~restored(case, way.judgement.flows[-1].snapshot)
    section = reasons.section_of_loads(case)
    taken = way.configuration.sections
    sentences: list[str] = []
    for number in np.unique(section[still]).tolist():
        customers = int(case.counts[still & (section == number)].sum())
        if case.isolation.zone[number]:
            why = f"it is the zone of {', '.join(zone.elements)}, dead for the work"
        elif number not in reach:
            why = "no tie reaches it past the zone"
        elif number in taken:
            why = "they need phases that the tie does not bring"
        else:
            ways = [r for r in found.refused if number in r.configuration.sections]
            nearest = min(ways, key=lambda r: r.excess, default=None)
            why = "the search ended before a way was found"
            if nearest is not None:
                through = " and ".join(_name(case, k) for k in nearest.configuration.to_close)
                why = f"by closing {through or 'nothing'}: {nearest.why}"
        sentences.append(f"{reasons.people(customers)} on {reasons.named(case, number)}: {why}")
    return tuple(sentences)


def _name(case: Case, row: int) -> str:
    return str(case.topology.grid.switches["name"][row])
