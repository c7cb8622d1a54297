"""The complex-symmetric factor L·D·Lᵀ of the nodal admittance, without pivoting.

Passive rows come first: what is left of the admittance once they are eliminated does not depend on
what loads take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.pattern import Lists, Pattern
from gridmend.powerflow.spare import Spare

ANCHORED = 1e-11
"""A pivot that elimination brings below this part of its diagonal has nothing left to hold it."""


@dataclass(frozen=True, eq=False)
class Factor:
    """L without its unit diagonal, by columns, and D. `anchored` names pivots that vanished."""

    pattern: Pattern
    l_values: Complexes
    d: Complexes
    anchored: Ints


def factorise(pattern: Pattern, diagonal: Complexes, upper: Complexes, alive: Flags) -> Factor:
    """The numeric factor; a node that is not alive counts as tied to ground.

    A pivot that vanishes against its diagonal belongs to a part with no path to ground; it
    is anchored and reported.
    """
    whole = diagonal, upper
    return factorise_in_two(pattern, pattern.n, whole, whole, alive)[0]


def factorise_in_two(
    pattern: Pattern, first: int, bare: tuple[Complexes, Complexes],
    joined: tuple[Complexes, Complexes], alive: Flags, spare: Spare | None = None,
) -> tuple[Factor, Complexes]:  # fmt: skip
    """The same of the `joined` admittance, which differs from the `bare` one from row `first` on
    alone; and what is left of the bare one there, once the columns before are eliminated.

    That is a diagonal, then the entries of the factor from column `first` on.
    """
    spare = spare or Spare()
    values, d = spare.array(len(pattern.l_rows)), spare.array(pattern.n)
    rest = spare.array(pattern.n - first + len(values) - int(pattern.l_start[first]))
    values[:] = 0.0
    shape, begin = (pattern.l_start, pattern.l_rows, pattern.l_slots), pattern.start[first]
    anchored = _in_two(shape, first, begin, bare, joined, alive, values, d, rest)
    return Factor(pattern, values, d, anchored), rest


@compiled
def _in_two(
    shape: Lists, first: int, begin: int, bare: tuple[Complexes, Complexes],
    joined: tuple[Complexes, Complexes], alive: Flags, values: Complexes, d: Complexes,
    rest: Complexes,
) -> Ints:  # fmt: skip
    """The same in place, of an upper triangle whose entries from column `first` on `begin` there;
    which pivots are anchored."""
    (start, rows, slots), n = shape, len(d)
    for k in range(n):
        d[k] = bare[0][k]
    for p in range(len(slots)):
        values[slots[p]] = bare[1][p]
    early = _factorise(0, first, start, rows, d, joined[0], values, alive)
    for k in range(first, n):
        rest[k - first] = d[k]
        d[k] += joined[0][k] - bare[0][k]
    rest[n - first :] = values[start[first] :]
    for p in range(begin, len(slots)):
        values[slots[p]] += joined[1][p] - bare[1][p]
    late = _factorise(first, n, start, rows, d, joined[0], values, alive)
    return np.concatenate((early, late))


def substitute(factor: Factor, x: Complexes, first: int = 0, last: int = 0) -> None:
    """Solve in place: forward from row `first`, backward down to row `last`."""
    pattern = factor.pattern
    _substitute(pattern.l_start, pattern.l_rows, factor.l_values, factor.d, x, first, last)


def substitute_passive(factor: Factor, x: Complexes, first: int) -> None:
    """Set `x` [n] of the rows before `first`, where nothing enters, by those from there on."""
    pattern = factor.pattern
    passive = np.arange(first - 1, -1, -1)
    back_through(passive, pattern.l_start, pattern.l_rows, factor.l_values, x)


@compiled
def back_through(columns: Ints, start: Ints, rows: Ints, l_values: Complexes, x: Complexes) -> None:
    """Set `x` [n] of some rows where nothing enters by those that they depend on; last first."""
    for k in columns:
        xk = 0j
        for p in range(start[k], start[k + 1]):
            xk -= l_values[p] * x[rows[p]]
        x[k] = xk


@compiled
def _factorise(
    begin: int, end_column: int, start: Ints, rows: Ints, d: Complexes, own: Complexes,
    values: Complexes, alive: Flags,
) -> Ints:  # fmt: skip
    """Eliminate the columns from `begin` to before `end_column` in place, all before them being
    done; which pivots vanish against their `own` diagonal, and are anchored."""
    anchored = np.empty(end_column - begin, np.int64)
    count = 0
    for k in range(begin, end_column):
        if not alive[k]:
            d[k] = 1.0
        elif abs(d[k]) <= ANCHORED * abs(own[k]):
            d[k] = own[k] if own[k] != 0.0 else 1.0
            anchored[count] = k
            count += 1
        by = 1.0 / d[k]
        end = start[k + 1]
        for p in range(start[k], end):
            if not (alive[k] and alive[rows[p]]):
                values[p] = 0.0
                continue
            entry = values[p]
            values[p] = entry * by
            d[rows[p]] -= entry * values[p]
        for p in range(start[k], end):
            if values[p] == 0.0:
                continue
            entry = values[p] * d[k]
            at = start[rows[p]]
            for q in range(p + 1, end):
                # entries of a column are in the order of their rows, so the search goes on
                while rows[at] != rows[q]:
                    at += 1
                values[at] -= entry * values[q]
    return anchored[:count].copy()


@compiled
def _substitute(
    l_start: Ints,
    l_rows: Ints,
    l_values: Complexes,
    d: Complexes,
    x: Complexes,
    first: int,
    last: int,
) -> None:
    n = len(d)
    for i in range(first, n):
        xi = x[i]
        if xi != 0.0:
            for p in range(l_start[i], l_start[i + 1]):
                x[l_rows[p]] -= l_values[p] * xi
            x[i] = xi / d[i]
    for i in range(n - 1, last - 1, -1):
        xi = x[i]
        for p in range(l_start[i], l_start[i + 1]):
            xi -= l_values[p] * x[l_rows[p]]
        x[i] = xi
