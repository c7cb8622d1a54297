"""Legs that slide at a limit where their power jumps: their shares as unknowns beside the voltages.

A leg that can rest on neither side takes a share of the jump, so that it stays on its line, a
millionth of the limit long. Rounds at given shares are smooth; what shares do to the voltages is
known from the same matrix, so a few such solves bring all legs onto their lines. The line's own
slope, a million times that of the rest, enters no matrix. Decision record 0006.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.blocks import substitute
from gridmend.powerflow.chord import Line, linearised
from gridmend.powerflow.jumps import Sides, beyond
from gridmend.powerflow.leg_models import LINE
from gridmend.powerflow.legs import across, currents, inject, leg_voltages
from gridmend.powerflow.rounds import Solution, newton_rounds

if TYPE_CHECKING:
    from gridmend.powerflow.iteration import State

_SOLVES = 25
"""How many solves bring legs onto their lines, or none do."""

_FINER, _SHARE = 100.0, 1e-4
"""By how much finer the last of them is than what is asked for, for a share is as sure as the
voltage is within its line; and to what share of the way yet to go the others are solved."""

_SERVES = 0.1
"""What shares do is found anew where a step leaves more of the way."""


def settled(
    state: State, s_va: Complexes, v: Complexes, line: Line | None, sides: Sides, within_pu: float
) -> tuple[Solution, Line, Sides]:
    """From voltages [V] to rest with legs on their sides, and those that slide on their lines."""
    legs, place = state.network.legs, np.argwhere(sides.sliding)
    if not len(place):
        found, line = newton_rounds(
            state, s_va, v, line, old=True, shares=sides.shares, within_pu=within_pu
        )
        return found, line, sides
    at = place[:, 0], place[:, 1]
    line = linearised(state, s_va, v, shares=sides.shares) if line is None else line
    found, before = Solution(v, False, 0, np.inf, 0, np.inf), np.inf
    moved, slope = np.empty((0, 0), complex), np.empty((0, 0))
    for n in range(_SOLVES):
        off = beyond(legs, found.v_v)[at] - (sides.share[at] - 1.0) * LINE
        most = float(np.abs(off).max())
        is_there = most < within_pu / _FINER or before / 2 < most < within_pu
        if n > 0 and (is_there or not found.converged):
            return found, line, sides
        if n == 0 or most > _SERVES * before:
            moved, slope = _responses(state, s_va, found.v_v, line, sides, place)
        before = most
        step, share = np.linalg.solve(slope - LINE * np.eye(len(place)), -off), sides.share.copy()
        share[at] += step
        sides, rounds = replace(sides, share=share), found.iterations
        finer = max(within_pu / _FINER, _SHARE * most)
        found, line = newton_rounds(
            state, s_va, found.v_v + (moved * step).sum(axis=1), line, old=True,
            shares=sides.shares, within_pu=finer,
        )  # fmt: skip
        found = replace(found, iterations=rounds + found.iterations)
    return replace(found, converged=False), line, sides


def _responses(
    state: State, s_va: Complexes, v: Complexes, line: Line, sides: Sides, place: Ints
) -> tuple[Complexes, Floats]:
    """[nodes, sliding] what each share does to the voltages [V], and [sliding, sliding] how far
    beyond its limit each comes by it."""
    network, legs = state.network, state.network.legs
    pattern, u = network.pattern, leg_voltages(network.legs, v)
    mine = place[:, 0]
    limit = legs.rated_v[mine] * legs.limits[mine, 1 + place[:, 1]]
    moved = np.zeros((pattern.n, len(place)), complex)
    shares = sides.shares
    for j, (leg, end) in enumerate(place.tolist()):
        one, own = slice(leg, leg + 1), shares[leg : leg + 1].copy()
        model, rated, limits, exponents, zips, fixed = legs.answers
        answers = model[one], rated[one], limits[one], exponents[one], zips[one], fixed[one]
        jump = np.zeros(1, complex)
        for share, sign in ((0.0, 1.0), (1.0, -1.0)):
            own[0, end] = share
            jump += sign * currents(answers, u[one], s_va[one], own)
        driven = np.zeros(pattern.n, complex)
        inject(legs.plus[one], legs.minus[one], jump, driven)
        x = np.zeros(pattern.n, complex)
        x[network.place] = np.where(state.alive, driven * network.nodes.base_v, 0.0)
        substitute(line.blocks.numbers, x[network.first :])
        moved[:, j] = x[network.place] * network.nodes.base_v
    own = np.stack([across(legs, moved[:, j])[mine] for j in range(len(place))], axis=1)
    slope = 2.0 * (np.conj(u[mine])[:, None] * own).real / limit[:, None] ** 2
    return moved, slope
