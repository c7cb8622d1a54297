"""A fault at a steady demand: the plans that heal it, and what the best is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridmend.interlock.limits import excess_pu, sentence
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan, Violation
from gridmend.model.snapshot import Snapshot
from gridmend.operations.answer import Timing, as_json
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
    timing: Timing

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
        outcome = {"feasible": not self.problem, "problem": self.problem or None}
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


def study(grid: Grid, fault: str, *, multiplier: float, repair_min: float) -> Study:
    """Propose plans for a fault at a multiple of the model's demand."""
    normal = Snapshot.normal(grid)
    snapshot = normal.with_demand(normal.load_kw * multiplier, normal.load_kvar * multiplier)
    network = Network.of(grid)
    before = network.solve(snapshot)
    proposal = propose(grid, before.snapshot, fault, network=network) if before.converged else None
    return Study(grid, fault, before, proposal, Timing(repair_min=repair_min))


def show_study(found: Study) -> None:
    """Print the plan with its reasons, and what it is worth."""
    plan, proposal = found.best, found.proposal
    if plan is None or proposal is None:
        screen.show(f"NOT USABLE: {found.problem}")
        return
    tripped = (*proposal.isolation.opened_by_protection, *proposal.isolation.sources_off)
    screen.show(
        f"fault on {plan.fault}: {', '.join(tripped) or 'nothing'} trips,"
        f" {plan.customers_out:,} customers out"
    )
    rows = [
        (
            f"{number}.",
            f"{step.action.value} {step.device}",
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
        *_moves(plan),
        *_bound(plan),
        *(f"note: {note}" for note in plan.notes),
        *stays_out(plan),
        *_accepted(proposal.accepted),
        *_doubts(plan),
        f"SAIDI {saidi['crew']:.2f} min by the crew alone, {saidi['plan']:.2f} min with the plan"
        f" (repair after {found.timing.repair_min:g} min)",
    )
    if found.problem:
        screen.show(f"NOT USABLE: {found.problem}")


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
