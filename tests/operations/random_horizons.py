"""Random forecasts and pickup for the random networks, and the best restoration over them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from gridmend.interlock import Limits, violations
from gridmend.interlock.limits import worsened
from gridmend.model.islanding import deliverable_kwh
from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing
from gridmend.operations.restoration import Proposal
from tests.operations.random_networks import Drawn, ways_of

DETECTED_MIN = 10.0
REPAIR_MIN = 200.0


@dataclass(frozen=True, eq=False)
class Expected:
    """Hourly factors of demand, and what every load is multiplied by that was out; the pickup is
    full for whoever is out for as long as detection takes, and stays so until the repair."""

    factors: tuple[float, ...]
    pickup: float
    horizon: Horizon


def expected(case: Drawn, seed: int) -> Expected:
    """Four hours of demand between 0.6 and 1.4 times the usual, and a pickup of up to 1.8."""
    rng = np.random.default_rng(10_000 + seed)
    factors = tuple(rng.uniform(0.6, 1.4, 4).tolist())
    share, undiversified = float(rng.uniform(0.2, 0.8)), float(rng.uniform(1.0, 2.0))
    cold = ColdLoad(
        share=share, undiversified_pu=undiversified, full_min=DETECTED_MIN, hold_min=2 * REPAIR_MIN
    )
    timing = Timing(
        repair_min=REPAIR_MIN, detection_s=60 * DETECTED_MIN, step_s=1.0, hand_step_min=0.5
    )
    horizon = Horizon.scaled(
        Snapshot.normal(case.grid), factors, step_min=60, timing=timing, cold=cold
    )
    return Expected(factors, 1 + share * (undiversified - 1), horizon)


def most_over(case: Drawn, proposal: Proposal, what: Expected, *, moved_cold: bool) -> int:
    """Customers restored by the best of all positions of all switches that hold in every hour.

    Who goes over to another feeder is out for a moment: that counts as nothing, or, where
    `moved_cold`, as if it had been out with the others; the truth lies between.
    """
    grid = case.grid
    tripped = proposal.isolation.tripped
    out = _fed(case, Snapshot.normal(grid)) & ~_fed(case, proposal.isolation.isolated)
    was_fed_by = _source_of_loads(case, tripped)
    hours = sorted(set(what.factors), reverse=True)
    stood = (*proposal.accepted, *_violations(case, tripped, np.ones(len(out)), Limits()))
    unavoidable = {
        hour: (
            *stood,
            *_violations(case, Snapshot.normal(grid), np.full(len(out), hour), Limits()),
            *_violations(case, tripped, np.full(len(out), hour), Limits()),
            *_own(case, np.where(out, what.pickup, 1.0) * hour, what.horizon.cold),
        )
        for hour in hours
    }
    for customers, snapshot in sorted(ways_of(case, proposal), key=lambda way: -way[0]):
        back = out & _fed(case, snapshot)
        by = _source_of_loads(case, snapshot)
        cold = back | (moved_cold & (was_fed_by >= 0) & (by >= 0) & (by != was_fed_by))
        flow = case.network.solve(snapshot, controls="static")
        if not flow.converged or worsened(stood, violations(grid, flow), Limits()):
            continue
        factor = np.where(cold, what.pickup, 1.0)
        if _holds(case, snapshot, factor, what, unavoidable) and _lasts(
            case, snapshot, factor, what
        ):
            return customers
    return 0


def _lasts(case: Drawn, snapshot: Snapshot, pickup: np.ndarray, what: Expected) -> bool:
    """Whether batteries hold what their islands take from the detection to the repair: by the
    hours of the forecast, each at its own demand."""
    grid = case.grid
    rows = [row for row, name in enumerate(grid.sources.texts("resource")) if name]
    held = dict(zip([f"storage.{name}" for name in grid.storages], deliverable_kwh(grid),
                    strict=True))  # fmt: skip
    used_kwh = np.zeros(len(rows))
    for piece, hour in enumerate(what.factors):
        begin, end = max(60.0 * piece, DETECTED_MIN), min(60.0 * (piece + 1), REPAIR_MIN)
        demand = snapshot.with_demand(
            snapshot.load_kw * pickup * hour, snapshot.load_kvar * pickup * hour
        )
        flow = case.network.solve(demand, controls="static")
        used_kwh -= flow.power_kva("sources").real[rows] * max(end - begin, 0.0) / 60
    names = [str(grid.sources["resource"][row]) for row in rows]
    return all(used <= held[name] for used, name in zip(used_kwh, names, strict=True))


def _holds(
    case: Drawn,
    snapshot: Snapshot,
    pickup: np.ndarray,
    what: Expected,
    unavoidable: dict[float, tuple[Violation, ...]],
) -> bool:
    """Whether positions violate nothing in any hour."""
    assert what.horizon.cold is not None
    room, plain = Limits().worse_v_pu, Limits()
    picks_up = pickup.max(initial=1.0) > 1.05
    limits = Limits(
        v_low_pu=plain.v_low_pu - room,
        v_high_pu=plain.v_high_pu + room,
        loading_pct=what.horizon.cold.loading_pct if picks_up else plain.loading_pct,
    )
    for hour, accepted in unavoidable.items():
        demand = snapshot.with_demand(
            snapshot.load_kw * pickup * hour, snapshot.load_kvar * pickup * hour
        )
        flow = case.network.solve(demand, controls="static")
        if not flow.converged or worsened(accepted, violations(case.grid, flow, limits), limits):
            return False
    return True


def _violations(
    case: Drawn, snapshot: Snapshot, factor: np.ndarray, limits: Limits
) -> tuple[Violation, ...]:
    demand = snapshot.with_demand(snapshot.load_kw * factor, snapshot.load_kvar * factor)
    flow = case.network.solve(demand, controls="static")
    return violations(case.grid, flow, limits) if flow.converged else ()


def _own(case: Drawn, factor: np.ndarray, cold: ColdLoad | None) -> tuple[Violation, ...]:
    """Lines beyond their rating in the normal network, behind which no switch stands."""
    normal = Snapshot.normal(case.grid)
    found: list[Violation] = []
    assert cold is not None
    limits = Limits(loading_pct=cold.loading_pct if factor.max() > 1.05 else 100.0)
    for one in _violations(case, normal, factor, limits):
        if one.element.startswith("line.") and not _has_switch_behind(case, one.element):
            found.append(Violation(one.limit, one.element, inf, one.bound))
    return tuple(found)


def _has_switch_behind(case: Drawn, line: str) -> bool:
    """Whether a bus that no source reaches without a line has a switch."""
    grid, name = case.grid, line.partition(".")[2]
    reached = {str(bus) for bus in grid.sources["bus"][grid.sources.flags("normally_used")]}
    pairs = [
        (str(one), str(two))
        for table, skip in (("lines", name), ("switches", ""))
        for at, one, two, opened in zip(
            grid.table(table)["name"],
            grid.table(table)["bus1"],
            grid.table(table)["bus2"],
            grid.switches["normally_open"] if table == "switches" else [False] * len(grid.lines),
            strict=True,
        )
        if str(at) != skip and not opened
    ]
    while more := {end for pair in pairs for end in pair if set(pair) & reached} - reached:
        reached |= more
    ends = {str(bus) for end in ("bus1", "bus2") for bus in grid.switches[end]}
    return bool(ends - reached)


def _fed(case: Drawn, snapshot: Snapshot) -> np.ndarray:
    return case.topology.supplied(case.topology.energised(snapshot))


def _source_of_loads(case: Drawn, snapshot: Snapshot) -> np.ndarray:
    """[loads] row of the source that feeds each, -1 where none does."""
    rows, nodes = case.topology.wiring.load_nodes
    found = np.full(len(case.grid.loads), -1, np.int64)
    found[rows] = case.topology.fed_by(snapshot)[nodes]
    return found
