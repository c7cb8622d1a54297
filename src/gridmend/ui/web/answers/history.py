"""What was: trends, and the journal."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from gridmend.ui.web.answers.network import GroundAnswer, TagAnswer
from gridmend.ui.web.answers.operation import AreaAnswer
from gridmend.ui.web.answers.orders import Order, Plans
from gridmend.ui.web.answers.shape import Answer, Figure, Time
from gridmend.ui.web.answers.watch import Alarms, Outage, Overview


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


class MarkAnswer(Answer):
    """What to look for on the time line: `trip`, `fault`, `plan`, `approval` or `restored`."""

    time: Time
    kind: str
    text: str


class CurveAnswer(Answer):
    """The most customers that were out, from each time to the next; null where nobody looked."""

    times: list[Time]
    customers_out: list[int | None]


class Span(Answer):
    """From when to when there is something to replay, and what is in it."""

    start: Time | None
    end: Time | None
    recorded_start: Time | None = None
    recorded_end: Time | None = None
    """Between these all panels were recorded; at other times, what the journal tells."""
    marks: list[MarkAnswer] = Field(default=[])
    curve: CurveAnswer = CurveAnswer(times=[], customers_out=[])
    unsure: list[str] = Field(default=[])


class Panels(Answer):
    """What the panels showed at a time; null for what was not recorded."""

    time: Time
    recorded_at: Time | None
    """When this was seen; it was the same until `time`."""
    overview: Overview | None = None
    alarms: Alarms | None = None
    outages: list[Outage] | None = None
    plans: list[Plans] | None = None
    orders: list[Order] | None = None
    areas: list[AreaAnswer] | None = None
    unsure: list[str] = Field(default=[])
    """What is not recorded or cannot be read, in words."""


class ElementThen(Answer):
    """One device as it was shown at a time; null for what was not recorded.

    Figures were kept in steps: voltages of 0.0016 pu from 0.8 to 1.2, loadings of 0.8 % to 200;
    what lies beyond is told as the end of the range, and `beyond` says so.
    """

    time: Time
    recorded_at: Time | None
    key: str
    kind: str
    index: int
    bus1: str
    bus2: str
    position: Literal["open", "closed"] | None
    supply: Literal["energised", "some phases dead", "de-energised"] | None
    live_phases: str | None
    feeder: str | None
    """Which feeder fed it then; empty for none."""
    v_pu: Figure
    """Of the end and phase furthest from nominal."""
    loading_pct: Figure
    i_a: Figure
    """Of the most loaded phase: the loading of the rating."""
    rating_a: Figure
    output_pct: Figure
    """What a distributed resource gave, of its rating."""
    beyond: bool
    not_normal: bool | None
    tagged: bool | None
    grounded: bool | None
    faulted: bool | None
    tags: list[TagAnswer] | None
    grounds: list[GroundAnswer] | None
    """With who holds them; null where no journal can be read."""
    unsure: list[str] = Field(default=[])
