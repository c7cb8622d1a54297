"""A step that somebody has the field carry out, once: the command and the select before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step

_TEXTS = ("mark", "kind", "phases", "why")
"""Fields of a step that are texts, and are left out where they are empty."""


class World(StrEnum):
    """Where a command may have an effect; each world has keys of its own."""

    LIVE = "live"
    TWIN = "twin"
    TRAINING = "training"
    STUDY = "study"


@dataclass(frozen=True, slots=True)
class Command:
    """One step to be carried out at most once, with who wants it and on what authority.

    `application` is empty where a person acts. `order` and `number` name the step of a
    switching order, `select` the select that is consumed. Times are UTC.
    """

    id: str
    step: Step
    principal: str
    login: str
    area: str
    epoch: int
    issued_utc: datetime
    world: World = World.LIVE
    select: str = ""
    order: str = ""
    number: int = 0
    application: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; `command_of` reads it back."""
        return {
            "command": self.id, "step": step_as_json(self.step), "principal": self.principal,
            "login": self.login, "area": self.area, "epoch": self.epoch,
            "issued_utc": self.issued_utc.isoformat(), "world": self.world.value,
            "select": self.select, "order": self.order, "number": self.number,
            "application": self.application,
        }  # fmt: skip


def command_of(payload: Mapping[str, Any]) -> Command:
    """The command that `Command.as_json` wrote; `GridmendError` where it is none."""
    try:
        return Command(
            id=_text(payload["command"]),
            step=step_of(payload["step"]),
            principal=_text(payload["principal"]),
            login=_text(payload["login"]),
            area=_text(payload["area"]),
            epoch=int(payload["epoch"]),
            issued_utc=datetime.fromisoformat(payload["issued_utc"]),
            world=World(payload["world"]),
            select=_text(payload.get("select", "")),
            order=_text(payload.get("order", "")),
            number=int(payload.get("number", 0)),
            application=_text(payload.get("application", "")),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise _malformed("command", problem) from problem


def step_as_json(step: Step) -> dict[str, Any]:
    """A step as plain values, without what it is predicted to do."""
    found: dict[str, Any] = {"action": step.action.value, "device": step.device}
    if step.value is not None:
        found["value"] = step.value
    for name in _TEXTS:
        if getattr(step, name):
            found[name] = getattr(step, name)
    return found


def step_of(payload: Mapping[str, Any]) -> Step:
    """The step that `step_as_json` wrote; `GridmendError` where it is none."""
    try:
        value = payload.get("value")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{value!r} is not a number")
        step = Step(Action(payload["action"]), _text(payload["device"]), "", value=value)
        texts = {name: _text(payload.get(name, "")) for name in _TEXTS}
        return replace(step, **texts)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise _malformed("step", problem) from problem


def same_deed(one: Step, other: Step) -> bool:
    """Whether two steps ask the same of the same device, whatever their reasons."""
    return (
        one.action is other.action
        and one.device.lower() == other.device.lower()
        and one.value == other.value
        and one.mark == other.mark
        and one.kind == other.kind
        and one.phases == other.phases
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _malformed(what: str, problem: Exception) -> GridmendError:
    said = f"it has no {problem}" if isinstance(problem, KeyError) else str(problem)
    return GridmendError(f"this is not a {what}: {said}", mend=f"write it as {what}s are written")
