"""The search in any network: every configuration judged by the unbalanced power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gridmend.interlock.electric import Solver, look_ahead
from gridmend.interlock.limits import Gauge, Limits, Reading, read_off
from gridmend.model.flow import Flow
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.reconfiguration.balanced import Flags
from gridmend.operations.reconfiguration.trees import Gates, every_tree
from gridmend.powerflow.results import losses

TREES_MOST = 500
"""Configurations up to which all are solved."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """A network before, and what a configuration of it is measured against."""

    topology: Topology
    solver: Solver
    gauge: Gauge
    limits: Limits
    before: Flow
    reading: Reading

    @property
    def supplied(self) -> Flags:
        """[loads] who is supplied before."""
        return self.topology.supplied(self.topology.energised(self.before.snapshot))

    def refused(self, snapshot: Snapshot) -> str:
        """Why the topology alone forbids a configuration; empty where it does not."""
        lost = self.supplied & ~self.topology.supplied(self.topology.energised(snapshot))
        if lost.any():
            return f"load {self.topology.grid.loads['name'][int(np.argmax(lost))]} has no supply"
        if loop_count(self.topology, snapshot) > loop_count(self.topology, self.before.snapshot):
            return "it would have a loop"
        return ""

    def judged(self, snapshot: Snapshot) -> tuple[Flow, str]:
        """The flow of a configuration and why it is not allowed, empty where it is."""
        flow = self.solver.solve(snapshot, controls="static", near=self.before)
        reading = read_off(self.gauge, flow, self.limits)
        why = look_ahead(flow, self.reading.violations, reading, self.limits)
        return flow, why or ""

    def loss_kw(self, flow: Flow) -> float:
        """What the network itself takes [kW]."""
        return losses(self.topology.grid, flow).kw


@dataclass(frozen=True, eq=False)
class Searched:
    """The best configuration found, and whether every one was looked at."""

    snapshot: Snapshot
    flow: Flow
    is_complete: bool
    solved: int
    trees: float


@dataclass(eq=False)
class _Tried:
    """What was tried so far; the best of it that is allowed."""

    baseline: Baseline
    gates: Gates
    best: tuple[float, Snapshot, Flow] | None = None
    loss_of: dict[frozenset[int], float] = field(default_factory=dict[frozenset[int], float])
    solved: int = 0

    def loss(self, closed: frozenset[int]) -> float:
        """Losses [kW] of closed gates; infinite where they are not allowed."""
        if closed not in self.loss_of:
            self.loss_of[closed] = self._solved(closed)
        return self.loss_of[closed]

    def _solved(self, closed: frozenset[int]) -> float:
        snapshot = _positions(self.baseline, self.gates, closed)
        if self.baseline.refused(snapshot):
            return np.inf
        self.solved += 1
        flow, why = self.baseline.judged(snapshot)
        if why:
            return np.inf
        loss_kw = self.baseline.loss_kw(flow)
        if self.best is None or loss_kw < self.best[0] * (1 - 1e-9):
            self.best = loss_kw, snapshot, flow
        return loss_kw


def search(
    baseline: Baseline, gates: Gates, *, solves_most: int, out_of_time: Callable[[], bool],
    told: Callable[[float], None],
) -> Searched:  # fmt: skip
    """All configurations where they are few; else exchange one gate for another while it gains.

    The configuration before is the first, so that the answer is never worse; `told` is called
    with the least losses known [kW]. Loops before stay where nothing better is radial.
    """
    tried, trees = _Tried(baseline, gates), gates.tree_count()

    def is_over() -> bool:
        return out_of_time() or tried.solved >= solves_most

    is_complete = trees <= TREES_MOST
    if gates.is_tree(gates.closed):
        tried.loss(gates.closed)
    if is_complete:
        for closed in every_tree(gates):
            if is_over():
                is_complete = False
                break
            tried.loss(closed)
            told(tried.best[0] if tried.best else np.inf)
    else:
        _exchanged(tried, is_over, told)
    if tried.best is None:
        return Searched(baseline.before.snapshot, baseline.before, False, tried.solved, trees)
    return Searched(*tried.best[1:], is_complete, tried.solved, trees)


def _exchanged(tried: _Tried, is_over: Callable[[], bool], told: Callable[[float], None]) -> None:
    """Close a gate, open one of its loop, always the best of all, from the positions before."""
    gates = tried.gates
    here = gates.closed if gates.is_tree(gates.closed) else next(every_tree(gates), None)
    while here is not None:
        was, better = tried.loss(here), None
        for gate in range(len(gates.gates)):
            around = gates.loop(here, gate) if gate not in here else None
            for other in around or ():
                if is_over():
                    return
                then = (here | {gate}) - {other}
                if tried.loss(then) < was * (1 - 1e-9):
                    was, better = tried.loss(then), then
                told(tried.best[0] if tried.best else np.inf)
        here = better


def _positions(baseline: Baseline, gates: Gates, closed: frozenset[int]) -> Snapshot:
    switches = baseline.topology.grid.switches
    moves = {
        str(switches["name"][row]): k not in closed
        for k, gate in enumerate(gates.gates)
        for row in gate
        if (k in closed) != (k in gates.closed)
    }
    return baseline.before.snapshot.with_switches(baseline.topology.grid, moves)
