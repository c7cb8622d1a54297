"""What was: the map at a past time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from fastapi import APIRouter, Response

from gridmend.runtime.live import Mode
from gridmend.ui.web.answers.history import Span
from gridmend.ui.web.answers.shape import Moment
from gridmend.ui.web.beside import opened_journal
from gridmend.ui.web.gate import Served, endpoint
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.replay import frame_of, span

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
    """From when to when there is something to replay."""

    def work() -> tuple[datetime | None, datetime | None]:
        with opened_journal(serving) as opened:
            return span(opened)

    start, end = await serving.lanes.heavy.run(work)
    return Span(start=start, end=end)


@endpoint(
    router, "GET", "/replay", statuses=(404, 422),
    response_class=Response, openapi_extra={"responses": {"200": {"content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
async def replay(
    time: Moment, serving: Served, mode: ModeName = ModeName.ENERGISED
) -> Response:  # fmt: skip
    """The map as it was known at a time, as a full frame. What positions do not tell is unknown."""
    if not 1971 < time.year < 9990:
        raise Problem(422, f"the year {time.year} is out of reach", where="query.time")
    states = serving.view.states

    def work() -> bytes:
        with opened_journal(serving) as opened:
            situation = serving.replay.at(opened, time)
        return frame_of(situation, states, Mode[mode.name], time)

    body = await serving.lanes.heavy.run(work)
    return Response(body, media_type="application/octet-stream")
