"""A fault and its repair: the plans that heal it, and what the best is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmend.interlock.limits import excess_pu, sentence
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan, Violation, island_text
from gridmend.model.series import Series, utc_times
from gridmend.model.snapshot import Snapshot
from gridmend.operations.answer import as_json
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing
from gridmend.operations.restoration import Proposal, propose
from gridmend.powerflow.network import Network
from gridmend.ui import screen

SENTENCES_MOST = 12
"""Sections that stay out and are named for a person; --json names all."""


@dataclass(frozen=True, eq=False)
class Study:
    """One fault: the flow before it and, where that converged, what is proposed."""

    grid: Grid
    fault: str
    before: Flow
    proposal: Proposal | None
    horizon: Horizon

    @property
    def timing(self) -> Timing:
        """How long the repair and the steps take."""
        return self.horizon.timing

    @property
    def best(self) -> Plan | None:
        """The best plan."""
        return self.proposal.plans[0] if self.proposal else None

    @property
    def problem(self) -> str:
        """Why the result cannot be used; empty where it can."""
        plan = self.best
        if plan is None:
            return (
                "the power flow before the fault does not converge: mismatch"
                f" {self.before.mismatch_pu:.3g} pu, worst at bus {self.before.worst_bus}"
            )
        if not plan.verdict.allowed:
            return "the plan is refused: " + "; ".join(r.why for r in plan.verdict.refusals)
        if plan.customers_restorable and not plan.customers_restored:
            return "no switching restores anybody within the limits"
        return ""

    def as_json(self) -> dict[str, Any]:
        """The answer of `gridmend restore --json`."""
        outcome = {
            "feasible": not self.problem,
            "problem": self.problem or None,
            "horizon": self.horizon.as_json(),
        }
        if self.proposal is None:
            empty = {"crew": None, "plan": None}
            return {
                "fault": self.fault,
                "isolated_by": [],
                "plans": [],
                "saidi_min": empty,
                **outcome,
            }
        return {**as_json(self.proposal, self.grid, self.timing), **outcome}


def study(
    grid: Grid,
    fault: str,
    *,
    factors: Sequence[float],
    step_min: float,
    repair_min: float,
    cold: ColdLoad | None,
    begin: datetime | None = None,
    phases: str = "",
) -> Study:
    """Propose plans for a fault at multiples of the model's demand, one for each `step_min` from
    the fault on; `begin` is when it comes, for the words, and `phases` are those that are faulted
    where not all are."""
    normal = Snapshot.normal(grid)
    first = factors[0]
    snapshot = normal.with_demand(normal.load_kw * first, normal.load_kvar * first)
    timing, series = Timing(repair_min=repair_min), None
    if len(factors) > 1:
        times = () if begin is None else utc_times(begin, step_s=60 * step_min, steps=len(factors))
        series = Series.scaled(normal, factors, times, step_s=60 * step_min)
    horizon = Horizon(timing, series, cold)
    network = Network.of(grid)
    before = network.solve(snapshot)
    proposal = None
    if before.converged:
        proposal = propose(
            grid, before.snapshot, fault, ahead=horizon, network=network, phases=phases
        )
    return Study(grid, fault, before, proposal, horizon)


def show_study(found: Study) -> None:
    """Print the plan with its reasons, and what it is worth."""
    plan, proposal = found.best, found.proposal
    if plan is None or proposal is None:
        screen.show(f"NOT USABLE: {found.problem}")
        return
    tripped = (*proposal.isolation.opened_by_protection, *proposal.isolation.sources_off)
    trips = f"{', '.join(tripped) or 'nothing'} trips, {plan.customers_out:,} customers out"
    screen.show(f"fault on {plan.faulted}: {trips}")
    rows = [
        (
            f"{number}.",
            str(step),
            f"{step.customers:,}",
            screen.number(step.v_min_pu, ".4f"),
            screen.number(step.loading_max_pct, ".0f"),
            step.why,
        )
        for number, step in enumerate(plan.steps, 1)
    ]
    if rows:
        headings = ("", "step", "restores", "min pu", "load %", "why")
        screen.show(screen.table("", headings, rows))
    if not plan.customers_restorable:
        screen.show("no switch can bring anybody back before the repair")
    saidi = as_json(proposal, found.grid, found.timing)["saidi_min"]
    screen.show(
        f"restores {plan.customers_restored:,} of {plan.customers_restorable:,} restorable"
        f" customers, {plan.customers_restored_by_tie:,} of them through ties",
        *_worth(plan),
        *_moves(plan),
        *_bound(plan),
        *_ahead(plan, found.horizon),
        *(f"island: {island_text(one)}" for one in plan.islands),
        *(f"note: {note}" for note in plan.notes),
        *stays_out(plan),
        *_accepted(proposal.accepted),
        *_doubts(plan),
        f"SAIDI {saidi['crew']:.2f} min by the crew alone, {saidi['plan']:.2f} min with the plan"
        f" (repair after {found.timing.repair_min:g} min)",
    )
    if found.problem:
        screen.show(f"NOT USABLE: {found.problem}")


def _worth(plan: Plan) -> list[str]:
    """What the plan restores and takes beside customers."""
    by_hand = f", {plan.by_hand} of them by hand" if plan.by_hand else ""
    critical = ""
    if plan.critical_out:
        critical = f"; {plan.critical_restored:,} of {plan.critical_out:,} critical customers"
    losses = "" if plan.loss_kw is None else f"; losses {plan.loss_kw:,.0f} kW in the end"
    operations = f"{len(plan.steps)} switching operations{by_hand}"
    return [f"{plan.load_kw_restored:,.0f} kW back{critical}; {operations}{losses}"]


def _ahead(plan: Plan, horizon: Horizon) -> list[str]:
    """What was looked ahead to, and when it comes nearest to a limit."""
    cold = horizon.cold
    pickup = "no cold-load pickup"
    if cold is not None:
        most = 1 + cold.share * (cold.undiversified_pu - 1)
        pickup = f"cold-load pickup to {most:g} times after {cold.full_min:g} min (assumed)"
    demand = "demand as at the fault" if horizon.series is None else "forecast demand"
    lines = [f"looks ahead to the repair, {horizon.until_min:g} min: {demand}, {pickup}"]
    ahead = plan.ahead
    if ahead is None or not ahead.times:
        return lines
    found: list[str] = []
    if ahead.v_min_pu is not None and ahead.v_min_at_min is not None:
        found.append(f"lowest {ahead.v_min_pu:.4f} pu {horizon.clock(ahead.v_min_at_min)}")
    if ahead.loading_max_pct is not None and ahead.loading_at_min is not None:
        found.append(
            f"most loaded {ahead.most_loaded}, {ahead.loading_max_pct:.0f} %"
            f" {horizon.clock(ahead.loading_at_min)}"
        )
    if ahead.pickup_kw:
        found.append(f"up to {ahead.pickup_kw:,.0f} kW beyond the usual")
    return [*lines, f"at {ahead.times} times judged: {'; '.join(found)}"]


def _moves(plan: Plan) -> list[str]:
    """Who is without supply on the way, for the plan to restore others."""
    if not plan.customers_moved:
        return []
    moved = f"{plan.customers_moved:,} customers"
    return [f"moves {moved} to another feeder, each without supply between two steps"]


def _bound(plan: Plan) -> list[str]:
    """Whether a better plan may still be there."""
    if not plan.customers_restorable or plan.gap_pct is None:
        return []
    if plan.gap_pct == 0:
        return ["no other switching restores more"]
    return [
        "the search ended before every better plan was refused: the best there may be"
        f" restores up to {plan.gap_pct:.1f} % of its customers more"
    ]


def stays_out(plan: Plan) -> list[str]:
    """Who stays out and why, a line each, the longest lists cut."""
    lines = [f"stays out: {reason}" for reason in plan.left_out[:SENTENCES_MOST]]
    if len(plan.left_out) > SENTENCES_MOST:
        lines.append(f"… and {len(plan.left_out) - SENTENCES_MOST} more sections: see --json")
    return lines


def _accepted(before: tuple[Violation, ...]) -> list[str]:
    """What was beyond a limit before the fault, so that nobody takes it for the plan's doing."""
    if not before:
        return []
    worst = max(before, key=excess_pu)
    was = sentence(worst).replace(" would carry ", " carried ").replace(" would have ", " had ")
    others = f", and {len(before) - 1} more" if len(before) > 1 else ""
    return [
        f"beyond a limit before the fault already, and not held against the plan: {was}{others}"
    ]


def _doubts(plan: Plan) -> list[str]:
    """What the plan could not be judged by."""
    unknown = plan.verdict.unknown
    if not unknown:
        return []
    shown = ", ".join(unknown[:6]) + (" …" if len(unknown) > 6 else "")
    return [f"not judged, for want of a rating: {shown}"]
