"""The iteration: a network prepared at positions, and the voltages at which all in it agrees."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import jumps, sliding
from gridmend.powerflow.assembly import assemble, assembled
from gridmend.powerflow.chord import Line
from gridmend.powerflow.factor import Factor, factorise, factorise_in_two, substitute
from gridmend.powerflow.legs import (
    across,
    answered,
    inject,
    leg_admittance,
    leg_currents,
    leg_voltages,
    powers,
)
from gridmend.powerflow.network import Network
from gridmend.powerflow.positions import values_at
from gridmend.powerflow.reach import reach
from gridmend.powerflow.rounds import TOLERANCE_PU, Solution, newton_rounds
from gridmend.powerflow.shorts import Short

_ANCHOR = 1e-6
"""Weak path to ground at a floating winding, of its own admittance (one part per million)."""

_DAMPED_ROUNDS = 60
_DAMPING = 0.5


@dataclass(frozen=True, eq=False)
class State:
    """A network at positions, factored: everything that demand does not change.

    `values` primitives [S]; `diagonal` [n], `upper` [pattern] the nodal admittance without legs,
    in per unit and elimination order; `factor` of it with the legs' rated `admittance`
    [legs]; `rest` what is left of it without legs where they begin, once the passive rows before
    are eliminated (`factorise_in_two`); `driven` [nodes] source currents [A]; `alive` [nodes];
    `floating` places in the elimination order of parts that had no path to ground and were
    anchored.
    """

    network: Network
    values: Complexes
    diagonal: Complexes
    upper: Complexes
    admittance: Complexes
    factor: Factor
    rest: Complexes
    driven: Complexes
    alive: Flags
    floating: Ints


def prepare(network: Network, snapshot: Snapshot, *, with_legs: bool = True) -> State:
    """Assemble and factor a network at positions; legs count by their rated admittance."""
    state, diagonal, _ = prepared(network, snapshot, with_legs=with_legs)
    if with_legs:
        network.spare.leave(diagonal)
    return state


def leave(state: State) -> None:
    """Leave what a state is made of to the next solve of its network; nothing may refer to it."""
    factor = state.factor
    state.network.spare.leave(state.values, state.diagonal, factor.l_values, factor.d, state.rest)


def prepared_once(network: Network, snapshot: Snapshot) -> State:
    """`prepare`, remembered by the network: for one series after another at the same positions."""
    return network.remembered("state", snapshot.contents, lambda: prepare(network, snapshot))


def prepared(
    network: Network, snapshot: Snapshot, *, with_legs: bool = True, shorts: tuple[Short, ...] = ()
) -> tuple[State, Complexes, Complexes]:
    """The same with the diagonal and upper entries that the factor is of, without anchors."""
    values = values_at(network, snapshot, shorts)
    driven, roots = sources_at(network, snapshot)
    admittance = leg_admittance(network.legs, powers(network.legs, snapshot))
    bare, joined = assembled(network, values, admittance if with_legs else None)
    alive = np.zeros(network.pattern.n, np.bool_)
    reach(network.pattern.start, network.pattern.rows, joined[1], roots, alive)
    of = network.pattern, network.first
    factor, rest = factorise_in_two(*of, bare, joined, alive, network.spare)
    floating = factor.anchored
    if len(floating):
        bare = _anchored(network, bare[0]), bare[1]
        anchored = _anchored(network, joined[0]), joined[1]
        factor, rest = factorise_in_two(*of, bare, anchored, alive)
        if (factor.anchored < network.first).any():
            rest[:] = np.nan  # what still has nothing to hold it has no solution
    here = alive[network.place]
    state = State(network, values, *bare, admittance, factor, rest, driven, here, floating)
    return state, *joined


def _anchored(network: Network, diagonal: Complexes) -> Complexes:
    """The diagonal with a weak path to ground at every winding that nothing else holds."""
    held = network.grid.transformers.numbers("anti_float_ppm")
    anchored = diagonal.copy()
    for row, unit in network.units.items():
        if not held[row]:
            at = network.place[unit.nodes[unit.nodes >= 0]]
            anchored[at] += -1j * _ANCHOR * np.abs(diagonal[at])
    return anchored


def iterate(state: State, s_va: Complexes, start_v: Complexes | None = None) -> Solution:
    """Voltages at which sources, network and legs agree; `s_va` [legs] is rated power [VA].

    Where Newton's rounds find no rest, load currents are put against the rated factor, damped, and
    they try again from there.
    """
    v = direct(state, state.driven) if start_v is None else np.where(state.alive, start_v, 0.0)
    found, line = resume(state, s_va, v)
    state.network.spare.leave_line(line)
    if found.converged:
        return found
    again, line = resume(state, s_va, _damped(state, s_va, direct(state, state.driven)))
    state.network.spare.leave_line(line)
    best = again if again.converged or again.mismatch_pu < found.mismatch_pu else found
    return replace(best, iterations=found.iterations + _DAMPED_ROUNDS + again.iterations)


def _damped(state: State, s_va: Complexes, v: Complexes) -> Complexes:
    """Voltages [V] after some rounds of load currents against the rated factor."""
    legs = state.network.legs
    for _ in range(_DAMPED_ROUNDS):
        taken = leg_currents(legs, s_va, leg_voltages(legs, v))
        currents = state.driven.copy()
        inject(legs.plus, legs.minus, state.admittance * across(legs, v) - taken, currents)
        found = v + _DAMPING * (direct(state, currents) - v)
        if not np.isfinite(found).all():
            return v
        v = found
    return v


def resume(
    state: State, s_va: Complexes, v: Complexes, line: Line | None = None, *, old: bool = False,
    going_on: bool = False, within_pu: float = TOLERANCE_PU,
) -> tuple[Solution, Line]:  # fmt: skip
    """Newton's rounds from voltages [V] near the answer, with a matrix made before if given.

    `old` says that it was made for another demand. Returns the matrix that was used last beside
    what was found; the one given is used up. Legs whose power jumps at a limit begin on a side
    that does not depend on where the rounds begin, unless they are `going_on` from the answer at
    other positions, and take another until all are where they belong.
    """
    legs = state.network.legs
    if not legs.jump:
        return newton_rounds(state, s_va, v, line, old=old, within_pu=within_pu)
    foretold = _foretold(state, s_va, v if going_on else None)
    sides = jumps.first(jumps.beyond(legs, foretold))
    found, line = newton_rounds(
        state, s_va, v, line, old=old, shares=sides.shares, within_pu=within_pu
    )
    rounds = found.iterations
    for _ in range(jumps.LOOKS):
        if found.converged:
            v, after = found.v_v, jumps.after(sides, jumps.beyond(legs, found.v_v), s_va)
        else:
            after = jumps.given_up(sides)
        if after is None:
            break
        kept = line if found.converged else None
        found, line, sides = sliding.settled(state, s_va, v, kept, after, within_pu)
        rounds += found.iterations
    return replace(found, iterations=rounds), line


def _foretold(state: State, s_va: Complexes, v: Complexes | None) -> Complexes:
    """Voltages [V] that tell on which side of a jump legs begin, as in the first round of OpenDSS.

    Legs are their rated admittances, but for what they take besides at `v` [V], or unless it is
    given at the voltages that their rated admittances make.
    """
    legs, y = state.network.legs, leg_admittance(state.network.legs, s_va)
    if not np.array_equal(y, state.admittance):
        state = replace(state, factor=_factor_of(state, y))
    v = direct(state, state.driven) if v is None else v
    currents, u = state.driven.copy(), across(legs, v)
    inject(
        legs.plus,
        legs.minus,
        y * u - leg_currents(legs, s_va, answered(legs.balanced, u)),
        currents,
    )
    return direct(state, currents)


def _factor_of(state: State, admittance: Complexes) -> Factor:
    """The factor of a state with other admittances of its legs [S]."""
    network, alive = state.network, np.empty(len(state.alive), np.bool_)
    alive[network.place] = state.alive
    diagonal, upper = assemble(network, state.values, admittance)
    if len(state.floating):
        diagonal = _anchored(network, diagonal)
    return factorise(network.pattern, diagonal, upper, alive)


def direct(state: State, currents: Complexes) -> Complexes:
    """[nodes] voltages [V] that node currents [A] make in the factored network."""
    network = state.network
    base = network.nodes.base_v
    x = np.zeros(network.pattern.n, complex)
    x[network.place] = np.where(state.alive, currents * base, 0.0)
    substitute(state.factor, x, network.first)
    return x[network.place] * base


def unloaded(state: State) -> Complexes:
    """[nodes] voltages [V] of a state prepared without legs."""
    return direct(state, state.driven)


def sources_at(network: Network, snapshot: Snapshot) -> tuple[Complexes, Ints]:
    """[nodes] current that sources drive into the network [A], and their places in the order."""
    driven = np.zeros(network.pattern.n, complex)
    roots: list[int] = []
    for row, i in network.source_a.items():
        if snapshot.source_on[row]:
            nodes, _ = network.primitives.of("sources", row)
            np.add.at(driven, nodes[nodes >= 0], i[nodes >= 0])
            roots += network.place[nodes[nodes >= 0]].tolist()
    return driven, np.array(roots, np.int64)
