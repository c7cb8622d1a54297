"""Factors in blocks of any bare admittance with any legs."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats
from gridmend.powerflow.blocks import Active, Blocks, active_of, empty_blocks, factorise_into
from gridmend.powerflow.factor import Factor, factorise_in_two
from gridmend.powerflow.pattern import Pattern


def in_blocks(
    p: Pattern, bare: tuple[Complexes, Complexes], legs: tuple[Floats, Floats], alive: Flags,
    first: int,
) -> tuple[Blocks, Factor, Complexes]:  # fmt: skip
    """The factor in blocks, that of the bare admittance, and what is left of it from `first` on."""
    factor, rest = factorise_in_two(p, first, bare, bare, alive)
    blocks = empty_blocks(active_of(p, first))
    with_legs(blocks, rest, legs, p, alive)
    return blocks, factor, rest


def with_legs(
    blocks: Blocks, rest: Complexes, legs: tuple[Floats, Floats], p: Pattern, alive: Flags
) -> None:
    """Make a factor in blocks of what is left of the bare admittance with some legs."""
    active, made = blocks.active, (blocks.lower, blocks.upper, blocks.inverse)
    columns, first = (active.start, active.rows), active.first
    factorise_into(columns, rest, added(active, legs, p), alive[first:], made)


def added(active: Active, legs: tuple[Floats, Floats], p: Pattern) -> Floats:
    """[n + entries, 4] what legs add to the active columns."""
    found = np.zeros((active.n + len(active.rows), 4))
    found[: active.n] = legs[0][active.first :]
    mine = p.rows >= active.first
    found[active.n + p.l_slots[mine] - active.entries] = legs[1][mine]
    return found


def some_legs(rng: np.random.Generator, p: Pattern, first: int) -> tuple[Floats, Floats]:
    """What legs add that stand on nodes from `first` on alone."""
    diagonal, entries = rng.normal(size=(p.n, 4)), rng.normal(size=(len(p.rows), 4))
    diagonal[:first] = 0.0
    entries[(p.rows < first) | (p.columns < first)] = 0.0
    return diagonal, entries
