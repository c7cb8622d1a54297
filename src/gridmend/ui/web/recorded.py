"""The panels of a view as the API answers them: what a recording keeps, and gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gridmend.runtime.live import View
from gridmend.runtime.recording import PARTS, Found
from gridmend.ui.web.answers import history
from gridmend.ui.web.answers.operation import AreaAnswer
from gridmend.ui.web.answers.orders import Order, Plans
from gridmend.ui.web.answers.watch import Alarms, Outage, Overview
from gridmend.ui.web.routes.watching import alarms_of, overview_of

_TYPES: Mapping[str, TypeAdapter[Any]] = {
    "overview": TypeAdapter(Overview),
    "alarms": TypeAdapter(Alarms),
    "outages": TypeAdapter(list[Outage]),
    "plans": TypeAdapter(list[Plans]),
    "orders": TypeAdapter(list[Order]),
    "areas": TypeAdapter(list[AreaAnswer]),
}
_ANSWERS: Mapping[str, Callable[[View], Any]] = {
    "overview": overview_of,
    "alarms": alarms_of,
    "outages": lambda view: [Outage.of(row) for row in view.outages],
    "plans": lambda view: [Plans.of(row) for row in view.plans],
    "orders": lambda view: [Order.of(row) for row in view.orders],
    "areas": lambda view: [AreaAnswer.of(row) for row in view.areas],
}
NOT_RECORDED = "nothing was recorded at this time"


class Panels:
    """Codes the panels of one view after the other; what is the same is coded once."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Any, str]] = {}

    def __call__(self, view: View) -> Mapping[str, str]:
        """The JSON of each panel."""
        return {name: self._coded(name, view) for name in PARTS}

    def _coded(self, name: str, view: View) -> str:
        rows = getattr(view, name)
        shown = (rows, view.alarm_rate if name == "alarms" else None)
        held = self._held.get(name)
        if name != "overview" and held is not None and held[0] == shown:
            return held[1]
        text = _TYPES[name].dump_json(_ANSWERS[name](view)).decode()
        self._held[name] = shown, text
        return text


def panels_at(time: datetime, found: Found | None) -> history.Panels:
    """The answer for a time: what was shown then, and null for what was not recorded."""
    if found is None:
        return history.Panels(time=time, recorded_at=None, unsure=[NOT_RECORDED])
    unsure = list(found.unsure)
    read: dict[str, Any] = {}
    for name, text in found.parts.items():
        try:
            read[name] = None if text is None else _TYPES[name].validate_json(text)
        except ValidationError:
            unsure.append(f"the {name} were recorded by another version, and cannot be read")
    seen = datetime.fromtimestamp(found.recorded_s, UTC)
    return history.Panels(time=time, recorded_at=seen, unsure=unsure, **read)
