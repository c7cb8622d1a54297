"""What a live room shows as frozen rows: outages, plans, looks ahead, orders under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gridmend.model.plan import Plan, Refusal
from gridmend.runtime.control import Answer


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What a step would lead to: judged as it would be when it is operated, and solved.

    Customers are those who would lose their supply and those who would have it back. Figures are
    None where nothing is energised, or the flow after the step did not converge.
    """

    allowed: bool
    refusals: tuple[Refusal, ...] = ()
    unknown: tuple[str, ...] = ()
    converged: bool = True
    customers_out: int = 0
    customers_restored: int = 0
    v_min_pu: float | None = None
    loading_max_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """A device that is picked, until `expires_utc`; `answer.id` names the select where it is."""

    answer: Answer
    expires_utc: datetime
    look_ahead: LookAhead


@dataclass(frozen=True, slots=True)
class Suspected:
    """A device that may have operated, and the chance that it did."""

    device: str
    chance: float


@dataclass(frozen=True, slots=True)
class Interval:
    """When supply is likely to be back."""

    median: datetime
    low: datetime
    high: datetime
    confidence_pct: float


@dataclass(frozen=True, slots=True)
class Pings:
    """How many meters were asked, and how many of them were silent and answered."""

    asked: int = 0
    silent: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True)
class OutageRow:
    """An outage as the outage desk follows it; `over` once all are known to be back."""

    id: str
    device: str
    chance: float | None
    candidates: tuple[Suspected, ...]
    customers: int
    critical: int
    began: datetime
    stage: str
    cause: str
    back_by: Interval | None
    crews: tuple[str, ...]
    calls: int
    pings: Pings
    nested_in: str
    over: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A candidate plan of a fault; `plan.seconds` is 0 here, so that equal runs are equal."""

    id: str
    rank: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class FaultPlans:
    """The plans for a fault, the best first, and the order that one of them became."""

    id: str
    fault: str
    """The element that is suspected now."""
    device: str
    """What tripped, where self-healing planned; empty where a person asked."""
    made: datetime
    plans: tuple[PlanRow, ...]
    order: str = ""
    waits_for_approval: bool = False
    outcome: str = ""
    """Why healing stopped, where it did."""
    planned_for: str = ""
    """The element that was suspected when it was planned, another of the same section; empty where
    it is the same."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with what was told of it: who did what to it, and when it was written."""

    id: str
    title: str
    author: str
    approver: str
    application: str
    area: str
    state: str
    done: int
    steps: tuple[OrderStep, ...]
    why: str
    written: datetime | None
    version: str = ""
    """What the order says, as a few letters."""


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A step of an order: `waits`, `next`, `under way`, `done`, or `given up`."""

    number: int
    action: str
    device: str
    why: str
    value: float | None
    state: str
    phases: str = ""


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area, how many devices are named in it, and who has the say there."""

    area: str
    devices: int
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ModeRow:
    """What an application may do by itself in an area."""

    application: str
    area: str
    mode: str
    killed: bool
