"""What is watched: figures of the whole, alarms, outages."""

from __future__ import annotations

from pydantic import Field

from gridmend.ui.web.answers.shape import Answer, Figure, Given, Reason, Time


class Overview(Answer):
    """The figures at the top of every page."""

    time: Time
    number: int
    sequence: int
    load_kw: Figure
    source_kw: Figure
    loss_kw: Figure
    der_kw: Figure
    customers: int
    customers_out: int
    critical_out: int
    v_min_pu: Figure
    v_max_pu: Figure
    worst_bus: str
    converged: bool
    alarms: dict[str, int]
    unacknowledged: int
    stale: int
    devices: int
    data_age_s: Figure
    unsure: list[str] = Field(default=[])
    """What is stale, unknown or not solved, in words."""


class Alarm(Answer):
    """One alarm of the list; ISA-18.2 states."""

    id: str
    priority: int
    condition: str
    device: str
    what: str
    value: Figure = None
    limit: Figure = None
    unit: str = ""
    area: str = ""
    raised: Time
    cleared: Time | None = None
    state: str
    acknowledged_by: str = ""
    acknowledged: Time | None = None
    shelved_until: Time | None = None
    shelved_by: str = ""
    shelved_reason: str = ""
    suppressed_why: str = ""
    answer: str = ""
    group: str = ""
    count: int = 1
    times: int = 1


class AlarmRate(Answer):
    """Alarms in the last ten minutes, against what one operator can answer."""

    per_10_min: int
    target: int


class Alarms(Answer):
    """The alarms that are shown, and whether there are more than can be answered."""

    alarms: list[Alarm]
    flood: bool
    rate: AlarmRate


class Ids(Given):
    """Names of alarms."""

    ids: list[str] = Field(min_length=1, max_length=1000)


class Shelf(Given):
    """For how long an alarm is put aside, and why."""

    minutes: float = Field(gt=0, le=720, allow_inf_nan=False)
    reason: Reason


class Suspected(Answer):
    """A device that may have operated."""

    device: str
    chance: float


class BackBy(Answer):
    """When supply is likely to be back."""

    median: Time
    low: Time
    high: Time
    confidence_pct: float


class Pings(Answer):
    """How many meters were asked, and what came of it."""

    asked: int
    silent: int
    answered: int


class Outage(Answer):
    """An outage as the outage desk follows it."""

    id: str
    device: str
    chance: Figure
    candidates: list[Suspected]
    customers: int
    critical: int
    began: Time
    stage: str
    cause: str
    back_by: BackBy | None
    crews: list[str]
    calls: int
    pings: Pings
    nested_in: str
    over: Time | None = None
