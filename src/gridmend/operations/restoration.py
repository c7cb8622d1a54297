"""Restoration (FLISR): isolate a fault and bring back everyone whom switching can reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.electric import Solver, solver_of
from gridmend.interlock.limits import Gauge, Limits, read_off
from gridmend.model.customers import customer_counts
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan, Refusal, Verdict, Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations import reasons
from gridmend.operations.configurations import Tie, configurations, reachable, ties
from gridmend.operations.customers import customer_weights
from gridmend.operations.fault import Isolation, isolate
from gridmend.operations.remembering import Remembering
from gridmend.operations.search import Case, Found, Search, restored, search
from gridmend.powerflow.network import Network

Flags = NDArray[np.bool_]

CONFIGURATIONS_MOST = 20_000
"""Radial configurations that are listed: all of them for 14 switches. Beyond it the gap counts
everyone restorable as the bound."""


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
    grid: Grid,
    snapshot: Snapshot,
    fault: str,
    *,
    limits: Limits | None = None,
    seconds_limit: float = 20.0,
    solves_limit: int = 2_000,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
) -> Plan:
    """The best plan for a fault; see `propose`."""
    return propose(
        grid,
        snapshot,
        fault,
        limits=limits,
        seconds_limit=seconds_limit,
        solves_limit=solves_limit,
        plans_most=1,
        network=network,
        topology=topology,
    ).plans[0]


def propose(
    grid: Grid,
    snapshot: Snapshot,
    fault: str,
    *,
    limits: Limits | None = None,
    seconds_limit: float = 20.0,
    solves_limit: int = 2_000,
    plans_most: int = 3,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Proposal:
    """Isolate a fault and restore as many customers as limits allow.

    Every radial way of feeding the dead sections is listed and tried in the order of its
    merit (customers by priority, then fewer switches by hand, then fewer switches, then fewer
    ties, then lower losses); each is carried out step by step in the interlock, with regulators
    and capacitors settling at the snapshot's demand. What is still supplied stays as it is:
    nobody is put out to make room, and nothing that was dead before the fault is energised.
    `gap_pct` is 0 where every better way was refused, else what the bound leaves open.

    Parameters
    ----------
    snapshot
        Positions and demand just before the fault.
    fault
        Any line, switch, transformer or source; `GridError` where there is none of that name.
    plans_most
        How many different plans are given, best first.
    clock
        Seconds, for `seconds_limit` and `Plan.seconds`.
    seconds_limit, solves_limit
        Where the search stops, by the clock and by power flows solved; with an endless
        `seconds_limit` equal inputs give equal plans.
    """
    begun = clock()
    topology = topology or Topology.of(grid)
    solver = Remembering(solver_of(grid, network))
    before = solver.solve(snapshot, controls="static")
    isolation = isolate(grid, before.snapshot, fault, topology=topology)
    case = _case(before, isolation, topology, solver, limits or Limits())
    if not isolation.zone.any():
        return Proposal(isolation, case.accepted, (_unhealed(case, clock() - begun),))
    among = _ties(case, before.snapshot)
    listed = list(configurations(among, most=CONFIGURATIONS_MOST))
    complete = len(listed) < CONFIGURATIONS_MOST
    found = search(
        case,
        among,
        listed,
        complete=complete,
        plans_most=plans_most,
        out_of_time=lambda: clock() - begun > seconds_limit or solver.solved >= solves_limit,
    )
    restorable = _restorable(case, among)
    bound = found.bound if complete else float(case.weights[restorable].sum())
    outcome = _Outcome(case, found, frozenset(reachable(among)), restorable, bound)
    seconds = clock() - begun
    ways = found.found[:plans_most]
    plans = [_plan(outcome, way, seconds) for way in ways] or [_nothing(outcome, seconds)]
    return Proposal(isolation, case.accepted, tuple(plans))


@dataclass(frozen=True, eq=False)
class _Outcome:
    """What a search found, with what it is measured against."""

    case: Case
    found: Search
    reach: frozenset[int]
    restorable: Flags
    bound: float


def _case(
    before: Flow, isolation: Isolation, topology: Topology, solver: Solver, limits: Limits
) -> Case:
    grid = topology.grid
    flow = solver.solve(isolation.tripped, controls="static")
    gauge = Gauge.of(topology, flow.nodes, flow.terminals)
    was = topology.supplied(topology.energised(before.snapshot))
    out = was & ~topology.supplied(topology.energised(isolation.isolated))
    table, row = grid.find(isolation.fault)
    if table == "loads":
        out[row] = was[row]
    return Case(
        topology=topology,
        isolation=isolation,
        solver=solver,
        gauge=gauge,
        limits=limits,
        flow=flow,
        start=read_off(gauge, flow, limits),
        accepted=read_off(gauge, before, limits).violations,
        out=out,
        counts=customer_counts(grid),
        weights=customer_weights(grid),
    )


def _ties(case: Case, before: Snapshot) -> list[Tie]:
    """The switches that may feed what this fault put out."""
    topology, isolation = case.topology, case.isolation
    cut = isolation.sections
    section = cut.of_bus[topology.wiring.node_bus]
    live, was_live = np.zeros(cut.count, bool), np.zeros(cut.count, bool)
    live[section[topology.energised(isolation.isolated)]] = True
    was_live[section[topology.energised(before)]] = True
    kinds = topology.grid.switches.texts("kind")
    tripped = {name.lower() for name in isolation.opened_by_protection}
    usable = np.array(
        [
            kind != "fuse" or str(name).lower() in tripped
            for kind, name in zip(kinds, topology.grid.switches, strict=True)
        ],
        bool,
    )
    return ties(
        cut.ends,
        live=live,
        banned=isolation.zone | ~was_live,
        usable=usable & ~isolation.locked,
        closed=isolation.isolated.open_phases == 0,
    )


def _restorable(case: Case, among: list[Tie]) -> Flags:
    """[loads] who would be supplied with every switch closed that may be, limits aside."""
    names = case.topology.grid.switches["name"]
    closing = {str(names[t.switch]): False for t in among}
    everything = case.isolation.isolated.with_switches(case.topology.grid, closing)
    return restored(case, everything)


def _plan(outcome: _Outcome, way: Found, seconds: float) -> Plan:
    case = outcome.case
    final, reading = way.judgement.flows[-1].snapshot, way.judgement.readings[-1]
    back = restored(case, final)
    switches = case.topology.grid.switches
    tied = [
        str(switches["name"][k])
        for k in way.configuration.to_close
        if switches.flags("normally_open")[k]
    ]
    without = final.with_switches(case.topology.grid, dict.fromkeys(tied, True))
    by_tie = back & ~restored(case, without)
    weight = float(case.weights[back].sum())
    gap_pct = 100 * (outcome.bound - weight) / outcome.bound if outcome.bound > 0 else 0.0
    return Plan(
        fault=case.isolation.fault,
        steps=reasons.explained(case, way),
        verdict=way.judgement.verdict,
        customers_out=int(case.counts[case.out].sum()),
        customers_restorable=int(case.counts[outcome.restorable].sum()),
        customers_restored=int(case.counts[back].sum()),
        customers_restored_by_tie=int(case.counts[by_tie].sum()),
        load_kw_restored=float(final.load_kw[back].sum()),
        v_min_pu=reading.v_min_pu,
        loading_max_pct=reading.loading_max_pct,
        gap_pct=max(gap_pct, 0.0),
        seconds=seconds,
        left_out=reasons.left_out(case, way, outcome.found, outcome.reach),
        notes=case.isolation.notes,
    )


def _unhealed(case: Case, seconds: float) -> Plan:
    """The answer where no switch has a part: a load or a capacitor, cleared by its own fuse."""
    return Plan(
        fault=case.isolation.fault,
        steps=(),
        verdict=Verdict(),
        customers_out=int(case.counts[case.out].sum()),
        v_min_pu=case.start.v_min_pu,
        loading_max_pct=case.start.loading_max_pct,
        gap_pct=0.0,
        seconds=seconds,
        left_out=_waiting(case),
        notes=case.isolation.notes,
    )


def _nothing(outcome: _Outcome, seconds: float) -> Plan:
    """The answer where no way at all is allowed, not even to isolate the fault."""
    case = outcome.case
    refused = outcome.found.refused
    why = refused[-1].why if refused else "the search ended before any way was tried"
    return Plan(
        fault=case.isolation.fault,
        steps=(),
        verdict=Verdict((Refusal("look-ahead", 0, case.isolation.fault, why),)),
        customers_out=int(case.counts[case.out].sum()),
        customers_restorable=int(case.counts[outcome.restorable].sum()),
        gap_pct=100.0 if outcome.bound > 0 else 0.0,
        seconds=seconds,
        left_out=(
            f"{reasons.people(int(case.counts[case.out].sum()))}: nothing is done, for {why}",
        ),
        notes=case.isolation.notes,
    )


def _waiting(case: Case) -> tuple[str, ...]:
    """Who waits for the repair of something that is cleared by its own fuse."""
    customers = int(case.counts[case.out].sum())
    if not customers:
        return ()
    return (f"{reasons.people(customers)} on {case.isolation.fault}: until it is repaired",)
