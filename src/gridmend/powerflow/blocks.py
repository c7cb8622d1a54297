"""The factor L·D·U of a real matrix in 2 × 2 blocks, on the pattern of the admittance.

A complex equation whose loads depend on the voltage and on its conjugate is real in blocks
`[[re by re, re by im], [im by re, im by im]]`. Such a matrix has the pattern of the admittance
but not its symmetry, so L and U are kept apart, entry for entry. No pivoting: networks are
dominated by their diagonal, and the order of elimination keeps the small against the large.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.pattern import Pattern, Rows, grouped
from gridmend.powerflow.quads import (
    as_block,
    block_at,
    block_of,
    inverted,
    less_product,
    plus,
    put_block,
    times,
)

Numbers = tuple[Ints, Ints, Floats, Floats, Floats]
"""A factor as compiled code takes it: where columns start, their rows, and the three arrays."""


@dataclass(frozen=True, eq=False)
class Active:
    """The columns of a factor from `first` on, by themselves: in them alone stand legs.

    Columns, `rows` and entries are counted from there; `start` [n + 1] is where columns begin, and
    `entries` how many are before them.
    """

    first: int
    entries: int
    start: Ints
    rows: Ints

    @property
    def n(self) -> int:
        """How many columns."""
        return len(self.start) - 1

    @cached_property
    def by_rows(self) -> Rows:
        """The entries by rows, columns in order."""
        start, at = grouped(self.rows, self.n)
        return Rows(start, np.repeat(np.arange(self.n), np.diff(self.start))[at], at)


def active_of(pattern: Pattern, first: int) -> Active:
    """The columns of a pattern's factor from `first` on."""
    entries = int(pattern.l_start[first])
    start = pattern.l_start[first:] - entries
    return Active(first, entries, start, pattern.l_rows[entries:] - first)


def where_added(
    active: Active, pattern: Pattern, slots: Ints, scale: Floats
) -> tuple[Ints, Floats]:
    """[legs × 4] where in the active columns goes what is added at slots of the admittance, of each
    leg at both ends and across both ways: the diagonal, then the entries, -1 nowhere; and volts
    squared that make it per unit, negative across."""
    n = pattern.n
    entry = pattern.l_slots[np.maximum(slots - n, 0)] if len(pattern.l_slots) else slots
    where = np.where(slots < n, slots - active.first, entry - active.entries + active.n)
    by = scale[np.maximum(slots, 0)] * np.tile([1.0, 1.0, -1.0, -1.0], len(slots) // 4)
    return np.where(slots < 0, -1, where), by


@dataclass(frozen=True, eq=False)
class Blocks:
    """A factored matrix: `lower`, `upper` [entries, 4], `inverse` [n, 4] of the pivots.

    A block is stored row by row. Column k of L holds `L_ik D_k⁻¹`, and `upper` beside it
    `D_k⁻¹ U_ki`, so that substitution multiplies by nothing else.
    """

    active: Active
    lower: Floats
    upper: Floats
    inverse: Floats

    @property
    def numbers(self) -> Numbers:
        """As substitution takes it."""
        return self.active.start, self.active.rows, self.lower, self.upper, self.inverse


def empty_blocks(active: Active) -> Blocks:
    """Room for a factor."""
    shape = (len(active.rows), 4)
    return Blocks(active, np.empty(shape), np.empty(shape), np.empty((active.n, 4)))


@compiled
def factorise_into(
    columns: tuple[Ints, Ints], rest: Complexes, added: Floats, alive: Flags,
    made: tuple[Floats, Floats, Floats],
) -> None:  # fmt: skip
    """Factor what is left of a bare admittance with what legs add to it, into `made` (lower, upper,
    inverse).

    `rest` and `added` [n + entries, 4] are a diagonal, then what stands above and below it alike. A
    node that is not `alive` [n] counts as tied to ground.
    """
    (start, rows), (lower, upper, pivots) = columns, made
    n = len(pivots)
    for k in range(n):
        put_block(pivots, k, plus(as_block(rest[k]), block_at(added, k)))
    for p in range(len(rows)):
        entry = plus(as_block(rest[n + p]), block_at(added, n + p))
        put_block(upper, p, entry)
        put_block(lower, p, entry)
    factorise_columns(0, n, start, rows, pivots, lower, upper, alive)


@compiled
def factorise_columns(
    begin: int,
    end_column: int,
    start: Ints,
    rows: Ints,
    pivots: Floats,
    lower: Floats,
    upper: Floats,
    alive: Flags,
) -> None:
    """Eliminate the columns from `begin` to before `end_column`, all before them being done.

    Their pivots are inverted in place; the columns that follow hold what is left of the matrix.
    """
    one, none = block_of(1.0, 0.0, 0.0, 1.0), block_of(0.0, 0.0, 0.0, 0.0)
    for k in range(begin, end_column):
        first, end = start[k], start[k + 1]
        inverse = inverted(block_at(pivots, k)) if alive[k] else one
        put_block(pivots, k, inverse)
        for p in range(first, end):
            if alive[k] and alive[rows[p]]:
                put_block(lower, p, times(block_at(lower, p), inverse))
            else:
                put_block(lower, p, none)
                put_block(upper, p, none)
        for p in range(first, end):
            i, below, above = rows[p], block_at(lower, p), block_at(upper, p)
            put_block(pivots, i, less_product(block_at(pivots, i), below, above))
            at = start[i]
            for q in range(p + 1, end):
                # entries of a column are in the order of their rows, so the search goes on
                while rows[at] != rows[q]:
                    at += 1
                put_block(upper, at, less_product(block_at(upper, at), below, block_at(upper, q)))
                put_block(lower, at, less_product(block_at(lower, at), block_at(lower, q), above))
        for q in range(first, end):
            put_block(upper, q, times(inverse, block_at(upper, q)))


@compiled
def substitute(numbers: Numbers, x: Complexes) -> None:
    """Solve for `x` [n] in place."""
    start, rows, lower, upper, inverse = numbers
    n = len(x)
    for k in range(n):
        re, im = x[k].real, x[k].imag
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            x[i] = complex(
                x[i].real - (lower[p, 0] * re + lower[p, 1] * im),
                x[i].imag - (lower[p, 2] * re + lower[p, 3] * im),
            )
        x[k] = complex(
            inverse[k, 0] * re + inverse[k, 1] * im, inverse[k, 2] * re + inverse[k, 3] * im
        )
    for k in range(n - 1, -1, -1):
        re, im = x[k].real, x[k].imag
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            re -= upper[p, 0] * x[i].real + upper[p, 1] * x[i].imag
            im -= upper[p, 2] * x[i].real + upper[p, 3] * x[i].imag
        x[k] = complex(re, im)
