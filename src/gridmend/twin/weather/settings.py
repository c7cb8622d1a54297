"""Checks of settings: a number that cannot be is refused by its name."""

from __future__ import annotations

import math

from gridmend.model.errors import GridError


def at_least(low: float, where: str, **values: float) -> None:
    """Raise `GridError` for the first value that is below a bound or no finite number."""
    for name, value in values.items():
        if not (math.isfinite(value) and value >= low):
            raise GridError(
                f"{name} is {value:g}", where=where, mend=f"give a number of {low:g} or more"
            )


def above_zero(where: str, **values: float) -> None:
    """Raise `GridError` for the first value that is not above zero; inf is refused too."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise GridError(f"{name} is {value:g}", where=where, mend="give a number above 0")


def share(where: str, **values: float) -> None:
    """Raise `GridError` for the first value that is no share, from 0 to 1."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise GridError(f"{name} is {value:g}", where=where, mend="give a share from 0 to 1")


def finite(where: str, **values: float) -> None:
    """Raise `GridError` for the first value that is no finite number."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise GridError(f"{name} is {value:g}", where=where, mend="give a finite number")


def horizon(start_s: float, end_s: float, most_s: float) -> None:
    """Raise `GridError` for a time before the start, an empty span, or one too long."""
    at_least(0.0, "the horizon", start_s=start_s)
    finite("the horizon", end_s=end_s)
    if not start_s < end_s <= start_s + most_s:
        raise GridError(
            f"the horizon goes from {start_s:g} s to {end_s:g} s",
            mend=f"let it end after its start, and within {most_s / 86_400:,.0f} days",
        )
