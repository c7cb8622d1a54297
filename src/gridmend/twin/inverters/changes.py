"""What resources did: which, when, and what brought it about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gridmend.twin.inverters.standard import TRIP_NAMES

CAUSES = (*TRIP_NAMES, "island")
"""What makes a resource trip, in the order of its timers."""


class Deed(IntEnum):
    """What a resource does. Where two fall on one instant, the first of these happens."""

    TRIPPED = 0
    """It leaves service."""
    CEASED = 1
    """Its current ceases; it stays connected and comes back by itself."""
    AT_FULL = 2
    """Its ramp after entering service is over."""
    RETURNED = 3
    """Its output after a cessation is back."""
    ENTERED = 4
    """It enters service and starts to ramp."""


class State(IntEnum):
    """What a resource is in."""

    IN_SERVICE = 0
    CEASED = 1
    """Momentary cessation: connected, without current."""
    RETURNING = 2
    """Voltage is back after a cessation, output comes back."""
    RAMPING = 3
    """In service, on its way to full output."""
    TRIPPED = 4
    """Out of service, outside the window to enter it."""
    WAITING = 5
    """Out of service, inside the window; the delay runs."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What happened since it was last asked, in order of time, then of resource.

    `time_s`, `der` (index), `deed` and `cause` (index into `CAUSES`, -1 where it did not trip)
    are [changes]; `output_pu` [der] is the factor of active power now.
    """

    time_s: NDArray[np.float64]
    der: NDArray[np.int64]
    deed: NDArray[np.int8]
    cause: NDArray[np.int8]
    output_pu: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time_s)

    def of(self, deed: Deed) -> NDArray[np.int64]:
        """Who did it, in order of time."""
        return self.der[self.deed == deed]

    def rows(self) -> Iterator[tuple[float, int, Deed, str]]:
        """Time [s], resource, deed, and cause where it tripped."""
        columns = (self.time_s.tolist(), self.der.tolist(), self.deed.tolist(), self.cause.tolist())
        for time_s, der, deed, cause in zip(*columns, strict=True):
            yield time_s, der, Deed(deed), CAUSES[cause] if cause >= 0 else ""


Part = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int8], NDArray[np.int8]]
"""Changes of one round: time, resource, deed, cause."""


def collected(parts: Sequence[Part], output_pu: NDArray[np.float64]) -> Changes:
    """The parts in one, in order; what one resource does in one instant keeps its order."""
    if not parts:
        none = np.zeros(0, np.int64)
        return Changes(none.astype(float), none, none.astype("i1"), none.astype("i1"), output_pu)
    time_s, der, deed, cause = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((der, time_s))
    return Changes(time_s[order], der[order], deed[order], cause[order], output_pu)
