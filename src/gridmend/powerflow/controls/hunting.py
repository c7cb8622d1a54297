"""Controls that hunt: what they did from where they stood before, they do from there again.

Within one snapshot what follows depends on where the controls stand (and, for loads that jump at a
limit, on which side of it they were, which no test could tell apart). So one that comes back to
where it was goes round until the last look, and whole rounds need not be gone through.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.powerflow.compiled import compiled

_SAME_PU = 1e-9
"""Taps that differ by less are the same but for rounding."""


class Seen(NamedTuple):
    """Where the controls of one lane stood before they acted, each look a row.

    `look` is its number and `rows` [1] how many there are, negative once a round was passed over;
    the rest as in `queue.Places`.
    """

    look: Ints
    rows: Ints
    tap: Floats
    on: Ints
    tap_due: Floats
    bank_due: Floats
    opened: Ints


def nothing_seen(at: Any, looks: int) -> Seen:
    """Room for so many looks at controls like those."""
    arrays: tuple[Any, ...] = (at.tap, at.on, at.tap_due, at.bank_due, at.opened)
    room: tuple[Any, ...] = tuple(np.empty((looks, len(one)), one.dtype) for one in arrays)
    return Seen(np.empty(looks, np.int64), np.zeros(1, np.int64), *room)


@compiled
def passed_over(seen: Seen, at: Any, count: int, most: int) -> int:
    """Note where controls stand that are about to act after look `count`; the look they are at.

    Where they stood there before, that is the last look before the `most`th at which they do again.
    """
    if seen.rows[0] < 0:
        return count
    for row in range(seen.rows[0] - 1, -1, -1):
        if _stood(seen, at, row):
            period = count - seen.look[row]
            seen.rows[0] = -1
            return count + period * ((most - 1 - count) // period)
    row = seen.rows[0]
    seen.look[row] = count
    for k in range(len(at.tap)):
        seen.tap[row, k] = at.tap[k]
    for k in range(len(at.on)):
        seen.on[row, k], seen.opened[row, k] = at.on[k], at.opened[k]
    for k in range(len(at.tap_due)):
        seen.tap_due[row, k] = at.tap_due[k]
    for k in range(len(at.bank_due)):
        seen.bank_due[row, k] = at.bank_due[k]
    seen.rows[0] = row + 1
    return count


@compiled
def _stood(seen: Seen, at: Any, row: int) -> bool:
    """Whether controls stood in a row as they do now."""
    for k in range(len(at.tap)):
        if abs(seen.tap[row, k] - at.tap[k]) > _SAME_PU:
            return False
    for k in range(len(at.on)):
        if seen.on[row, k] != at.on[k] or seen.opened[row, k] != at.opened[k]:
            return False
    is_armed_alike = _same_delays(seen.tap_due[row], at.tap_due)
    return is_armed_alike and _same_delays(seen.bank_due[row], at.bank_due)


@compiled
def _same_delays(one: Floats, other: Floats) -> bool:
    """Whether delays are the same, nan among them."""
    for k in range(len(one)):
        if one[k] != other[k] and not (np.isnan(one[k]) and np.isnan(other[k])):
            return False
    return True
