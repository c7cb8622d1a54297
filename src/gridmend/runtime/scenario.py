"""What is put upon a day: a fault, and the policy that heals it."""

from __future__ import annotations

from dataclasses import dataclass

from gridmend.model.errors import GridmendError
from gridmend.model.situation import Mode
from gridmend.runtime.shape import MINUTES_A_DAY, minute_of_day


@dataclass(frozen=True, slots=True)
class Fault:
    """A permanent fault on one line at a time of the day [UTC], mended after `repair_min`."""

    line: str
    at: str = "17:30"
    repair_min: float = 180.0
    plan_s: float = 86400.0

    def __post_init__(self) -> None:
        minute_of_day(self.at, f"Fault, line {self.line}, at")
        if not 0 < self.repair_min <= 14 * MINUTES_A_DAY:
            raise GridmendError(
                f"a repair cannot take {self.repair_min:g} minutes",
                where=f"Fault, line {self.line}, repair_min",
                mend="give more than 0 and at most a fortnight",
            )


@dataclass(frozen=True, slots=True)
class Restoration:
    """The policy of self-healing: when a fault is known, and how long each step takes.

    The first remote step is done `detection_s` after the fault, each further one `step_s` later;
    a switch that is not remote takes a crew `hand_step_min`. `mode` is what it may do by itself
    at the start of the run, and `approval_min` how long an order waits for a person where its mode
    asks for one. A plan holds at the demand that is forecast until the repair, which is expected to
    take `repair_min`; at 0 only the demand of now counts. A plan is looked for at most `plan_s` by
    the computer's clock; where that ends the search, equal inputs may give other plans, and the gap
    says so. With `joins_sources` the operator signs
    loops between sources too, on the way back to normal, where a check of synchronism agrees; a
    loop through one source is signed anyhow.
    """

    detection_s: float = 60.0
    step_s: float = 30.0
    hand_step_min: float = 30.0
    mode: Mode = Mode.AUTOMATIC
    approval_min: float = 15.0
    repair_min: float = 180.0
    plan_s: float = 86400.0
    joins_sources: bool = False

    def __post_init__(self) -> None:
        for name in (
            "detection_s",
            "step_s",
            "hand_step_min",
            "approval_min",
            "repair_min",
            "plan_s",
        ):
            if not 0 <= getattr(self, name) <= 86400:
                raise GridmendError(
                    f"{name} cannot be {getattr(self, name):g}",
                    where="Restoration",
                    mend="give a number from 0 to 86400",
                )
