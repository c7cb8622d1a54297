"""The search for the best configuration: most customers first, each refuted by power flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import islice, permutations
from math import inf

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.check import Judgement, examine
from gridmend.interlock.electric import Solver, look_ahead
from gridmend.interlock.limits import Gauge, Limits, Reading, excess_pu, read_off, worsened
from gridmend.model.flow import Flow
from gridmend.model.plan import Action, Plan, Step, Verdict, Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.configurations import NOTHING, Configuration, Tie, grown
from gridmend.operations.fault import Isolation

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDERS_MOST = 24
"""Orders of closing that are tried before a configuration is given up."""

EQUALS_MOST = 8
"""Plans of equal merit whose losses are compared."""

GROW_AFTER = 40
"""Refusals after which a plan is grown, so that the search has one to improve on."""

ALTERNATIVES_TRIED = 20
"""Lesser configurations that are tried for further plans once the best is known."""

_BRANCHES = ("lines", "switches", "transformers", "reactors")


@dataclass(frozen=True, eq=False)
class Case:
    """A fault with all that its restoration needs to know.

    `out` [loads] lost supply by the fault; `weights` and `counts` [loads] are customers.
    `start` is the reading of the state after protection, `flow` its flow, and `accepted` the
    violations that stood before the fault.
    """

    topology: Topology
    isolation: Isolation
    solver: Solver
    gauge: Gauge
    limits: Limits
    flow: Flow
    start: Reading
    accepted: tuple[Violation, ...]
    out: Flags
    counts: Ints
    weights: Floats


@dataclass(frozen=True, eq=False)
class Found:
    """A configuration with the steps that lead to it, and their judgement."""

    configuration: Configuration
    steps: tuple[Step, ...]
    judgement: Judgement
    merit: tuple[float, int, int, int]
    loss_kw: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A configuration that is not allowed, why, and by how much its worst limit is exceeded."""

    configuration: Configuration
    why: str
    excess: float = inf


@dataclass(frozen=True, eq=False)
class Search:
    """Feasible ways, best first; why others were refused; and the most that was not refuted."""

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    bound: float
    """Weight that no other way can exceed."""


def search(
    case: Case,
    among: list[Tie],
    listed: list[Configuration],
    *,
    complete: bool,
    plans_most: int,
    out_of_time: Callable[[], bool],
) -> Search:
    """Go through configurations by merit until the best that the interlock allows is known.

    Merit: weight of the customers restored, then fewer switches moved by hand, then fewer
    moved at all, then fewer ties; of equals, the lower losses. Nothing that ranks above the best
    plan found is left untried unless time runs out, which `bound` then shows. After
    `GROW_AFTER` refusals, or where `listed` is not complete, a plan is also grown section by
    section.
    """
    queue = [(_merit(case, c, _weight_of_sections(case, c)), k) for k, c in enumerate(listed)]
    heapify(queue)
    found: list[Found] = []
    refused: list[Refused] = []
    exact: set[int] = set()
    tried_since = 0
    bound = 0.0
    while queue:
        best = min((f.merit for f in found), default=None)
        merit, number = queue[0]
        if best is not None and merit > best:
            if len(found) >= plans_most or tried_since >= ALTERNATIVES_TRIED:
                break
            tried_since += 1
        elif best is not None and len(found) >= EQUALS_MOST:
            break
        if out_of_time():
            bound = -merit[0]
            break
        heappop(queue)
        here = listed[number]
        if number not in exact:
            exact.add(number)
            sharper = _merit(case, here, _weight(case, here))
            if sharper != merit:
                heappush(queue, (sharper, number))
                continue
        way = _tried(case, here, merit)
        if isinstance(way, Found):
            found.append(way)
            continue
        refused.append(way)
        if len(refused) == GROW_AFTER and not found:
            found += _grown(case, among)
    if not found or (not complete and len(refused) < GROW_AFTER):
        found += _grown(case, among)
    # What was grown may have been met again in the queue.
    distinct = {f.configuration.closed: f for f in found}
    ranked = sorted(distinct.values(), key=lambda f: (f.merit, f.loss_kw))
    most = -ranked[0].merit[0] if ranked else 0.0
    return Search(tuple(ranked), tuple(refused), max(most, bound))


