"""How customers use the telephone: who calls, when, how often, and with which mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import cast

from gridmend.model.errors import GridError

_NIGHT = (0.25, 0.15, 0.10, 0.10, 0.15, 0.30)
_EVENING = (0.95, 0.95, 0.95, 0.90, 0.75, 0.45)
HOME_AWAKE = (*_NIGHT, 0.60, 0.85, *(0.95,) * 10, *_EVENING)
"""Share of homes where somebody is awake, for the hours from 0 to 23. Assumed."""
SHOP_OPEN = (*(0.10,) * 6, 0.30, 0.60, *(0.95,) * 10, 0.70, 0.50, 0.40, 0.30, 0.20, 0.10)
"""Share of businesses where somebody is present, for the hours from 0 to 23. Assumed."""
ALWAYS = (1.0,) * 24
"""A critical customer has somebody there day and night. Assumed."""

_MOST = {
    "clock_h": 23.999999,
    "repeats_most": 50,
    "own_fuse_per_year": 365,
    "trouble_per_year": 365,
    "delay_sigma": 5,
    "repeat_sigma": 5,
    "after_sigma": 5,
}
"""What is beyond is a mistake of units; and calls stay bounded."""

Hours = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """Settings of the calls. All figures are assumed: no open set of call records is known to us.

    Shares are probabilities. A delay is lognormal with a median [s] and the standard deviation of
    its logarithm. The three of `call_share` and `awake` go with the classes of customers.
    Raises `GridError` for a share outside 0 to 1 and for times and rates that cannot be.
    """

    clock_h: float = 0.0
    """Hour of the day at which the run starts."""
    call_share: tuple[float, ...] = (0.20, 0.40, 0.95)
    """Who calls about an interruption that is long enough, if awake."""
    awake: tuple[Hours, ...] = (HOME_AWAKE, SHOP_OPEN, ALWAYS)
    """Share awake in each hour of the day; who sleeps calls once awake, if still without."""
    delay_s: float = 360.0
    """Median from the loss of supply, or from waking, to the first call."""
    delay_sigma: float = 1.0
    repeat_share: float = 0.35
    """Who calls again after each call, if still without."""
    repeat_s: float = 3600.0
    """Median from one call to the next."""
    repeat_sigma: float = 0.6
    repeats_most: int = 5
    wrong_share: float = 0.03
    """Interruptions about which a caller gives a wrong address, in each of the calls."""
    nowhere_share: float = 0.3
    """Wrong addresses that do not exist; the others are a neighbour's."""
    deny_share: float = 0.01
    """Who calls after restoration to say that there is no supply yet."""
    deny_s: float = 900.0
    complain_share: float = 0.02
    """Who complains after restoration."""
    complain_after_h: float = 4.0
    """Nobody complains of an interruption that is shorter."""
    complain_s: float = 7200.0
    after_sigma: float = 0.8
    """Of the delays of those who deny and complain."""
    own_fuse_per_year: float = 0.02
    """Calls of a customer who has lost supply by a fault of its own house."""
    trouble_per_year: float = 0.03
    """Calls of a customer about something else: flicker, noise, a wire that hangs low."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "awake":
                for hours in cast("tuple[Hours, ...]", value):
                    _shares("awake", hours, 24)
            elif item.name == "call_share":
                _shares("call_share", value, 3)
            elif item.name.endswith("_share"):
                _shares(item.name, (value,), 1)
            else:
                _number(item.name, float(value), above_0=item.name.endswith("_s"))
        if len(self.awake) != 3:
            raise GridError(
                "awake has no three classes", mend="give residential, commercial, critical"
            )
        for name, most in _MOST.items():
            if getattr(self, name) > most:
                raise GridError(f"{name} is {getattr(self, name)}", mend=f"give at most {most:g}")


def _shares(name: str, values: tuple[float, ...], size: int) -> None:
    if len(values) != size or not all(0 <= value <= 1 for value in values):
        raise GridError(
            f"{name} is {values if size > 1 else values[0]}",
            mend=f"give {size} numbers from 0 to 1" if size > 1 else "give a number from 0 to 1",
        )


def _number(name: str, value: float, *, above_0: bool) -> None:
    if not (math.isfinite(value) and value >= 0 and (value > 0 or not above_0)):
        raise GridError(
            f"{name} is {value}", mend="give a number above 0" if above_0 else "give 0 or more"
        )
