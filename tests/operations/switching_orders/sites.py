"""Small networks with an order that can be written by hand, and requests for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders import Request, Sheet, draft
from tests.interlock.networks import network

NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
SEEN = {"kind": "switch"}


def request(*elements: str, hours: float = 6, **more: Any) -> Request:
    return Request(elements, NINE, NINE + timedelta(hours=hours), who="ann", **more)


def two_feeders(*, sources: int = 1, **changes: Any) -> Grid:
    """A loop that is open at the tie T: north - B1 - a=b - S1 - c=d - T - f=e - B2 - south.

    Lines L1 (a-b), L2 (c-d) and L3 (e-f); a load with ten customers at each of b, d and f. With
    one source, both breakers stand at it.
    """
    return network(
        switches={
            "B1": ("g", "a"), "S1": ("b", "c"), "T": ("d", "f"),
            "B2": ("h" if sources > 1 else "g", "e"),
        },
        lines=[("a", "b"), ("c", "d"), ("e", "f")],
        sources={"north": "g", **({"south": "h"} if sources > 1 else {})},
        loads=["b", "d", "f"],
        normally_open=["T"],
        changes={"S1": SEEN, "T": SEEN, **changes},
    )  # fmt: skip


def drafted(grid: Grid, *elements: str, **more: Any) -> Sheet:
    return draft(grid, Snapshot.normal(grid), request(*elements, **more))


def moves(sheet: Sheet) -> list[str]:
    """Every line that moves a device, as `open S1`."""
    switching = ("open", "close")
    return [f"{line.what} {line.device}" for line in sheet.lines if line.what in switching]


def said(sheet: Sheet, what: str) -> list[str]:
    """The devices of the lines that do something."""
    return [line.device.removeprefix("bus.") for line in sheet.lines if line.what == what]
