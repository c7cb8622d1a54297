"""Factors in blocks of any bare admittance with any legs."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats
from gridmend.powerflow.blocks import Blocks, Rest, empty_blocks, empty_rest, factorise_into
from gridmend.powerflow.factor import Pattern


def in_blocks(
    p: Pattern, bare: tuple[Complexes, Complexes], legs: tuple[Floats, Floats], alive: Flags,
    first: int,
) -> tuple[Blocks, Rest]:  # fmt: skip
    """The factor, and what is left of the bare admittance from `first` on."""
    blocks, rest = empty_blocks(p), empty_rest(p, first)
    made = blocks.lower, blocks.upper, blocks.inverse
    factorise_into((p.l_start, p.l_rows, p.entry_of), bare, legs, alive, made, rest)
    return blocks, rest


def some_legs(rng: np.random.Generator, p: Pattern, first: int) -> tuple[Floats, Floats]:
    """What legs add that stand on nodes from `first` on alone."""
    diagonal, entries = rng.normal(size=(p.n, 4)), rng.normal(size=(len(p.rows), 4))
    diagonal[:first] = 0.0
    entries[(p.rows < first) | (p.columns < first)] = 0.0
    return diagonal, entries
