"""What is entered in the ledger: that customers went out or came back, and what corrects it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Out:
    """Customers lose supply in an event, by a device and a cause; planned where it was announced.

    `time_s` is counted from any fixed instant; `customers` are numbers from 0. A number may stand
    for several who share their supply: `measures.period` is told how many.
    """

    time_s: float
    event: str
    customers: tuple[int, ...]
    device: str = ""
    cause: str = "unknown"
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """Customers of an event have supply again: a step of its restoration, or all of it."""

    time_s: float
    event: str
    customers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """A customer, called back, says that it never was out in an event: a negative call-back."""

    event: str
    customer: int


@dataclass(frozen=True, slots=True)
class Blamed:
    """An event had another cause than was entered, and with `planned` given was planned or was not;
    the last said holds (by `time_s`)."""

    time_s: float
    event: str
    cause: str
    planned: bool | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """An event is found to be a part of another, which keeps its device and its cause."""

    event: str
    into: str


Entry = Out | Back | Denied | Blamed | Merged
"""Nothing is ever taken out or changed: a correction is a further entry."""
