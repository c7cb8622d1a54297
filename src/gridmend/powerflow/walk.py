"""Solves of one state for one demand after another, each from the one before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes
from gridmend.powerflow.chord import Line
from gridmend.powerflow.iteration import State, direct, iterate, resume
from gridmend.powerflow.jumps import beyond, taken
from gridmend.powerflow.legs import Shares, leg_voltages
from gridmend.powerflow.rounds import TOLERANCE_PU, Solution, newton_rounds

_LEAST_PU = 0.1


@dataclass(eq=False)
class Walk:
    """A state, with the voltages [V] and the matrix of the last demand that was solved.

    Where that took the voltage down, the next is solved from nothing.
    """

    state: State
    v_v: Complexes | None = None
    line: Line | None = None

    def to(self, s_va: Complexes, *, within_pu: float = TOLERANCE_PU) -> Solution:
        """The solution for another demand [legs] [VA]; as from nothing, within the tolerance.

        Where it is asked for roughly, legs whose power jumps at a limit stay on the side of where
        it starts.
        """
        state = self.state
        start = direct(state, state.driven) if self.v_v is None else self.v_v
        if within_pu > TOLERANCE_PU:
            shares = taken(beyond(state.network.legs, start)) if state.network.legs.jump else None
            found, self.line = newton_rounds(
                state, s_va, start, self.line, old=True, shares=shares, within_pu=within_pu
            )
        else:
            found, self.line = resume(state, s_va, start, self.line, old=True)
        if not found.converged:
            found, self.line = iterate(state, s_va), None
        stands = found.converged and _stands(state, found.v_v)
        self.v_v, self.line = (found.v_v, self.line) if stands else (None, None)
        return found

    def on_sides(self, s_va: Complexes, v_v: Complexes) -> tuple[Solution, Shares]:
        """From voltages [V] where the walk is to those at which each leg stays on the side of its
        limits where it is there; shares that say so."""
        state = self.state
        shares = taken(beyond(state.network.legs, v_v))
        found, self.line = newton_rounds(state, s_va, v_v, self.line, old=False, shares=shares)
        self.v_v, self.line = (found.v_v, self.line) if found.converged else (None, None)
        return found, shares


def _stands(state: State, v_v: Complexes) -> bool:
    """Whether the voltage of every live leg is fit to go on from."""
    legs, alive = state.network.legs, np.append(state.alive, True)
    live = alive[legs.plus] & alive[legs.minus]
    return bool((np.abs(leg_voltages(legs, v_v)) > _LEAST_PU * legs.rated_v)[live].all())
