"""The ledger: entries folded into one record a customer and interruption, in any order of arrival.

An event claims a customer from its `Out` to the next `Back` of that event. Where claims of several
events overlap, the customer is out once: each instant belongs to the claim that began first, and
where that one ends, to the next that still stands. Claims that touch or overlap are one
interruption, so that no order of entries and no doubled event counts a customer twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import Finding
from gridmend.operations.interruptions.entries import (
    Back,
    Blamed,
    Denied,
    Entry,
    Merged,
    Out,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Records:
    """Pieces of interruptions, in the order of customer and start.

    All arrays are [pieces]: `customer`, `start_s`, `end_s` (inf where it still stands), `event` by
    its number in `events`, and `interruption`, which counts up: pieces of one customer that follow
    each other without a gap share it. `device`, `cause`, `planned` are [events].
    """

    customer: Ints
    start_s: Floats
    end_s: Floats
    event: Ints
    interruption: Ints
    events: tuple[str, ...]
    device: tuple[str, ...]
    cause: tuple[str, ...]
    planned: Flags
    findings: tuple[Finding, ...] = ()

    def whole(self) -> tuple[Ints, Floats, Floats, Ints]:
        """[interruptions] customer, start [s], end [s], and the event that began it."""
        first = np.flatnonzero(np.diff(self.interruption, prepend=-1))
        last = np.append(first[1:], len(self.interruption))[: len(first)] - 1
        return self.customer[first], self.start_s[first], self.end_s[last], self.event[first]


_Said = tuple[float, str, int]
"""When a cause was said, which, and whether it was planned: 1, 0, or -1 where that was not said."""


@dataclass(eq=False)
class _Sheet:
    """Entries by what they are about, while they are read."""

    changes: dict[tuple[str, int], list[tuple[float, int]]] = field(
        default_factory=dict[tuple[str, int], list[tuple[float, int]]]
    )
    """Of an event and a customer: when it went out (1) or came back (0)."""
    about: dict[str, Out] = field(default_factory=dict[str, Out])
    blamed: dict[str, _Said] = field(default_factory=dict[str, _Said])
    denied: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    into: dict[str, str] = field(default_factory=dict[str, str])
    findings: list[Finding] = field(default_factory=list[Finding])

    def warn(self, what: str, where: str, mend: str) -> None:
        self.findings.append(Finding("warning", what, where, mend))


def fold(entries: Iterable[Entry], *, customer_count: int) -> Records:
    """The records that entries come to, whatever their order and however often each comes.

    Entries name customers by numbers below `customer_count`; a number may stand for several who
    share their supply.

    An entry that cannot be meant (a customer who is not there, a time that is none, somebody back
    who was not out, a correction of an event that nobody entered) is left out and is a finding of
    the answer. Checked against a plain simulation in tests.
    """
    sheet = _Sheet()
    for entry in entries:
        _enter(sheet, entry, customer_count)
    names = {event: _merged(sheet, event) for event in sheet.about}
    for event, customer in sorted(sheet.denied):
        if (event, customer) not in sheet.changes:
            sheet.warn(
                f"customer {customer} denies an outage that is not entered", event,
                "enter the event first",
            )  # fmt: skip
    for event in sorted({*sheet.blamed, *sheet.into} - set(sheet.about)):
        sheet.warn(
            f"event '{event}' is corrected and not entered", event, "enter who went out in it"
        )
    claims = [
        (customer, start_s, end_s, names[event])
        for (event, customer), changes in sheet.changes.items()
        if event in names and (event, customer) not in sheet.denied
        for start_s, end_s in _spans(sheet, event, customer, changes)
    ]
    return _records(sheet, claims)


def _enter(sheet: _Sheet, entry: Entry, customer_count: int) -> None:
    match entry:
        case Out() | Back():
            if not isfinite(entry.time_s):
                sheet.warn(f"an entry has no time: {entry.time_s}", entry.event, "give its time")
                return
            known = [c for c in entry.customers if 0 <= c < customer_count]
            if len(known) < len(entry.customers):
                lost = sorted(set(entry.customers) - set(known))
                sheet.warn(f"customers {lost[:5]} are not known", entry.event, "mend the numbers")
            if isinstance(entry, Out):
                before = sheet.about.get(entry.event)
                first = before is None or _order(entry) < _order(before)
                sheet.about[entry.event] = entry if first else before or entry
            for customer in known:
                changes = sheet.changes.setdefault((entry.event, customer), [])
                changes.append((entry.time_s, int(isinstance(entry, Out))))
        case Denied():
            sheet.denied.add((entry.event, entry.customer))
        case Blamed():
            said = entry.time_s, entry.cause, -1 if entry.planned is None else int(entry.planned)
            if not isfinite(entry.time_s):
                sheet.warn(f"a cause has no time: {entry.time_s}", entry.event, "give its time")
                return
            sheet.blamed[entry.event] = max(said, sheet.blamed.get(entry.event, said))
        case Merged():
            if entry.into != entry.event:
                sheet.into[entry.event] = min(entry.into, sheet.into.get(entry.event, entry.into))


def _order(entry: Out) -> tuple[float, str, str, bool]:
    return entry.time_s, entry.device, entry.cause, entry.planned


def _merged(sheet: _Sheet, event: str) -> str:
    """The event that an event is a part of; one that leads in a circle, or nowhere, stays."""
    seen = [event]
    while seen[-1] in sheet.into:
        ahead = sheet.into[seen[-1]]
        if ahead in seen or ahead not in sheet.about:
            sheet.warn(
                f"event '{seen[-1]}' cannot be merged into '{ahead}'", seen[-1],
                "name an event that is entered, and no circle",
            )  # fmt: skip
            return event
        seen.append(ahead)
    return seen[-1]


def _spans(
    sheet: _Sheet, event: str, customer: int, changes: list[tuple[float, int]]
) -> list[tuple[float, float]]:
    """From each `Out` to the next `Back`; at one instant a customer comes back before it goes."""
    spans: list[tuple[float, float]] = []
    since: float | None = None
    for time_s, is_out in sorted(set(changes)):
        if is_out:
            since = time_s if since is None else since
        elif since is None:
            sheet.warn(
                f"customer {customer} comes back at {time_s:g} s and is not out", event,
                "enter when it went out",
            )  # fmt: skip
        else:
            spans.append((since, time_s))
            since = None
    if since is not None:
        spans.append((since, inf))
    return [(start, end) for start, end in spans if end > start]


def _records(sheet: _Sheet, claims: list[tuple[int, float, float, str]]) -> Records:
    events = tuple(sorted({event for *_, event in claims}))
    number = {event: k for k, event in enumerate(events)}
    claims.sort()
    customer = np.array([c for c, *_ in claims], np.int64)
    start = np.array([s for _, s, _, _ in claims], float)
    end = np.array([e for _, _, e, _ in claims], float)
    event = np.array([number[e] for *_, e in claims], np.int64)
    covered = _covered(customer, end)
    begins = np.maximum(start, covered)
    keep = end > begins
    is_new = (start > covered) | (np.diff(customer, prepend=-1) != 0)
    interruption = np.cumsum(is_new) - 1
    kept, order = keep, np.argsort(interruption[keep], kind="stable")
    return Records(
        customer=customer[kept][order],
        start_s=begins[kept][order],
        end_s=end[kept][order],
        event=event[kept][order],
        interruption=_counted(interruption[kept][order]),
        events=events,
        device=tuple(sheet.about[e].device for e in events),
        cause=tuple(_cause(sheet, e) for e in events),
        planned=np.array([_is_planned(sheet, e) for e in events], bool),
        findings=tuple(sheet.findings),
    )


def _covered(customer: Ints, end_s: Floats) -> Floats:
    """Until when each claim's customer is out by the claims before it; -inf by none."""
    covered = np.full(len(customer), -inf)
    at = -inf
    for k in range(1, len(customer)):
        at = max(at, end_s[k - 1]) if customer[k] == customer[k - 1] else -inf
        covered[k] = at
    return covered


def _counted(numbers: Ints) -> Ints:
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _cause(sheet: _Sheet, event: str) -> str:
    return sheet.blamed[event][1] if event in sheet.blamed else sheet.about[event].cause


def _is_planned(sheet: _Sheet, event: str) -> bool:
    said = sheet.blamed[event][2] if event in sheet.blamed else -1
    return sheet.about[event].planned if said < 0 else bool(said)
