"""A lock-out and how far its healing has come, and what came of going on with it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from gridmend.model.plan import Plan, Step
from gridmend.model.snapshot import Snapshot
from gridmend.operations.suspects import Suspect


@dataclass
class Case:
    """A lock-out, and how far its healing has come.

    `todo` are the steps of orders that follow on the one under way. `lost` are switches that did
    not do what they were told to, or may not: no plan of this case moves them. `tries` is how
    often it was planned anew, `asked` how many steps of the order under way were commanded.
    """

    device: str
    """What locked out; empty for the case of all that is dark still, whatever put it out."""
    before: Snapshot
    due_s: float
    number: int = 0
    """Which of the room's cases it is, from 1."""
    order: str = ""
    todo: list[list[Step]] = field(default_factory=list[list[Step]])
    asked: int = 0
    patience_s: float = math.inf
    """Until when the outcome of a step, or somebody's approval, is waited for [s]."""
    phases: str = ""
    """The poles that locked out, as `a`, where the others stayed closed."""
    suspects: tuple[Suspect, ...] = ()
    """Sections that may hold the fault, or hold one each."""
    instead: frozenset[str] = frozenset()
    """First elements of those that hold the fault only if no other does."""
    onto: frozenset[str] = frozenset()
    """First elements of those of which one was closed onto: it is faulted whatever others are."""
    plan: Plan | None = None
    lost: set[str] = field(default_factory=set[str])
    doubtful: frozenset[str] = frozenset()
    """Switches whose position was in doubt when the last plan was made."""
    tries: int = 0
    overtaken: int = 0
    """How often something else changed while its order ran, so that it was planned anew."""
    doubted_s: float = math.inf
    """Since when it waits for doubts to go [s]; inf where it does not."""
    by_hand: bool = False
    """Whether switches by hand may have a part: first comes what commands alone bring back."""
    is_first: bool = False
    """Whether its plan is of commands alone, and one with switches by hand follows."""
    why: str = ""
    """Why it was planned anew."""
    waits: bool = False
    """Whether its order waits for a person or a crew, so that another may run."""
    is_over: bool = False

    @property
    def runs(self) -> bool:
        """Whether commands of its order follow each other now."""
        return bool(self.order) and not self.waits and not self.is_over


def shorten(cases: list[Case], standing: Collection[str], most: int) -> None:
    """Let go of the oldest cases beyond so many that are over and of which nothing stands: a crew
    that mends what is suspected still finds its case."""
    left = len(cases) - most
    kept: list[Case] = []
    for case in cases:
        own = (one.elements[0] for one in case.suspects if one.elements)
        if left > 0 and case.is_over and not any(element in standing for element in own):
            left -= 1
        else:
            kept.append(case)
    cases[:] = kept


class Stage(StrEnum):
    """How far an order has come."""

    WAITS = "waits"
    """For an outcome, or for somebody's approval."""
    STEPPED = "stepped"
    DONE = "done"
    REST = "rest"
    """It cannot go on: the rest is planned anew."""
    OVERTAKEN = "overtaken"
    """Something else changed: the rest is planned anew, and nothing speaks against it."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Came:
    """What came of going on: why it cannot, and the switch that did not do what it was told to."""

    stage: Stage
    why: str = ""
    device: str = ""
    rule: str = ""
