"""Restoration (FLISR): isolate a fault and bring back everyone whom switching can reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.electric import Solver, solver_of
from gridmend.interlock.limits import Gauge, Limits, read_off
from gridmend.model.customers import customer_counts
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.plan import Plan, Violation
from gridmend.model.snapshot import DEMANDS, Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.arrangement import island_ties
from gridmend.operations.asked import by_section
from gridmend.operations.configurations import Tie, reachable, ties
from gridmend.operations.customers import customer_weights
from gridmend.operations.drafting import Outcome, nothing, plan_of, unhealed
from gridmend.operations.fault import Isolation, isolate
from gridmend.operations.horizon import Horizon
from gridmend.operations.moving import Moving
from gridmend.operations.outlook import Outlook
from gridmend.operations.remembering import Remembering
from gridmend.operations.search import Search, Searching
from gridmend.operations.trial import Case, restored
from gridmend.operations.ways import Ways
from gridmend.powerflow.network import Network
from gridmend.powerflow.solve import check_fits

Flags = NDArray[np.bool_]

LATE_FIRST = 6
"""Ways that seem unfit of which so many are tried before transfers are looked at."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A fault's isolation and the plans that heal it, the best first.

    `accepted` are the violations that stood before the fault: the interlock measures against
    them, so that who was supplied beyond a limit is not kept out for it.
    """

    isolation: Isolation
    accepted: tuple[Violation, ...]
    plans: tuple[Plan, ...]


def restore(
    grid: Grid, snapshot: Snapshot, fault: str, *, also: Sequence[str] = (),
    avoid: Sequence[str] = (), banned: Sequence[str] = (), now: Snapshot | None = None,
    limits: Limits | None = None, seconds_limit: float = 20.0, solves_limit: int = 2_000,
    late_limit: int = 2_000, transfers: bool = True, ahead: Horizon | None = None,
    network: Network | Solver | None = None, topology: Topology | None = None,
    gauge: Gauge | None = None, phases: str = "",
) -> Plan:  # fmt: skip
    """The best plan for a fault; see `propose`."""
    return propose(
        grid, snapshot, fault, also=also, avoid=avoid, banned=banned, now=now, limits=limits,
        seconds_limit=seconds_limit, solves_limit=solves_limit, late_limit=late_limit,
        plans_most=1, transfers=transfers, ahead=ahead, network=network, topology=topology,
        gauge=gauge, phases=phases,
    ).plans[0]  # fmt: skip


def propose(
    grid: Grid, snapshot: Snapshot, fault: str, *, also: Sequence[str] = (),
    avoid: Sequence[str] = (), banned: Sequence[str] = (), now: Snapshot | None = None,
    limits: Limits | None = None, seconds_limit: float = 20.0, solves_limit: int = 2_000,
    late_limit: int = 2_000, plans_most: int = 3, transfers: bool = True,
    ahead: Horizon | None = None, network: Network | Solver | None = None,
    topology: Topology | None = None, gauge: Gauge | None = None, phases: str = "",
    clock: Callable[[], float] = perf_counter,
) -> Proposal:  # fmt: skip
    """Isolate a fault and restore as many customers as limits allow.

    The radial ways of feeding the dead sections are tried by their merit (customers by priority,
    then fewer switches by hand, fewer switches, fewer ties, lower losses); each is carried out step
    by step in the interlock, with controls settling at the snapshot's demand. Who has supply keeps
    it but for what isolation demands; what was dead before stays so. `gap_pct` is what is open.

    Parameters
    ----------
    snapshot
        Positions and demand just before the fault; `GridError` where a power is no number.
    fault
        Any line, switch, transformer or source; `GridError` where there is none of that name.
    also
        Further elements that are faulted, or may be: their sections stay dead too.
    avoid
        Elements faulted before: they stay dead, cut off only beside what is fed.
    banned
        Switches that no plan may move, and sources that none may connect; a closed switch that
        would isolate moves isolation outward.
    now
        The positions that stand, where some of the switching is done; without it the plan begins
        as protection leaves it all.
    plans_most
        How many different plans are given, best first.
    ahead
        What is expected until the repair: every step then holds at its own time with what loads
        draw that come back, the last state until the repair. Else the snapshot's demand counts.
    phases
        Of a fault on some phases alone, as `a`: where what trips moves its poles by themselves, the
        others keep their supply, and the plan switches these poles only. Else all trip.
    network, topology, gauge
        What was compiled of the grid before, the gauge for the network's nodes and terminals.
    seconds_limit, solves_limit, late_limit, clock
        Where the search stops, by the clock [s], by power flows solved, and by ways that seem unfit
        for what was refused; equal inputs, equal plans, but for the clock's limit.
    """
    begun = clock()
    _check_known(grid, snapshot)
    topology = _of_the_grid(grid, topology, gauge)
    solver = Remembering(solver_of(grid, network), topology)
    before = solver.solve(snapshot, controls="static")
    isolation = isolate(
        grid, before.snapshot, fault,
        also=also, avoid=avoid, banned=banned, now=now, topology=topology, phases=phases,
    )  # fmt: skip
    gauge = gauge or Gauge.of(topology, before.nodes, before.terminals)
    case = _case(before, isolation, gauge, solver, limits or Limits(), ahead)
    if not isolation.zone.any():
        return Proposal(isolation, case.accepted, (unhealed(case, clock() - begun),))

    def out_of_time() -> bool:
        return clock() - begun > seconds_limit or solver.solved >= solves_limit

    outcome = _searched(
        case, before.snapshot, plans_most, out_of_time, transfers=transfers, late_most=late_limit
    )
    return Proposal(isolation, case.accepted, _plans(outcome, plans_most, clock() - begun))


def _check_known(grid: Grid, snapshot: Snapshot) -> None:
    """Raise `GridError` where a load's or DER's power is not a number: no flow could tell what
    holds."""
    for table, *pair in DEMANDS:
        known = np.all([np.isfinite(getattr(snapshot, name)) for name in pair], axis=0)
        for row in np.flatnonzero(~known)[:1].tolist():
            what = f"the power of {SINGULAR[table]} '{grid.table(table)['name'][row]}' is no number"
            raise GridError(what, where="snapshot", mend="give it in kW and kvar, or 0")


def _of_the_grid(grid: Grid, topology: Topology | None, gauge: Gauge | None) -> Topology:
    """The topology that was compiled; `GridError` where it or the gauge is of another grid."""
    topology = topology or (gauge.topology if gauge else Topology.of(grid))
    if topology.grid is not grid or (gauge is not None and gauge.topology is not topology):
        raise GridError(
            "the topology or gauge is of another grid",
            mend="compile them for the grid that is asked",
        )
    return topology


def _plans(outcome: Outcome, most: int, seconds: float) -> tuple[Plan, ...]:
    ways = outcome.found.found[:most]
    plans = [plan_of(outcome, way, seconds) for way in ways]
    return tuple(plans) or (nothing(outcome, seconds),)


def _searched(
    case: Case,
    before: Snapshot,
    plans_most: int,
    out_of_time: Callable[[], bool],
    *,
    transfers: bool,
    late_most: int,
) -> Outcome:
    """What the search finds, and the bound that it leaves."""
    among = _ties(case, before)
    restorable = _restorable(case, among)
    ways = Ways(among, by_section(case, np.where(restorable, case.weights, 0.0)))
    searching, moving = Searching.of(case, ways, plans_most), None
    if transfers and not case.isolation.poles.phases:
        live = case.isolation.poles.live_sections(before, case.isolation.sections)
        moving = Moving(case, searching, live, restorable)
    most = float(case.weights[restorable].sum())
    found = Search((), (), most)
    first = min(late_most, LATE_FIRST)
    # transfers come before the many ways that seem unfit, and those that seem so last of all
    for is_last, late, moves_late in ((False, first, 0), (True, late_most - first, late_most)):
        if found.found and -found.found[0].merit[0] >= min(found.bound, most):
            break
        found = searching.on(out_of_time, late, alike_too=is_last)
        found = found if moving is None else moving.on(found, out_of_time, moves_late)
    # by single poles what else might isolate the phase is not gone through: nothing is proved
    bound = most if case.isolation.poles.phases else min(found.bound, most)
    return Outcome(case, found, frozenset(reachable(among)), restorable, bound)


def _case(
    before: Flow,
    isolation: Isolation,
    gauge: Gauge,
    solver: Solver,
    limits: Limits,
    ahead: Horizon | None,
) -> Case:
    topology, grid = gauge.topology, gauge.topology.grid
    if ahead is not None and ahead.series is not None:
        check_fits(grid, ahead.series.start)
    flow = solver.solve(isolation.tripped, controls="static", near=before)
    was = topology.supplied(topology.energised(before.snapshot))
    out = was & ~topology.supplied(topology.energised(isolation.isolated))
    table, row = grid.find(isolation.fault)
    if table == "loads":
        out[row] = was[row]
    start = read_off(gauge, flow, limits)
    accepted = read_off(gauge, before, limits).violations
    both = (*accepted, *start.violations)
    shared = (topology, solver, gauge, limits, before, flow, out, both)
    return Case(
        topology=topology,
        isolation=isolation,
        solver=solver,
        gauge=gauge,
        limits=limits,
        flow=flow,
        start=start,
        accepted=accepted,
        out=out,
        counts=customer_counts(grid),
        weights=customer_weights(grid),
        outlook=None if ahead is None else Outlook(ahead, *shared),
    )


def _ties(case: Case, before: Snapshot) -> list[Tie]:
    """The switches that may feed what this fault put out, and the sources that may form islands."""
    topology, isolation = case.topology, case.isolation
    cut = isolation.sections
    live, was_live = (
        isolation.poles.live_sections(now, cut) for now in (isolation.isolated, before)
    )
    kinds = topology.grid.switches.texts("kind")
    tripped = {name.lower() for name in isolation.opened_by_protection}
    usable = np.array(
        [
            kind != "fuse" or str(name).lower() in tripped
            for kind, name in zip(kinds, topology.grid.switches, strict=True)
        ],
        bool,
    )
    banned = isolation.zone | ~was_live
    among = ties(
        cut.ends,
        live=live,
        banned=banned,
        usable=usable & ~isolation.locked & isolation.poles.able,
        closed=isolation.poles.is_closed(isolation.isolated),
        by_hand=~topology.grid.switches.flags("remote"),
        normally_open=topology.grid.switches.flags("normally_open"),
    )
    return [*among, *island_ties(case, isolation.sections.of_bus, live | banned)]


def _restorable(case: Case, among: list[Tie]) -> Flags:
    """[loads] who would be supplied with all closed that may be, limits aside."""
    closing = {case.devices.names[t.switch]: False for t in among}
    return restored(case, case.devices.moved(case.isolation.isolated, closing))
