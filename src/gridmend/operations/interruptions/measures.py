"""Indices of IEEE Std 1366 from the records of a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.operations.indices import MOMENTARY_MIN
from gridmend.operations.interruptions.ledger import Records


@dataclass(frozen=True, eq=False)
class Period:
    """The interruptions of a period, one row each: those that began in it, for their whole length.

    All arrays are [interruptions]; one that still stands at `end_s` ends there, and `is_open` says
    so. `customers` is how many stand behind each row's number, `customer_count` are all who are
    served, out or not. `piece_…` are [pieces]: of an interruption its row, and to which event how
    many of its minutes belong.
    """

    start_s: float
    end_s: float
    customer_count: int
    customer: Ints
    customers: Ints
    began_s: Floats
    minutes: Floats
    event: Ints
    planned: Flags
    is_open: Flags
    piece_of: Ints
    piece_event: Ints
    piece_minutes: Floats
    momentary_min: float = MOMENTARY_MIN

    @property
    def sustained(self) -> Flags:
        """Which lasted for more than five minutes."""
        return self.minutes > self.momentary_min

    @property
    def interruptions(self) -> int:
        """Sustained interruptions of customers."""
        return int(self.customers[self.sustained].sum())

    @property
    def customer_minutes(self) -> float:
        """Minutes of sustained interruptions, of all customers."""
        return float((self.minutes * self.customers)[self.sustained].sum())

    @property
    def customers_interrupted(self) -> int:
        """Customers who were out at all, also for a moment, each once."""
        return self._counted(np.ones(len(self.customer), bool))

    @property
    def saifi(self) -> float:
        """Sustained interruptions a customer served."""
        return self.interruptions / self.customer_count

    @property
    def saidi_min(self) -> float:
        """Minutes of sustained interruptions a customer served."""
        return self.customer_minutes / self.customer_count

    @property
    def caidi_min(self) -> float | None:
        """Minutes a sustained interruption; None without one."""
        return self.customer_minutes / self.interruptions if self.interruptions else None

    @property
    def caifi(self) -> float | None:
        """Sustained interruptions a customer who had one; None where nobody had."""
        hit = self._counted(self.sustained)
        return self.interruptions / hit if hit else None

    @property
    def asai(self) -> float:
        """Share of the period in which a customer had supply."""
        return 1 - self.saidi_min / ((self.end_s - self.start_s) / 60)

    @property
    def maifi(self) -> float:
        """Momentary interruptions a customer served."""
        return int(self.customers[~self.sustained].sum()) / self.customer_count

    @property
    def maifi_e(self) -> float:
        """Momentary interruption events a customer served.

        What begins within five minutes of the first of an event belongs to it; an event that ends
        in a sustained interruption is that interruption, and counts no more.
        """
        order = np.lexsort((self.began_s, self.customer))
        customer, began = self.customer[order], self.began_s[order]
        sustained, behind = self.sustained[order], self.customers[order]
        events, at = 0, 0
        while at < len(order):
            until = began[at] + 60 * self.momentary_min
            end = at
            while end < len(order) and customer[end] == customer[at] and began[end] <= until:
                end += 1
                if sustained[end - 1]:
                    break
            events += 0 if sustained[end - 1] else int(behind[at])
            at = end
        return events / self.customer_count

    def cemi(self, more_than: int, *, momentary: bool = False) -> float:
        """Share of customers with more than so many sustained interruptions; with `momentary`,
        sustained and momentary ones (CEMSMI)."""
        which = np.ones(len(self.customer), bool) if momentary else self.sustained
        often = np.bincount(self.customer[which], minlength=int(self.customer.max(initial=-1)) + 1)
        return self._counted(which & (often > more_than)[self.customer]) / self.customer_count

    def celid(self, at_least_h: float, *, total: bool = False) -> float:
        """Share of customers with a sustained interruption of so many hours, or with `total` with
        so many hours in all."""
        which, hours = self.sustained, self.minutes / 60
        if total:
            hours = np.bincount(self.customer, np.where(which, hours, 0.0))[self.customer]
        return self._counted(which & (hours >= at_least_h)) / self.customer_count

    def taken(self, which: Flags) -> Period:
        """The same period with some of its interruptions."""
        arrays = ("customer", "customers", "began_s", "minutes", "event", "planned", "is_open")
        row = np.cumsum(which) - 1
        pieces = which[self.piece_of]
        return replace(
            self,
            **{name: getattr(self, name)[which] for name in arrays},
            piece_of=row[self.piece_of[pieces]],
            piece_event=self.piece_event[pieces],
            piece_minutes=self.piece_minutes[pieces],
        )

    def _counted(self, which: Flags) -> int:
        """Customers who have any of some interruptions, each once."""
        _, first = np.unique(self.customer[which], return_index=True)
        return int(self.customers[which][first].sum())


def period(
    records: Records,
    *,
    start_s: float,
    end_s: float,
    customer_count: int,
    planned: bool | None = None,
    customers: Ints | None = None,
) -> Period:
    """The interruptions that began in a period; only planned ones or only the others if asked.

    `customers` [numbers] are how many stand behind each number, one each unless given. An
    interruption counts where it began, with its whole length, as IEEE Std 1366-2022 has it for the
    day on which it begins. Raises `GridError` where nobody is served or the period is empty.
    """
    if customer_count <= 0 or not end_s > start_s:
        raise GridError(
            "indices need customers who are served and a period",
            mend="give customer_count above 0 and an end after the start",
        )
    customer, began, ended, event = records.whole()
    own = records.planned[event] if len(event) else np.zeros(0, bool)
    until = np.where(np.isfinite(ended), ended, np.maximum(end_s, began))
    pieces = np.minimum(records.end_s, until[records.interruption]) - records.start_s
    every = Period(
        start_s=start_s,
        end_s=end_s,
        customer_count=customer_count,
        customer=customer,
        customers=np.ones(len(customer), np.int64) if customers is None else customers[customer],
        began_s=began,
        minutes=(until - began) / 60,
        event=event,
        planned=own,
        is_open=~np.isfinite(ended),
        piece_of=records.interruption,
        piece_event=records.event,
        piece_minutes=np.maximum(pieces, 0.0) / 60,
    )
    here = (began >= start_s) & (began < end_s)
    return every.taken(here if planned is None else here & (own == planned))


def customer_minutes(
    records: Records, by: str, *, end_s: float, customers: Ints | None = None
) -> Mapping[str, float]:
    """Minutes without supply by `event`, `device` or `cause`, each piece to its own event.

    What still stands counts up to `end_s`; `customers` [numbers] as `period` has it. The sum is
    that over customers, since no instant of a customer belongs to two pieces. Raises `GridError`
    for another word.
    """
    labels = {"event": records.events, "device": records.device, "cause": records.cause}.get(by)
    if labels is None:
        raise GridError(f"minutes cannot be told by '{by}'", mend="say event, device or cause")
    until = np.where(np.isfinite(records.end_s), records.end_s, end_s)
    minutes = np.maximum(until - records.start_s, 0.0) / 60
    if customers is not None:
        minutes = minutes * customers[records.customer]
    sums = np.bincount(records.event, minutes, len(records.events))
    found: dict[str, float] = {}
    for label, value in zip(labels, sums.tolist(), strict=True):
        found[label] = found.get(label, 0.0) + value
    return found
