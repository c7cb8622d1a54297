"""The daily operations report: outages, switching, alarms, and what is open at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import OutcomeState
from gridmend.model.situation import ORDER_ENDED, Situation
from gridmend.operations.alarms import Alarms
from gridmend.runtime.fold import fold
from gridmend.ui.reports.day import Day
from gridmend.ui.reports.outages import (
    counted_of,
    doubts_of,
    field_doubts,
    figures_of,
    is_simulated,
    share_of,
    sheets_of,
)
from gridmend.ui.reports.report import Asked, Figure, Report, Sheet, Value

_OUTAGES = ("outages", "customers_interrupted", "customer_minutes", "saidi_min", "open_at_end")
"""Of the figures of outages those that a day is told by."""


def daily_report(grid: Grid, events: Iterable[Event], asked: Asked) -> Report:
    """What was done, and what is open, in a period, from a journal's events in their order.

    They are gone over more than once, so that a journal need not be held. Raises `GridmendError`
    where nobody is served.
    """
    day = Day(grid, asked)
    for event in events:
        day.hear(event)
    counted = counted_of(grid, events, asked, day.facts)
    situation = fold(grid, (event for event in events if event.time_utc < asked.end))
    commands, raised = day.commands.sheet(), day.alarmed.sheet()
    sheets = (
        *sheets_of(counted, asked), share_of(counted, asked, "device"), commands,
        day.orders.sheet(situation), raised, day.refused(), _open(situation, day.alarms, asked),
    )  # fmt: skip
    named = {sheet.name: sheet for sheet in sheets}
    simulated = is_simulated(day.facts, asked)
    figures = (
        *(f for f in figures_of(counted) if f.name in _OUTAGES),
        *_operated(commands, named["orders"], named["refused"]),
        *_alarmed(raised),
        Figure("open", "Open at the end", len(named["open"].rows), ",d", "", "open"),
    )
    doubts = (*field_doubts(day.facts, asked, simulated=simulated), *doubts_of(counted))
    if situation.misread:
        doubts = (*doubts, f"{len(situation.misread)} entries cannot be read: they are left out.")
    return Report(
        "daily", "Daily operations report", grid.name, asked, figures, sheets, doubts, simulated
    )


def _open(situation: Situation, alarms: Alarms, asked: Asked) -> Sheet:
    """What the next shift takes over."""
    s = situation
    rows: list[tuple[Any, ...]] = []
    rows += [("order", o.id, f"{o.state}, {o.done} of {len(o.steps)} steps done", o.author)
             for o in s.orders.values() if o.state not in ORDER_ENDED]  # fmt: skip
    rows += [("command", p.command.id, f"no outcome: {p.command.step.action} {p.key}",
              p.command.principal) for p in s.pending.values()]  # fmt: skip
    rows += [("tag", t.id, f"{t.kind} on {t.device}", t.holder) for t in s.tags.values()]
    rows += [("ground", g.id, f"at {g.bus}", g.holder) for g in s.grounds.values()]
    rows += [("clearance", c.id, f"{len(c.buses)} buses", c.holder) for c in s.clearances.values()]
    rows += [("fault", key, "known or suspected", "") for key in sorted(s.faults)]
    rows += [("automation", area or "everywhere", "stopped", "") for area in sorted(s.killed)]
    end = asked.end.astimezone(UTC)
    rows += [("alarm", a.id, f"priority {a.priority}, {a.state}: {a.what}", a.acknowledged_by)
             for a in alarms.listed(end) if a.cleared_utc is None]  # fmt: skip
    return Sheet("open", "Open at the end", ("kind", "id", "what", "whose"), tuple(rows),
                 asked.command("daily"), "nothing is open")  # fmt: skip


def _operated(commands: Sheet, orders: Sheet, refused: Sheet) -> tuple[Figure, ...]:
    outcome = Counter(str(row[5]) for row in commands.rows)
    failed = outcome[OutcomeState.FAILED.value] + outcome["in doubt"]
    written = sum(row[6] is True for row in orders.rows)
    return (
        Figure("commands", "Commands", len(commands.rows), ",d", "", "commands"),
        Figure("commands_failed", "Commands failed or in doubt", failed, ",d", "", "commands"),
        Figure("orders", "Switching orders written", written, ",d", "", "orders"),
        Figure("refused", "Rules that refused a step", len(refused.rows), ",d", "", "refused"),
    )


def _alarmed(raised: Sheet) -> tuple[Figure, ...]:
    many = [(row[1], _whole(row[3]), _whole(row[4])) for row in raised.rows]
    urgent = sum(count for priority, count, _ in many if priority == 1)
    return (
        Figure("alarms", "Alarms raised", sum(c for _, c, _ in many), ",d", "", "alarms"),
        Figure("alarms_urgent", "Alarms of priority 1", urgent, ",d", "", "alarms"),
        Figure("alarms_most", "Most alarms in 10 min, at most 10 wanted",
               max((most for _, _, most in many), default=0), ",d", "", "alarms"),
    )  # fmt: skip


def _whole(value: Value) -> int:
    return value if isinstance(value, int) else 0
