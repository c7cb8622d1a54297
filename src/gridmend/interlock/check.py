"""The judgement of a plan: every step in turn, against every rule, then by power flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gridmend.interlock import electric
from gridmend.interlock.electric import FaultLevels, Solver, solver_of
from gridmend.interlock.limits import Gauge, Limits, Reading, read_off
from gridmend.interlock.move import By, Move
from gridmend.interlock.policy import Policy
from gridmend.interlock.rules import RULES
from gridmend.interlock.site import Site
from gridmend.interlock.standing import Standing, after, standing
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, Plan, Refusal, Verdict, Violation
from gridmend.model.situation import Situation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network

_A_PERSON = By()


@dataclass(frozen=True, eq=False)
class Judgement:
    """A verdict with what it rests on: the start, then the state after each step judged.

    It ends with the first step that is refused, since what would follow never comes about.
    """

    verdict: Verdict
    flows: tuple[Flow, ...]
    readings: tuple[Reading, ...]


@dataclass(eq=False)
class _Reader:
    """Reads off flows of one network; it remembers where many plans begin."""

    topology: Topology
    limits: Limits
    gauge: Gauge | None
    last: tuple[Flow, Reading] | None = None

    def read(self, flow: Flow) -> Reading:
        """What a flow shows; the gauge is compiled with the first."""
        last = self.last
        if last is not None and last[0] is flow:
            return last[1]
        self.gauge = self.gauge or Gauge.of(self.topology, flow.nodes, flow.terminals)
        return read_off(self.gauge, flow, self.limits)

    def remember(self, flow: Flow) -> Reading:
        """The same of one that will be read again."""
        reading = self.read(flow)
        self.last = flow, reading
        return reading


@dataclass(frozen=True, eq=False)
class Bench:
    """What judgements of one grid share, made once: compile it where many plans are judged."""

    site: Site
    solver: Solver
    levels: FaultLevels
    limits: Limits
    policy: Policy
    reader: _Reader

    @staticmethod
    def of(
        grid: Grid,
        *,
        network: Network | Solver | None = None,
        topology: Topology | None = None,
        limits: Limits | None = None,
        policy: Policy | None = None,
        gauge: Gauge | None = None,
    ) -> Bench:
        """Compile what is not given. Raises `GridError` for what cannot be a network."""
        solver = solver_of(grid, network)
        site, limits = Site.of(topology or Topology.of(grid)), limits or Limits()
        reader = _Reader(site.topology, limits, gauge)
        return Bench(site, solver, FaultLevels(grid, solver), limits, policy or Policy(), reader)

    @property
    def gauge(self) -> Gauge | None:
        """What its flows are read off by; None before the first is."""
        return self.reader.gauge


def check(
    plan: Plan,
    grid: Grid,
    situation: Snapshot | Situation,
    now: datetime | None = None,
    *,
    by: By = _A_PERSON,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
    limits: Limits | None = None,
    policy: Policy | None = None,
    accepted: tuple[Violation, ...] = (),
) -> Verdict:
    """Judge a plan step by step, each with controls settled at the given demand.

    Parameters
    ----------
    situation
        What stands; a `Snapshot` is judged as a study, in which nothing ages.
    now
        The time [UTC]; needed with a `Situation`.
    by
        Who wants it: automation is bound to fresh data, a person may always make safe.
    accepted
        Further violations to measure against, such as those that stood before the fault that a
        plan heals.

    Returns
    -------
    Verdict
        Refusals by rule (see docs/interlock.md), and the ratings that are unknown.

    Raises
    ------
    GridmendError
        Where a device is not there, or a situation is given without a time.
    """
    bench = Bench.of(grid, network=network, topology=topology, limits=limits, policy=policy)
    return judge(plan, bench, situation, now, by=by, accepted=accepted).verdict


def examine(
    plan: Plan,
    grid: Grid,
    situation: Snapshot | Situation,
    *,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
    limits: Limits | None = None,
    accepted: tuple[Violation, ...] = (),
    gauge: Gauge | None = None,
) -> Judgement:
    """The same as `check` for a study, with the flows and readings it rests on."""
    bench = Bench.of(grid, network=network, topology=topology, limits=limits, gauge=gauge)
    return judge(plan, bench, situation, accepted=accepted)


def judge(
    plan: Plan,
    bench: Bench,
    situation: Snapshot | Situation,
    now: datetime | None = None,
    *,
    by: By = _A_PERSON,
    accepted: tuple[Violation, ...] = (),
    flow: Flow | None = None,
) -> Judgement:
    """The same as `check` on what was compiled before; `flow` is the present one, if solved."""
    now_s = _seconds(situation, now)
    before = standing(bench.site, situation, now_s, bench.policy)
    known = situation if isinstance(situation, Situation) else None
    flow = flow or bench.solver.solve(before.snapshot, controls="static")
    readings = [bench.reader.remember(flow)]
    flows, refusals, unknown = [flow], list[Refusal](), dict.fromkeys(readings[0].unknown)
    accepted = (*accepted, *readings[0].violations)
    before = _settled(before, flow)
    for number, step in enumerate(plan.steps, 1):
        key = subject(bench.site.grid, step)
        then = after(step, before, by.principal)
        move = Move(
            step, key, before, then, by, bench.policy, flow, known, now_s, plan.fault, plan.phases
        )
        refusals = [Refusal(rule, number, step.device, why) for rule, why in forbidden(move)]
        if refusals:
            break
        if step.action in MOVES:
            flow = bench.solver.solve(then.snapshot, controls="static", near=flow)
            flows.append(flow)
            readings.append(bench.reader.read(flow))
            unknown |= dict.fromkeys(readings[-1].unknown)
            reasons, more = _foreseen(move, bench, flow, readings[-1], accepted)
            unknown |= dict.fromkeys(more)
            refusals = [Refusal("look-ahead", number, step.device, why) for why in reasons]
            then = _settled(then, flow)
        if refusals:
            break
        before, known = then, _unlocked(known, move)
    return Judgement(Verdict(tuple(refusals), tuple(unknown)), tuple(flows), tuple(readings))


def forbidden(move: Move) -> Iterator[tuple[str, str]]:
    """The rules that forbid a move without looking at what it leads to, each with why."""
    for name, rule in RULES:
        why = rule(move)
        if why is not None:
            yield name, why


def _foreseen(
    move: Move, bench: Bench, flow: Flow, reading: Reading, accepted: tuple[Violation, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """Why the electrical look-ahead forbids a move, and the ratings that are unknown."""
    is_live = bool(flow.energised.any())
    found: list[str | None] = []
    if is_live and not (move.is_making_safe and not flow.converged):
        assert move.flow is not None
        # Where nothing has voltage there is nothing to solve: a black start.
        is_unsolved = not move.flow.converged and bool(move.flow.energised.any())
        if is_unsolved and not move.is_making_safe:
            found.append("no solution is found for the state in which it would start")
        else:
            found.append(electric.look_ahead(flow, accepted, reading, bench.limits))
    level, unknown = electric.fault_level(move, bench.levels)
    found += [level, electric.protection_reach(move, bench.levels)]
    return [why for why in found if why is not None], unknown


def _unlocked(known: Situation | None, move: Move) -> Situation | None:
    """What is known once a step is done: a command to open takes a lock-out away, if it is to all
    poles that are open. Where it does not, a later closing is refused when it is commanded."""
    if known is None or not move.opens or move.row < 0 or not known.locked_out[move.row]:
        return known
    if int(known.snapshot.open_phases[move.row]) & ~move.bits:
        return known
    locked_out = known.locked_out.copy()
    locked_out[move.row] = False
    return replace(known, locked_out=locked_out)


def _settled(standing: Standing, flow: Flow) -> Standing:
    """The same with taps and banks where the controls left them."""
    if not flow.converged:
        return standing
    settled = standing.snapshot.with_taps(flow.snapshot.tap_pu)
    return replace(standing, snapshot=settled.with_capacitors(flow.snapshot.steps_on))


def _seconds(situation: Snapshot | Situation, now: datetime | None) -> float | None:
    if isinstance(situation, Snapshot):
        return None
    if now is None:
        raise GridmendError(
            "a situation is judged at a time, since what is known of it ages",
            mend="give now=, in UTC",
        )
    return now.timestamp()
