"""How many alarms an operator gets, and whether that is a flood."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

WINDOW_S = 600.0
FLOOD_ABOVE = 10
"""More alarms than this in ten minutes at one position are a flood (EEMUA 191, ISA-18.2)."""
FLOOD_ENDS_BELOW = 5
TARGET = 10
"""Alarms in ten minutes that one operator can answer after an upset."""
KEPT_MOST = 512
"""Times of alarms that are remembered a position."""
POSITIONS_MOST = 256


@dataclass(frozen=True, slots=True)
class Rate:
    """Alarms of the last ten minutes at a position, against what one operator can answer."""

    per_10_min: int
    is_flood: bool
    since_utc: datetime | None = None
    """When the flood began."""
    target: int = TARGET


@dataclass(frozen=True, slots=True)
class _Position:
    times_s: tuple[float, ...] = ()
    flood_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """Times at which alarms were raised, by position."""

    positions: Mapping[str, _Position] = field(default_factory=lambda: MappingProxyType({}))

    def raised(self, position: str, time_s: float) -> Pace:
        """One more alarm at a position; what is beyond the bound of positions is not counted."""
        known = self.positions.get(position)
        if known is None and len(self.positions) >= POSITIONS_MOST:
            return self
        one = known or _Position()
        # A clock that steps back does not make the order of times wrong.
        at_s = max(time_s, one.times_s[-1]) if one.times_s else time_s
        began_s = None if _over(one, at_s) else one.flood_s
        times = (*one.times_s, at_s)[-KEPT_MOST:]
        if began_s is None and _count(times, at_s) > FLOOD_ABOVE:
            began_s = at_s
        changed = {**self.positions, position: _Position(times, began_s)}
        return replace(self, positions=MappingProxyType(changed))

    def rate(self, position: str, now_s: float) -> Rate:
        """The rate at a position at a time."""
        one = self.positions.get(position, _Position())
        began_s = None if one.flood_s is None or _over(one, now_s) else one.flood_s
        since = None if began_s is None else datetime.fromtimestamp(began_s, UTC)
        return Rate(_count(one.times_s, now_s), began_s is not None, since)


def _count(times_s: tuple[float, ...], now_s: float) -> int:
    return bisect_right(times_s, now_s) - bisect_left(times_s, now_s - WINDOW_S)


def _over(one: _Position, now_s: float) -> bool:
    return one.flood_s is not None and _count(one.times_s, now_s) < FLOOD_ENDS_BELOW
