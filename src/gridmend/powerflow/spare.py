"""Memory that no solve of a network needs any more, for the next.

To get it anew from the system costs a large network a tenth of a solve.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from gridmend.model.arrays import Complexes

if TYPE_CHECKING:
    from gridmend.powerflow.chord import Line

_KEPT = 2
"""How many arrays of one length, or lines, are kept."""


class Spare:
    """What was left by solves that are over; several may take and leave at once."""

    def __init__(self) -> None:
        self._arrays: defaultdict[int, list[Complexes]] = defaultdict(list)
        self._lines: list[Line] = []

    def array(self, count: int) -> Complexes:
        """Room for so many numbers, which are any."""
        try:
            return self._arrays[count].pop()
        except IndexError:
            return np.empty(count, complex)

    def line(self) -> Line | None:
        """A linearisation of the network, if one was left."""
        try:
            return self._lines.pop()
        except IndexError:
            return None

    def leave(self, *arrays: Complexes) -> None:
        """Leave arrays that nothing refers to any more; of a part of one, all of it."""
        for array in arrays:
            whole = array if array.base is None else array.base
            self._arrays[len(whole)][_KEPT - 1 :] = [whole]

    def leave_line(self, line: Line) -> None:
        """Leave a linearisation that nothing refers to any more."""
        self._lines[_KEPT - 1 :] = [line]
