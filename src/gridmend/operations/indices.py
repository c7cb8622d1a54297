"""Interruptions to read one by one, and the line between momentary and sustained (IEEE 1366)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MOMENTARY_MIN = 5.0
"""Interruptions up to here are momentary (IEEE 1366-2022, 3.2) and outside of SAIDI."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """Customers who lost supply together and got it back together; `event` is what they share: an
    outage, or the load that they are behind."""

    customers: int
    start: datetime
    end: datetime
    event: str = ""

    @property
    def duration_min(self) -> float:
        """How long it lasted."""
        return (self.end - self.start).total_seconds() / 60
