"""What was: the map and the panels at a past time, and what is in the time that is recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from fastapi import APIRouter, Response

from gridmend.runtime.live import Mode
from gridmend.ui.web.answers.history import ElementThen, Panels, Span
from gridmend.ui.web.answers.shape import Key, Moment
from gridmend.ui.web.beside import is_beside, opened_journal
from gridmend.ui.web.device_then import device_then
from gridmend.ui.web.gate import Served, endpoint
from gridmend.ui.web.past import frame_at, is_ahead
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.recorded import panels_at
from gridmend.ui.web.replay import span, span_of

router = APIRouter(tags=["history"])


class ModeName(StrEnum):
    """The modes of the map, by name."""

    ENERGISED = "energised"
    VOLTAGE = "voltage"
    LOADING = "loading"
    PHASE = "phase"
    DER = "der"
    HOSTING = "hosting"
    FEEDER = "feeder"


@endpoint(router, "GET", "/replay/span", statuses=(404,))
async def replay_span(serving: Served) -> Span:
    """From when to when there is something to replay, the customers out over it, and marks."""

    def work() -> Span:
        if serving.recording is None:
            with opened_journal(serving) as opened:
                start, end = span(opened)
                return Span(start=start, end=end)
        told: tuple[datetime | None, datetime | None] = (None, None)
        if is_beside(serving):
            with opened_journal(serving) as opened:
                told = span(opened)
        now = None if serving.is_replay else serving.view.time_utc.astimezone(UTC)
        return span_of(serving.recording, told, now)

    return await serving.lanes.heavy.run(work)


@endpoint(router, "GET", "/replay/panels", statuses=(404, 422))
async def replay_panels(time: Moment, serving: Served) -> Panels:
    """Figures, alarms, outages, plans, orders and areas as they were shown at a time."""
    _check(time)
    recording = serving.recording
    if recording is None or is_ahead(serving, time):
        return panels_at(time, None)
    return await serving.lanes.heavy.run(
        lambda: panels_at(time, recording.at(time.timestamp()))
    )  # fmt: skip


@endpoint(router, "GET", "/replay/elements/{key}", statuses=(404, 422))
async def replay_element(key: Key, time: Moment, serving: Served) -> ElementThen:
    """One device as it was shown at a time: its figures, its marks, and who held it."""
    _check(time)
    return await serving.lanes.heavy.run(lambda: device_then(serving, key, time))


@endpoint(
    router, "GET", "/replay", statuses=(404, 422),
    response_class=Response, openapi_extra={"responses": {"200": {"content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
async def replay(
    time: Moment, serving: Served, mode: ModeName = ModeName.ENERGISED
) -> Response:  # fmt: skip
    """The map as it was shown at a time, as a full frame; where that was not recorded, what the
    journal's positions tell, and the rest unknown."""
    _check(time)
    body = await serving.lanes.heavy.run(lambda: frame_at(serving, time, Mode[mode.name]))
    return Response(body, media_type="application/octet-stream")


def _check(time: datetime) -> None:
    if not 1971 < time.year < 9990:
        raise Problem(422, f"the year {time.year} is out of reach", where="query.time")
