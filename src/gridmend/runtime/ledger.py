"""Who is out, and who was from when to when; `operations.indices` says what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gridmend.model.customers import customer_counts
from gridmend.model.grid import Grid
from gridmend.operations.indices import Interruption


@dataclass(frozen=True)
class Ledger:
    """Who is out and who was, load by load; a change gives a new Ledger.

    `open_since` is the time since when each load, by its row, is out; `closed` are the
    interruptions that are over, each with its load as its event; `curve` is how many
    customers are out from each time on.
    """

    grid: Grid
    open_since: tuple[tuple[int, datetime], ...] = ()
    closed: tuple[Interruption, ...] = ()
    curve: tuple[tuple[datetime, int], ...] = ()

    def at(self, time_utc: datetime, supplied: NDArray[np.bool_]) -> Ledger:
        """What is known when, at a time, `supplied` [loads] have voltage and the others none."""
        customers = customer_counts(self.grid)
        served = self.grid.loads.flags("in_service")
        out = {int(row) for row in np.flatnonzero(served & ~supplied)}
        known = dict(self.open_since)
        ended = tuple(
            Interruption(int(customers[row]), since, time_utc, str(self.grid.loads["name"][row]))
            for row, since in self.open_since
            if row not in out and time_utc > since
        )
        since = tuple((row, known.get(row, time_utc)) for row in sorted(out))
        number = int(customers[sorted(out)].sum())
        curve = self.curve
        if not curve or curve[-1][1] != number:
            curve = (*curve, (time_utc, number))
        return replace(self, open_since=since, closed=(*self.closed, *ended), curve=curve)

    def standing(self, until: datetime) -> tuple[Interruption, ...]:
        """The interruptions that are not over, as if they ended at a time."""
        customers, names = customer_counts(self.grid), self.grid.loads["name"]
        return tuple(
            Interruption(int(customers[row]), since, until, str(names[row]))
            for row, since in self.open_since
            if until > since
        )

    @property
    def customers_out(self) -> int:
        """Customers that are out now."""
        return self.curve[-1][1] if self.curve else 0
