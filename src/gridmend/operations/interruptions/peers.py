"""Where yearly indices lie among those of US states, and what makes the comparison doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gridmend.model.errors import GridError
from gridmend.operations.interruptions.eia861 import TABLE
from gridmend.operations.interruptions.measures import Period

YEAR_S = 365.25 * 86_400.0
FEW = 1_000
"""Below so many customers one event makes the year. Assumed."""
PART = 0.9
"""A period shorter than this part of a year, or longer than a year by as much, is no year."""
YEARS = tuple(TABLE["saidi_min"])

Index = Literal["saidi_min", "saifi", "caidi_min"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies: `higher_than_pct` of the states had less, to some five per cent [%]."""

    index: str
    value: float
    year: int
    with_major: bool
    higher_than_pct: float
    least: float
    median: float
    greatest: float

    def __str__(self) -> str:
        name, _, unit = self.index.partition("_")
        form = "{:,.2f}" if name == "saifi" else "{:,.0f}"
        days = "all events" if self.with_major else "without major event days"
        if self.value <= self.least:
            how = f"lower than in any of the US states in {self.year}"
        elif self.value >= self.greatest:
            how = f"higher than in any of the US states in {self.year}"
        else:
            how = f"higher than in {self.higher_than_pct:.0f} % of US states in {self.year}"
        value = f"{form.format(self.value)} {unit}".rstrip()
        return f"{name.upper()} {value}: {how} ({days}; median {form.format(self.median)})"


def place(index: Index, value: float, *, year: int = YEARS[-1], with_major: bool = True) -> Place:
    """Where a yearly value lies among the averages of US states (EIA-861), between deciles.

    Raises `GridError` for a year or an index that is not in the table, and a value that is none.
    """
    if index not in TABLE or year not in TABLE[index]:
        raise GridError(
            f"there are no values of {index} for {year}",
            mend=f"ask for one of {', '.join(TABLE)} in {YEARS[0]} to {YEARS[-1]}",
        )
    if not (np.isfinite(value) and value >= 0):
        raise GridError(f"{index} cannot be {value}", mend="give a yearly value of 0 or more")
    every, calm, _ = TABLE[index][year]
    deciles = every if with_major else calm
    share = float(np.interp(value, deciles, np.linspace(0.0, 100.0, len(deciles))))
    return Place(index, value, year, with_major, share, deciles[0], deciles[5], deciles[-1])


def compared(found: Period, calm: Period | None, *, year: int = YEARS[-1]) -> tuple[Place, ...]:
    """The places of SAIDI, SAIFI and CAIDI of all days, and of `calm` ones without major events.

    SAIDI and SAIFI are of a year: of a period that is none they are left out, as `doubts` says.
    """
    places: list[Place] = []
    is_year = PART <= (found.end_s - found.start_s) / YEAR_S <= 2 - PART
    for one, with_major in ((found, True), (calm, False)):
        if one is None:
            continue
        if is_year:
            places.append(place("saidi_min", one.saidi_min, year=year, with_major=with_major))
            places.append(place("saifi", one.saifi, year=year, with_major=with_major))
        if one.caidi_min is not None:
            places.append(place("caidi_min", one.caidi_min, year=year, with_major=with_major))
    return tuple(places)


def doubts(found: Period) -> tuple[str, ...]:
    """Why the indices of a period say little beside those of a year and a whole utility."""
    said: list[str] = []
    days, years = (found.end_s - found.start_s) / 86_400, (found.end_s - found.start_s) / YEAR_S
    if not PART <= years <= 2 - PART:
        said.append(
            f"the period has {days:,.1f} days and the published values are of a year:"
            " SAIDI and SAIFI are not set beside them"
        )
    if found.customer_count < FEW:
        said.append(f"{found.customer_count:,} customers are few: a single outage makes the year")
    if found.is_open.any():
        many = int(found.customers[found.is_open].sum())
        said.append(f"{many:,} customers are still out at the end: their minutes go on")
    if found.saidi_min * 60 > 0.5 * (found.end_s - found.start_s):
        said.append("customers were without supply for more than half of the time: is that meant?")
    return tuple(said)
