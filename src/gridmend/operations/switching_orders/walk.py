"""A sheet gone through line by line, as the kernel would: each step judged, at its own demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.check import Bench, judge
from gridmend.interlock.limits import Reading
from gridmend.interlock.move import By
from gridmend.interlock.standing import after, standing
from gridmend.model.deed import subject
from gridmend.model.flow import Flow
from gridmend.model.plan import MOVES, Action, Plan, Refusal, Step, Verdict, Violation
from gridmend.model.situation import LoopLeave, Situation, SyncCheck
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.switching_orders.forecast import Forecast
from gridmend.operations.switching_orders.pickup import Pickup
from gridmend.operations.switching_orders.request import Loops

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Walk:
    """What stands at a time, after the steps that were taken.

    `normal` is the flow with every device as it was before the first step, at the same demand:
    what it shows beyond a limit is not held against the sheet. `off` are DER that the sheet
    keeps disconnected, whatever is forecast for them. `reading` is that of `flow`.
    """

    bench: Bench
    forecast: Forecast
    loops: Loops
    by: By
    start: Snapshot
    when: datetime
    situation: Situation
    demand: Snapshot
    flow: Flow
    reading: Reading
    accepted: tuple[Violation, ...]
    off: Mapping[str, str] = field(default_factory=dict[str, str])
    """DER by key, with the tag that keeps it off, or none yet."""
    pickup: Pickup | None = None
    """What loads draw beyond their usual demand; None where that is not looked at."""

    @property
    def snapshot(self) -> Snapshot:
        """Positions, with the demand of the time."""
        return self.situation.snapshot

    def supplied(self) -> Flags:
        """[loads] who has supply."""
        topology = self.bench.site.topology
        return topology.supplied(topology.energised(self.snapshot))

    def zone(self, bus: str) -> tuple[str, ...]:
        """The buses that would be under one clearance with a bus."""
        stands = standing(self.bench.site, self.situation, None, self.bench.policy)
        return stands.zone(f"bus.{bus}")


def walk_of(
    bench: Bench,
    forecast: Forecast,
    when: datetime,
    *,
    by: By,
    loops: Loops = Loops.ANY,
    cold: ColdLoad | None = None,
) -> Walk:
    """At the start: the positions of the forecast's start, taps and banks settled."""
    demand = forecast.at(when)
    flow = bench.solver.solve(demand, controls="static")
    start = _settled(demand, flow)
    reading = bench.reader.remember(flow)
    situation = Situation.of(bench.site.grid, start)
    return Walk(
        bench, forecast, loops, by, start, when, situation, demand, flow, reading,
        reading.violations, pickup=Pickup.of(bench.site.grid, cold) if cold is not None else None,
    )  # fmt: skip


def at(walk: Walk, when: datetime) -> Walk:
    """The same later, with the demand that is expected then."""
    usual = demand = walk.forecast.at(when)
    if walk.pickup is not None:
        demand = walk.pickup.on(usual, when.timestamp())
    if demand is walk.demand or _same(demand, walk.demand):
        return replace(walk, when=when)
    solver, reader = walk.bench.solver, walk.bench.reader
    before = solver.solve(usual.at_positions_of(walk.start), controls="static")
    accepted = reader.read(before).violations
    snapshot = _without(walk, demand.at_positions_of(walk.snapshot), walk.off)
    flow = solver.solve(snapshot, controls="static", near=walk.flow)
    situation = walk.situation.with_snapshot(_settled(snapshot, flow))
    return replace(
        walk, when=when, demand=demand, situation=situation, flow=flow,
        reading=reader.read(flow), accepted=accepted,
    )  # fmt: skip


def taken(walk: Walk, step: Step) -> tuple[Walk, Refusal | None, bool]:
    """What stands once a step is taken, or why it is refused; and whether it closes a loop for
    which it needs a leave.

    Raises `GridmendError` where its device is not there.
    """
    then, refusal = _tried(walk, step, leave=False)
    if refusal is None or walk.loops is Loops.NONE or step.action is not Action.CLOSE:
        return then, refusal, False
    if refusal.rule not in ("radiality", "synchronism"):
        return then, refusal, False
    if walk.loops is Loops.ONE_SOURCE and _joins_sources(walk, step):
        return then, refusal, False
    then, refusal = _tried(walk, step, leave=True)
    return then, refusal, refusal is None


