"""A way of restoration put to the test: its steps in order, each judged by the interlock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice, permutations
from math import inf

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.check import Judgement, examine
from gridmend.interlock.electric import Solver, look_ahead
from gridmend.interlock.limits import Gauge, Limits, Reading, excess_pu, read_off, worsened
from gridmend.model.deed import is_remote
from gridmend.model.flow import Flow
from gridmend.model.plan import Action, Ahead, Plan, Step, Verdict, Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.alone import formed, with_and_without_der
from gridmend.operations.configurations import ISLAND_COUNTS, Configuration, Merit
from gridmend.operations.devices import Devices
from gridmend.operations.fault import Isolation
from gridmend.operations.least import Least
from gridmend.operations.outlook import Outlook
from gridmend.operations.refuted import Hindrance, Refuted

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ORDERS_MOST = 24
"""Orders of closing that are tried before a configuration is given up."""

ORDERS_AHEAD_MOST = 4
"""Orders that hold at the demand of the start and fail at a later one, before it is given up."""


@dataclass(frozen=True, eq=False)
class Case:
    """A fault with all that its restoration needs to know.

    `out` [loads] lost supply by the fault; `weights` and `counts` [loads] are customers.
    `start` is the reading of the state after protection, `flow` its flow, and `accepted` the
    violations that stood before the fault. `outlook` judges what follows until the repair; None
    where only the demand of the start counts.
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
    outlook: Outlook | None = None

    @cached_property
    def devices(self) -> Devices:
        """What its plans move."""
        return Devices.of(self.isolation.poles)

    @cached_property
    def least(self) -> Least:
        """What its loads take at the least."""
        accepted = (*self.accepted, *self.start.violations)
        network, demand = self.solver.network, self.flow.snapshot
        return Least.of(self.topology, network, demand, self.limits, accepted)

    @cached_property
    def refuted(self) -> Refuted:
        """Islands that flows at the demand of the start have refused."""
        return Refuted(self.topology)


@dataclass(frozen=True, eq=False)
class Found:
    """A configuration with the steps that lead to it, and their judgement."""

    configuration: Configuration
    steps: tuple[Step, ...]
    judgement: Judgement
    merit: Merit
    loss_kw: float
    ahead: Ahead | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A configuration that is not allowed, why, and by how much its worst limit is exceeded: at
    the least where it was not solved. Not proved is one of which not all orders were tried."""

    configuration: Configuration
    why: str
    excess: float = inf
    worst: Violation | None = None
    is_solved: bool = True
    is_proved: bool = True


def positions(case: Case, configuration: Configuration) -> Snapshot:
    """The snapshot in which a configuration ends, with the taps of the start."""
    names, moves = case.devices.names, dict.fromkeys(case.isolation.to_open, True)
    moves |= {names[k]: True for k in configuration.to_open}
    moves |= {names[k]: False for k in configuration.to_close}
    return case.devices.moved(case.flow.snapshot, moves)


def restored(case: Case, snapshot: Snapshot) -> Flags:
    """[loads] those that the fault put out and that a snapshot supplies."""
    return case.out & case.topology.supplied(case.topology.energised(snapshot))


def loss_kw(flow: Flow) -> float:
    """What lines, switches, transformers and reactors take."""
    tables = ("lines", "switches", "transformers", "reactors")
    return sum(float(flow.power_kva(table).real.sum()) for table in tables)


def merit_of(case: Case, here: Configuration, weight: float) -> Merit:
    devices, moved = case.devices, (*here.to_open, *here.to_close)
    by_hand = sum(not devices.remote[k] for k in moved)
    ties = [k for k in here.to_close if devices.normally_open[k]]
    closed = sum(ISLAND_COUNTS if k in devices.formers else 1 for k in ties)
    return -weight, by_hand, len(moved), closed


def weight_of(case: Case, here: Configuration) -> float:
    return float(case.weights[restored(case, positions(case, here))].sum())


def tried(
    case: Case,
    here: Configuration,
    merit: Merit,
    sequences: Iterator[tuple[Step, ...]] | None = None,
) -> Found | Refused:
    """The way to a configuration, or why there is none.

    `sequences` are its steps in the orders to be tried; without them, the order outward from
    what is live, and then others.
    """
    if (hindered := refused_at_once(case, here, in_one_go=sequences is None)) is not None:
        return hindered
    is_whole = sequences is None
    if sequences is None:
        sequences = chain(
            _without_hands(case, here), (_steps(case, here, order) for order in _orders(case, here))
        )
    first, later = "", list[Hindrance]()
    for steps in islice(sequences, ORDERS_MOST):
        judgement = examine(
            Plan(case.isolation.fault, steps, Verdict(), phases=case.isolation.poles.phases),
            case.topology.grid,
            case.isolation.tripped,
            network=case.solver,
            topology=case.topology,
            limits=case.limits,
            accepted=case.accepted,
            gauge=case.gauge,
        )
        if not judgement.verdict.allowed:
            refusal = judgement.verdict.refusals[0]
            first = first or f"{refusal.device}: {refusal.why}"
            continue
        ahead = case.outlook.judged(steps, judgement.flows) if case.outlook else None
        if not isinstance(ahead, Hindrance):
            return Found(here, steps, judgement, merit, loss_kw(judgement.flows[-1]), ahead)
        later.append(ahead)
        if len(later) >= ORDERS_AHEAD_MOST:
            break
    is_proved = is_whole and next(sequences, None) is None
    if later:
        hindrance = min(later, key=lambda h: h.excess)
        return replace(_refused(here, hindrance), is_proved=is_proved)
    return Refused(here, first or "no order of its steps leads there", is_proved=is_proved)


def refused_at_once(case: Case, here: Configuration, *, in_one_go: bool = True) -> Refused | None:
    """What of a configuration's final state refuses every order of its steps: its heaviest hour,
    or the demand of the start. In one go all is opened before anything closes."""
    final = positions(case, here)
    if not case.topology.energised(final).any():
        return None
    if mixed := case.isolation.poles.mixed(final):
        return Refused(here, f"load {mixed} would be fed by two sources")
    if (beyond := case.least.beyond(final)) is not None:
        of_limit = f"{beyond.value:.0f} kW, {beyond.value / beyond.bound:.0%} of its limit"
        why = f"{beyond.element} would carry at least {of_limit}"
        return Refused(here, why, excess_pu(beyond), beyond, is_solved=False)
    if (known := case.refuted.against(final)) is not None:
        return _refused(here, known)
    hindrance = _hindrance(case, here, final, in_one_go=in_one_go)
    return None if hindrance is None else _refused(here, hindrance)


def _hindrance(
    case: Case, here: Configuration, final: Snapshot, *, in_one_go: bool
) -> Hindrance | None:
    """What refuses every order of a configuration's steps, by flows of its `final` state."""
    if case.outlook is not None:
        steps = _steps(case, here, here.to_close)
        opening = len(isolating(case, here)) + in_one_go * len(here.to_open)
        back = restored(case, final)
        hindrance = case.outlook.at_peak(final, back, steps, opening=opening)
        if hindrance is not None:
            return hindrance
    accepted = (*case.accepted, *case.start.violations)
    new = formed(case.topology, case.isolation.tripped, final)
    for there in with_and_without_der(case.topology, final, new):
        flow = case.solver.solve(there, controls="static", near=case.flow)
        reading = read_off(case.gauge, flow, case.limits)
        why = look_ahead(flow, accepted, reading, case.limits)
        if why is None:
            continue
        worse = worsened(accepted, reading.violations, case.limits) if flow.converged else []
        worst = max(worse, key=excess_pu, default=None)
        hindrance = Hindrance(why, excess_pu(worst) if worst else inf, worst)
        if flow.controls_settled:
            case.refuted.learn(final, hindrance)
        return hindrance
    return None


