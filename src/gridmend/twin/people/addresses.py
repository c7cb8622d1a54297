"""The address that a caller says: the own one, a neighbour's, or one that does not exist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmend.twin.people.customers import Customers
from gridmend.twin.people.draws import Draws
from gridmend.twin.people.habits import Habits

NOWHERE = "no such address"
"""What an address that does not exist begins with, lengthened where a customer is called so."""


class Addresses:
    """Which address each customer says for each of its interruptions."""

    def __init__(self, customers: Customers, habits: Habits, draws: Draws) -> None:
        self._customers = customers
        self._habits = habits
        self._draws = draws
        self._order: NDArray[np.int64] = np.argsort(customers.place, kind="stable")
        self._first = np.searchsorted(customers.place[self._order], np.arange(len(customers) + 1))
        self.nowhere = NOWHERE
        while any(name.startswith(self.nowhere) for name in customers.names):
            self.nowhere += "!"

    def said(self, row: int, count: int) -> str:
        """What a customer says for its n-th interruption, in every call about it."""
        if self._draws.one("wrong", row, count) >= self._habits.wrong_share:
            return self._customers.names[row]
        place = int(self._customers.place[row])
        near = self._order[self._first[place] : self._first[place + 1]]
        others = near[near != row]
        nowhere = self._draws.one("nowhere", row, count) < self._habits.nowhere_share
        which = self._draws.one("which", row, count)
        if nowhere or not len(others):
            return f"{self.nowhere} {int(which * 10_000)}"
        return self._customers.names[int(others[int(which * len(others))])]
