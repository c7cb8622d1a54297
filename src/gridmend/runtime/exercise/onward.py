"""Where a plan starts from: what stands, what may not be relied on, and the plan from there."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from gridmend.interlock.check import Bench
from gridmend.interlock.site import Flags
from gridmend.interlock.standing import HOLD, Standing, standing
from gridmend.model.deed import is_remote, moved_by
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step
from gridmend.model.situation import Situation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.pace import Timing
from gridmend.operations.restoration import Proposal, propose
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.forecast import Forecast
from gridmend.runtime.scenario import Restoration

SOLVES_MOST = 400
"""Power flows that one plan may take: some seconds on a large network."""
LATE_MOST = 6
"""Ways that are tried though as much was too much for a source before: near what the network can
carry a flow takes seconds."""


@dataclass(frozen=True, eq=False)
class Footing:
    """Positions to plan from, the devices that no plan may move, and the switches in doubt.

    In `now` a switch in doubt is closed, so that a fault is cut off beyond it; one that was last
    seen open and has sure supply on a side stays open, since nothing more is led to it.
    """

    now: Snapshot
    banned: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()


def footing(
    bench: Bench,
    situation: Situation,
    now_s: float,
    *,
    lost: Collection[str] = (),
    closes_only: bool = False,
) -> Footing:
    """What a plan starts from at a time [s since 1970].

    Banned are the switches in `lost`; those in doubt, and those whose automatic operation would
    rest on one in doubt (beside it, or fed through it); those that bear a tag which forbids the
    move; and, where a plan `closes_only`, those that would have to open first. Sources likewise.
    """
    site = bench.site
    stands = standing(site, situation, now_s, bench.policy)
    names = [name.lower() for name in site.grid.switches.texts("name")]
    positions, sure = situation.snapshot.open_phases, _surely_live(stands)
    bits, banned = positions.copy(), np.array([name in lost for name in names], bool)
    doubtful = ~stands.certain
    for row in np.flatnonzero(doubtful).tolist():
        sides = np.concatenate(site.ends[row])
        if not (positions[row] and sure[sides].any()):
            bits[row] = 0
        banned[sorted({row, *site.around(sides)})] = True
    resting = stands.live & ~sure
    for row, sides in enumerate(site.ends):
        banned[row] |= bool(resting[np.concatenate(sides)].any())
    for tag in stands.binding:
        row = site.grid.switches.index.get(tag.device)
        if row is not None:
            banned[row] |= tag.kind == HOLD or bool(positions[row])
    if closes_only:
        banned |= (positions == 0) | situation.locked_out
    now = situation.snapshot
    if doubtful.any():
        now = now.with_switches(
            site.grid, {names[k]: bool(bits[k]) for k in np.flatnonzero(doubtful).tolist()}
        )
    held = _held_sources(stands, lost)
    return Footing(now, (*_named(names, banned), *held), frozenset(_named(names, doubtful)))


def _held_sources(stands: Standing, lost: Collection[str]) -> tuple[str, ...]:
    """The sources that no plan may connect: those in `lost`, in doubt, or with a hold tag, or whose
    resource is."""
    held = {*lost, *stands.doubtful, *(t.device for t in stands.binding if t.kind == HOLD)}
    grid, close = stands.site.grid, Step(Action.CLOSE, "", "")
    sources = (f"source.{name}".lower() for name in grid.sources)
    return tuple(key for key in sources if not held.isdisjoint(moved_by(grid, close, key)))


def _surely_live(stands: Standing) -> Flags:
    site = stands.site
    return site.topology.reached_at(stands.reliance, site.fed_nodes(stands.surely_feeds))


def _named(names: Sequence[str], which: Flags) -> tuple[str, ...]:
    return tuple(name for name, is_so in zip(names, which.tolist(), strict=True) if is_so)


def plan_from(
    bench: Bench,
    before: Snapshot,
    elements: Sequence[str],
    start: Footing,
    *,
    avoid: Sequence[str] = (),
    transfers: bool = False,
    phases: str = "",
    solves_most: int = SOLVES_MOST,
    timing: Timing | None = None,
    seconds_most: float = math.inf,
) -> Proposal:
    """The plan that heals what elements put out, from where the switching stands.

    `before` are the positions that stood before the fault. Who has supply keeps it, but for what
    isolation demands; `Plan.gap_pct` says what the search leaves open. With a forecast in the
    bench's solver every state holds until the repair that `timing` expects. Equal inputs give equal
    plans where `seconds_most` is endless. Raises `GridError` where an element is not there.
    """
    element, *others = elements
    phases = phases_at(bench.site.topology, [element], phases)
    solver, now, ahead = bench.solver, start.now, None
    if isinstance(solver, Forecast) and timing is not None:
        before, now, ahead = solver.at(before), solver.at(now), solver.horizon(timing)
        solver = solver.solver
    return propose(
        bench.site.grid, before, element, also=others, avoid=avoid, banned=start.banned, now=now,
        seconds_limit=seconds_most, solves_limit=solves_most, late_limit=LATE_MOST, plans_most=1,
        transfers=transfers, phases=phases,
        network=solver, topology=bench.site.topology, gauge=bench.gauge, ahead=ahead,
    )  # fmt: skip


def planned(
    bench: Bench, situation: Situation, case: Case, start: Footing, policy: Restoration
) -> Plan:
    """The plan of a case, every other fault that stands being gone round.

    What commands alone bring back comes first (`case.is_first`); nobody waits for it until a crew
    has come to a switch. A plan moves load between feeders only where every step is sure: a switch
    that then fails would leave people dark who had supply.
    """
    own = [one.elements[0] for one in case.suspects] or sorted(situation.faults)
    avoid = sorted(situation.faults.difference(own) if case.suspects else situation.faults)
    timing = Timing(policy.repair_min, 0.0, policy.step_s, policy.hand_step_min)

    def found(start: Footing) -> Plan:
        find = partial(
            plan_from, bench, case.before, own, start, avoid=avoid,
            timing=timing if policy.repair_min else None, seconds_most=policy.plan_s,
            phases=case.phases,
        )  # fmt: skip
        plan = find(transfers=True).plans[0]
        if not plan.customers_moved or is_sure(plan, bench, start):
            return plan
        return find().plans[0]

    grid, plan = bench.site.grid, found(start)
    remote = grid.switches.flags("remote")
    steps = worthwhile(plan.steps, grid)
    case.is_first = False
    if case.by_hand or all(is_remote(grid, step.device) for step in steps):
        return plan
    names = [name.lower() for name in grid.switches.texts("name")]
    first = found(replace(start, banned=(*start.banned, *_named(names, ~remote))))
    case.is_first = bool(first.verdict.allowed and first.customers_restored)
    return first if case.is_first else plan


def poles_apart(grid: Grid, situation: Situation, device: str, before: Snapshot) -> str:
    """The phases of a switch that have opened since `before` while others are closed, as `a b`;
    empty where it moves all its poles together, or all or none are known to be open."""
    row = grid.switches.index.get(device)
    if row is None or grid.switches.flags("ganged")[row] or not situation.position_known[row]:
        return ""
    words = str(grid.switches["phases1"][row]).lower().split()
    bits = int(situation.snapshot.open_phases[row])
    since = bits & ~int(before.open_phases[row])
    if bits == (1 << len(words)) - 1 and since == bits:
        return ""
    return " ".join(word for k, word in enumerate(words) if since >> k & 1)


def phases_at(topology: Topology, elements: Sequence[str], phases: str) -> str:
    """Those of some phases that any of the elements has: what else opened, opened for another
    fault."""
    nodes = np.concatenate([topology.nodes_of(element) for element in elements])
    own = {str(phase) for phase in topology.wiring.node_phase[nodes]}
    return " ".join(phase for phase in phases.split() if phase in own)


def worthwhile(steps: Sequence[Step], grid: Grid) -> list[Step]:
    """The steps without the last ones by hand that only isolate: nobody is brought back by them,
    what is faulted is made live by nothing, and the crew that mends it isolates where it works."""
    found = list(steps)
    while found and found[-1].action is Action.OPEN:
        if is_remote(grid, found[-1].device):
            break
        found.pop()
    return found


def is_sure(plan: Plan, bench: Bench, start: Footing) -> bool:
    """Whether every step of a plan is at a device that takes commands and is in no doubt."""
    grid = bench.site.grid
    return not start.doubtful and all(is_remote(grid, step.device) for step in plan.steps)
