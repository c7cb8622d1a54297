"""Interruptions as a ledger of pieces, and the indices of IEEE 1366 from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gridmend.model.errors import GridError

MOMENTARY_MIN = 5.0
"""Interruptions up to here are momentary (IEEE 1366-2022, 3.2) and outside of SAIDI."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """Customers who lost supply together and got it back together; an event's step."""

    customers: int
    start: datetime
    end: datetime
    event: str = ""

    @property
    def duration_min(self) -> float:
        """How long it lasted."""
        return (self.end - self.start).total_seconds() / 60


@dataclass(frozen=True, slots=True)
class Indices:
    """IEEE 1366: sustained interruptions, except for `maifi`.

    `saifi` and `maifi` are interruptions a customer served, `saidi_min` minutes a customer
    served, `caidi_min` minutes an interruption (None without one), `asai` the share of the
    period in which supply was there.
    """

    saifi: float
    saidi_min: float
    caidi_min: float | None
    asai: float
    maifi: float
    customer_minutes: float


def ledger(
    *,
    event: str,
    start: datetime,
    customers: int,
    restored: Iterable[tuple[float, int]],
    repair_min: float,
) -> tuple[Interruption, ...]:
    """The pieces of one event, so that each customer is counted once.

    `restored` are (minutes after the start, customers who come back then); who is left comes
    back after `repair_min`. Raises `GridError` where more come back than went out.
    """
    pieces: list[Interruption] = []
    left = customers
    for after_min, back in restored:
        if back < 0 or back > left or after_min < 0:
            raise GridError(
                f"event '{event}': {back} customers come back after {after_min:g} min "
                f"and {left} are out",
                mend="count each customer once, at the step that brings it back",
            )
        if back:
            until = min(after_min, repair_min)
            pieces.append(Interruption(back, start, start + timedelta(minutes=until), event))
        left -= back
    if left:
        pieces.append(Interruption(left, start, start + timedelta(minutes=repair_min), event))
    return tuple(pieces)


def indices(
    pieces: Iterable[Interruption],
    *,
    customers_served: int,
    period_h: float = 8760.0,
    momentary_min: float = MOMENTARY_MIN,
) -> Indices:
    """The indices of a period from its interruptions.

    An interruption of `momentary_min` or less counts in `maifi` only. Raises `GridError` where
    nobody is served or an interruption ends before it starts. Source: IEEE Std 1366-2022,
    clause 4. Checked against figures worked by hand in tests.
    """
    if customers_served <= 0 or period_h <= 0:
        raise GridError("indices need customers served and a period", mend="give both above 0")
    sustained, momentary, minutes = 0, 0, 0.0
    for piece in pieces:
        if piece.end < piece.start:
            raise GridError(f"an interruption of '{piece.event}' ends before it starts")
        if piece.duration_min <= momentary_min:
            momentary += piece.customers
            continue
        sustained += piece.customers
        minutes += piece.customers * piece.duration_min
    saidi_min = minutes / customers_served
    return Indices(
        saifi=sustained / customers_served,
        saidi_min=saidi_min,
        caidi_min=minutes / sustained if sustained else None,
        asai=1 - saidi_min / (period_h * 60),
        maifi=momentary / customers_served,
        customer_minutes=minutes,
    )
