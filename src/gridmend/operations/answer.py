"""What `gridmend restore --json` answers, and what a plan is worth in SAIDI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan
from gridmend.operations.interruptions.entries import Back, Entry, Out
from gridmend.operations.interruptions.ledger import fold
from gridmend.operations.interruptions.measures import period
from gridmend.operations.pace import Timing, minutes_of
from gridmend.operations.restoration import Proposal

YEAR_S = 365 * 86_400.0


def step_minutes(plan: Plan, grid: Grid, timing: Timing) -> tuple[float, ...]:
    """When each step of a plan is done [min after the fault]."""
    return minutes_of(plan.steps, grid, timing)


def saidi_min(plan: Plan | None, grid: Grid, customers_out: int, timing: Timing) -> float:
    """SAIDI of one fault [min], by a plan, or by a crew alone where there is none.

    Interruptions that a plan keeps within five minutes are momentary and add nothing.
    """
    served = grid.customer_count()
    if not served:
        return 0.0
    done = step_minutes(plan, grid, timing) if plan else ()
    steps = plan.steps if plan else ()
    back = [(t, s.customers) for t, s in zip(done, steps, strict=True)]
    entries, customers = restored_in_steps(customers_out, back, timing.repair_min)
    records = fold(entries, customer_count=len(customers))
    return period(
        records, start_s=0.0, end_s=YEAR_S, customer_count=served, customers=customers
    ).saidi_min


def restored_in_steps(
    customers_out: int, back: Sequence[tuple[float, int]], repair_min: float
) -> tuple[list[Entry], Ints]:
    """Entries of one fault, and how many customers each of their numbers stands for.

    `back` are (minutes after the fault, customers who come back then); who is left comes back with
    the repair. Raises `GridError` where more come back than went out.
    """
    left = customers_out
    for at_min, count in back:
        if not 0 <= count <= left or at_min < 0:
            raise GridError(
                f"{count} customers come back after {at_min:g} min and {left} are out",
                mend="count each customer once, at the step that brings it back",
            )
        left -= count
    groups = [*back, (repair_min, left)]
    entries: list[Entry] = [Out(0.0, "fault", tuple(range(len(groups))))]
    entries += [
        Back(60 * min(at_min, repair_min), "fault", (k,)) for k, (at_min, _) in enumerate(groups)
    ]
    return entries, np.array([count for _, count in groups], np.int64)


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
                    "phases": step.phases,
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
            "critical_out": plan.critical_out,
            "critical_restored": plan.critical_restored,
            "switching_operations": len(plan.steps),
            "by_hand": plan.by_hand,
            "loss_kw": plan.loss_kw,
            "ahead": asdict(plan.ahead) if plan.ahead else None,
            "islands": [asdict(one) for one in plan.islands],
            "unknown": list(plan.verdict.unknown),
            "left_out": list(plan.left_out),
            "notes": list(plan.notes),
        }
        for plan in plans
    ]
