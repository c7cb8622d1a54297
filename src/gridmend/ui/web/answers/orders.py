"""Plans that heal, and switching orders."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from gridmend.model.plan import Action
from gridmend.ui.web.answers.shape import (
    Answer,
    Area,
    Figure,
    Given,
    Name,
    Reason,
    Time,
    Value,
    Words,
)


class Refusal(Answer):
    """What forbids something: the rule, at which device, and why."""

    rule: str
    device: str
    why: str
    step: int = 0


class PlanStep(Answer):
    """A step of a plan, with what stands after it."""

    number: int
    action: str
    device: str
    phases: str = ""
    """The poles that move, as `a b`, where not all do."""
    value: Figure = None
    why: str
    customers: int | None = None
    v_min_pu: Figure = None
    loading_max_pct: Figure = None
    allowed: bool = True


class PlanAnswer(Answer):
    """A candidate plan."""

    id: str
    rank: int
    customers_out: int
    customers_restored: int
    customers_restorable: int
    load_kw_restored: Figure
    critical_restored: int
    operations: int
    loss_kw: Figure
    v_min_pu: Figure
    loading_max_pct: Figure
    gap_pct: Figure
    allowed: bool
    refusals: list[Refusal]
    left_out: list[str] = Field(default=[])
    notes: list[str] = Field(default=[])
    steps: list[PlanStep]

    @model_validator(mode="before")
    @classmethod
    def _of_row(cls, value: Any) -> Any:
        """A row of the room holds the plan beside its id and rank."""
        plan = getattr(value, "plan", None)
        if plan is None:
            return value
        names = (
            "customers_out", "customers_restored", "customers_restorable", "load_kw_restored",
            "critical_restored", "loss_kw", "v_min_pu", "loading_max_pct", "gap_pct", "left_out",
            "notes",
        )  # fmt: skip
        refused = {refusal.step for refusal in plan.verdict.refusals}
        steps = [
            {name: getattr(step, name, None) for name in
             ("value", "why", "customers", "v_min_pu", "loading_max_pct", "phases")}
            | {"number": number, "action": step.action.value, "device": step.device,
               "allowed": number not in refused}
            for number, step in enumerate(plan.steps, 1)
        ]  # fmt: skip
        return {name: getattr(plan, name) for name in names} | {
            "id": value.id, "rank": value.rank, "operations": len(plan.steps), "steps": steps,
            "allowed": plan.verdict.allowed, "refusals": plan.verdict.refusals,
        }  # fmt: skip


class Plans(Answer):
    """The candidate plans of a fault, the best first."""

    id: str
    fault: str
    device: str = ""
    made: Time
    plans: list[PlanAnswer]
    order: str
    waits_for_approval: bool
    outcome: str = ""
    planned_for: str = ""
    """Another element of the section of the `fault`, for which it was planned; empty where it is
    the same."""


class FaultGiven(Given):
    """The element that plans are asked for."""

    fault: Name


class OrderStep(Answer):
    """A line of an order, and how far it is."""

    number: int
    action: str
    device: str
    phases: str = ""
    value: Figure = None
    why: str
    state: str


class Order(Answer):
    """A switching order; `refusals` are of what was just asked."""

    id: str
    title: str
    author: str
    approver: str
    application: str
    area: str
    state: str
    done: int
    steps: list[OrderStep]
    why: str
    written: Time | None = None
    version: str = ""
    refusals: list[Refusal] = Field(default=[])


class StepGiven(Given):
    """A line that somebody writes."""

    action: Action = Field(strict=False)
    device: Name
    phases: Words = ""
    value: Value = None
    why: Words = ""


class OrderGiven(Given):
    """An order that somebody writes."""

    title: Reason
    area: Area = ""
    steps: list[StepGiven] = Field(min_length=1, max_length=200)


class OrderEdited(Given):
    """The lines of an order, anew; its approval is void."""

    title: Words = ""
    steps: list[StepGiven] = Field(min_length=1, max_length=200)


class Approval(Given):
    """Which version of an order is approved: the `version` that was read with it."""

    version: Name


class NextStep(Given):
    """Which step is meant, by its number: done once, however often it is asked for."""

    number: int = Field(ge=1, le=10_000)


class Why(Given):
    """Why something rests or is given up."""

    why: Words = ""
