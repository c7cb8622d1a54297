"""What was done in a period, collected as a journal's events go by, with none of them held."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.situation import Situation
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.alarms import KINDS, Alarms
from gridmend.ui.reports.going_over import Facts
from gridmend.ui.reports.report import Asked, Sheet, Value

ORDERS = {
    "order_written": "written", "order_approved": "approved", "order_issued": "issued",
    "order_suspended": "suspended", "order_aborted": "aborted",
}  # fmt: skip


class Day:
    """Commands, orders, refusals and alarms of a period, and what came before that they rest on."""

    def __init__(self, grid: Grid, asked: Asked) -> None:
        self.facts, self.asked = Facts(), asked
        self.commands, self.orders = Commands(asked), Orders(asked)
        self.alarmed = Alarmed(asked, Alarms.of(grid))
        self._refused: list[tuple[Value, ...]] = []

    @property
    def alarms(self) -> Alarms:
        """The alarms at the end of the period."""
        return self.alarmed.alarms

    def hear(self, event: Event) -> None:
        """One event more."""
        self.facts.hear(event)
        if event.time_utc >= self.asked.end or wrong_with(event):
            return
        self.commands.hear(event)
        self.orders.hear(event)
        self.alarmed.hear(event)
        if event.kind == "refused" and event.time_utc >= self.asked.start:
            self._refused += [
                (self.asked.at(event.time_utc), event.cause, *(str(part) for part in rule))
                for rule in event.payload["rules"]
                if isinstance(rule, list | tuple) and len(rule) == 3
            ]

    def refused(self) -> Sheet:
        """What the interlock refused, a row a rule."""
        headings = ("at", "to", "rule", "device", "why")
        return Sheet("refused", "Refused by the interlock", headings, tuple(self._refused),
                     self.asked.command("daily"), "nothing was refused")  # fmt: skip


@dataclass
class Commands:
    """Commands of the period, with the last that was said of each."""

    asked: Asked
    rows: list[tuple[str, list[Any]]] = field(default_factory=list[tuple[str, list[Any]]])
    states: dict[str, str] = field(default_factory=dict[str, str])

    def hear(self, event: Event) -> None:
        """One event more."""
        p = event.payload
        if event.time_utc < self.asked.start:
            return
        if event.kind == "outcome":
            self.states[str(p.get("command"))] = str(p["state"])
        if event.kind != "commanded":
            return
        step = p["step"]
        self.rows.append((str(p["command"]), [
            self.asked.at(event.time_utc), p["command"], p.get("application") or p["principal"],
            step.get("action"), step.get("device"), "", p.get("order", ""), step.get("why", ""),
        ]))  # fmt: skip

    def sheet(self) -> Sheet:
        """A row a command."""
        for command, row in self.rows:
            row[5] = self.states.get(command, "no outcome yet").replace("_", " ")
        headings = ("at", "command", "by", "action", "device", "outcome", "order", "why")
        found = tuple(tuple(row) for _, row in self.rows)
        return Sheet("commands", "Commands", headings, found, self.asked.command("daily"),
                     "nothing was commanded")  # fmt: skip


@dataclass
class Orders:
    """Switching orders of which anything was said in the period, as they are at its end."""

    asked: Asked
    rows: dict[str, dict[str, Value]] = field(default_factory=dict[str, dict[str, Value]])
    late: set[str] = field(default_factory=set[str])

    def hear(self, event: Event) -> None:
        """One event more."""
        if event.kind not in ORDERS:
            return
        p = event.payload
        name, by = str(p["order"]), str(p.get("by") or p.get("author") or event.cause)
        row = self.rows.setdefault(name, {})
        row |= {"state": ORDERS[event.kind], "since": self.asked.at(event.time_utc)}
        row["why"] = str(p.get("why", ""))
        if event.kind == "order_aborted" and event.time_utc < self.asked.start:
            del self.rows[name]
            return
        if event.kind == "order_written":
            row |= {"by": by, "steps": len(p["steps"]), "approved": ""}
        elif event.kind == "order_approved":
            row["approved"] = by
        if event.time_utc >= self.asked.start:
            self.late.add(name)
            row["new"] = row.get("new") or event.kind == "order_written"

    def sheet(self, situation: Situation) -> Sheet:
        """A row an order."""
        known = situation.orders
        found = tuple(
            (name, row.get("by"), row.get("steps"), row.get("approved", ""),
             str(known[name].state).replace("_", " ") if name in known else row["state"],
             row["since"], bool(row.get("new")), row["why"])
            for name, row in self.rows.items()
            if name in self.late
        )  # fmt: skip
        headings = ("order", "by", "steps", "approved_by", "state", "last_said",
                    "written_in_period", "why")  # fmt: skip
        return Sheet("orders", "Switching orders", headings, found, self.asked.command("daily"),
                     "no order was written or went on")  # fmt: skip


@dataclass
class Alarmed:
    """The alarms as they stand, and how often each kind was raised in the period."""

    asked: Asked
    alarms: Alarms
    count: Counter[str] = field(default_factory=Counter[str])
    most: Counter[str] = field(default_factory=Counter[str])
    _number: int = 0

    def hear(self, event: Event) -> None:
        """One event more."""
        self._number += 1
        after = self.alarms.heard(event, self._number)
        if after is not self.alarms and event.time_utc >= self.asked.start:
            for id, entry in after.entries.items():
                was = self.alarms.entries.get(id)
                if entry is was:
                    continue
                often = entry.times - (was.times if was is not None else 0)
                self.count[entry.kind] += max(often, 0) if was is not None else 1
                rate = after.rate(event.time_utc).per_10_min
                self.most[entry.kind] = max(self.most[entry.kind], rate)
        self.alarms = after

    def sheet(self) -> Sheet:
        """A row a kind of alarm."""
        rows = tuple(
            (kind, KINDS[kind].priority, KINDS[kind].what, many, self.most[kind])
            for kind, many in sorted(
                self.count.items(), key=lambda one: (KINDS[one[0]].priority, one[0])
            )
            if many
        )
        headings = ("condition", "priority", "what", "raised", "most_in_10_minutes")
        return Sheet("alarms", "Alarms", headings, rows, self.asked.command("daily"),
                     "no alarm was raised")  # fmt: skip
