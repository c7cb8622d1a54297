"""What was: trends, and the journal."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gridmend.ui.web.answers.shape import Answer, Figure, Time


class Trends(Answer):
    """Figures over time; null where nothing was known."""

    times: list[Time]
    series: dict[str, list[Figure]]
    units: dict[str, str]
    known: dict[str, str] = Field(default={})
    """What has a trend, and its unit."""


class EntryAnswer(Answer):
    """An entry of the journal."""

    sequence: int
    time: Time
    source: str
    cause: str
    kind: str
    payload: dict[str, Any]
    hash: str


class FlawAnswer(Answer):
    """What is not as it was recorded."""

    sequence: int | None
    what: str
    mend: str = ""


class Verified(Answer):
    """Whether the chain holds."""

    ok: bool
    entries: int
    flaws: list[FlawAnswer]


class Span(Answer):
    """From when to when there is something to replay."""

    start: Time | None
    end: Time | None
