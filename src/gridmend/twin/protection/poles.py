"""Poles of a recloser that move together: where they stand and what they wait for."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Poles:
    """One mechanism: all phases of a three-phase recloser, or one of a single-phase. Mutable.

    `count` is the trips of the present sequence. `hand` says that a command closed them and that
    the reset time is not over; `told` that they were told to open and are stuck.
    """

    phases: tuple[int, ...]
    closed: bool = True
    locked: bool = False
    count: int = 0
    operations: int = 0
    open_at_s: float = math.inf
    close_at_s: float = math.inf
    reset_at_s: float = math.inf
    cold_until_s: float = math.inf
    why: str = ""
    by_trip: bool = False
    locks_next: bool = False
    by_hand: bool = False
    hand: bool = False
    told: bool = False
    in_fault: bool = False

    @property
    def guards(self) -> bool:
        """Whether the protection looks: closed, and not told to open yet."""
        return self.closed and not self.told and math.isinf(self.open_at_s)

    @property
    def due_s(self) -> float:
        """When they do something by themselves, apart from a trip."""
        return min(self.open_at_s, self.close_at_s, self.reset_at_s, self.cold_until_s)

    def tell_open(self, at_s: float, why: str, *, by_trip: bool, locks: bool) -> None:
        """Have them open; who was told already opens no later, and locks if anyone says so."""
        self.locks_next = self.locks_next or locks
        self.reset_at_s = math.inf
        if at_s < self.open_at_s:
            self.open_at_s, self.why, self.by_trip = at_s, why, by_trip

    def tell_close(self, at_s: float) -> None:
        """Have them close by command, at the beginning of a new sequence."""
        self.close_at_s, self.locked, self.count, self.by_hand = at_s, False, 0, True
        self.why = "by command"

    def stand_open(self) -> None:
        """They are open now."""
        self.closed, self.open_at_s, self.locks_next = False, math.inf, False
        self.reset_at_s, self.cold_until_s, self.in_fault = math.inf, math.inf, False
        self.operations += 1
        self.count += self.by_trip
        self.hand = False

    def stand_closed(self, cold_until_s: float) -> None:
        """They are closed now."""
        self.closed, self.close_at_s, self.cold_until_s = True, math.inf, cold_until_s
        self.hand, self.by_hand = self.by_hand, False

    def lock(self) -> None:
        """They close by command only."""
        self.locked, self.close_at_s, self.by_hand = True, math.inf, False
