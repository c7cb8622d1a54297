"""Who is out in truth, and who was from when to when: the entries of the interruption ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gridmend.model.customers import customer_counts
from gridmend.model.grid import Grid
from gridmend.operations.indices import Interruption
from gridmend.operations.interruptions.entries import Back, Entry, Out
from gridmend.operations.interruptions.ledger import fold
from gridmend.operations.interruptions.measures import Period, period

TRUTH = "truth"
"""The event of all entries: a load has one supply, and what took it is not asked here."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """Who is out and who was; a change gives a new Ledger.

    `entries` are those of `operations.interruptions`, by the rows of loads, with times in seconds
    from `start_utc`, the first time that was entered. `out` are rows of loads that are out now, and
    `curve` is how many customers are out from each time on.
    """

    grid: Grid
    start_utc: datetime | None = None
    out: frozenset[int] = frozenset()
    entries: tuple[Entry, ...] = ()
    curve: tuple[tuple[datetime, int], ...] = ()

    def at(self, time_utc: datetime, supplied: NDArray[np.bool_]) -> Ledger:
        """What is known when, at a time, `supplied` [loads] have voltage and the others none."""
        served = self.grid.loads.flags("in_service")
        out = frozenset(np.flatnonzero(served & ~supplied).tolist())
        if out == self.out and self.curve:
            return self
        start = self.start_utc or time_utc
        time_s = (time_utc - start).total_seconds()
        back, lost = tuple(sorted(self.out - out)), tuple(sorted(out - self.out))
        said: list[Entry] = [Back(time_s, TRUTH, back)] if back else []
        said += [Out(time_s, TRUTH, lost)] if lost else []
        number = int(customer_counts(self.grid)[sorted(out)].sum())
        curve = self.curve
        if not curve or curve[-1][1] != number:
            curve = (*curve, (time_utc, number))
        return replace(self, start_utc=start, out=out, entries=(*self.entries, *said), curve=curve)

    @property
    def customers_out(self) -> int:
        """Customers that are out now."""
        return self.curve[-1][1] if self.curve else 0

    def until(self, end_utc: datetime) -> Period | None:
        """All interruptions up to a time, at which those that stand end; by the rows of loads.

        None where nobody is served or no time has passed.
        """
        customers = self.grid.customer_count()
        if self.start_utc is None or not customers or end_utc <= self.start_utc:
            return None
        return period(
            fold(self.entries, customer_count=len(self.grid.loads)),
            start_s=0.0,
            end_s=(end_utc - self.start_utc).total_seconds(),
            customer_count=customers,
            customers=customer_counts(self.grid),
        )


def one_by_one(found: Period, grid: Grid, start_utc: datetime) -> tuple[Interruption, ...]:
    """The interruptions of a period by loads, each with its load's name as its event, in the order
    in which they ended; `start_utc` is where its seconds count from."""
    names = grid.loads["name"]
    ends = found.began_s + 60 * found.minutes

    def at(seconds: float) -> datetime:
        return start_utc + timedelta(seconds=seconds)

    return tuple(
        Interruption(
            int(found.customers[k]), at(float(found.began_s[k])), at(float(ends[k])),
            str(names[found.customer[k]]),
        )
        for k in np.lexsort((found.customer, ends)).tolist()
    )  # fmt: skip
