"""The way to a configuration: close one switch, open another of its loop, judged step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product

import numpy as np

from gridmend.interlock.check import Bench, judge
from gridmend.interlock.electric import look_ahead
from gridmend.interlock.policy import Policy
from gridmend.model.customers import customer_counts
from gridmend.model.flow import Flow
from gridmend.model.plan import Action, Plan, Step, Verdict, Violation
from gridmend.model.situation import LoopLeave, Situation, SyncCheck
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

Pair = tuple[int, int]
"""Rows of a switch to close and of one to open."""

_NOW = datetime(2000, 1, 1, tzinfo=UTC)
"""A study has no clock; leaves and checks need one to hold at."""


@dataclass(frozen=True, eq=False)
class Way:
    """Steps that the interlock allows, or none and why; and what they take for granted."""

    steps: tuple[Step, ...]
    note: str


def way(bench: Bench, before: Snapshot, after: Snapshot) -> Way:
    """Steps from one radial configuration to another in which nobody is without supply.

    Each switch is closed before the one that it relieves is opened. That makes a loop for a
    moment, which the interlock allows only under a leave, and between sources only after a
    check of synchronism: both are taken for granted here, and said.
    """
    topology = bench.site.topology
    names = topology.grid.switches["name"]
    pairs, why = _ordered(bench, before, after)
    steps: list[Step] = []
    for to_close, to_open in pairs:
        one, other = str(names[to_close]), str(names[to_open])
        steps.append(Step(Action.CLOSE, one, f"takes over from {other}, with a loop for a moment"))
        steps.append(Step(Action.OPEN, other, f"opens the loop that {one} closed"))
    closing = [str(names[row]) for row, _ in pairs]
    judgement = judge(
        Plan("", tuple(steps), Verdict()), bench, _with_leave(topology, before, closing), _NOW
    )
    for refusal in judgement.verdict.refusals:
        why = why or f"{refusal.rule}, {refusal.device}: {refusal.why}"
    if why:
        return Way(
            (), f"no way there that the interlock allows: {why}{_out(topology, before, after)}"
        )
    told = [
        replace(step, v_min_pu=reading.v_min_pu, loading_max_pct=reading.loading_max_pct)
        for step, reading in zip(steps, judgement.readings[1:], strict=True)
    ]
    return Way(tuple(told), _needs(before))


def _ordered(bench: Bench, before: Snapshot, after: Snapshot) -> tuple[list[Pair], str]:
    """Rows to close and to open in turn, the first that the look-ahead allows each time; and why
    no more of them is, empty where all are."""
    was_open, is_open = before.open_phases != 0, after.open_phases != 0
    to_close = np.flatnonzero(was_open & ~is_open).tolist()
    to_open = np.flatnonzero(~was_open & is_open).tolist()
    topology, pairs = bench.site.topology, list[Pair]()
    flow = bench.solver.solve(before, controls="static")
    accepted, here, why = bench.reader.read(flow).violations, before, ""
    supplied = topology.supplied(topology.energised(before))
    while to_close or to_open:
        for pair in product(to_close, to_open):
            states = _passed(topology, here, pair)
            if (supplied & ~topology.supplied(topology.energised(states[1]))).any():
                continue
            refused = _refused(bench, states, flow, accepted)
            if not refused:
                break
            device = topology.grid.switches["name"][pair[0]]
            why = why or f"look-ahead, {device}: {refused}"
        else:
            return pairs, why or "some switch would put customers out whatever the order"
        pairs.append(pair)
        here, why = states[1], ""
        to_close.remove(pair[0])
        to_open.remove(pair[1])
    return pairs, ""


def _passed(topology: Topology, here: Snapshot, pair: Pair) -> tuple[Snapshot, Snapshot]:
    """The states after closing one switch and after opening the other."""
    names = topology.grid.switches["name"]
    closed = here.with_switch(topology.grid, str(names[pair[0]]), is_open=False)
    return closed, closed.with_switch(topology.grid, str(names[pair[1]]), is_open=True)


def _refused(
    bench: Bench, states: tuple[Snapshot, Snapshot], near: Flow, accepted: tuple[Violation, ...]
) -> str:
    for state in states:
        flow = bench.solver.solve(state, controls="static", near=near)
        why = look_ahead(flow, accepted, bench.reader.read(flow), bench.limits)
        if why:
            return why
    return ""


def _with_leave(topology: Topology, before: Snapshot, closing: list[str]) -> Situation:
    """The positions before, all known, with a leave and a check for every switch that closes."""
    grid, now_s = topology.grid, _NOW.timestamp()
    keys = [grid.key(name) for name in closing]
    sources = tuple(f"source.{name}" for name in grid.sources)
    ends_s = now_s + Policy().loop_most_s
    return replace(
        Situation.of(grid, before),
        heard_s=np.full(len(grid.switches), now_s),
        loops={key: LoopLeave(key, sources, "the study", ends_s) for key in keys},
        syncs={key: SyncCheck(key, now_s, 0.0, 0.0, 0.0, True) for key in keys},
        time_s=now_s,
    )


def _needs(before: Snapshot) -> str:
    needs = "the steps take for granted a leave for the loop that each closing makes"
    if int(before.source_on.sum()) > 1:
        needs += ", and a check of synchronism where it joins two sources"
    return needs


def _out(topology: Topology, before: Snapshot, after: Snapshot) -> str:
    """How many lose their supply where everything is opened before anything is closed."""
    names = topology.grid.switches["name"]
    rows = np.flatnonzero((before.open_phases == 0) & (after.open_phases != 0)).tolist()
    opened = before.with_switches(topology.grid, {str(names[row]): True for row in rows})
    lost = topology.supplied(topology.energised(before)) & ~topology.supplied(
        topology.energised(opened)
    )
    count = int(customer_counts(topology.grid)[lost].sum())
    return f"; going there takes an outage of up to {count:,} customers" if count else ""
