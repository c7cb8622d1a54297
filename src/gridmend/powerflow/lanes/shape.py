"""An order of elimination of the network of the lanes, and the kernel's rows in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.pattern import Pattern


class RowOrder(NamedTuple):
    """The kernel's `row` of each node and twin, active ones first, and the `column` of each entry
    below the diagonal; which of these entries the passes take, in their order, and where: see
    `kernel.Rows`."""

    row: Ints
    column: Ints
    forward: Ints
    backward: Ints
    lower_start: Any
    lower_at: Any
    upper_start: Any
    upper_at: Any


@dataclass(frozen=True, eq=False)
class Shape:
    """An order of elimination, whatever the values: `place` [nodes and twins] in it; the first
    `first` are passive. `zones` [zones, 2] where each zone's active nodes begin and its ties begin,
    the zones below first; the ties of a zone end where the next zone begins; `tied` are their
    places. `slots` say where a split's values go in the `pattern`, `leg_slots` where legs.
    """

    place: Ints
    first: int
    zones: Ints
    tied: Ints
    pattern: Pattern
    slots: Ints
    leg_slots: Ints

    @cached_property
    def rows(self) -> RowOrder:
        """In what order the kernel goes."""
        p, first = self.pattern, self.first
        size = p.n - first
        spot = np.concatenate([size + np.arange(first)[::-1], np.arange(size)])
        column = np.repeat(np.arange(p.n), np.diff(p.l_start))
        free = np.ones(p.n, np.bool_)
        free[self.tied] = False
        forward = _in_order(p.l_rows, (column >= first) & free[column], p.n)
        backward = _in_order(spot[column], free[column], p.n)
        return RowOrder(
            row=spot[self.place],
            column=column,
            forward=forward,
            backward=backward,
            lower_start=_starts(p.l_rows[forward] - first, size),
            lower_at=(column[forward] - first).astype(np.int32),
            upper_start=_starts(spot[column[backward]], p.n),
            upper_at=spot[p.l_rows[backward]].astype(np.int32),
        )


def _starts(of: Ints, size: int) -> Any:
    return np.concatenate([[0], np.cumsum(np.bincount(of, minlength=size))]).astype(np.int32)


@compiled
def _in_order(key: Ints, here: Flags, size: int) -> Ints:
    """Which entries are here, by their key, of one key as they stand."""
    start = np.zeros(size + 1, np.int64)
    for e in range(len(key)):
        if here[e]:
            start[key[e] + 1] += 1
    start = np.cumsum(start)
    found = np.empty(start[-1], np.int64)
    for e in range(len(key)):
        if here[e]:
            found[start[key[e]]] = e
            start[key[e]] += 1
    return found