def _tried(walk: Walk, step: Step, *, leave: bool) -> tuple[Walk, Refusal | None]:
    bench, site = walk.bench, walk.bench.site
    key = subject(site.grid, step)
    situation = _fresh(walk, key if leave else "")
    plan = Plan("", (step,), Verdict())
    judged = judge(
        plan, bench, situation, walk.when, by=walk.by, accepted=walk.accepted, flow=walk.flow
    )
    refusal = next(iter(judged.verdict.refusals), None)
    if refusal is not None:
        return walk, refusal
    if step.action in MOVES:
        return _moved(walk, step, key, judged.flows[-1], judged.readings[-1]), None
    then = after(step, standing(site, situation, None, bench.policy), walk.by.principal)
    changed = replace(
        walk.situation,
        tags={tag.id: tag for tag in then.binding},
        grounds={ground.id: ground for ground in then.grounds},
        clearances={clearance.id: clearance for clearance in then.clearances},
    )
    walk = replace(walk, situation=changed)
    if step.action is Action.TAG and key in site.names and not key.startswith("source."):
        walk = replace(walk, off={**walk.off, key: step.mark})
    if step.action is Action.UNTAG and walk.off.get(key) == step.mark:
        off = {name: tag for name, tag in walk.off.items() if name != key}
        walk = replace(walk, off=off)
    return walk, None


def _moved(walk: Walk, step: Step, key: str, flow: Flow, reading: Reading) -> Walk:
    standing_now = standing(walk.bench.site, walk.situation, None, walk.bench.policy)
    snapshot = _settled(after(step, standing_now).snapshot, flow)
    off = dict(walk.off)
    if step.action is Action.SET_POWER:
        off.pop(key, None)
        if step.value == 0:
            off[key] = ""
    situation = walk.situation.with_snapshot(snapshot)
    then = replace(walk, situation=situation, flow=flow, reading=reading, off=off)
    if walk.pickup is None:
        return then
    known = walk.pickup.after(walk.supplied(), then.supplied(), walk.when.timestamp())
    return replace(then, pickup=known)


def _fresh(walk: Walk, loop: str) -> Situation:
    """The situation with every device heard of now, and a leave and a check for one loop."""
    grid, now_s = walk.bench.site.grid, walk.when.timestamp()
    heard_s = np.full(len(grid.switches), now_s)
    if not loop:
        return replace(walk.situation, heard_s=heard_s, time_s=now_s)
    sources = tuple(f"source.{name}" for name in grid.sources)
    until_s = now_s + walk.bench.policy.loop_most_s
    return replace(
        walk.situation,
        heard_s=heard_s,
        time_s=now_s,
        loops={loop: LoopLeave(loop, sources, walk.by.principal, until_s)},
        syncs={loop: SyncCheck(loop, now_s, 0.0, 0.0, 0.0, True)},
    )


def _joins_sources(walk: Walk, step: Step) -> bool:
    """Whether what feeds the two sides of a switch is not one and the same source."""
    site = walk.bench.site
    row = site.grid.switches.index.get(subject(site.grid, step), -1)
    if row < 0:
        return True
    fed_by = site.topology.fed_by(walk.snapshot)
    one, other = (fed_by[nodes] for nodes in site.ends[row])
    both = (one >= 0) & (other >= 0)
    return bool((one[both] != other[both]).any())


def _same(one: Snapshot, other: Snapshot) -> bool:
    names = ("load_kw", "load_kvar", "generator_kw", "pv_kw", "storage_kw")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def _settled(snapshot: Snapshot, flow: Flow) -> Snapshot:
    """The same with taps and banks where the controls left them."""
    if not flow.converged:
        return snapshot
    return snapshot.with_taps(flow.snapshot.tap_pu).with_capacitors(flow.snapshot.steps_on)


def _without(walk: Walk, demand: Snapshot, off: Mapping[str, str]) -> Snapshot:
    grid = walk.bench.site.grid
    for key in off:
        demand = demand.with_power(grid, key, 0.0)
    return demand