def _grown(case: Case, among: list[Tie]) -> list[Found]:
    """A plan that takes one section after the other as long as the interlock allows it.

    Bounded: each section is joined at most once, and each switch refused at most once a round.
    """
    nothing = _tried(case, NOTHING, _merit(case, NOTHING, 0.0))
    if isinstance(nothing, Refused):
        return []
    best, hopeless = nothing, set[frozenset[int]]()
    while True:
        wider = sorted(
            (c for c in grown(among, best.configuration) if frozenset(c.closed) not in hopeless),
            key=lambda c: (len(c.to_close), -_weight_of_sections(case, c)),
        )
        for configuration in wider:
            way = _tried(
                case, configuration, _merit(case, configuration, _weight(case, configuration))
            )
            if isinstance(way, Found):
                best = way
                break
            hopeless.add(frozenset(configuration.closed))
        else:
            return [best]


def positions(case: Case, configuration: Configuration) -> Snapshot:
    """The snapshot in which a configuration ends, with the taps of the start."""
    switches = case.topology.grid.switches
    moves = {str(switches["name"][k]): True for k in configuration.to_open}
    moves |= {str(switches["name"][k]): False for k in configuration.to_close}
    isolated = case.flow.snapshot.with_switches(
        case.topology.grid, dict.fromkeys(case.isolation.to_open, True)
    )
    return isolated.with_switches(case.topology.grid, moves)


def restored(case: Case, snapshot: Snapshot) -> Flags:
    """[loads] those that the fault put out and that a snapshot supplies."""
    return case.out & case.topology.supplied(case.topology.energised(snapshot))


def loss_kw(flow: Flow) -> float:
    """What lines, switches, transformers and reactors take."""
    return sum(float(flow.power_kva(table).real.sum()) for table in _BRANCHES)


def _merit(case: Case, here: Configuration, weight: float) -> tuple[float, int, int, int]:
    switches = case.topology.grid.switches
    remote, ties = switches.flags("remote"), switches.flags("normally_open")
    moved = (*here.to_open, *here.to_close)
    by_hand = sum(not remote[k] for k in moved)
    return -weight, by_hand, len(moved), sum(bool(ties[k]) for k in here.to_close)


def _weight(case: Case, here: Configuration) -> float:
    return float(case.weights[restored(case, positions(case, here))].sum())


def _weight_of_sections(case: Case, here: Configuration) -> float:
    """The weight if every section were supplied on all its phases."""
    rows, nodes = case.topology.wiring.load_nodes
    section = np.full(len(case.weights), -1, np.int64)
    section[rows] = case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes]]
    inside = np.isin(section, list(here.sections)) & case.out
    return float(case.weights[inside].sum())


def _tried(case: Case, here: Configuration, merit: tuple[float, int, int, int]) -> Found | Refused:
    """The way to a configuration, or why there is none."""
    final = positions(case, here)
    if case.topology.energised(final).any():
        flow = case.solver.solve(final, controls="static", near=case.flow)
        reading = read_off(case.gauge, flow, case.limits)
        accepted = (*case.accepted, *case.start.violations)
        why = look_ahead(flow, accepted, reading, case.limits)
        if why is not None:
            worse = worsened(accepted, reading.violations, case.limits)
            excess = max((excess_pu(v) for v in worse), default=inf)
            return Refused(here, why, excess if flow.converged else inf)
    first = ""
    for order in islice(_orders(case, here), ORDERS_MOST):
        steps = _steps(case, here, order)
        judgement = examine(
            Plan(case.isolation.fault, steps, Verdict()),
            case.topology.grid,
            case.isolation.tripped,
            network=case.solver,
            topology=case.topology,
            limits=case.limits,
            accepted=case.accepted,
            gauge=case.gauge,
        )
        if judgement.verdict.allowed:
            return Found(here, steps, judgement, merit, loss_kw(judgement.flows[-1]))
        refusal = judgement.verdict.refusals[0]
        first = first or f"{refusal.device}: {refusal.why}"
    return Refused(here, first)


def _steps(case: Case, here: Configuration, order: tuple[int, ...]) -> tuple[Step, ...]:
    """Bare steps: isolate, split what is still dead, then close outward from what is live."""
    switches = case.topology.grid.switches
    remote = switches.flags("remote")
    opening = [*case.isolation.to_open]
    opening += [str(switches["name"][k]) for k in sorted(here.to_open, key=lambda k: not remote[k])]
    closing = [str(switches["name"][k]) for k in order]
    return (
        *(Step(Action.OPEN, name, "") for name in opening),
        *(Step(Action.CLOSE, name, "") for name in closing),
    )


def _orders(case: Case, here: Configuration) -> Iterator[tuple[int, ...]]:
    """Orders of closing, the one outward from what is live first.

    A switch between two dead sections may be closed at any time; the interlock judges.
    """
    remote = case.topology.grid.switches.flags("remote")
    outward = here.to_close
    yield tuple(sorted(outward, key=lambda k: not remote[k]))
    yield outward
    yield from islice(permutations(outward), 1, None)
