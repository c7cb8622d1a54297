"""Customers as columns: who they are, where they live, and which of them are critical."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError, nearest

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

KINDS = ("residential", "commercial", "critical")
"""Classes of customers; a column of classes holds their places in this list."""
PRIORITIES = 9
"""Priorities go from 1, the most urgent, to here."""


@dataclass(frozen=True, slots=True)
class Critical:
    """A customer who must not be long without supply, and how long its own supply lasts.

    Raises `GridError` for a priority that is none and hours that cannot be.
    """

    name: str
    priority: int = 1
    backup_h: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.priority <= PRIORITIES:
            raise GridError(
                f"critical customer '{self.name}' has the priority {self.priority}",
                mend=f"give one from 1, the most urgent, to {PRIORITIES}",
            )
        if not (math.isfinite(self.backup_h) and self.backup_h >= 0):
            raise GridError(
                f"critical customer '{self.name}' has a backup of {self.backup_h} h",
                mend="give its hours, 0 for none",
            )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A critical customer without supply, and when its own supply ends [s]."""

    name: str
    priority: int
    backup_ends_s: float


@dataclass(frozen=True, eq=False)
class Customers:
    """Customers in rows. Make it by `Customers.of`.

    `kind` [customers] is the place in `KINDS`, `place` [customers] the neighbourhood, `priority`
    [customers] is 0 for who is not critical, `backup_h` [customers] hours of own supply.
    """

    names: tuple[str, ...]
    kind: Ints
    place: Ints
    priority: Ints
    backup_h: Floats
    rows: dict[str, int]

    @staticmethod
    def of(
        names: Sequence[str],
        *,
        kinds: Sequence[str] | None = None,
        places: Sequence[object] | None = None,
        critical: Iterable[Critical] = (),
    ) -> Customers:
        """Customers with their class (residential unless given) and neighbourhood (one for all).

        `kinds` are residential or commercial; critical is who stands in `critical`. Raises
        `GridError` for a name twice, a column of another length and what is unknown.
        """
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice or not names:
            what = f"customers of one name: {', '.join(twice[:5])}" if twice else "no customer"
            raise GridError(what, mend="give each customer a name of its own")
        kinds = kinds if kinds is not None else ("residential",) * len(names)
        places = places if places is not None else (0,) * len(names)
        for column, values in (("kinds", kinds), ("places", places)):
            if len(values) != len(names):
                raise GridError(
                    f"{column} has {len(values)} entries for {len(names)} customers",
                    mend="give one for each customer",
                )
        unknown = sorted(set(kinds) - set(KINDS[:2]))
        if unknown:
            raise GridError(
                f"unknown class of customer: {', '.join(unknown[:5])}",
                mend="give residential or commercial, and name who is critical in `critical`",
            )
        kind = np.array([KINDS.index(k) for k in kinds], np.int64)
        numbers: dict[object, int] = {}
        place = np.array([numbers.setdefault(p, len(numbers)) for p in places], np.int64)
        rows = {name: row for row, name in enumerate(names)}
        nobody, none_h = np.zeros(len(names), np.int64), np.zeros(len(names))
        _freeze(kind, place, nobody, none_h)
        made = Customers(tuple(names), kind, place, nobody, none_h, rows)
        return made.with_critical(critical)

    def __len__(self) -> int:
        return len(self.names)

    def with_critical(self, critical: Iterable[Critical]) -> Customers:
        """The same customers with these critical ones besides; `GridError` for one unknown."""
        kind, priority = self.kind.copy(), self.priority.copy()
        backup_h = self.backup_h.copy()
        for one in critical:
            row = self.rows.get(one.name)
            if row is None:
                mend = nearest(one.name, self.names)
                raise GridError(f"no customer '{one.name}' to be critical", mend=mend)
            kind[row], priority[row] = KINDS.index("critical"), one.priority
            backup_h[row] = one.backup_h
        _freeze(kind, priority, backup_h)
        return replace(self, kind=kind, priority=priority, backup_h=backup_h)

    def flags(self, names: Iterable[str]) -> Flags:
        """[customers] True for those who are named; `GridError` for who is unknown."""
        found = np.zeros(len(self), bool)
        for name in names:
            if name not in self.rows:
                raise GridError(f"no customer '{name}'", mend=nearest(name, self.names))
            found[self.rows[name]] = True
        return found


def critical_first(customers: Customers, out: Flags, out_since_s: Floats) -> tuple[Waiting, ...]:
    """Critical customers without supply, the most urgent first.

    Order: priority, then when the own supply ends, then name. `out` [customers] flags,
    `out_since_s` [customers] when supply went [s].
    """
    found = [
        Waiting(
            customers.names[row],
            int(customers.priority[row]),
            float(out_since_s[row] + 3600 * customers.backup_h[row]),
        )
        for row in (int(r) for r in np.flatnonzero(out & (customers.priority > 0)))
    ]
    return tuple(sorted(found, key=lambda one: (one.priority, one.backup_ends_s, one.name)))


def _freeze(*columns: NDArray[Any]) -> None:
    for column in columns:
        column.setflags(write=False)
