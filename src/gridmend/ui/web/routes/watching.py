"""What is watched: the figures of the whole, alarms, outages."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path

from gridmend.operations.alarms.flood import Rate
from gridmend.runtime.live import View
from gridmend.ui.web.answers.identity import Done
from gridmend.ui.web.answers.watch import (
    Alarm,
    AlarmRate,
    Alarms,
    Ids,
    Outage,
    Overview,
    Shelf,
)
from gridmend.ui.web.gate import Calling, Served, endpoint

router = APIRouter(tags=["watching"])
Id = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
TARGET = 10
"""Alarms in ten minutes that one operator can answer (EEMUA 191)."""


@endpoint(router, "GET", "/overview")
async def overview(serving: Served) -> Overview:
    """The figures at the top of every page."""
    return overview_of(serving.view)


def overview_of(view: View) -> Overview:
    """The same of a view."""
    found = Overview.of(view.overview)
    return found.model_copy(update={"unsure": list(view.unsure)})


@endpoint(router, "GET", "/alarms")
async def alarms(serving: Served) -> Alarms:
    """The alarms that are shown, the gravest first."""
    return alarms_of(serving.view)


def alarms_of(view: View) -> Alarms:
    """The same of a view."""
    listed = [Alarm.of(_plainly(alarm)) for alarm in view.alarms]
    rate = view.alarm_rate or Rate(0, is_flood=False)
    return Alarms(alarms=listed, flood=rate.is_flood, rate=AlarmRate.of(rate))


def _plainly(alarm: Any) -> Any:
    return alarm.as_json() if hasattr(alarm, "as_json") else alarm


@endpoint(router, "POST", "/alarms/acknowledge")
async def acknowledge(given: Ids, serving: Served, caller: Calling) -> Done:
    """Say that alarms are seen; those that are gone meanwhile are passed over."""
    known = {alarm.id for alarm in serving.view.alarms}
    wanted = [id for id in dict.fromkeys(given.ids) if id in known]
    if wanted:
        await serving.ask(lambda desk: desk.acknowledge(wanted, caller.by))
    return Done()


@endpoint(router, "POST", "/alarms/{id}/shelve", statuses=(404,))
async def shelve(id: Id, given: Shelf, serving: Served, caller: Calling) -> Done:
    """Put an alarm aside for a while, with a reason."""
    lasts = timedelta(minutes=given.minutes)
    await serving.ask(lambda desk: desk.shelve(id, caller.by, lasts=lasts, reason=given.reason))
    return Done(id=id)


@endpoint(router, "POST", "/alarms/{id}/unshelve", statuses=(404,))
async def unshelve(id: Id, serving: Served, caller: Calling) -> Done:
    """Take an alarm from the shelf."""
    await serving.ask(lambda desk: desk.unshelve(id, caller.by))
    return Done(id=id)


@endpoint(router, "GET", "/outages")
async def outages(serving: Served) -> list[Outage]:
    """Outages as the outage desk follows them."""
    return [Outage.of(row) for row in serving.view.outages]
