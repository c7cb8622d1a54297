"""Operating devices, work on the network, and who has the say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gridmend.model.plan import Action
from gridmend.model.situation import Mode
from gridmend.ui.web.answers.orders import Refusal
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


class SelectGiven(Given):
    """What is to be done to a device, and why."""

    action: Action = Field(strict=False)
    value: Value = None
    reason: Reason


class LookAhead(Answer):
    """What a step would lead to."""

    allowed: bool
    refusals: list[Refusal]
    unknown: list[str]
    converged: bool
    customers_out: int
    customers_restored: int
    v_min_pu: Figure
    loading_max_pct: Figure


class Selected(Answer):
    """A device that is picked for one operation, until it expires."""

    select: str
    expires: Time
    look_ahead: LookAhead


class OperateGiven(Given):
    """The client's own id of the command: asked again with the same, it is not done twice."""

    command: Annotated[
        str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]+$")
    ]


class Operated(Answer):
    """What became of a command."""

    command: str
    outcome: Literal["confirmed", "failed", "in_doubt"]
    detail: str
    unknown: list[str] = Field(default=[])


class TagGiven(Given):
    """A tag on a device."""

    device: Name
    kind: Literal["hold", "hot_line"]
    reason: Reason


class GroundGiven(Given):
    """A bus that is to be earthed."""

    bus: Name
    reason: Reason


class AreaAnswer(Answer):
    """An area and who has the say there."""

    area: str
    devices: int
    holder: str
    epoch: int


class Epoch(Answer):
    """The authority that was taken."""

    area: str
    epoch: int


class HandOver(Answer):
    """What one shift leaves to the next."""

    offers: list[dict[str, Any]] = Field(default=[])
    business: dict[str, Any] = Field(default={})


class OfferGiven(Given):
    """A shift that is offered to somebody."""

    to: Name
    note: Words
    area: Area = ""


class ModeRow(Answer):
    """What an application may do by itself in an area."""

    application: str
    area: str
    mode: str
    killed: bool


class ModeGiven(Given):
    """How far an application may go by itself."""

    mode: Mode = Field(strict=False)
    area: Area = ""


class AreaGiven(Given):
    """Where; empty is everywhere."""

    area: Area = ""


class FaultStruck(Given):
    """What is struck."""

    element: Name


class SpeedGiven(Given):
    """How fast time goes on the twin; 0 is paused."""

    speed: float = Field(ge=0, le=60, allow_inf_nan=False)


class Speed(Answer):
    """How fast time goes."""

    speed: float
