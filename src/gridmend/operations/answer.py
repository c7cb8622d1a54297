"""What `gridmend restore --json` answers, and what a plan is worth in SAIDI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gridmend.model.grid import Grid
from gridmend.model.plan import Plan
from gridmend.operations.indices import indices, ledger
from gridmend.operations.restoration import Proposal


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take: assumptions, to be replaced by a utility's own figures.

    A crew alone restores everyone when the repair is done. With a plan, the first step moves
    `detection_s` after the fault, each further one `step_s` later, or `hand_step_min` later
    where the switch is not remote.
    """

    repair_min: float = 180.0
    detection_s: float = 60.0
    step_s: float = 30.0
    hand_step_min: float = 30.0


def step_minutes(plan: Plan, grid: Grid, timing: Timing) -> tuple[float, ...]:
    """When each step of a plan is done [min after the fault]."""
    remote = grid.switches.flags("remote")
    at_min = timing.detection_s / 60
    done: list[float] = []
    for number, step in enumerate(plan.steps):
        by_hand = not remote[grid.switches.row(step.device)]
        if by_hand:
            at_min += timing.hand_step_min
        elif number:
            at_min += timing.step_s / 60
        done.append(at_min)
    return tuple(done)


def saidi_min(plan: Plan | None, grid: Grid, customers_out: int, timing: Timing) -> float:
    """SAIDI of one fault [min], by a plan, or by a crew alone where there is none.

    Interruptions that a plan keeps within five minutes are momentary and add nothing.
    """
    served = grid.customer_count()
    if not served:
        return 0.0
    done = step_minutes(plan, grid, timing) if plan else ()
    steps = plan.steps if plan else ()
    pieces = ledger(
        event="fault",
        start=datetime(2000, 1, 1, tzinfo=UTC),
        customers=customers_out,
        restored=[(t, s.customers) for t, s in zip(done, steps, strict=True)],
        repair_min=timing.repair_min,
    )
    return indices(pieces, customers_served=served).saidi_min


def as_json(proposal: Proposal, grid: Grid, timing: Timing | None = None) -> dict[str, Any]:
    """The answer of `restore`: plans with their steps, and SAIDI with and without them."""
    timing = timing or Timing()
    plans = proposal.plans
    best = plans[0]
    isolation = proposal.isolation
    return {
        "fault": isolation.fault,
        "isolated_by": list(isolation.isolated_by),
        "opened_by_protection": list(isolation.opened_by_protection),
        "sources_off": list(isolation.sources_off),
        "plans": _plans(plans),
        "saidi_min": {
            "crew": saidi_min(None, grid, best.customers_out, timing),
            "plan": saidi_min(best, grid, best.customers_out, timing),
        },
        "assumed": {
            "repair_min": timing.repair_min,
            "detection_s": timing.detection_s,
            "step_s": timing.step_s,
            "hand_step_min": timing.hand_step_min,
        },
    }


def _plans(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    return [
        {
            "steps": [
                {
                    "action": str(step.action),
                    "device": step.device,
                    "why": step.why,
                    "customers": step.customers,
                    "v_min_pu": step.v_min_pu,
                    "loading_max_pct": step.loading_max_pct,
                }
                for step in plan.steps
            ],
            "customers_out": plan.customers_out,
            "customers_restorable": plan.customers_restorable,
            "customers_restored": plan.customers_restored,
            "customers_restored_by_tie": plan.customers_restored_by_tie,
            "customers_moved": plan.customers_moved,
            "load_kw_restored": plan.load_kw_restored,
            "v_min_pu": plan.v_min_pu,
            "loading_max_pct": plan.loading_max_pct,
            "gap_pct": plan.gap_pct,
            "seconds": plan.seconds,
            "allowed": plan.verdict.allowed,
            "unknown": list(plan.verdict.unknown),
            "left_out": list(plan.left_out),
            "notes": list(plan.notes),
        }
        for plan in plans
    ]
