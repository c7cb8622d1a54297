"""`reconfigure`: the radial configuration of a grid with the least losses, and its proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gridmend.interlock.check import Bench
from gridmend.interlock.electric import Solver, solver_of
from gridmend.interlock.limits import Gauge, Limits, read_off
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.reconfiguration import by_flow, by_phase
from gridmend.operations.reconfiguration.answer import Reconfiguration
from gridmend.operations.reconfiguration.balanced import Flags, balanced_of
from gridmend.operations.reconfiguration.by_flow import Baseline
from gridmend.operations.reconfiguration.steps import Way, way
from gridmend.operations.reconfiguration.trees import Gates
from gridmend.operations.remembering import Remembering
from gridmend.powerflow.network import Network

PARTS_MOST = 60_000
"""Parts of all configurations looked at for the bound: under a second at a hundred buses."""
SOLVES_MOST = 2_000
FIXED_KINDS = ("fuse",)
"""Kinds of switch that are not operated to lessen losses."""


def reconfigure(
    grid: Grid,
    snapshot: Snapshot | None = None,
    *,
    limits: Limits | None = None,
    parts_most: int = PARTS_MOST,
    solves_most: int = SOLVES_MOST,
    seconds_limit: float = 30.0,
    network: Network | Solver | None = None,
    topology: Topology | None = None,
    clock: Callable[[], float] = perf_counter,
    told: Callable[[str], None] = lambda line: None,
) -> Reconfiguration:
    """The radial configuration with the least losses that keeps everybody supplied.

    In a balanced network (three equal phases, constant demand, one voltage) it exchanges
    branches from the meshed network's optimal flow and from the positions given, and proves a
    bound by branching over loops; docs/reconfiguration.md says what the bound rests on. In any
    other network configurations are solved by the unbalanced power flow with regulators and
    capacitors settled: all of them where there are few, else exchanges from the positions
    given, without a bound. No violation of `limits` is new or worse than before, and what was
    dead stays dead. The losses are those of the power flow; checked against OpenDSS.

    Parameters
    ----------
    snapshot
        Positions and demand before; the normal ones unless given.
    parts_most, solves_most, seconds_limit
        Where the proof, the power flows and both by the clock end; with an endless
        `seconds_limit` equal inputs give equal answers.
    clock
        Seconds, for `seconds_limit` and `Reconfiguration.seconds`.
    told
        Called with a line of progress.

    Raises
    ------
    GridError
        Where loads cannot be supplied whatever is closed, or the grid is no network.
    """
    begun = clock()
    topology = topology or Topology.of(grid)
    solver = Remembering(solver_of(grid, network), topology)
    given = snapshot or Snapshot.normal(grid)
    usable = _usable(grid)
    _check_reach(topology, given, usable)
    flow = solver.solve(given, controls="static")
    gauge, limits = Gauge.of(topology, flow.nodes, flow.terminals), limits or Limits()
    baseline = Baseline(topology, solver, gauge, limits, flow, read_off(gauge, flow, limits))

    def out_of_time() -> bool:
        return clock() - begun > seconds_limit

    best = _best(baseline, usable, parts_most, solves_most, out_of_time, told)
    return _answer(baseline, best, lambda: clock() - begun)


@dataclass(frozen=True, eq=False)
class _Best:
    """The configuration to answer with; `bound_kw` None where none is proved, for `note`."""

    snapshot: Snapshot
    flow: Flow
    bound_kw: float | None
    note: str
    method: str
    problem: str = ""
    beyond: tuple[Snapshot, Flow] | None = None


NO_LOOP = "there is no loop: nothing to change"


def _best(
    baseline: Baseline,
    usable: Flags,
    parts_most: int,
    solves_most: int,
    out_of_time: Callable[[], bool],
    told: Callable[[str], None],
) -> _Best:
    before = baseline.before
    net = balanced_of(baseline.solver.network, before.snapshot, usable)
    if not isinstance(net, str):
        found = by_phase.search(
            baseline, net, parts_most=parts_most, out_of_time=out_of_time,
            told=lambda gap: told(f"proved to {100 * gap:.2f} %"),
        )  # fmt: skip
        if not isinstance(found, str):
            note = "holds for every radial configuration that supplies all, limits left aside"
            how = "branch exchange, and branching over loops for the bound"
            return _Best(
                found.snapshot, found.flow, found.bound_kw, note,
                how if found.has_loops else NO_LOOP, beyond=found.beyond,
            )  # fmt: skip
        if found == by_phase.NO_SOLUTION:
            return _Best(before.snapshot, before, None, found, "none", found)
        net = found
    if not before.converged:
        problem = (
            f"the power flow before does not converge: mismatch {before.mismatch_pu:.3g} pu,"
            f" worst at bus {before.worst_bus}"
        )
        return _Best(before.snapshot, before, None, net, "none", problem)
    gates = Gates.of(baseline.topology, before.snapshot, usable)
    searched = by_flow.search(
        baseline, gates, solves_most=solves_most, out_of_time=out_of_time,
        told=lambda kw: told(f"{kw:.2f} kW so far"),
    )  # fmt: skip
    bound_kw, trees = None, f"{searched.trees:.3g} radial configurations"
    how = f"branch exchange, {searched.solved:,} power flows"
    note = f"none proved: {net}, and of {trees} only {searched.solved:,} were solved"
    if searched.is_complete:
        bound_kw = baseline.loss_kw(searched.flow)
        note = "holds for every radial configuration within the limits"
        how = f"all {trees} tried, {searched.solved:,} power flows"
        how = NO_LOOP if searched.trees <= 1 else how
    return _Best(searched.snapshot, searched.flow, bound_kw, note, how)


def _usable(grid: Grid) -> Flags:
    kinds = np.array([kind in FIXED_KINDS for kind in grid.switches.texts("kind")], bool)
    return grid.switches.flags("in_service") & ~kinds


def _check_reach(topology: Topology, snapshot: Snapshot, usable: Flags) -> None:
    """Raise `GridError` where loads stay without supply with everything closed."""
    closed = snapshot.with_open_phases(np.where(usable, 0, snapshot.open_phases))
    supplied = topology.supplied(topology.energised(closed))
    loads = topology.grid.loads
    out = np.flatnonzero(loads.flags("in_service") & (snapshot.load_kw != 0) & ~supplied)
    if len(out):
        buses = list(dict.fromkeys(str(loads["bus"][row]) for row in out))
        more = f" and {len(buses) - 5} more" if len(buses) > 5 else ""
        raise GridError(
            f"{len(out)} loads cannot be supplied, whatever is closed",
            where=f"bus {', '.join(buses[:5])}{more}",
            mend="add a branch or a switch that leads there from a source, or take the loads out",
        )


def _answer(baseline: Baseline, best: _Best, seconds: Callable[[], float]) -> Reconfiguration:
    topology, before = baseline.topology, baseline.before
    switches, flow = topology.grid.switches, best.flow
    names = switches["name"]
    was, now = before.snapshot.open_phases != 0, best.snapshot.open_phases != 0
    after = read_off(baseline.gauge, flow, baseline.limits)
    on_way = Way((), "")
    if (was != now).any():
        bench = Bench.of(
            topology.grid, network=baseline.solver, topology=topology, limits=baseline.limits,
            gauge=baseline.gauge,
        )  # fmt: skip
        on_way = way(bench, before.snapshot, best.snapshot)
    return Reconfiguration(
        snapshot=flow.snapshot,
        converged=flow.converged,
        loss_kw=baseline.loss_kw(flow),
        base_loss_kw=baseline.loss_kw(before) if before.converged else None,
        open_branches=_open(topology, best.snapshot),
        to_close=tuple(str(n) for n in names[was & ~now]),
        to_open=tuple(str(n) for n in names[~was & now]),
        bound_kw=best.bound_kw,
        bound_note=best.note,
        method=best.method,
        radial=loop_count(topology, best.snapshot) == 0,
        v_min_pu=after.v_min_pu,
        base_v_min_pu=baseline.reading.v_min_pu,
        loading_max_pct=after.loading_max_pct,
        steps=on_way.steps,
        steps_note=on_way.note,
        seconds=seconds(),
        problem=best.problem,
        beyond_limits=best.beyond
        and (baseline.loss_kw(best.beyond[1]), _open(topology, best.beyond[0])),
    )


def _open(topology: Topology, snapshot: Snapshot) -> tuple[str, ...]:
    switches = topology.grid.switches
    is_open = (snapshot.open_phases != 0) & switches.flags("in_service")
    return tuple(str(name) for name in switches["name"][is_open])
