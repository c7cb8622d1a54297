"""The shape of everything that is answered and given: strict in, plain out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
)

from gridmend.model.plan import Action
from gridmend.ui.answer import plain


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_utc, return_type=str, when_used="json")]
"""ISO 8601 in UTC."""


def _written(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("write a time as 2026-06-01T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time that is given, with its zone."""
Key = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""The name of a device or a diagram in an address."""


def _finite(value: Any) -> Any:
    return plain(value) if isinstance(value, float) else value


Figure = Annotated[float | None, BeforeValidator(_finite)]
"""A number, or null where there is none or it is not known."""

WHOLE = frozenset({Action.SET_TAP, Action.SET_CAPACITOR})
"""Actions whose value counts steps."""


def _counted(value: float | None, info: ValidationInfo) -> float | None:
    """A number of steps as a whole number; JSON does not tell 5 from 5.0."""
    if value is None or info.data.get("action") not in WHOLE:
        return value
    if not value.is_integer():
        raise ValueError(f"{value:g} is not a whole number of steps")
    return int(value)


Value = Annotated[
    float | None, Field(ge=-1e9, le=1e9, allow_inf_nan=False), AfterValidator(_counted)
]
"""What a device is to be set to; the field `action` stands before it."""

_LINE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)]
"""The name of something in the model or of the room's making."""
Area = Annotated[str, StringConstraints(max_length=200, pattern=_LINE)]
"""An area of responsibility; empty is everywhere."""
Words = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""What a person says about it."""
Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
"""The same, and not left out."""


class Answer(BaseModel):
    """Something that is answered, read from the room's own values by their names."""

    model_config = ConfigDict(from_attributes=True, extra="ignore", frozen=True)

    @classmethod
    def of(cls, value: Any) -> Self:
        """The answer that a value of the room gives: a mapping, or anything with these names."""
        if isinstance(value, Mapping):
            return cls.model_validate(plain_mapping(value))
        return cls.model_validate(value)


class Given(BaseModel):
    """Something that is given: what is not known here is refused, nothing is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True)


def plain_mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same with times left as they are and arrays as lists."""
    return {key: _kept(item) for key, item in value.items()}


def _kept(value: Any) -> Any:
    if isinstance(value, datetime) or value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return plain_mapping(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_kept(item) for item in value]
    if isinstance(value, float) or hasattr(value, "tolist"):
        return plain(value)
    return value
