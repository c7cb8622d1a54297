"""A small feeder for the ledger: two sources, reclosers in series, a fuse, a tie; and its events.

north - R1 - a - L1 - b - S2 - c - L2 - d - S3 (open) - alt - south
             |            F1
             x (load)     c2 (load)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.ledger import Records, fold
from gridmend.operations.interruptions.told import Told, told
from tests.interlock.networks import network

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
T0 = NOON.timestamp()
LOADS = ("Da", "Db", "Dc2", "Dd")


@cache
def feeder() -> Grid:
    """Ten customers behind each of four loads."""
    return network(
        switches={
            "R1": ("src", "a"), "S2": ("b", "c"), "S3": ("d", "alt"), "F1": ("c", "c2"),
        },
        lines=[("a", "b"), ("c", "d")],
        sources={"north": "src", "south": "alt"},
        loads=["a", "b", "c2", "d"],
        normally_open=["S3"],
        changes={"F1": {"kind": "fuse", "remote": False}},
    )  # fmt: skip


@cache
def topology() -> Topology:
    return Topology.of(feeder())


def event(at_min: float, kind: str, source: str = "field", by: str = "test", **said: Any) -> Event:
    """An event so many minutes after noon; `by` is what brought it about."""
    return Event(NOON + timedelta(minutes=at_min), source, by, kind, said)


def tripped(at_min: float, device: str, **said: Any) -> Event:
    return event(at_min, "tripped", by="protection", device=device, **said)


def stands(at_min: float, device: str, position: str, by: str = "scan", **said: Any) -> Event:
    return event(at_min, "status", by=by, device=device, position=position, **said)


def commanded(at_min: float, action: str, device: str, command: str = "c", **said: Any) -> Event:
    return event(
        at_min, "commanded", source="control room", command=command,
        step={"action": action, "device": device}, principal="ann", login="d", area="", epoch=1,
        issued_utc=NOON.isoformat(), world="twin", **said,
    )  # fmt: skip


def corrected(at_min: float, kind: str, **said: Any) -> Event:
    """A correction that ann signs."""
    time_utc = NOON + timedelta(minutes=at_min)
    return Event(time_utc, "control room", "ann", f"interruption_{kind}", {**said, "by": "ann"})


def gasped(at_min: float, meter: str) -> Event:
    return event(at_min, "meter_gasped", meter=meter)


def returned(at_min: float, meter: str) -> Event:
    return event(at_min, "meter_returned", meter=meter)


def called(at_min: float, customer: str, text: str = "no power") -> Event:
    return event(at_min, "customer_called", customer=customer, text=text)


def folded(*events: Event) -> tuple[Told, Records]:
    known = told(topology(), events)
    return known, fold(known.entries, customer_count=len(known.roster))


def out_min(known: Told, records: Records, until_min: float = 600.0) -> dict[str, float]:
    """Customer-minutes by load; those who are never out are left out."""
    until = np.where(np.isfinite(records.end_s), records.end_s, T0 + 60 * until_min)
    minutes = (until - records.start_s) / 60 * known.roster.customers[records.customer]
    found: dict[str, float] = {}
    for number, value in zip(records.customer.tolist(), minutes.tolist(), strict=True):
        load = LOADS[int(known.roster.load[number])]
        found[load] = round(found.get(load, 0.0) + value, 6)
    return found
