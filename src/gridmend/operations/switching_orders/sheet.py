"""A switching order as a sheet: lines in the order of practice, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gridmend.model.command import step_as_json
from gridmend.model.errors import Finding
from gridmend.model.plan import MOVES, Refusal, Step
from gridmend.operations.switching_orders.request import Request


class Phase(StrEnum):
    """What a line is for, in the order in which they follow each other."""

    TRANSFER = "transfer"
    ISOLATE = "isolate"
    MAKE_SAFE = "make safe"
    WORK = "work"
    GIVE_BACK = "give back"
    RESTORE = "restore"


BEFORE = (Phase.TRANSFER, Phase.ISOLATE, Phase.MAKE_SAFE)
"""Phases that come before the work."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet.

    `what` is the action in a word; `step` is what the kernel takes for it, None where people do
    something that no device and no tag shows: a test, the work. `at` is when it is planned.
    Customers are out after it, against the start; figures are of the flow after it, None where
    nothing is energised. `loop`: it closes a loop, for which a leave must stand.
    """

    number: int
    phase: Phase
    what: str
    device: str
    why: str
    at: datetime
    by: str = ""
    place: str = ""
    step: Step | None = None
    customers_out: int = 0
    v_min_pu: float | None = None
    loading_max_pct: float | None = None
    most_loaded: str = ""
    loop: bool = False

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "number": self.number, "phase": self.phase.value, "action": self.what,
            "device": self.device, "why": self.why, "at": self.at.isoformat(), "by": self.by,
            "place": self.place, "step": step_as_json(self.step) if self.step else None,
            "customers_out": self.customers_out, "v_min_pu": self.v_min_pu,
            "loading_max_pct": self.loading_max_pct, "most_loaded": self.most_loaded,
            "loop": self.loop,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hardest:
    """The hour of the window at which the network is nearest to its limits, during the work."""

    at: datetime
    v_min_pu: float | None
    loading_max_pct: float | None
    most_loaded: str


@dataclass(frozen=True, eq=False)
class Sheet:
    """A switching order, drafted and judged from its first line to its last.

    `problem` says why it cannot be carried out, and is empty where it can; then `refusal` is the
    rule that forbids a line, if one does, and the lines end before it. `points` are devices that
    are open and tagged, `zone` the buses that are dead. Customers are out during the work, and
    `customers_interrupted` are those who lose supply for a moment on the way there or back.
    `customer_minutes` counts both, by the planned times. `left_out` says who is out and why.
    """

    network: str
    request: Request
    lines: tuple[Line, ...]
    zone: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    ders: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    customers: int = 0
    customers_out: int = 0
    customers_interrupted: int = 0
    customer_minutes: float = 0.0
    gap_pct: float = 0.0
    left_out: tuple[str, ...] = ()
    hardest: Hardest | None = None
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    refusal: Refusal | None = None
    demand: str = ""
    digest: str = ""
    """Of the model, the demand and the request that it was drawn from."""
    findings: tuple[Finding, ...] = ()
    """Conflicts with other orders."""
    compared: tuple[str, ...] = ()
    """The other orders that it was compared with."""

    @property
    def feasible(self) -> bool:
        """Whether it can be carried out as drawn."""
        return not self.problem

    @property
    def clashes(self) -> bool:
        """Whether a conflict with another order forbids it as it stands."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def moves_there(self) -> tuple[Step, ...]:
        """What devices do before the work: one order of the kernel."""
        return self._moves(before=True)

    @property
    def moves_back(self) -> tuple[Step, ...]:
        """What devices do after it: another."""
        return self._moves(before=False)

    def _moves(self, *, before: bool) -> tuple[Step, ...]:
        return tuple(
            line.step
            for line in self.lines
            if line.step and line.step.action in MOVES and (line.phase in BEFORE) is before
        )

    def as_json(self) -> dict[str, Any]:
        """The answer of `gridmend order --json`."""
        request, hardest = self.request, self.hardest
        return {
            "feasible": self.feasible,
            "problem": self.problem or None,
            "network": self.network,
            "request": {
                "elements": list(request.elements),
                "from": request.begin.isoformat(),
                "to": request.end.isoformat(),
                "zone": str(request.zone),
                "who": request.who,
                "reason": request.reason,
                "kind": request.kind.value,
                "grounds": request.grounds,
                "crews": list(request.crews),
                "loops": request.loops.value,
            },
            "zone": list(self.zone),
            "points": list(self.points),
            "ders": list(self.ders),
            "grounds": list(self.grounds),
            "customers": self.customers,
            "customers_out": self.customers_out,
            "customers_interrupted": self.customers_interrupted,
            "customer_minutes": self.customer_minutes,
            "gap_pct": self.gap_pct,
            "left_out": list(self.left_out),
            "hardest": None if hardest is None else {
                "at": hardest.at.isoformat(), "v_min_pu": hardest.v_min_pu,
                "loading_max_pct": hardest.loading_max_pct, "most_loaded": hardest.most_loaded,
            },
            "steps": [line.as_json() for line in self.lines],
            "conflicts": [
                {"severity": f.severity, "what": f.what, "where": f.where, "mend": f.mend}
                for f in self.findings
            ],
            "compared": list(self.compared),
            "unknown": list(self.unknown),
            "notes": list(self.notes),
            "refusal": None if self.refusal is None else {
                "rule": self.refusal.rule, "step": self.refusal.step,
                "device": self.refusal.device, "why": self.refusal.why,
            },
            "demand": self.demand,
            "digest": self.digest,
        }  # fmt: skip
