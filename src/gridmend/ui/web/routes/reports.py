"""Reports of a period, from the journal: outages, and a day's operations."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Response

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.ui.reports import Asked, Report, csv_of, daily_report, html_of, outage_report, pdf_of
from gridmend.ui.reports.going_over import Recorded
from gridmend.ui.sheets.asked import zone_of_name
from gridmend.ui.web.answers.shape import Moment
from gridmend.ui.web.beside import opened_journal
from gridmend.ui.web.gate import Served, endpoint
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.serving import Serving

router = APIRouter(tags=["reports"])
LONGEST = timedelta(days=366)
Making = Callable[[Grid, Iterable[Event], Asked], Report]


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    CSV = "csv"
    PDF = "pdf"


_MEDIA = {
    Form.HTML: "text/html; charset=utf-8", Form.CSV: "text/csv; charset=utf-8",
    Form.PDF: "application/pdf",
}  # fmt: skip
_DOCUMENTED: dict[str, Any] = {"responses": {"200": {"content": {
    media.partition(";")[0]: {"schema": {"type": "string"}} for media in _MEDIA.values()
}}}}  # fmt: skip


@endpoint(
    router, "GET", "/reports/outages.{form}", statuses=(404, 422),
    response_class=Response, openapi_extra=_DOCUMENTED,
)  # fmt: skip
async def outages(form: Form, start: Moment, end: Moment, serving: Served) -> Response:
    """Who was out, by what and for how long, by IEEE Std 1366."""
    return await _answered(serving, outage_report, form, start, end)


@endpoint(
    router, "GET", "/reports/daily.{form}", statuses=(404, 422),
    response_class=Response, openapi_extra=_DOCUMENTED,
)  # fmt: skip
async def daily(form: Form, day: date, serving: Served) -> Response:
    """Outages, commands, orders, alarms and refusals of a day, and what is open at its end."""
    if not 1971 < day.year < 9990:
        raise Problem(422, f"the year {day.year} is out of reach", where="query.day")
    place = zone_of_name(serving.about.zone)
    start = datetime(day.year, day.month, day.day, tzinfo=place)
    tomorrow = day + timedelta(days=1)
    end = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=place)
    return await _answered(serving, daily_report, form, start, end)


async def _answered(
    serving: Serving, making: Making, form: Form, start: datetime, end: datetime
) -> Response:
    if not 1971 < start.year <= end.year < 9990 or not start < end <= start + LONGEST:
        raise Problem(422, "the period is none, or longer than a year", where="query.start",
                      mend="give a start and an end at most 366 days later")  # fmt: skip
    zone, grid = serving.about.zone, serving.grid

    def work() -> bytes:
        with opened_journal(serving) as opened:
            events = Recorded(opened)
            last = f", the last with hash {events.digest}" if events.count else ""
            asked = Asked(
                start, end, zone, grid.name, events.where,
                is_simulated=serving.about.world == "twin",
                journal=f"journal: {events.count} entries{last}",
            )  # fmt: skip
            return _written(making(grid, events, asked), form)

    body = await serving.lanes.heavy.run(work)
    told = f"{making.__name__.removesuffix('_report')}-{start.astimezone(UTC):%Y-%m-%d}"
    headers = {"Content-Disposition": f'inline; filename="{told}.{form}"'}
    if form is Form.HTML:
        headers["Content-Security-Policy"] = _policy(body)
    return Response(body, headers=headers, media_type=_MEDIA[form])


def _written(report: Report, form: Form) -> bytes:
    if form is Form.PDF:
        return pdf_of(report)
    return (html_of(report) if form is Form.HTML else csv_of(report)).encode()


def _policy(page: bytes) -> str:
    """What a report may do in a browser: nothing but show itself in its own style."""
    style = re.search(rb"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.group(1) if style else b"").digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
