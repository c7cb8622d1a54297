"""Indices of IEEE Std 1366 from the records of a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.operations.indices import MOMENTARY_MIN
from gridmend.operations.interruptions.ledger import Records

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Period:
    """The interruptions of a period, one row each: those that began in it, for their whole length.

    All arrays are [interruptions]; one that still stands at `end_s` ends there, and `is_open` says
    so. `customer_count` are all who are served, out or not.
    """

    start_s: float
    end_s: float
    customer_count: int
    customer: Ints
    began_s: Floats
    minutes: Floats
    event: Ints
    planned: Flags
    is_open: Flags
    momentary_min: float = MOMENTARY_MIN

    @property
    def sustained(self) -> Flags:
        """Which lasted for more than five minutes."""
        return self.minutes > self.momentary_min

    @property
    def saifi(self) -> float:
        """Sustained interruptions a customer served."""
        return float(self.sustained.sum()) / self.customer_count

    @property
    def saidi_min(self) -> float:
        """Minutes of sustained interruptions a customer served."""
        return float(self.minutes[self.sustained].sum()) / self.customer_count

    @property
    def caidi_min(self) -> float | None:
        """Minutes a sustained interruption; None without one."""
        count = int(self.sustained.sum())
        return float(self.minutes[self.sustained].sum()) / count if count else None

    @property
    def caifi(self) -> float | None:
        """Sustained interruptions a customer who had one; None where nobody had."""
        hit = len(np.unique(self.customer[self.sustained]))
        return float(self.sustained.sum()) / hit if hit else None

    @property
    def asai(self) -> float:
        """Share of the period in which a customer had supply."""
        return 1 - self.saidi_min / ((self.end_s - self.start_s) / 60)

    @property
    def maifi(self) -> float:
        """Momentary interruptions a customer served."""
        return float((~self.sustained).sum()) / self.customer_count

    @property
    def maifi_e(self) -> float:
        """Momentary interruption events a customer served.

        What begins within five minutes of the first of an event belongs to it; an event that ends
        in a sustained interruption is that interruption, and counts no more.
        """
        order = np.lexsort((self.began_s, self.customer))
        customer, began = self.customer[order], self.began_s[order]
        sustained = self.sustained[order]
        events, at = 0, 0
        while at < len(order):
            until = began[at] + 60 * self.momentary_min
            end = at
            while end < len(order) and customer[end] == customer[at] and began[end] <= until:
                end += 1
                if sustained[end - 1]:
                    break
            events += not sustained[end - 1]
            at = end
        return events / self.customer_count

    def cemi(self, more_than: int, *, momentary: bool = False) -> float:
        """Share of customers with more than so many sustained interruptions; with `momentary`,
        sustained and momentary ones (CEMSMI)."""
        counted = self.customer if momentary else self.customer[self.sustained]
        return int((np.bincount(counted) > more_than).sum()) / self.customer_count

    def celid(self, at_least_h: float, *, total: bool = False) -> float:
        """Share of customers with a sustained interruption of so many hours, or with `total` with
        so many hours in all."""
        customer, hours = self.customer[self.sustained], self.minutes[self.sustained] / 60
        if total:
            return int((np.bincount(customer, hours) >= at_least_h).sum()) / self.customer_count
        return len(np.unique(customer[hours >= at_least_h])) / self.customer_count


def period(
    records: Records,
    *,
    start_s: float,
    end_s: float,
    customer_count: int,
    planned: bool | None = None,
) -> Period:
    """The interruptions that began in a period; only planned ones or only the others if asked.

    An interruption counts where it began, with its whole length, as IEEE Std 1366-2022 has it for
    the day on which it begins. Raises `GridError` where nobody is served or the period is empty.
    """
    if customer_count <= 0 or not end_s > start_s:
        raise GridError(
            "indices need customers who are served and a period",
            mend="give customer_count above 0 and an end after the start",
        )
    customer, began, ended, event = records.whole()
    own = records.planned[event] if len(event) else np.zeros(0, bool)
    here = (began >= start_s) & (began < end_s)
    if planned is not None:
        here &= own == planned
    until = np.where(np.isfinite(ended), ended, np.maximum(end_s, began))
    return Period(
        start_s=start_s,
        end_s=end_s,
        customer_count=customer_count,
        customer=customer[here],
        began_s=began[here],
        minutes=(until - began)[here] / 60,
        event=event[here],
        planned=own[here],
        is_open=~np.isfinite(ended[here]),
    )


def customer_minutes(records: Records, by: str, *, end_s: float) -> Mapping[str, float]:
    """Minutes without supply by `event`, `device` or `cause`, each piece to its own event.

    What still stands counts up to `end_s`. The sum is that over customers, since no instant of a
    customer belongs to two pieces. Raises `GridError` for another word.
    """
    labels = {"event": records.events, "device": records.device, "cause": records.cause}.get(by)
    if labels is None:
        raise GridError(f"minutes cannot be told by '{by}'", mend="say event, device or cause")
    until = np.where(np.isfinite(records.end_s), records.end_s, end_s)
    minutes = np.maximum(until - records.start_s, 0.0) / 60
    sums = np.bincount(records.event, minutes, len(records.events))
    found: dict[str, float] = {}
    for label, value in zip(labels, sums.tolist(), strict=True):
        found[label] = found.get(label, 0.0) + value
    return found
