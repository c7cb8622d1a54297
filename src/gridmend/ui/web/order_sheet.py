"""An order of the control room to print: a PDF by typst, on this machine alone."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

from gridmend.model.plan import POWERS, Action
from gridmend.runtime.live.rows import OrderRow, OrderStep
from gridmend.ui.sheets.contents import SIGNERS

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_ISSUED = ("issued", "in_progress", "completed")


def pdf_of_order(
    order: OrderRow, *, network: str, time_utc: datetime, zone: str, simulated: bool
) -> bytes:
    """The order as PDF. Names and reasons reach the page as data and never as markup."""
    import matplotlib
    import typst

    page = files("gridmend.ui.web").joinpath("order.typ").read_bytes()
    fonts: list[Any] = [str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]
    shown = contents_of_order(
        order, network=network, time_utc=time_utc, zone=zone, simulated=simulated
    )
    return typst.compile(
        page, format="pdf", sys_inputs={"order": json.dumps(shown)}, font_paths=fonts,
        ignore_system_fonts=True,
    )  # fmt: skip


def contents_of_order(
    order: OrderRow, *, network: str, time_utc: datetime, zone: str, simulated: bool
) -> dict[str, Any]:
    """What the page shows, as plain text."""
    clock = ZoneInfo(zone)
    told = f"printed {time_utc.astimezone(clock):%d %b %Y %H:%M:%S %Z}, as it stood then"
    note = order.why
    if order.state not in _ISSUED:
        note = f"Not to be carried out: it is {order.state}, not issued. {order.why}".strip()
    if simulated:
        note = f"SIMULATED FIELD: an exercise. {note}".strip()
    written = "–"
    if order.written is not None:
        written = f"{order.written.astimezone(clock):%d %b %Y %H:%M %Z}"
    return {
        "id": _shown(order.id),
        "title": f"Switching order {_shown(order.id)}",
        "state": order.state.replace("_", " "),
        "network": _shown(network),
        "printed": told,
        "note": _shown(note),
        "head": [
            ["Title", _shown(order.title) or "–"],
            ["Area", _shown(order.area) or "everywhere"],
            ["Written by", _shown(order.application or order.author)],
            ["Approved by", _shown(order.approver) or "nobody yet"],
            ["Written", written],
            ["Done", f"{order.done} of {len(order.steps)} steps"],
        ],
        "lines": [
            {
                "number": str(step.number),
                "action": step.action.replace("_", " ") + _value(step),
                "device": _shown(f"{step.device} {_poles(step)}".strip()),
                "why": _shown(step.why),
                "state": step.state,
            }
            for step in order.steps
        ],
        "signers": list(SIGNERS),
    }


def _poles(step: OrderStep) -> str:
    """The poles that a step moves, where not all of them do."""
    count = len(step.phases.split())
    return f"phase{'s' * (count > 1)} {step.phases}" if count else ""


def _value(step: OrderStep) -> str:
    """What an action sets, in its unit; empty for one that sets nothing."""
    if step.value is None:
        return ""
    if step.action in POWERS:
        return f" {step.value:g} kW"
    if step.action == Action.SET_CAPACITOR:
        return f" {step.value:g} step{'' if step.value == 1 else 's'} on"
    return f" to position {step.value:+g}"


def _shown(text: str) -> str:
    """The same with every sign that has no shape, or turns the text around, made visible."""
    return "".join("\N{REPLACEMENT CHARACTER}" if category(c) in _HIDDEN else c for c in text)