def isolating(case: Case, here: Configuration) -> list[str]:
    """The switches that open to isolate: around another fault only those beside what is fed."""
    isolation = case.isolation
    if not isolation.aside:
        return [*isolation.to_open]
    live = isolation.sections.of_bus[isolation.poles.live_buses(positions(case, here))]
    fed = set(live.tolist())
    return [name for name in isolation.to_open if isolation.aside.get(name, -1) in {-1, *fed}]


def _refused(here: Configuration, hindrance: Hindrance) -> Refused:
    return Refused(here, hindrance.why, hindrance.excess, hindrance.worst)


def _steps(case: Case, here: Configuration, order: tuple[int, ...]) -> tuple[Step, ...]:
    """Bare steps: isolate, split what is still dead, then close outward from what is live."""
    names, remote = case.devices.names, case.devices.remote
    opening = isolating(case, here)
    opening += [names[k] for k in sorted(here.to_open, key=lambda k: not remote[k])]
    return (
        *(case.isolation.poles.step(Action.OPEN, name) for name in opening),
        *(case.isolation.poles.step(Action.CLOSE, names[k]) for k in order),
    )


def _without_hands(case: Case, here: Configuration) -> Iterator[tuple[Step, ...]]:
    """The steps in an order in which nobody waits for a switch by hand that only isolates: it opens
    once nothing else is left that does not make the fault live. None where that changes nothing."""
    devices, isolation, grid = case.devices, case.isolation, case.topology.grid
    waiting = [name for name in isolating(case, here) if not is_remote(grid, name)]
    picks_up = case.outlook is not None and case.outlook.horizon.cold is not None
    if not waiting or picks_up:
        return
    bare = _steps(case, here, tuple(sorted(here.to_close, key=lambda k: not devices.remote[k])))
    steps = [s for s in bare if s.action is Action.OPEN and s.device not in waiting]
    closing = [s for s in bare if s.action is Action.CLOSE]
    now = devices.moved(isolation.tripped, {s.device: True for s in steps})
    in_zone = np.append(isolation.zone, False)[isolation.sections.of_bus]
    while closing or waiting:
        for step in closing:
            then = devices.moved(now, {step.device: False})
            if not (isolation.poles.live_buses(then) & in_zone).any():
                closing.remove(step)
                break
        else:
            if not waiting:
                return
            step = isolation.poles.step(Action.OPEN, waiting.pop(0))
            then = devices.moved(now, {step.device: True})
        steps.append(step)
        now = then
    yield tuple(steps)


def _orders(case: Case, here: Configuration) -> Iterator[tuple[int, ...]]:
    """Orders of closing, the one outward from what is live first.

    A switch between two dead sections may be closed at any time; the interlock judges.
    """
    remote = case.devices.remote
    outward = here.to_close
    yield tuple(sorted(outward, key=lambda k: not remote[k]))
    yield outward
    yield from islice(permutations(outward), 1, None)
