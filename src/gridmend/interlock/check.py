"""The judgement of a plan: every step in turn, against every rule, by power flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gridmend.interlock.limits import Gauge, Limits, Reading, read_off
from gridmend.interlock.rules import (
    Move,
    capability,
    faulted_section,
    look_ahead,
    radiality,
    switch_row,
    synchronism,
)
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Refusal, Step, Verdict, Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology


class Solver(Protocol):
    """What solves a snapshot: a `powerflow.Network`, or one that remembers its answers."""

    def solve(self, snapshot: Snapshot, *, controls: str = "static") -> Flow:
        """The flow at a snapshot."""
        ...


class HasSnapshot(Protocol):
    """A situation, of which the snapshot is judged."""

    @property
    def snapshot(self) -> Snapshot:
        """Positions and demand."""
        ...


@dataclass(frozen=True, eq=False)
class Judgement:
    """A verdict with what it rests on: the start, then the state after each step judged.

    It ends with the first step that is refused, since what would follow never comes about.
    """

    verdict: Verdict
    flows: tuple[Flow, ...]
    readings: tuple[Reading, ...]


def check(
    plan: Plan,
    grid: Grid,
    situation: Snapshot | HasSnapshot,
    *,
    network: Solver | None = None,
    topology: Topology | None = None,
    limits: Limits | None = None,
    accepted: tuple[Violation, ...] = (),
) -> Verdict:
    """Judge a plan step by step, each with controls settled at the given demand.

    Rules: `radiality` (no loop closes), `capability` (no device breaks more than it can, none
    energises the fault), `synchronism` (no two sources are joined), `look-ahead` (a solution
    exists, with no violation that is new or worse than at the start). `accepted` are further
    violations to measure against, such as those that stood before the fault that a plan heals.
    Ratings that are unknown are named in the verdict. Raises `GridError` where a device is not
    there.
    """
    return examine(
        plan,
        grid,
        situation,
        network=network,
        topology=topology,
        limits=limits,
        accepted=accepted,
    ).verdict


def examine(
    plan: Plan,
    grid: Grid,
    situation: Snapshot | HasSnapshot,
    *,
    network: Solver | None = None,
    topology: Topology | None = None,
    limits: Limits | None = None,
    accepted: tuple[Violation, ...] = (),
    gauge: Gauge | None = None,
) -> Judgement:
    """The same as `check`, with the flows and readings it rests on."""
    limits = limits or Limits()
    topology = topology or Topology.of(grid)
    solver = network or _compile(grid)
    snapshot = situation if isinstance(situation, Snapshot) else situation.snapshot
    flow = solver.solve(snapshot, controls="static")
    gauge = gauge or Gauge.of(topology, flow.nodes, flow.terminals)
    start = read_off(gauge, flow, limits)
    accepted = (*accepted, *start.violations)
    flows, readings, refusals = [flow], [start], list[Refusal]()
    if not flow.converged and topology.energised(snapshot).any():
        why = "no solution is found for the state in which it would start"
        refusals.append(Refusal("look-ahead", 0, plan.fault, why))
    for number, step in enumerate(plan.steps, 1):
        if refusals:
            break
        before = flows[-1].snapshot
        move = Move(step, topology, before, after(step, grid, before), flows[-1])
        refusals += _structural(move, number, plan.fault)
        if refusals:
            break
        flow = solver.solve(move.after, controls="static")
        flows.append(flow)
        readings.append(read_off(gauge, flow, limits))
        if topology.energised(move.after).any():
            why = look_ahead(flow, accepted, readings[-1], limits)
            refusals += _refusal("look-ahead", number, step, why)
    unknown = dict.fromkeys(name for reading in readings for name in reading.unknown)
    return Judgement(Verdict(tuple(refusals), tuple(unknown)), tuple(flows), tuple(readings))


def after(step: Step, grid: Grid, snapshot: Snapshot) -> Snapshot:
    """The snapshot with a step carried out. Raises `GridError` where its device is not there."""
    if step.action in (Action.OPEN, Action.CLOSE):
        name = str(grid.switches["name"][switch_row(grid, step.device)])
        return snapshot.with_switch(grid, name, is_open=step.action is Action.OPEN)
    if step.value is None:
        raise GridError(f"the step '{step.action} {step.device}' has no value", mend="give a step")
    key = "taps" if step.action is Action.SET_TAP else "capacitors"
    return snapshot.with_positions(grid, {key: {step.device: step.value}})


def _structural(move: Move, number: int, fault: str) -> list[Refusal]:
    """What the rules that need no solution of the next state say of a move."""
    found: list[Refusal] = []
    found += _refusal("radiality", number, move.step, radiality(move))
    found += _refusal("synchronism", number, move.step, synchronism(move))
    found += _refusal("capability", number, move.step, capability(move))
    found += _refusal("capability", number, move.step, faulted_section(move, fault))
    return found


def _refusal(rule: str, number: int, step: Step, why: str | None) -> list[Refusal]:
    return [] if why is None else [Refusal(rule, number, step.device, why)]


def _compile(grid: Grid) -> Solver:
    from gridmend.powerflow.network import Network

    return Network.of(grid)
