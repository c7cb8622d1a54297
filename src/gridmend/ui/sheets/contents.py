"""What a printed switching order says, as plain text and numbers; the page only sets it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unicodedata import category

from gridmend.operations.switching_orders.request import Kind
from gridmend.operations.switching_orders.sheet import Line, Sheet

BUSES_MOST = 40
"""Buses of the zone that are named; the others are counted."""
ACTIONS = {
    "tag": "hang tag", "untag": "lift tag", "ground": "place ground", "unground": "remove ground",
    "clear": "issue clearance", "release": "release clearance",
}  # fmt: skip
"""What a line is called on paper, where the plain word is too short."""
SIGNERS = ("Prepared", "Checked", "Approved", "Issued")


def contents(sheet: Sheet, *, diagram: str = "") -> dict[str, Any]:
    """Everything that the page shows. Times are on the request's clock."""
    request = sheet.request
    is_emergency = request.kind is Kind.EMERGENCY
    return _printable({
        "title": "Emergency switching order" if is_emergency else "Switching order",
        "emergency": is_emergency,
        "network": sheet.network,
        "digest": sheet.digest,
        "problem": sheet.problem,
        "head": _head(sheet),
        "lines": [_line(sheet, line) for line in sheet.lines],
        "conflicts": [f"{f.severity}, {f.where}: {f.what}" for f in sheet.findings],
        "notes": [*sheet.left_out, *sheet.notes, *_assumed(sheet)],
        "signers": list(SIGNERS),
    }) | {"diagram": diagram}  # fmt: skip


def _printable(value: Any) -> Any:
    """The same with every sign that has no shape, or turns the text around, made visible."""
    if isinstance(value, str):
        hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        return "".join("\N{REPLACEMENT CHARACTER}" if category(c) in hidden else c for c in value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return value


def _head(sheet: Sheet) -> list[list[str]]:
    request, hardest = sheet.request, sheet.hardest
    rows = [
        ["Work on", ", ".join(request.elements)],
        ["Reason", request.reason or "–"],
        ["Window", f"{_day(sheet, request.begin)} to {_day(sheet, request.end)}"],
        ["Asked for by", request.who],
        ["Crews", ", ".join(request.crews) or "–"],
        ["Isolated by", ", ".join(sheet.points) or "nothing: no source can reach it"],
        ["Zone", _buses(sheet)],
        ["Grounds at", ", ".join(sheet.grounds) or "none asked for"],
        ["DER off", ", ".join(sheet.ders) or "none in the zone"],
        ["Out for the work", f"{sheet.customers_out:,} of {sheet.customers:,} customers"],
        ["Interrupted for a moment", f"{sheet.customers_interrupted:,} more customers"],
        ["Not supplied", f"{sheet.customer_minutes:,.0f} customer minutes by the planned times"],
    ]
    others = len(sheet.compared)
    looked = f"{others} other order{'' if others == 1 else 's'}"
    told = f"{len(sheet.findings)} with {looked}" if others else "not looked for"
    rows.append(["Conflicts", told])
    if hardest is not None:
        load = "" if hardest.loading_max_pct is None else f", {hardest.loading_max_pct:.0f} % of "
        rows.append([
            "Hardest hour",
            f"{_day(sheet, hardest.at)}: {_number(hardest.v_min_pu, '.3f', 'pu')}"
            f"{load}{hardest.most_loaded if load else ''}",
        ])  # fmt: skip
    return rows


def _line(sheet: Sheet, line: Line) -> dict[str, str]:
    at = line.at.astimezone(sheet.request.zone)
    first = sheet.request.begin.astimezone(sheet.request.zone)
    return {
        "number": str(line.number),
        "phase": line.phase.value,
        "time": f"{at:%H:%M}" if at.date() == first.date() else f"{at:%d %b %H:%M}",
        "action": ACTIONS.get(line.what, line.what) + (" (loop)" if line.loop else ""),
        "device": line.device.removeprefix("bus."),
        "place": "whole zone" if line.what in ("clear", "release") else line.place,
        "by": line.by,
        "why": line.why,
        "out": f"{line.customers_out:,} cust.",
        "v": _number(line.v_min_pu, ".3f", "pu"),
        "load": _number(line.loading_max_pct, ".0f", "%"),
    }


def _assumed(sheet: Sheet) -> list[str]:
    """What the figures are, and what they are not."""
    notes = [
        f"Voltages and loadings are computed from the model's demand ({sheet.demand}), not"
        " measured; planned times are assumed durations.",
        "Customers out are counted after each line, against the state before the first.",
    ]
    if sheet.unknown:
        shown = ", ".join(sheet.unknown[:4]) + (" …" if len(sheet.unknown) > 4 else "")
        notes.append(f"Not judged, for want of a rating: {shown}")
    return notes


def _buses(sheet: Sheet) -> str:
    more = len(sheet.zone) - BUSES_MOST
    tail = f" and {more:,} more" if more > 0 else ""
    return f"{len(sheet.zone):,} buses: {', '.join(sheet.zone[:BUSES_MOST])}{tail}"


def _day(sheet: Sheet, time: datetime) -> str:
    return f"{time.astimezone(sheet.request.zone):%a %d %b %Y %H:%M %Z}"


def _number(value: float | None, form: str, unit: str) -> str:
    return "–" if value is None else f"{value:{form}} {unit}"
