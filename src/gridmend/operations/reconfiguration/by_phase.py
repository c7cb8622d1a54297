"""The search in a balanced network: on one phase, confirmed by the network's own power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.operations.reconfiguration.balanced import BASE_KVA, Balanced, Flags, Floats
from gridmend.operations.reconfiguration.by_flow import Baseline
from gridmend.operations.reconfiguration.proof import Found, find
from gridmend.powerflow.results import amperes

NO_SOLUTION = "no radial configuration has a solution above half the rated voltage"
_ROUNDS_MOST = 5
"""How often limits are tightened where the power flow refuses what the search found."""
_TIGHTER = 1e-3
_AGREES = 1e-4
"""Relative difference of losses up to which one phase stands for the network."""


@dataclass(frozen=True, eq=False)
class Confirmed:
    """The best configuration within the limits, solved by the power flow; what none loses less
    than [kW], limits aside; and the best beyond the limits, where that loses less."""

    snapshot: Snapshot
    flow: Flow
    bound_kw: float
    has_loops: bool
    beyond: tuple[Snapshot, Flow] | None


def search(
    baseline: Baseline,
    net: Balanced,
    *,
    parts_most: int,
    out_of_time: Callable[[], bool],
    told: Callable[[float], None],
) -> Confirmed | str:
    """The best configuration that the power flow confirms and the limits allow; or why none.

    It is sought with the limits aside first, which gives the bound. Only where the limits forbid
    that one it is sought again within what they are on one phase (a load keeps the lower limit,
    or stays where it was below it), and they are tightened where the power flow refuses the
    best all the same.
    """
    before = baseline.before.snapshot
    closed = np.where(net.switch >= 0, before.open_phases[net.switch] == 0, True)
    free = find(net, [closed], parts_most=parts_most, out_of_time=out_of_time, told=told)
    if not np.isfinite(free.loss_pu):
        return NO_SOLUTION
    bound_kw, has_loops = free.bound_pu * BASE_KVA, free.loops > 0
    snapshot = _positions(baseline, net, free.closed)
    flow, why = _judged(baseline, snapshot)
    if _differs(baseline, flow, free):
        return "one phase does not stand for the network"
    if not why:
        return Confirmed(snapshot, flow, bound_kw, has_loops, None)
    beyond, net, found = (snapshot, flow), _limited(baseline, net), free
    for _ in range(_ROUNDS_MOST):
        found = find(
            net, [closed, found.closed], parts_most=parts_most, out_of_time=out_of_time, told=told
        )
        snapshot = _positions(baseline, net, found.closed)
        flow, why = _judged(baseline, snapshot)
        if not why:
            return Confirmed(snapshot, flow, bound_kw, has_loops, beyond)
        net = replace(net, u_least=net.u_least * (1 + _TIGHTER), i_most=net.i_most * (1 - _TIGHTER))
    if not _judged(baseline, before)[1]:
        return Confirmed(before, baseline.before, bound_kw, has_loops, beyond)
    return f"no radial configuration was found within the limits: {why}"


def _judged(baseline: Baseline, snapshot: Snapshot) -> tuple[Flow, str]:
    flow, why = baseline.judged(snapshot)
    return flow, baseline.refused(snapshot) or why


def _differs(baseline: Baseline, flow: Flow, found: Found) -> bool:
    loss_kw = baseline.loss_kw(flow)
    return abs(found.loss_pu * BASE_KVA - loss_kw) > _AGREES * max(loss_kw, 1e-9)


def _limited(baseline: Baseline, net: Balanced) -> Balanced:
    """The same with what `interlock.limits` tolerates, as squares of voltage and current."""
    limits, grid = baseline.limits, baseline.topology.grid
    beyond = {
        (v.limit, v.element): abs(v.value - v.bound) / v.bound for v in baseline.reading.violations
    }
    u_least = np.zeros(net.nodes)
    base_kv = _base_kv(baseline)
    for row in np.flatnonzero(grid.loads.flags("in_service")).tolist():
        name = f"load.{grid.loads['name'][row]}"
        was = beyond.get(("voltage_low", name))
        allowed = 0.0 if was is None else was + limits.worse_v_pu
        rated = float(grid.loads["kv"][row]) / base_kv
        node = net.node_of_bus[grid.buses.row(grid.loads["bus"][row])]
        u_least[node] = max(u_least[node], (limits.v_low_pu * (1 - allowed) * rated) ** 2)
    return replace(net, u_least=u_least, i_most=_squares(baseline, net, beyond, base_kv))


def _squares(
    baseline: Baseline, net: Balanced, beyond: dict[tuple[str, str], float], base_kv: float
) -> Floats:
    """[edges] square of the current that a switch may lead [pu]."""
    limits, grid = baseline.limits, baseline.topology.grid
    emergency, normal = (amperes(grid, "switches", emergency=e) for e in (True, False))
    rating_a = np.where(emergency > 0, emergency, normal)
    base_a = BASE_KVA / (np.sqrt(3) * base_kv)
    most = np.full(len(net.switch), np.inf)
    for edge in np.flatnonzero(net.switch >= 0).tolist():
        row = int(net.switch[edge])
        if np.isfinite(rating_a[row]):
            was = beyond.get(("loading_a", f"switch.{grid.switches['name'][row]}"))
            allowed = 0.0 if was is None else was + limits.worse_loading_pct / 100
            most_a = rating_a[row] * limits.loading_pct / 100 * (1 + allowed)
            most[edge] = (most_a / base_a) ** 2
    return most


def _base_kv(baseline: Baseline) -> float:
    sources = baseline.topology.grid.sources
    row = int(np.argmax(baseline.before.snapshot.source_on))
    return float(sources["v_pu"][row] * sources["base_kv"][row])


def _positions(baseline: Baseline, net: Balanced, closed: Flags) -> Snapshot:
    before = baseline.before.snapshot
    open_phases = before.open_phases.copy()
    some = net.switch >= 0
    mask = 0b111
    open_phases[net.switch[some]] = np.where(closed[some], 0, mask)
    return before.with_open_phases(open_phases)
