"""A small journal whose outages can be counted by hand, and what a report of it is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from gridmend.model.event import Event
from gridmend.ui.reports import Asked, Report, daily_report, outage_report
from tests.operations.interruptions.feeder import NOON, commanded, feeder, stands, tripped

DAY = Asked(NOON - timedelta(hours=12), NOON + timedelta(hours=12), "UTC", "feeder", "journal.db")
"""The day of all that is said here. The feeder has 40 customers, ten behind each of four loads; 20
of them, and 200 kW, are behind S2."""
HOSTILE = 'x #pagebreak() $a$ [b] \\ <script>alert(1)</script> "q" é 杆'


def said(at_min: float, kind: str, /, cause: str = "ann", **payload: Any) -> Event:
    return Event(NOON + timedelta(minutes=at_min), "control room", cause, kind, payload)


@cache
def closed() -> tuple[Event, ...]:
    """S2 is out for an hour, and R1 for a moment five hours later; the day is known to its end."""
    return (
        tripped(0.0, "S2"), stands(60.0, "S2", "closed"), tripped(300.0, "R1"),
        stands(301.0, "R1", "closed"), stands(720.0, "R1", "closed"),
    )  # fmt: skip


@cache
def still_open() -> tuple[Event, ...]:
    """S2 trips at noon, and all that is known ends two hours later."""
    return (tripped(0.0, "S2", locked_out=True), stands(120.0, "R1", "closed"))


@cache
def worked() -> tuple[Event, ...]:
    """A day on which something of everything is done."""
    rules = [["tag", "S3", HOSTILE]]
    step = {"action": "open", "device": "S2", "why": "isolates"}
    return (
        said(-700, "mode_set", application="flisr", area="", mode="approve", by="ann"),
        said(-690, "authority_granted", area="", holder="ann", epoch=1),
        *closed()[:1],
        said(1, "order_written", order="o1", author="flisr", area="", steps=[step, step],
             application="flisr"),
        said(2, "order_studied", order="o1", by="flisr", positions="p"),
        said(3, "order_approved", order="o1", by="ann"),
        commanded(4, "open", "S3", "c1"),
        said(5, "outcome", command="c1", state="failed", detail="stuck"),
        commanded(6, "open", "S3", "c2"),
        said(7, "refused", "flisr", command="c3", rules=rules),
        said(8, "tag_placed", tag="t1", device="S3", kind="hold", holder="ann"),
        *closed()[1:],
    )  # fmt: skip


def outages(events: tuple[Event, ...], **changes: Any) -> Report:
    return outage_report(feeder(), events, replace(DAY, **changes))


def daily(events: tuple[Event, ...], **changes: Any) -> Report:
    return daily_report(feeder(), events, replace(DAY, **changes))


def values(report: Report) -> dict[str, float | int | None]:
    return {figure.name: figure.value for figure in report.figures}
