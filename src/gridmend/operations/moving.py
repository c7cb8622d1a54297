"""Transfers beside a search without them: when they are looked for, and what both come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.operations.arrangement import board
from gridmend.operations.search import Search, Searching
from gridmend.operations.transfers import Transferring
from gridmend.operations.trial import Case, positions, restored

Flags = NDArray[np.bool_]

TRANSFERS_LEAST = 0.01
"""Load is moved between healthy feeders only for more than this share of what switching reaches."""


@dataclass(eq=False)
class Moving:
    """Plans that move load between healthy feeders as well, where that may restore more by a share
    that is worth it: each costs somebody a moment without supply."""

    case: Case
    searching: Searching
    was_live: Flags
    restorable: Flags
    _transferring: Transferring | None = None

    def on(self, found: Search, out_of_time: Callable[[], bool], late_most: int) -> Search:
        """Go on for such a plan beside what was `found` without."""
        case = self.case
        least = -found.found[0].merit[0] if found.found else 0.0
        most = float(case.weights[self.restorable].sum())
        if least >= most:
            return found
        if self._transferring is None:
            whole = board(case, self.was_live, self.restorable)
            self._transferring = None if whole is None else Transferring(case, whole)
        if self._transferring is None:
            return found
        if _is_little(case, found, self.restorable):
            refused = (*found.refused, *self._transferring.refused)
            bound = min(most, self._transferring.left(least))
            return Search(found.found, refused, max(found.bound, bound))
        more = self._transferring.on(least, out_of_time, late_most)
        if more.found:
            self.searching.found.append(more.found)
        ranked = (more.found, *found.found) if more.found else found.found
        return Search(ranked, (*found.refused, *more.refused), max(found.bound, more.bound))


def _is_little(case: Case, found: Search, restorable: Flags) -> bool:
    """Whether the best plan leaves out few, and nobody of priority among them."""
    if not found.found:
        return False
    back = restored(case, positions(case, found.found[0].configuration))
    left, few = restorable & ~back, TRANSFERS_LEAST * case.counts[restorable].sum()
    return bool(case.counts[left].sum() <= few and (case.weights <= case.counts)[left].all())
