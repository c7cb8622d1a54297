"""The daily operations report: outages, switching, alarms, and what is open at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import OutcomeState
from gridmend.model.situation import ORDER_ENDED, Situation
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.alarms import KINDS, Alarms
from gridmend.runtime.fold import fold
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

ORDERS = {
    "order_written": "written", "order_approved": "approved", "order_issued": "issued",
    "order_suspended": "suspended", "order_aborted": "aborted",
}  # fmt: skip
_OUTAGES = ("outages", "customers_interrupted", "customer_minutes", "saidi_min", "open_at_end")
"""Of the figures of outages those that a day is told by."""


def daily_report(grid: Grid, events: Sequence[Event], asked: Asked) -> Report:
    """What was done, and what is open, in a period, from a journal's events in their order.

    Raises `GridmendError` where nobody is served.
    """
    before = [e for e in events if e.time_utc < asked.end and not wrong_with(e)]
    during = [event for event in before if event.time_utc >= asked.start]
    counted = counted_of(grid, events, asked)
    commands = _commands(before, during, asked)
    alarms, raised = _alarms(grid, before, asked)
    situation = fold(grid, (event for event in events if event.time_utc < asked.end))
    sheets = (
        *sheets_of(counted, asked), share_of(counted, asked, "device"), commands,
        _orders(before, situation, asked), raised, _refused(during, asked),
        _open(situation, alarms, asked),
    )  # fmt: skip
    named = {sheet.name: sheet for sheet in sheets}
    simulated = is_simulated(events, asked)
    figures = (
        *(f for f in figures_of(counted) if f.name in _OUTAGES),
        *_operated(commands, named["orders"], named["refused"]),
        *_alarmed(raised),
        Figure("open", "Open at the end", len(named["open"].rows), ",d", "", "open"),
    )
    doubts = (*field_doubts(events, asked, simulated=simulated), *doubts_of(counted))
    if situation.misread:
        doubts = (*doubts, f"{len(situation.misread)} entries cannot be read: they are left out.")
    return Report(
        "daily", "Daily operations report", grid.name, asked, figures, sheets, doubts, simulated
    )


def _commands(before: Sequence[Event], during: Sequence[Event], asked: Asked) -> Sheet:
    """Commands of the period, with the last that was said of each."""
    outcomes = {str(e.payload.get("command")): e for e in before if e.kind == "outcome"}
    rows: list[tuple[Any, ...]] = []
    for event in during:
        if event.kind != "commanded":
            continue
        p, step = event.payload, event.payload["step"]
        outcome = outcomes.get(str(p["command"]))
        state = str(outcome.payload["state"]) if outcome is not None else "no outcome yet"
        rows.append((
            asked.at(event.time_utc), p["command"], p.get("application") or p["principal"],
            step.get("action"), step.get("device"), state.replace("_", " "), p.get("order", ""),
            step.get("why", ""),
        ))  # fmt: skip
    headings = ("at", "command", "by", "action", "device", "outcome", "order", "why")
    return Sheet("commands", "Commands", headings, tuple(rows), asked.command("daily"),
                 "nothing was commanded")  # fmt: skip


def _orders(before: Sequence[Event], situation: Situation, asked: Asked) -> Sheet:
    """Switching orders of which anything was said in the period, a row each as they are at its
    end."""
    rows: dict[str, dict[str, Value]] = {}
    late: set[str] = set()
    for event in before:
        if event.kind not in ORDERS:
            continue
        p = event.payload
        name, by = str(p["order"]), str(p.get("by") or p.get("author") or event.cause)
        row = rows.setdefault(name, {})
        row |= {"state": ORDERS[event.kind], "since": asked.at(event.time_utc)}
        row["why"] = str(p.get("why", ""))
        if event.kind == "order_written":
            row |= {"by": by, "steps": len(p["steps"]), "approved": ""}
        elif event.kind == "order_approved":
            row["approved"] = by
        if event.time_utc >= asked.start:
            late.add(name)
            row["new"] = row.get("new") or event.kind == "order_written"
    known = situation.orders
    found = tuple(
        (name, row.get("by"), row.get("steps"), row.get("approved", ""),
         str(known[name].state).replace("_", " ") if name in known else row["state"],
         row["since"], bool(row.get("new")), row["why"])
        for name, row in rows.items()
        if name in late
    )  # fmt: skip
    headings = ("order", "by", "steps", "approved_by", "state", "last_said", "written_in_period",
                "why")  # fmt: skip
    return Sheet("orders", "Switching orders", headings, found, asked.command("daily"),
                 "no order was written or went on")  # fmt: skip


def _refused(during: Sequence[Event], asked: Asked) -> Sheet:
    """What the interlock refused in the period, a row a rule."""
    rows = tuple(
        (asked.at(e.time_utc), e.cause, *(str(part) for part in rule))
        for e in during
        if e.kind == "refused"
        for rule in e.payload["rules"]
        if isinstance(rule, list | tuple) and len(rule) == 3
    )
    headings = ("at", "to", "rule", "device", "why")
    return Sheet("refused", "Refused by the interlock", headings, rows, asked.command("daily"),
                 "nothing was refused")  # fmt: skip


def _alarms(grid: Grid, before: Sequence[Event], asked: Asked) -> tuple[Alarms, Sheet]:
    """The alarms at the end, and how often each kind was raised in the period."""
    alarms = Alarms.of(grid)
    count: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for number, event in enumerate(before, 1):
        after = alarms.heard(event, number)
        if after is not alarms and event.time_utc >= asked.start:
            for id, entry in after.entries.items():
                was = alarms.entries.get(id)
                if entry is was:
                    continue
                often = entry.times - (was.times if was is not None else 0)
                count[entry.kind] += max(often, 0) if was is not None else 1
                most[entry.kind] = max(most[entry.kind], after.rate(event.time_utc).per_10_min)
        alarms = after
    rows = tuple(
        (kind, KINDS[kind].priority, KINDS[kind].what, many, most[kind])
        for kind, many in sorted(count.items(), key=lambda one: (KINDS[one[0]].priority, one[0]))
        if many
    )
    headings = ("condition", "priority", "what", "raised", "most_in_10_minutes")
    return alarms, Sheet("alarms", "Alarms", headings, rows, asked.command("daily"),
                         "no alarm was raised")  # fmt: skip


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
