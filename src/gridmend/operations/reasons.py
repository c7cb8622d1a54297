"""A plan in words: why each step, and who stays out and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gridmend.interlock.limits import read_off
from gridmend.model.plan import Action, Step
from gridmend.operations.backwards import run_away, told
from gridmend.operations.configurations import Configuration
from gridmend.operations.search import Search
from gridmend.operations.trial import Case, Found, Refused, positions, restored

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

COLLAPSED = 1.0
"""By how much of a limit it is missed where a way is no way at all: a load has no voltage."""

_NAMED_MOST = 4


def explained(case: Case, way: Found) -> tuple[Step, ...]:
    """The steps of a way with reason, customers and predicted effect."""
    flows, readings = way.judgement.flows, way.judgement.readings
    back = restored(case, flows[0].snapshot)
    lost = _lost(case, way)
    steps: list[Step] = []
    for k, step in enumerate(way.steps, 1):
        now = restored(case, flows[k].snapshot)
        customers = int(case.counts[now & ~back].sum())
        back |= now
        reading = readings[k]
        over = int(case.counts[lost[k] ^ lost[k - 1]].sum())
        steps.append(
            replace(
                step,
                why=_moving(step, over) if over else _why(case, step, customers),
                customers=customers,
                v_min_pu=reading.v_min_pu,
                loading_max_pct=reading.loading_max_pct,
            )
        )
    return tuple(steps)


def moved(case: Case, way: Found) -> int:
    """Customers who had supply and are without it between two steps of a way."""
    return int(case.counts[np.any(_lost(case, way), axis=0)].sum())


def _lost(case: Case, way: Found) -> list[Flags]:
    """After each step [loads] those who had supply before the first and have none."""
    topology = case.topology
    states = [topology.supplied(topology.energised(f.snapshot)) for f in way.judgement.flows]
    return [states[0] & ~now for now in states]


def _moving(step: Step, customers: int) -> str:
    if step.action is Action.OPEN:
        return f"{people(customers)} go over to another feeder, without supply until it is closed"
    return f"takes over {people(customers)}, to make room on the feeder they come from"


def left_out(case: Case, way: Found, found: Search, reach: frozenset[int]) -> tuple[str, ...]:
    """Who stays out under a way: a sentence a section, with the number and the reason."""
    still = case.out & ~restored(case, way.judgement.flows[-1].snapshot)
    section = section_of_loads(case)
    if not case.isolation.zone.any():
        return ()
    sentences: list[str] = []
    for number in np.unique(section[still]).tolist():
        customers = int(case.counts[still & (section == number)].sum())
        place = named(case, number)
        if case.isolation.zone[number]:
            why = f"it is faulted, until {case.isolation.fault} is repaired"
        elif number not in reach:
            why = "no tie reaches it past the fault"
        elif number in way.configuration.sections:
            why = "they need phases that the tie does not bring"
        else:
            why = _refused(case, number, found)
        sentences.append(f"{people(customers)} on {place}: {why}")
    return tuple(sentences)


def people(customers: int) -> str:
    """How many customers, in words."""
    return f"{customers:,} customer{'' if customers == 1 else 's'}"


def section_of_loads(case: Case) -> Ints:
    """[loads] the section of each load, -1 where it is out of service."""
    rows, nodes = case.topology.wiring.load_nodes
    found = np.full(len(case.out), -1, np.int64)
    found[rows] = case.isolation.sections.of_bus[case.topology.wiring.node_bus[nodes]]
    return found


def named(case: Case, section: int) -> str:
    """A section by the switches at its border."""
    cut, switches = case.isolation.sections, case.topology.grid.switches
    names = [str(switches["name"][k]) for k in cut.of_switches(section).tolist()]
    if len(names) > _NAMED_MOST:
        names = [*names[:_NAMED_MOST], f"{len(names) - _NAMED_MOST} more"]
    if len(names) > 1:
        return f"the section between {', '.join(names[:-1])} and {names[-1]}"
    if names:
        return f"the section behind {names[0]}"
    buses = np.flatnonzero(cut.of_bus == section)
    return f"the section of bus {case.topology.grid.buses['name'][buses[0]]}"


def _why(case: Case, step: Step, customers: int) -> str:
    grid, isolation = case.topology.grid, case.isolation
    if step.device not in grid.switches:
        former = next(
            one for k, one in case.devices.formers.items() if case.devices.names[k] == step.device
        )
        resource = str(grid.sources["resource"][former.source])
        return f"{resource} forms an island: brings back {people(customers)}"
    row = grid.switches.row(step.device)
    if step.action is Action.OPEN:
        if step.device in isolation.to_open:
            return f"isolates {isolation.fault}"
        ends = [int(s) for s in isolation.sections.ends[row] if not isolation.zone[s]]
        parted = " from ".join(named(case, s) for s in ends[:2])
        return f"parts {parted}, to be fed from another side or left out"
    if grid.switches.flags("normally_open")[row]:
        return f"a tie: brings back {people(customers)} from its other side"
    if step.device in isolation.opened_by_protection:
        return f"tripped on the fault, which is isolated now: brings back {people(customers)}"
    return f"brings back {people(customers)}"


def _refused(case: Case, section: int, found: Search) -> str:
    """Why a section that a tie reaches is left out: the way that came nearest to feeding it."""
    ways = [r for r in found.refused if section in r.configuration.sections]
    if not ways:
        return "the search ended before a way was found"
    # a flow tells how far off a way is, unless all collapses; what it asks at the least, less well
    told_by_flow = [r for r in ways if r.is_solved and r.excess < COLLAPSED]
    nearest = min(told_by_flow or ways, key=lambda r: r.excess)
    through = _through(case, nearest.configuration)
    why = f"{nearest.why}{_runaways(case, nearest)}"
    return f"the nearest way, by closing {through}, is refused: {why}"


def _runaways(case: Case, refused: Refused) -> str:
    """The regulators that run away where a way was refused for a voltage, at the demand of the
    start; nothing where that voltage is none of its violations."""
    worst = refused.worst
    if worst is None or not worst.limit.startswith("voltage"):
        return ""
    there = positions(case, refused.configuration)
    flow = case.solver.solve(there, controls="static", near=case.flow)
    shown = read_off(case.gauge, flow, case.limits).violations if flow.converged else ()
    if not any((v.limit, v.element) == (worst.limit, worst.element) for v in shown):
        return ""
    return told(run_away(case.topology, flow, worst.element))


def _through(case: Case, configuration: Configuration) -> str:
    moved = [case.devices.names[k] for k in configuration.to_close]
    return " and ".join(moved) if moved else "nothing"
