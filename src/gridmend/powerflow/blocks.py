"""The factor L·D·U of a real matrix in 2 × 2 blocks, on the pattern of the admittance.

A complex equation whose loads depend on the voltage and on its conjugate is real in blocks
`[[re by re, re by im], [im by re, im by im]]`. Such a matrix has the pattern of the admittance
but not its symmetry, so L and U are kept apart, entry for entry. No pivoting: networks are
dominated by their diagonal, and the order of elimination keeps the small against the large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import Pattern
from gridmend.powerflow.quads import (
    block_at,
    block_of,
    inverted,
    less_product,
    put_block,
    times,
)

Numbers = tuple[Ints, Ints, Floats, Floats, Floats]
"""A factor as compiled code takes it: where columns start, their rows, and the three arrays."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """A factored matrix: `lower`, `upper` [entries of L, 4], `inverse` [n, 4] of the pivots.

    A block is stored row by row. Column k of L holds `L_ik D_k⁻¹`, and `upper` beside it
    `D_k⁻¹ U_ki`, so that substitution multiplies by nothing else.
    """

    pattern: Pattern
    lower: Floats
    upper: Floats
    inverse: Floats

    @property
    def numbers(self) -> Numbers:
        """As substitution takes it."""
        return self.pattern.l_start, self.pattern.l_rows, self.lower, self.upper, self.inverse


def empty_blocks(pattern: Pattern) -> Blocks:
    """Room for a factor."""
    shape = (len(pattern.l_rows), 4)
    return Blocks(pattern, np.empty(shape), np.empty(shape), np.empty((pattern.n, 4)))


class Rest(NamedTuple):
    """What is left of the bare admittance once the columns before `first` are eliminated [pu].

    No leg stands in these, so that it is complex and symmetric, and serves as it is where legs are
    linearised anew: `diagonal` [n - first] and `entries` [entries of L from there on].
    """

    first: int
    diagonal: Complexes
    entries: Complexes


def empty_rest(pattern: Pattern, first: int) -> Rest:
    """Room for what is left from column `first` on."""
    entries = len(pattern.l_rows) - int(pattern.l_start[first])
    return Rest(first, np.empty(pattern.n - first, complex), np.empty(entries, complex))


@compiled
def factorise_into(
    columns: tuple[Ints, Ints, Ints], bare: tuple[Complexes, Complexes],
    legs: tuple[Floats, Floats], alive: Flags, made: tuple[Floats, Floats, Floats], rest: Rest,
) -> None:  # fmt: skip
    """Factor the matrix of `bare` admittance with `legs`, into `made` (lower, upper, inverse).

    Both are a diagonal [n] and what stands above and below it alike [pattern]. A node that is not
    alive counts as tied to ground.
    """
    (start, rows, entry_of), (lower, upper, pivots) = columns, made
    for p in range(len(entry_of)):
        y = bare[1][entry_of[p]] if entry_of[p] >= 0 else 0j
        set_block(lower, p, y)
        set_block(upper, p, y)
    for k in range(len(pivots)):
        set_block(pivots, k, bare[0][k])
    first = rest.first
    factorise_columns(0, first, start, rows, pivots, lower, upper, alive)
    for k in range(first, len(pivots)):
        rest.diagonal[k - first] = complex(pivots[k, 0], pivots[k, 2])
    for p in range(start[first], len(rows)):
        rest.entries[p - start[first]] = complex(upper[p, 0], upper[p, 2])
    factorise_rest(columns, legs, alive, made, rest)


@compiled
def factorise_rest(
    columns: tuple[Ints, Ints, Ints], legs: tuple[Floats, Floats], alive: Flags,
    made: tuple[Floats, Floats, Floats], rest: Rest,
) -> None:  # fmt: skip
    """The same with other legs, in the arrays of a factor, where the columns before stay."""
    (start, rows, entry_of), (lower, upper, pivots), first = columns, made, rest.first
    for k in range(first, len(pivots)):
        set_block(pivots, k, rest.diagonal[k - first])
        for b in range(4):
            pivots[k, b] += legs[0][k, b]
    for p in range(start[first], len(rows)):
        set_block(upper, p, rest.entries[p - start[first]])
        for b in range(4):
            upper[p, b] += legs[1][entry_of[p], b] if entry_of[p] >= 0 else 0.0
            lower[p, b] = upper[p, b]
    factorise_columns(first, len(pivots), start, rows, pivots, lower, upper, alive)


@compiled
def set_block(blocks: Floats, at: Any, y: Any) -> None:
    """Set a real block to a complex number."""
    blocks[at, 0] = blocks[at, 3] = y.real
    blocks[at, 1], blocks[at, 2] = -y.imag, y.imag


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
def substitute(numbers: Numbers, x: Complexes, first: int) -> None:
    """Solve for `x` [n] in place from row `first` on, before which nothing enters."""
    start, rows, lower, upper, inverse = numbers
    n = len(x)
    for k in range(first, n):
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
    _back(start, rows, upper, x, first, n)


@compiled
def substitute_back(start: Ints, rows: Ints, upper: Floats, x: Complexes, first: int) -> None:
    """Set `x` [n] of the rows before `first`, where nothing enters, by those from there on."""
    x[:first] = 0.0
    _back(start, rows, upper, x, 0, first)


@compiled
def _back(start: Ints, rows: Ints, upper: Floats, x: Complexes, first: int, end: int) -> None:
    for k in range(end - 1, first - 1, -1):
        re, im = x[k].real, x[k].imag
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            re -= upper[p, 0] * x[i].real + upper[p, 1] * x[i].imag
            im -= upper[p, 2] * x[i].real + upper[p, 3] * x[i].imag
        x[k] = complex(re, im)


@compiled
def back_through(columns: Ints, start: Ints, rows: Ints, upper: Floats, x: Complexes) -> None:
    """Set `x` [n] of some rows where nothing enters by those that they depend on; last first."""
    for k in columns:
        re = im = 0.0
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            re -= upper[p, 0] * x[i].real + upper[p, 1] * x[i].imag
            im -= upper[p, 2] * x[i].real + upper[p, 3] * x[i].imag
        x[k] = complex(re, im)
